"""Attacks on the Dask cluster, by anyone who can reach it and by a foreign worker. All on loopback."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import dask.config
import pytest
import yaml
from distributed import Client, Security

from autograder import cluster
from autograder.cluster import grade_on_cluster
from autograder.cluster_access import ClusterError, complete_address, refuse_open, warn_of_access
from autograder.files import ROOT
from autograder.intake.read import Submission
from tests.golden.programs import solutions
from tests.limits import QUICK
from tests.project.cluster_forgeries import FORGERIES
from tests.project.clusters import Cluster, encrypted
from tests.project.grading import command

ADA = Submission("ada", solutions())


@pytest.fixture
def certificate(tmp_path):
    """Yield the certificate of a cluster, in force."""
    with encrypted(tmp_path) as cert:
        yield cert


@pytest.fixture
def other_certificate(tmp_path):
    """Return a certificate of somebody else, not in force."""
    (tmp_path / "other").mkdir()
    with encrypted(tmp_path / "other") as cert:
        pass
    return cert


# Addresses


@pytest.mark.parametrize(
    "address",
    [
        *(
            "tcp://10.0.0.1:8786",
            "tcp://0.0.0.0:8786",
            "tcp://[::]:8786",
            "tcp://[::ffff:10.0.0.1]:8786",
            "tcp://[fe80::1]:8786",
        ),
        *("tcp://127.0.0.1.nip.io:8786", "tcp://localhost.example:8786", "tcp://hub:8786"),  # names that somebody else resolves
        *("tcp://2130706433:8786", "tcp://127.1:8786", "tcp://0x7f.0.0.1:8786"),  # what the C library may take for an address
        "tcp://127.0.0.1@10.0.0.1:8786",
    ],
)
def test_another_machine_is_refused_without_tls(address):
    with pytest.raises(
        ClusterError, match=rf"^SCHEDULER={re.escape(address)} can be reached from other machines.* SCHEDULER=tls://"
    ):
        complete_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "ucx://10.0.0.1:1",
        "ws://127.0.0.1:1",
        "inproc://127.0.0.1:1",
        "nonsense://x",
        "10.0.0.1",
        "tls://",
        "tls://:1",
        "tls://a:b",
    ],
)
def test_an_address_other_than_tls_or_tcp_is_rejected(address):
    with pytest.raises(
        ClusterError, match=rf"^SCHEDULER={re.escape(address)} is not an address such as tls://10\.0\.0\.1:8786\."
    ):
        complete_address(address)


def test_tls_is_the_default_and_loopback_without_it_warns():
    assert complete_address("10.0.0.1:8786") == "tls://10.0.0.1:8786"
    for address in ("10.0.0.1:8786", "tls://hub:8786", ""):
        assert warn_of_access(address) == ""
    for address in ("tcp://127.0.0.1:8786", "tcp://[::1]:8786", "tcp://localhost:8786", "tcp://127.255.0.3:1"):
        assert warn_of_access(address).startswith(
            f"The scheduler at {address} runs without TLS, so every user of this machine "
        )


def test_the_command_refuses_before_it_reads_or_writes_anything(tmp_path):
    finished = command("grade", tmp_path / "nothing", "--out", tmp_path / "out", "--scheduler", "tcp://10.0.0.1:8786")
    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
    assert finished.stderr.startswith("SCHEDULER=tcp://10.0.0.1:8786 can be reached from other machines")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("address", "others"),
    [
        ("tcp://127.0.0.1:1", ["tcp://10.0.0.1:1"]),  # the scheduler listens on every network
        ("tcp://127.0.0.1:1", ["tcp://127.0.0.1:2", "tcp://[2001:db8::1]:3"]),
        ("tls://10.0.0.1:1", ["tls://10.0.0.2:1", "tcp://10.0.0.3:1"]),
        ("tls://127.0.0.1:1", ["tcp://127.0.0.1:2"]),
    ],
)
def test_a_scheduler_or_worker_that_is_open_to_others_is_refused(address, others):
    with pytest.raises(
        ClusterError, match=rf"^The cluster at {address} has a scheduler or worker at {re.escape(others[-1])}, "
    ):
        refuse_open(address, others)
    refuse_open(address, others[:-1])


def test_a_scheduler_that_also_listens_elsewhere_is_refused(tmp_path, monkeypatch):
    ask = cluster.Run.ask
    monkeypatch.setattr(
        cluster.Run,
        "ask",
        lambda run, question: {"address": "tcp://10.0.0.1:1"} if question == "identity" else ask(run, question),
    )
    with Cluster(tmp_path, protocol="tcp") as one:
        one.work()
        with pytest.raises(
            ClusterError, match=r"has a scheduler or worker at tcp://10\.0\.0\.1:1, and everyone on its network"
        ):
            list(grade_on_cluster([ADA], one.address, QUICK))


def test_a_worker_without_tls_is_refused(certificate, tmp_path):
    with Cluster(tmp_path) as one:
        one.work("--protocol", "tcp", DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION="false")
        with pytest.raises(
            ClusterError, match=r"has a scheduler or worker at tcp://127\.0\.0\.1:\d+, and everyone on its network"
        ):
            list(grade_on_cluster([ADA], one.address, QUICK))


# Certificates


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"ca-file": None, "client.cert": None},
            r"configuration has no distributed\.comm\.tls\.ca-file and no distributed\.comm\.tls",
        ),
        ({"client.cert": None}, r"configuration has no distributed\.comm\.tls\.client\.cert\. "),
        ({"ca-file": "/nowhere/ca.pem"}, r"cannot be used: .*No such file.* /nowhere/ca\.pem"),
        ({"client.key": "/nowhere/key.pem"}, r"cannot be used: .*No such file.* /nowhere/key\.pem"),
        ({"client.cert": __file__}, r"cannot be used: .*PEM.* "),
        ({"client.key": "/dev/null"}, r"cannot be used: "),
        ({"min-version": 1.0}, r"cannot be used: 'distributed\.comm\.tls\.min-version=1\.0 is not supported|min-version=1\.0"),
    ],
)
def test_certificates_that_are_missing_or_damaged_are_named(certificate, settings, words):
    settings = {f"distributed.comm.tls.{name}": value for name, value in settings.items()}
    with dask.config.set(settings), pytest.raises(ClusterError, match=words):
        list(grade_on_cluster([], "tls://127.0.0.1:1"))


def run_something(address, security, file):
    """What an attacker does first: have the scheduler run a function of his."""
    with Client(address, security=security, timeout=3, set_as_default=False) as client:
        client.run_on_scheduler(os.mkdir, str(file))


def test_a_foreign_client_runs_nothing_where_there_is_tls(certificate, other_certificate, tmp_path):
    """And does so where there is none: that is what the warning says."""
    file = tmp_path / "ran"
    foreign = Security(
        tls_ca_file=certificate, tls_client_cert=other_certificate, tls_client_key=other_certificate.replace("pem", "key")
    )
    with Cluster(tmp_path) as one:
        plain = one.address.replace("tls:", "tcp:")
        for address, security in ((one.address, foreign), (plain, Security(require_encryption=False))):
            with pytest.raises((OSError, RuntimeError)):
                run_something(address, security, file)
            assert not file.exists()
        run_something(one.address, Security(), file)
        assert file.exists()
    with Cluster(tmp_path / "ran", protocol="tcp", DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION="false") as open_to_all:
        run_something(open_to_all.address, Security(require_encryption=False), tmp_path / "ran too")
    assert (tmp_path / "ran too").exists()


def test_a_scheduler_with_a_foreign_certificate_gets_no_submission(certificate, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 3)
    (tmp_path / "foreign").mkdir()
    read = []
    with encrypted(tmp_path / "foreign"), Cluster(tmp_path / "foreign") as foreign:
        address = foreign.address
        words = f"^No Dask scheduler answers at SCHEDULER={address}: .*certificate"
        with dask.config.set({"distributed.comm.tls.ca-file": certificate}), pytest.raises(ClusterError, match=words):
            list(grade_on_cluster((read.append(one) or one for one in [ADA]), address, QUICK))
    assert read == []


def test_a_message_that_runs_something_when_it_is_read_is_not_read(certificate, tmp_path):
    """By somebody who can reach the port and has no certificate; read without TLS, it leaves a folder."""
    attack = (
        "import asyncio, os, pickle, sys; from distributed.core import connect\n"
        "class Bomb:\n    def __reduce__(self): return os.mkdir, (sys.argv[2],)\n"
        "async def send():\n    comm = await connect(sys.argv[1], timeout=3)\n"
        "    await comm.write({'op': 'run_function', 'function': pickle.dumps(Bomb())})\n    await comm.read()\n"
        "asyncio.run(send())\n"
    )
    outcomes = {}
    for protocol, environment in (("tls", {}), ("tcp", {"DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "false"})):
        (tmp_path / protocol).mkdir()
        with Cluster(tmp_path / protocol, protocol=protocol, **environment) as one:
            address = one.address.replace("tls:", "tcp:")
            call = [sys.executable, "-c", attack, address, tmp_path / f"{protocol} ran"]
            open_to_all = {**os.environ, "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "false"}
            subprocess.run(call, env=open_to_all, capture_output=True, timeout=60)
        outcomes[protocol] = (tmp_path / f"{protocol} ran").exists()
    assert outcomes == {"tls": False, "tcp": True}


def test_the_configuration_in_the_docs_opens_no_page_of_the_cluster(tmp_path):
    """Dask's pages ask for no certificate; they show the log of every worker."""
    text = (ROOT / "docs/cluster.md").read_text()
    (settings,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (make,) = re.findall(r"^openssl .*$", text, re.MULTILINE)
    subprocess.run(make.replace("/home/ta/.config/dask", str(tmp_path)), shell=True, check=True, capture_output=True)
    (tmp_path / "cluster.yaml").write_text(settings.replace("/home/ta/.config/dask", str(tmp_path)))
    pages = {}
    for name, environment in (("as it comes", {}), ("by the docs", {"DASK_CONFIG": str(tmp_path / "cluster.yaml")})):
        (tmp_path / name).mkdir()
        protocol = "tls" if environment else "tcp"
        with Cluster(tmp_path / name, protocol=protocol, **environment) as one:
            port = one.document["services"]["dashboard"]
            with contextlib.suppress(urllib.error.HTTPError):
                pages[name] = urllib.request.urlopen(f"http://127.0.0.1:{port}/info/main/workers.html", timeout=20).status
            assert one.address.startswith(protocol)
    assert pages == {"as it comes": 200}
    assert yaml.safe_load(settings)["distributed"]["comm"]["require-encryption"] is True


# What answers is no scheduler


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\nhello", b"\xff" * 64, b"", b"\x01" + bytes(7) + b"\xff" * 8])
def test_an_invalid_scheduler_gives_a_message(monkeypatch, answer):
    """Also one whose first bytes promise frames of 2^64 bytes."""
    monkeypatch.setattr(cluster, "CONNECT", 2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"

        def answer_all():
            with contextlib.suppress(OSError):
                while True:
                    with server.accept()[0] as connection:
                        connection.sendall(answer)

        threading.Thread(target=answer_all, daemon=True).start()
        with pytest.raises(ClusterError, match=f"^No Dask scheduler answers at SCHEDULER={address}: "):
            list(grade_on_cluster([ADA], address))


# Workers that lie


@pytest.fixture(scope="module")
def forging(tmp_path_factory):
    """Yield a cluster with a worker that forges the results of submissions that are called like forgeries."""
    folder = tmp_path_factory.mktemp("forging")
    with encrypted(folder), Cluster(folder) as one:
        one.work("--preload", "tests.project.cluster_forgeries")
        one.ready(1)
        yield one


def test_a_result_that_is_not_forged_is_taken(forging):
    assert [result.score for result in grade_on_cluster([ADA], forging.address, QUICK)] == [100]


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_result_ends_the_run_and_is_not_taken(forging, name):
    with pytest.raises(ClusterError, match=rf"^A worker returned something other than the result of {name}, "):
        list(grade_on_cluster([Submission(name, solutions())], forging.address, QUICK))

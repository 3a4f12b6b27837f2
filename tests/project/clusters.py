"""A Dask cluster for the tests: a scheduler and workers in processes of their own, of which nothing is left afterwards."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from unittest import mock

import dask.config
import psutil
from distributed import Client

from autograder.files import ROOT

# What is lost is noticed as soon as Dask can: ten heartbeats of half a second, and eleven seconds without an answer by TCP.
SOON = {
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "5s",
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "11s",
    "PYTHONPATH": str(ROOT),
}


@contextlib.contextmanager
def encrypted(folder):
    """Have Dask use TLS here and in every process that is started, with the certificate and the settings of docs/cluster.md.

    Yield the certificate, whose key is next to it.
    """
    cert, key = str(folder / "cluster.pem"), str(folder / "cluster.key")
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=cluster"
    subprocess.run([*make.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    settings = {"distributed.comm.require-encryption": True, "distributed.comm.tls.ca-file": cert}
    settings |= {"distributed.worker.profile.enabled": False}
    for role in ("scheduler", "worker", "client"):
        settings |= {f"distributed.comm.tls.{role}.cert": cert, f"distributed.comm.tls.{role}.key": key}
    environment = {f"DASK_{name.replace('.', '__').replace('-', '_').upper()}": str(value) for name, value in settings.items()}
    with dask.config.set(settings), mock.patch.dict(os.environ, environment):
        yield cert


class Cluster:
    """A scheduler and the workers that it was given; each is the leader of a group of processes."""

    def __init__(self, folder, host="127.0.0.1", inside=(), protocol="tls", **environment):
        self.folder = folder
        self.groups = []
        self.file = folder / "scheduler.json"
        self.start(
            *("scheduler", "--protocol", protocol, "--host", host, "--port", "0"),
            *("--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(self.file)),
            inside=inside,
            **environment,
        )
        while not (self.file.exists() and self.file.read_text()):
            assert self.groups[0].poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        self.document = json.loads(self.file.read_text())
        self.address = self.document["address"]

    def start(self, kind, *options, inside=(), **environment):
        """Start `dask scheduler` or `dask worker`, on the machine that the command `inside` leads to."""
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                [*inside, sys.executable, "-m", f"distributed.cli.dask_{kind}", *options],
                cwd=self.folder,
                env=os.environ | SOON | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.groups.append(process)
        return process

    def work(self, *options, address=None, threads=1, inside=(), **environment):
        """Start a worker."""
        where = ("--nthreads", str(threads), "--no-dashboard", "--local-directory", str(self.folder))
        return self.start("worker", address or self.address, *where, *options, inside=inside, **environment)

    @contextlib.contextmanager
    def client(self):
        """Yield a client that looks at the cluster."""
        with Client(self.address, set_as_default=False) as client:
            yield client

    def ready(self, count):
        """Return the process of each worker by its address, once there are so many."""
        with self.client() as client:
            client.wait_for_workers(count, timeout=60)
            return client.run(os.getpid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.groups:
            end(process)


@contextlib.contextmanager
def networks(*names):
    """Networks of their own, as machines have them: the first is linked to each other one, 10.77.1.1 to 10.77.1.2 and so on.

    Gives for each what a command begins with that runs there. CalledProcessError where this machine does not have them.
    """
    names = [f"backprop-{os.getpid()}-{name}" for name in names]
    with contextlib.ExitStack() as stack:
        for name in names:
            ip("netns", "add", name)
            stack.callback(ip, "netns", "delete", name)
            ip("-n", name, "link", "set", "lo", "up")
        for number, name in enumerate(names[1:], 1):
            ip("-n", names[0], "link", "add", f"to{number}", "type", "veth", "peer", "name", "to0", "netns", name)
            for place, link, end in ((names[0], f"to{number}", 1), (name, "to0", 2)):
                ip("-n", place, "address", "add", f"10.77.{number}.{end}/30", "dev", link)
                ip("-n", place, "link", "set", link, "up")
        yield [("ip", "netns", "exec", name) for name in names]


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def end(process):
    """Kill a group of processes, as the loss of a machine does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def descendants(process):
    """Return the processes below one."""
    return psutil.Process(process.pid).children(recursive=True)

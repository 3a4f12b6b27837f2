"""`make grade SCHEDULER=...`: the same scores as on one machine, whatever happens to workers and network."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace

import dask.config
import psutil
import pytest

from autograder import cluster
from autograder.checking import CheckFailure, StudentError, copy_failure
from autograder.cluster import ClusterError, grade_on_cluster
from autograder.files import ROOT
from autograder.gradebook.digest import checks_digest
from autograder.intake.find import find
from autograder.intake.read import Reader, Submission
from autograder.sandbox.layers import WeakSandboxError
from autograder.workers import grade_all
from tests.course import GRADED_FILES
from tests.golden.programs import solutions
from tests.limits import QUICK
from tests.project.clusters import Cluster, descendants, encrypted, end, ip, networks
from tests.project.grading import command, rows

NAMES = ("ada", "bela", "chen", "dora", "fatima.zip", "goran", "hana", "jun.py", "kemal", "skeleton")
SLOW = b"import time\ntime.sleep(1)\n" + solutions()["dnn"]
OTHER_SECRET = "this-is-the-secret-of-another-course-altogether"
failing = pytest.mark.in_turn(3)  # something fails, which is mostly waiting for what notices


@pytest.fixture(scope="module", autouse=True)
def tls(tmp_path_factory):
    """Yield everything here goes over TLS."""
    with encrypted(tmp_path_factory.mktemp("tls")):
        yield


@pytest.fixture(scope="module")
def folder(examples, tmp_path_factory):
    """Bundled examples, and one that is empty."""
    folder = tmp_path_factory.mktemp("class")
    for name in NAMES:
        source = examples / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    (folder / "nobody").mkdir()
    return folder


@pytest.fixture(scope="module")
def found(folder):
    with Reader(GRADED_FILES) as reader:
        return [reader.read(one) for one in find(folder, GRADED_FILES).submissions]


@pytest.fixture(scope="module")
def local(found):
    """Return the results of this machine without a cluster."""
    return by_student(grade_all(found, 2, QUICK))


@pytest.fixture
def start(tmp_path):
    """Starts a cluster, which ends with the test."""
    with contextlib.ExitStack() as stack:

        def start(workers=0, *options, **environment):
            one = stack.enter_context(Cluster(tmp_path, **environment))
            for _ in range(workers):
                one.work(*options)
            return one

        yield start


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Yield a cluster of two workers for the tests that leave it as it was."""
    with Cluster(tmp_path_factory.mktemp("two")) as one:
        for _ in range(2):
            one.work("--preload", "tests.project.cluster_faults")
        one.ready(2)
        yield one


def by_student(results):
    """Results by student; none may come twice."""
    results = list(results)
    found = {result.student: result for result in results}
    assert len(found) == len(results)
    return found


def many(count, source=None):
    """Submissions that are right and take a fraction of a second each."""
    return [Submission(f"student{number}", source or solutions()) for number in range(count)]


# The same marks


def test_two_workers_give_the_results_of_this_machine(two, found, local):
    assert by_student(grade_on_cluster(found, two.address, QUICK)) == local
    assert Counter(result.status for result in local.values()) == {"graded": len(NAMES), "invalid": 1}


def test_one_worker_of_two_threads_gives_the_results_of_this_machine(start, found, local):
    one = start()
    one.work("--preload", "tests.project.cluster_faults", threads=2)
    assert by_student(grade_on_cluster(found, one.address, QUICK)) == local


def test_the_command_leaves_the_same_files(two, folder, tmp_path):
    names = ("ada", "jun.py", "nobody")
    for name in names:
        source = folder / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / "class" / name) if name != "jun.py" else None
    options = ("--out", tmp_path / "there", "--scheduler", two.address)
    assert command("grade", tmp_path / "class", *options).returncode == 0
    assert command("grade", tmp_path / "class", "--out", tmp_path / "here").returncode == 0
    assert rows(tmp_path / "there") == rows(tmp_path / "here")


def test_a_fault_of_the_grader_costs_one_submission(two):
    results = by_student(grade_on_cluster([Submission("broken", solutions()), *many(2)], two.address, QUICK))
    assert {student: result.status for student, result in results.items()} == {
        "broken": "error",
        "student0": "graded",
        "student1": "graded",
    }
    assert results["broken"].fault == "RuntimeError: the grader breaks"


def test_few_submissions_are_in_flight_and_the_scheduler_gets_no_names(two):
    left = many(30)

    def coming():
        while left:
            yield left.pop()

    def keys(dask_scheduler):
        return [str(key) for key in dask_scheduler.tasks]

    with two.client() as client:
        for done, _ in enumerate(grade_on_cluster(coming(), two.address, QUICK), 1):
            assert 30 - len(left) - done <= 2 * cluster.AHEAD
            tasks = client.run_on_scheduler(keys)
            assert len(tasks) <= 2 * cluster.AHEAD
            assert not any("student" in key for key in tasks)
    assert (done, left) == (30, [])


# Workers that are not fit


@failing
def test_a_worker_with_another_secret_is_refused_and_the_secret_is_not_told(start, tmp_path):
    course = tmp_path / "course.toml"
    course.write_text(f'[hidden_checks]\nsecret = "{OTHER_SECRET}"\n')
    one = start()
    one.work(COURSE=str(course))
    with pytest.raises(ClusterError, match=r"^The worker at tls://127\.0\.0\.1:\d+ differs in the secret\. ") as caught:
        list(grade_on_cluster(many(1), one.address, QUICK))
    assert OTHER_SECRET not in str(caught.value)
    assert OTHER_SECRET not in (tmp_path / "log").read_text()


@failing
def test_a_worker_with_another_version_is_rejected_even_if_it_joins_late(start, tmp_path, monkeypatch):
    other = tmp_path / "project"
    for name in ("autograder", "tests", "assignment"):
        shutil.copytree(ROOT / name, other / name, ignore=shutil.ignore_patterns("__pycache__", "golden", "project"))
    shutil.copy(ROOT / "course.toml", other)
    with (other / "tests/hidden/cases.py").open("a") as file:
        file.write("\n# another version\n")
    one = start()
    one.work(PYTHONPATH=str(other))
    with pytest.raises(ClusterError, match=r"^The worker at \S+ differs in the grader's files\. "):
        list(grade_on_cluster(many(1), one.address, QUICK))
    monkeypatch.setattr(cluster.Run, "check_workers", lambda run: None)  # so it came after they had been checked
    with pytest.raises(ClusterError, match=r"^The worker at \S+ differs in the grader's files\. "):
        list(grade_on_cluster(many(1), one.address, QUICK))


def test_what_differs_is_told_of_a_version_and_only_named_of_a_digest():
    wanted = {"the secret": "a" * 64, "Python": "3.11.7", "numpy": "2.4.6", "Dask": "2026.8.0"}
    own = {"the secret": "b" * 64, "Python": "3.11.7", "numpy": "2.2.6"}
    told = cluster.differences(wanted, own)
    assert told == ["Dask (none there, 2026.8.0 here)", "numpy (2.2.6 there, 2.4.6 here)", "the secret"]
    assert cluster.differences(wanted, dict(wanted)) == []


def test_a_scheduler_of_another_version_is_refused(two, monkeypatch):
    monkeypatch.setattr(cluster, "own_parts", lambda: {"Dask": "2025.1.0"})
    with pytest.raises(ClusterError, match=r"^The scheduler at \S+ differs in Dask \(\S+ there, 2025\.1\.0 here\)"):
        list(grade_on_cluster(many(1), two.address, QUICK))


@failing
@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("scheduler", r"^The scheduler at \S+ or one .* cannot run the grader \(\w+Error: "),
        ("worker", r"^No worker at .* can grade \(1 tried\): "),
    ],
)
def test_a_worker_without_the_project_is_not_a_fault_of_the_grader(start, tmp_path, which, words):
    without = {"PYTHONPATH": str(tmp_path)}
    one = start(**without if which == "scheduler" else {})
    one.work(**without if which == "worker" else {})
    with pytest.raises(ClusterError, match=words + r".*with this project's folder on its PYTHONPATH"):
        list(grade_on_cluster(many(1), one.address, QUICK))


@failing
def test_a_worker_without_the_project_is_not_used(start, tmp_path):
    one = start()
    one.work(PYTHONPATH=str(tmp_path))
    one.work()
    one.ready(2)
    assert len(by_student(grade_on_cluster(many(4), one.address, QUICK))) == 4


def test_a_worker_that_cannot_hold_a_submission_grades_nothing(two):
    weak = replace(QUICK, without=("filter", "network"))
    with pytest.raises(WeakSandboxError, match=r"^The worker at \S+: .* ACCEPT=network"):
        list(grade_on_cluster(many(1), two.address, weak))
    accepting = replace(weak, accept=("network",))
    assert [result.score for result in grade_on_cluster(many(1), two.address, accepting)] == [100]


def test_the_digest_knows_limits_and_secret(tmp_path, monkeypatch):
    here = checks_digest(QUICK)
    assert here == checks_digest(QUICK) != checks_digest(replace(QUICK, strikes=3))
    course = tmp_path / "course.toml"
    course.write_text(f'[hidden_checks]\nsecret = "{OTHER_SECRET}"\n')
    monkeypatch.setenv("COURSE", str(course))
    assert checks_digest(QUICK) != here


# No cluster


def test_the_command_says_if_there_is_no_scheduler(folder, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:  # it takes the connection, and answers nothing
        address = f"tls://127.0.0.1:{server.getsockname()[1]}"
        code = "import sys; from autograder import cli, cluster; cluster.CONNECT = 1; sys.exit(cli.main(sys.argv[1:]))"
        call = [sys.executable, "-c", code, "grade", folder, "--out", tmp_path / "out", "--scheduler", address]
        finished = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 2
    assert finished.stderr.splitlines()[-1].startswith(f"No Dask scheduler answers at SCHEDULER={address}: ")
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize("address", ["tls://127.0.0.1:1", "tcp://127.0.0.1:1"])
def test_an_address_that_leads_nowhere_is_an_error(address, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 4)  # as long as Dask tries again
    # Dask tells how its last try ended: on a busy machine the time may be up before that one is refused.
    words = f"^No Dask scheduler answers at SCHEDULER={address}: (ConnectionRefusedError: |no answer within 4 seconds)"
    with dask.config.set({"distributed.comm.require-encryption": None}), pytest.raises(ClusterError, match=words):
        list(grade_on_cluster(many(1), address))


def test_the_command_says_if_no_worker_connects(start, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    one = start()
    with pytest.raises(ClusterError, match=f"^The scheduler at {one.address} has no workers, even after 1 seconds\\. "):
        list(grade_on_cluster(many(1), one.address))


# What is lost


@failing
def test_a_worker_that_is_killed_costs_nothing_and_leaves_nothing_behind(start, found, local):
    one = start(2)
    one.ready(2)
    results = []
    for result in grade_on_cluster([*found], one.address, QUICK):
        results.append(result)
        if len(results) == 2:
            victim = one.groups[1]
            family = descendants(victim)
            assert any("zygote.py" in " ".join(process.cmdline()) for process in family)
            end(victim)
            assert psutil.wait_procs(family, timeout=20)[1] == []
    assert by_student(results) == local


@failing
def test_a_worker_that_stops_is_taken_for_lost(start):
    one = start(2)
    stopped = min(one.ready(2).values())
    results = []
    for result in grade_on_cluster(many(12), one.address, QUICK):
        results.append(result)
        if len(results) == 2:
            os.kill(stopped, signal.SIGSTOP)
    assert {student: result.score for student, result in by_student(results).items()} == {
        f"student{number}": 100 for number in range(12)
    }


@failing
def test_only_a_submission_that_kills_its_workers_is_an_error(start):
    one = start(2, "--preload", "tests.project.cluster_faults", DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    one.ready(2)
    submissions = many(8)
    submissions.insert(1, Submission("deadly", solutions()))
    results = by_student(grade_on_cluster(submissions, one.address, QUICK))
    assert len(results) == 9
    assert [student for student, result in results.items() if result.status != "graded"] == ["deadly"]
    assert results["deadly"].fault.startswith("KilledWorker: ")


@failing
def test_a_judge_that_hangs_delays_no_one_else(start):
    one = start(2, "--preload", "tests.project.cluster_faults", DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    one.ready(2)
    soon = replace(QUICK, child_seconds=1)
    results = by_student(grade_on_cluster([Submission("hanging", solutions()), *many(3)], one.address, soon))
    assert {student: result.status for student, result in results.items()} == {
        "hanging": "error",
        **{f"student{number}": "graded" for number in range(3)},
    }


@failing
@pytest.mark.parametrize("what", [0, 1], ids=["scheduler", "worker"])
def test_the_loss_of_the_scheduler_or_of_every_worker_ends_the_run_with_a_sentence(start, monkeypatch, what):
    monkeypatch.setattr(cluster, "LOOK", 1)
    one = start(1)
    one.ready(1)
    results = grade_on_cluster(many(20), one.address, QUICK)
    next(results)  # getting ready may take a busy machine longer than the patience below
    monkeypatch.setattr(cluster, "PATIENCE", 5)
    end(one.groups[what])
    with pytest.raises(ClusterError, match=rf"^The scheduler at {one.address} {('', 'has no workers')[what]}"):
        list(results)


def test_a_result_that_cannot_be_fetched_is_made_again(two, monkeypatch):
    outcome, lost = cluster.Run.outcome, []

    def of_a_worker_that_does_not_answer(run, future):
        if future.key.startswith("grade-here") and len(lost) < 3:
            lost.append(future)
            raise TimeoutError
        return outcome(run, future)

    monkeypatch.setattr(cluster.Run, "outcome", of_a_worker_that_does_not_answer)
    assert len(by_student(grade_on_cluster(many(6), two.address, QUICK))) == 6
    assert len(lost) == 3


@failing
def test_nothing_of_a_killed_client_is_left_on_the_cluster(start, tmp_path):
    one = start(1)
    for number in range(8):
        student = tmp_path / f"class/student{number}"
        student.mkdir(parents=True)
        (student / "dnn.py").write_bytes(SLOW)
    call = [sys.executable, "-m", "autograder", "grade", tmp_path / "class", "--out", tmp_path / "out"]
    client = subprocess.Popen([*call, "--scheduler", one.address], cwd=ROOT, start_new_session=True)
    while not (tmp_path / "out/results/student0.json").exists():
        assert client.poll() is None
        time.sleep(0.05)
    end(client)
    assert by_student(grade_on_cluster(many(2), one.address, QUICK)).keys() == {"student0", "student1"}
    with one.client() as looking:
        assert looking.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0


# Across networks


@pytest.fixture
def machines():
    """Yield what commands begin with that run on three machines, the first of which reaches the others."""
    if os.getuid() != 0 or not shutil.which("ip"):
        pytest.skip("only root can make networks, and only with iproute2")
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(networks("hub", "one", "two"))
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this machine makes no networks: {error.stderr}")


@failing
def test_a_class_is_graded_although_a_machine_loses_its_network(machines, tmp_path):
    hub, *others = machines
    for number in range(16):
        student = tmp_path / f"class/student{number}"
        student.mkdir(parents=True)
        (student / "dnn.py").write_bytes(SLOW)
    with Cluster(tmp_path, host="0.0.0.0", inside=hub) as one:
        port = one.address.rpartition(":")[2]
        for number, machine in enumerate(others, 1):
            one.work("--host", f"10.77.{number}.2", address=f"tls://10.77.{number}.1:{port}", inside=machine)
        while (tmp_path / "log").read_text().count("Registered to") < 2:
            time.sleep(0.1)
        call = [*hub, sys.executable, "-m", "autograder", "grade", tmp_path / "class", "--out", tmp_path / "out"]
        address = f"tls://10.77.1.1:{port}"
        with subprocess.Popen(
            [*call, "--scheduler", address], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as run:
            while len(list((tmp_path / "out/results").glob("*.json"))) < 2:
                assert run.poll() is None, run.stdout.read()
                time.sleep(0.05)
            ip("-n", hub[-1], "link", "set", "to2", "down")
            told, _ = run.communicate()
    assert run.returncode == 0, told
    assert [row["dnn"] for row in rows(tmp_path / "out")] == ["60"] * 16
    log = (tmp_path / "log").read_text()  # of the scheduler, which need not find out while it wants nothing, and of the workers
    assert any(words in log for words in ("Remove worker addr: tls://10.77.2.2:", "scheduler-connection-broken"))


# What holds a submission there


def test_a_submission_does_not_reach_the_scheduler(two):
    host, port = two.address.removeprefix("tls://").split(":")
    connect = f"import socket\nprint('reached', socket.create_connection(({host!r}, {port}), 5))\n"
    sources = solutions() | {"dnn": connect.encode() + solutions()["dnn"]}
    (result,) = grade_on_cluster([Submission("mallory", sources)], two.address, QUICK)
    assert (result.status, result.part_score("dnn")) == ("graded", 60)  # for what follows the line
    assert "starts a process or a thread, or opens a connection" in result.warnings[0]
    assert "reached" not in "".join(result.printed)


def test_a_judge_outlives_the_thread_that_started_it(monkeypatch):
    monkeypatch.setattr(cluster, "_judges", {})
    monkeypatch.setattr(cluster, "this_worker", lambda: "This worker")
    results, zygotes = [], set()

    def grade():
        results.append(cluster.grade_here(Submission("ada", solutions()), QUICK, cluster.own_parts()))
        zygotes.update(judge.sandbox.zygote.process.pid for judge in cluster._judges.values())

    for _ in range(3):
        thread = threading.Thread(target=grade)
        thread.start()
        thread.join()
    assert [result.score for _, result in results] == [100] * 3
    assert len(zygotes) == 1
    cluster._judges.popitem()[1].sandbox.close()


@pytest.mark.parametrize(
    "failure", [StudentError("f raised ValueError", raised="ValueError: no"), CheckFailure("`W1` is wrong", "W1")]
)
def test_a_changed_copy_of_a_failure_leaves_the_failure_alone(failure):
    """Also where distributed is imported, which changes how exceptions are copied: a score must not depend on that."""
    before = dict(vars(failure))
    copied = copy_failure(failure, share=0.5, args=("another",))
    assert (copied.share, str(copied)) == (0.5, "another")
    assert (vars(failure), failure.share) == (before, 0)
    assert vars(copied) == {**before, "share": 0.5}

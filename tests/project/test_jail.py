"""The isolation layers: each one alone does what the table says, and is reported correctly."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from autograder.checking import StudentError
from autograder.cli import main
from autograder.files import ROOT
from autograder.report.doctor import assess_layers
from autograder.sandbox import calls, kernel
from autograder.sandbox.host import SandboxError, Zygote
from autograder.sandbox.layers import LAYERS, MINIMUM, WeakSandboxError, lacking
from autograder.sandbox.session import Sandbox
from tests.project.runner import LIMITS, runner, sentence

ANYTHING = replace(LIMITS, accept=tuple(MINIMUM))
LINUX = pytest.mark.skipif(not Path("/proc/self/ns").exists(), reason="these layers are Linux's")


@contextlib.contextmanager
def only(*layers):
    """Yield a sandbox with these layers and no other; skips where the machine does not have one of them."""
    with Sandbox(replace(ANYTHING, without=tuple(LAYERS.keys() - set(layers)))) as sandbox:
        for layer in layers:
            if layer in sandbox.zygote.missing:
                pytest.skip(f"this machine has no layer {layer!r}: {sandbox.zygote.missing[layer]}")
        assert set(sandbox.zygote.layers) == set(layers)
        yield sandbox


def processes(sandbox):
    """Return the processes of a sandbox that are not dead and waiting to be noticed."""
    with contextlib.suppress(psutil.NoSuchProcess):
        zygote = psutil.Process(sandbox.zygote.process.pid)
        return {process.pid for process in zygote.children(recursive=True) if process.status() != psutil.STATUS_ZOMBIE}
    return set()


def is_soon(happened, seconds=20):
    """Return whether something happens in this time."""
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.05)
    return happened()


# Each layer alone


def test_limits_bound_memory_and_files():
    with only("limits") as sandbox:
        run = runner(sandbox)
        assert "MemoryError" in sentence(run, "import numpy as np\ndef f(): return np.zeros(2**28).nbytes")
        writes = "import os, tempfile\ndef f():\n    with tempfile.TemporaryFile() as file: os.write(file.fileno(), b'x' * 9)"
        assert "signal 25" in sentence(run, writes) or "File too large" in sentence(run, writes)


def test_limits_allow_no_process_and_no_thread():
    with only("limits", *["user"] * (os.getuid() == 0)) as sandbox:  # the kernel counts no processes of root's
        run = runner(sandbox)
        assert "BlockingIOError" in sentence(run, "import os\ndef f(): return os.fork()")
        threads = "import threading\ndef f(): threading.Thread(target=print).start()"
        assert "can't start new thread" in sentence(run, threads)


def test_descriptors_leave_the_pipe_alone():
    source = """
import os
def f():
    kinds = []
    for descriptor in range(256):
        try:
            os.fstat(descriptor)
            kinds.append(descriptor)
        except OSError:
            pass
    return kinds
"""
    with only("descriptors") as sandbox:
        assert runner(sandbox)(source, "f") == [0, 1, 2, 3]


def test_root_is_an_empty_directory():
    with only("root") as sandbox:
        assert runner(sandbox)("import os\ndef f(): return os.listdir('/')", "f") == []


@pytest.fixture
def groups():
    """Have this process in two groups more, where it may be."""
    before = os.getgroups()
    with contextlib.suppress(PermissionError):
        os.setgroups([*before, 4, 27])
    yield
    with contextlib.suppress(PermissionError):
        os.setgroups(before)


@pytest.mark.usefixtures("groups")
def test_the_user_is_used_by_no_one_else():
    with only("user") as sandbox:
        run = runner(sandbox)
        source = "import os\ndef f(): return os.getuid(), os.getgid(), os.getgroups()"
        (user, group, groups), (other, _, _) = run(source, "f"), run(source, "f")
        assert 20_000 <= user < 60_000
        assert (group, groups) == (user, [])
        assert other != user
        assert "PermissionError" in sentence(run, "import os\ndef f(): os.setuid(0)")
        assert "PermissionError" in sentence(run, f"import os\ndef f(): os.kill({os.getpid()}, 0)")


@LINUX
def test_no_capability_is_left_or_can_be_gained():
    with only("capabilities") as sandbox:
        status = runner(sandbox)("def f(): return open('/proc/self/status').read()", "f")
        words = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert {int(words[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
        assert words["NoNewPrivs"] == "1"


def test_landlock_opens_no_file_and_reaches_no_port():
    with only("landlock") as sandbox, socket.create_server(("127.0.0.1", 0)) as server:
        run = runner(sandbox)
        for body in ("open('/etc/passwd')", "posix.listdir('/')", "open('/tmp/planted', 'w')"):
            assert "PermissionError" in sentence(run, f"import posix\ndef f(): {body}")
        connect = f"import socket\ndef f(): socket.create_connection(('127.0.0.1', {server.getsockname()[1]})); return 1"
        assert "PermissionError" in sentence(run, connect)
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_network_leads_nowhere():
    with only("network") as sandbox, socket.create_server(("127.0.0.1", 0)) as server:
        run = runner(sandbox)
        assert run("import socket\ndef f(): return [name for _, name in socket.if_nameindex()]", "f") == ["lo"]
        connect = f"import socket\ndef f(): socket.create_connection(('127.0.0.1', {server.getsockname()[1]}))"
        assert "OSError" in sentence(run, connect)


def test_shared_memory_is_not_that_of_the_machine():
    with only("ipc") as sandbox:
        inside = runner(sandbox)("import os\ndef f(): return os.readlink('/proc/self/ns/ipc')", "f")
        assert inside.startswith("ipc:[")
        assert inside != os.readlink("/proc/self/ns/ipc")


DAEMON = """
import os, signal, time
def f():
    for ignored in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGCHLD):
        signal.signal(ignored, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for _ in range(3):
                os.fork()
            time.sleep(30)
        os._exit(0)
    time.sleep(0.1)
    return os.getpid()
"""


@pytest.mark.parametrize("layers", [("pid",), ("deadline",), ()], ids=["pid", "deadline", "none"])
@LINUX
def test_what_a_submission_leaves_behind_is_ended_with_it(layers):
    with only(*layers) as sandbox:
        before = processes(sandbox)
        with sandbox.session({"dnn": DAEMON.encode()}) as session:
            pid = session.fetch(session.module("dnn").f())
            assert (pid == 1) == ("pid" in layers)
            assert is_soon(lambda: len(processes(sandbox)) > len(before) + 5)  # on a busy machine the forks take a while
        assert processes(sandbox) == before


def test_the_zygote_ends_a_child_if_the_judge_does_not():
    limits = replace(ANYTHING, without=("deadline",), child_seconds=0.5, call_seconds=0.1)
    with Sandbox(limits) as sandbox:
        loops = sentence(runner(sandbox), "import time\ndef f():\n    while True: time.sleep(0.01)")
        assert loops == "f ended the program or closed its connection."


@LINUX
def test_a_child_ends_with_its_zygote():
    for missing in ((), ("pid",)):
        with Sandbox(replace(LIMITS, without=missing)) as sandbox, sandbox.session({"dnn": b"def f(): return 1"}) as session:
            session.fetch(session.module("dnn").f())
            zygote = psutil.Process(sandbox.zygote.process.pid)
            family = zygote.children(recursive=True)
            assert family
            zygote.send_signal(signal.SIGKILL)
            assert psutil.wait_procs(family, timeout=10)[1] == []


def test_a_session_leaves_no_process_behind():
    with Sandbox(LIMITS) as sandbox:
        before = processes(sandbox)
        with sandbox.session({"dnn": b"def f(): return 1"}) as session:
            session.fetch(session.module("dnn").f())
            assert len(processes(sandbox)) == len(before) + 1
        assert processes(sandbox) == before


def test_no_child_can_end_another():
    with (
        only(*["user"] * (os.getuid() == 0), *["pid"] * (os.getuid() != 0)) as sandbox,
        sandbox.session({"dnn": b"def f(): return 1"}) as other,
        sandbox.session({"dnn": b"import os\ndef f(): os.kill(-1, 9)"}) as bad,
    ):
        assert other.fetch(other.module("dnn").f()) == 1
        with contextlib.suppress(StudentError):
            bad.fetch(bad.module("dnn").f())
        assert other.fetch(other.module("dnn").f()) == 1


# The filter of system calls, alone: it needs no rights


@pytest.fixture(scope="module")
def run_filtered():
    with only("filter") as sandbox:
        yield runner(sandbox)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("open('/etc/passwd')", "FileNotFoundError"),
        ("open('/proc/self/maps')", "FileNotFoundError"),
        ("open('/proc/%d/environ' % os.getppid())", "FileNotFoundError"),
        ("open('/tmp/planted', 'w')", "Read-only file system"),
        ("posix.open('/tmp/planted', os.O_RDWR)", "Read-only file system"),
        ("posix.open('/tmp/planted', os.O_CREAT)", "Read-only file system"),
        ("posix.listdir('/')", "FileNotFoundError"),
        ("posix.stat('/')", "FileNotFoundError"),
        ("os.readlink('/proc/self/exe')", "FileNotFoundError"),
        ("posix.getcwd()", "PermissionError"),
        ("os.dup(3)", "PermissionError"),
        ("os.pipe()", "PermissionError"),
        ("os.unlink('/etc/passwd')", "Read-only file system"),
        ("os.setuid(0)", "PermissionError"),
        ("signal.setitimer(signal.ITIMER_REAL, 1)", "itimer_error"),
        ("signal.getitimer(signal.ITIMER_REAL)", "itimer_error"),
        ("time.clock_gettime((~1 << 3) | 2)  # the processor time of process 1", "PermissionError"),
        ("resource.getrusage(resource.RUSAGE_CHILDREN)", "PermissionError"),
        ("subprocess.run(['true'])", "PermissionError"),
    ],
)
def test_the_filter_refuses(run_filtered, body, error):
    """Of `os`, some functions answer without asking the system; `posix` always does."""
    assert error in sentence(run_filtered, f"import os, posix, resource, signal, subprocess, time\ndef f():\n    {body}")


def test_nothing_is_told_of_the_machine_or_of_children_before(run_filtered):
    """One child could tell the next one something by them."""
    source = """
import ctypes, os
def f():
    libc, room = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(200)
    numbers = os.getpid(), os.getppid(), os.getuid(), os.geteuid(), os.getgid(), os.getegid(), libc.gettid()
    return libc.sysinfo(room), os.strerror(ctypes.get_errno()), any(room.raw), numbers
"""
    for _ in range(2):
        assert run_filtered(source, "f") == (-1, "Operation not permitted", False, (0,) * 7)


def test_what_honest_code_asks_for_is_there(run_filtered):
    source = """
import os, platform, random, resource, signal, threading, time
def f():
    time.sleep(0.001)
    signal.setitimer(signal.ITIMER_PROF, 9)
    signal.setitimer(signal.ITIMER_VIRTUAL, 9)
    clocks = time.time(), time.monotonic(), time.perf_counter(), time.process_time(), time.thread_time()
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    random.seed()
    return min(clocks) > 0, used > 0, os.cpu_count() > 0, len(os.urandom(4)), platform.system(), len(os.times())
"""
    assert run_filtered(source, "f") == (True, True, True, 4, "Linux", 5)


SYSCALL = "ctypes.CDLL(None).syscall"


@pytest.mark.parametrize(
    "body",
    [
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "threading.Thread(target=print).start()",
        "socket.socket()",
        "socket.socketpair()",
        "os.kill(os.getppid(), 9)",
        "os.kill(-1, 9)",
        "ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)",
        "ctypes.CDLL(None).unshare(0x10000000)",
        "ctypes.CDLL(None).prctl(1, 0)",
        "os.memfd_create('x')",
        f"{SYSCALL}(425, 8, 0)  # io_uring_setup",
        f"{SYSCALL}(310, os.getppid(), 0, 0, 0, 0, 0)  # process_vm_readv",
        f"{SYSCALL}(435, 0, 0)  # clone3",
        f"{SYSCALL}(0x40000000 + 39)  # getpid by the x32 table",
        f"{SYSCALL}(999)  # no call at all",
    ],
)
def test_the_filter_ends_a_process_that_makes_other_calls(run_filtered, body):
    source = f"import ctypes, os, socket, threading\ndef f():\n    {body}\n    return 'came back'"
    assert sentence(run_filtered, source).startswith("f ended the program: it tried to do something that")


def test_the_filter_needs_libseccomp(monkeypatch):
    assert calls.compile_filter()
    monkeypatch.setattr(calls, "pyseccomp", None)
    with pytest.raises(OSError, match="libseccomp is not installed"):
        calls.compile_filter()


# Before a child is locked in


def test_what_a_module_does_when_it_is_fetched_ends_no_child():
    source = "if 0:\n    import unittest.__main__\n    from unittest import __main__\ndef f(): return 1"
    with Sandbox(LIMITS) as sandbox:
        assert runner(sandbox)(source, "f") == 1


# What is live is told, and what is not enough is refused


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_that_is_left_out_is_told(layer):
    with Sandbox(replace(ANYTHING, without=(layer,))) as sandbox:
        assert sandbox.zygote.missing[layer] == "left out"
        assert layer not in sandbox.zygote.layers
        assert runner(sandbox)("def f(): return 1", "f") == 1


@pytest.mark.parametrize(
    ("live", "accepted", "dangers"),
    [
        (LAYERS, (), []),
        (["filter"], (), []),
        (["root", "network", "pid"], (), []),
        (["landlock", "network", "user"], (), []),
        (["root", "user", "limits", "landlock"], (), ["network"]),
        (["network", "pid"], (), ["files"]),
        (["landlock", "network"], (), ["processes"]),
        (["limits"], (), ["files", "network", "processes"]),
        (["limits"], ("files", "processes"), ["network"]),
        ([], ("files", "network", "processes"), []),
    ],
)
def test_the_minimum(live, accepted, dangers):
    assert lacking(live, accepted) == dangers


def test_a_machine_that_is_not_fit_grades_nothing_and_says_how_to_overrule_it():
    weak = replace(LIMITS, without=("filter", "network"))
    with pytest.raises(WeakSandboxError, match="the grader's network from submissions, so no hidden check is") as caught:
        Zygote(weak)
    assert "ACCEPT=network" in str(caught.value)
    Zygote(replace(weak, accept=("network",))).close()


def test_a_layer_the_kernel_refuses_is_told_with_its_reason(monkeypatch):
    def refuse(*_):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(kernel, "unshare", refuse)
    with pytest.raises(OSError, match="Operation not permitted"):
        kernel.attempt(lambda: kernel.unshare(kernel.NEW_IPC))
    kernel.attempt(lambda: None)
    with pytest.raises(OSError, match="Unknown error 255"):
        kernel.attempt(lambda: 1 / 0)


def give_up_rights():
    kernel.drop_capabilities()
    kernel.no_new_privileges()


@LINUX
def test_root_in_name_only_has_what_needs_no_rights():
    command = [sys.executable, "-m", "autograder", "doctor"]
    finished = subprocess.run(command, cwd=ROOT, preexec_fn=give_up_rights, capture_output=True, text=True)
    live = dict(re.findall(r"^(\w+) +(yes|no)", finished.stdout, re.MULTILINE))
    assert "This is enough to grade hidden checks." in finished.stdout, finished.stderr
    assert (live["user"], live["filter"], live["limits"]) == ("no", "yes", "yes")


def enter_user_namespace():
    kernel.enter_user_namespace(20_000)
    os.chroot("/")


@LINUX
def test_a_user_namespace_gives_its_layers():
    try:
        kernel.attempt(enter_user_namespace)
    except OSError as error:
        pytest.skip(f"nobody gets a user namespace here: {error.strerror}")
    with Sandbox(LIMITS) as sandbox:
        assert not {"root", "network", "ipc", "pid"} & sandbox.zygote.missing.keys()


def test_a_zygote_that_does_not_start_is_a_fault_of_the_grader():
    with pytest.raises(SandboxError, match="did not start"):
        Zygote(replace(LIMITS, cpu_seconds="many"))


def test_the_doctor_shows_every_layer(capsys):
    with Sandbox(LIMITS) as sandbox:
        missing = sandbox.zygote.missing
    assert main(["doctor"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    live = {words[0]: words[1] for words in lines if words and words[0] in LAYERS}
    assert live == {name: "no" if name in missing else "yes" for name in LAYERS}
    assert lines[-1] == ["This", "is", "enough", "to", "grade", "hidden", "checks."]


def test_the_doctors_verdict_names_what_is_lacking():
    missing = dict.fromkeys(LAYERS.keys() - {"limits", "deadline"}, "this system does not have it")
    assert "the grader's files and network and processes" in assess_layers(missing)
    assert "ACCEPT=files,network,processes" in assess_layers(missing)


def test_the_page_says_of_each_layer_what_the_doctor_says():
    page = (ROOT / "docs/sandbox.md").read_text()
    for name, leaves in LAYERS.items():
        assert f"| `{name}` | {leaves} |" in page
    for danger, layers in MINIMUM.items():
        assert all(f"`{layer}`" in page for layer in layers)
        assert danger in page

"""The sandbox: results of a submission, its failures, and what it can see of the grader."""

import contextlib
import os
import re
import socket
import sys
from pathlib import Path

import msgpack
import numpy as np
import pytest

from autograder.checking import StudentError
from autograder.sandbox import wire
from autograder.sandbox.host import Child, SandboxError, Zygote
from autograder.sandbox.layers import LAYERS, WeakSandboxError
from autograder.sandbox.limits import Limits
from autograder.sandbox.session import Sandbox
from autograder.sandbox.zygote import ChildManager, own_children
from tests.project.frames import array, packed
from tests.project.runner import LIMITS, runner, sentence


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(LIMITS) as sandbox:
        yield sandbox


@pytest.fixture
def run(sandbox):
    return runner(sandbox)


# What comes back


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -1.5, "text", [1.0, 2.0], (1, "a"), {"W1": 1.0, "deep": {"list": [None]}}, float("inf"), 2**62],
)
def test_plain_values_come_back_as_they_are(run, value):
    assert run(f"inf = float('inf')\ndef f(): return {value!r}", "f") == value


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "?", "c16"])
def test_arrays_keep_their_dtype_and_shape(run, dtype):
    got = run("def f(x): return x.T", "f", np.arange(6).reshape(2, 3).astype(dtype))
    assert (got.dtype, got.shape) == (np.dtype(dtype), (3, 2))
    assert np.array_equal(got, np.arange(6).reshape(2, 3).astype(dtype).T)


@pytest.mark.parametrize("dtype", ["f2", ">f8", "longdouble", "i2", "u1"])
def test_other_numbers_come_back_as_doubles_or_integers(run, dtype):
    got = run(f"import numpy as np\ndef f(): return np.ones((2, 1), np.dtype('{dtype}'))", "f")
    assert np.array_equal(got, np.ones((2, 1)))


def test_objects_that_are_all_real_numbers_come_back_as_doubles(run):
    got = run("import numpy as np\ndef f(): return np.array([[1, 2.5, np.float32(3), True]], object)", "f")
    assert got.dtype == float
    assert got.tolist() == [[1, 2.5, 3, 1]]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("np.array([object()])", "array of dtype object"),
        ("np.array([10**400])", "array of dtype object"),
        ("np.zeros(200_000)", r"array of shape \(200000,\)"),
        ("np.zeros(2, 'f8,i4')", "array of dtype"),
        ("lambda: 0", "function"),
        ("2**80", "int"),
    ],
)
def test_what_cannot_cross_is_named(run, expression, words):
    assert re.search(words, run(f"import numpy as np\ndef f(): return {expression}", "f").described)


def test_arguments_belong_to_the_student(run):
    assert run("def f(x):\n    x += 1\n    return x", "f", np.zeros((1, 1))) == 1


# What goes wrong


def test_an_exception_names_the_line(run):
    words = sentence(run, "def f():\n    return 1 / 0\n")
    assert words == "f raised ZeroDivisionError: division by zero (dnn.py, line 2: return 1 / 0)"


def test_a_todo_is_its_own_sentence(run):
    assert sentence(run, "def f(): raise NotImplementedError('Task 3: do it.')") == "Task 3: do it."


def test_a_syntax_error_names_the_line(run):
    assert "could not be loaded: SyntaxError" in sentence(run, "x = 1\ndef f(:\n")
    assert "line 2" in sentence(run, "x = 1\ndef f(:\n")


def test_a_foreign_module_is_named(run):
    assert "`torch` is not available in the grader" in sentence(run, "import torch")


def test_a_missing_function_is_named(run):
    assert sentence(run, "x = 1", "f") == "dnn.py defines no `f`."


@pytest.mark.parametrize("call", ["exit()", "raise KeyboardInterrupt", "raise SystemExit(0)", "raise GeneratorExit"])
def test_leaving_is_an_exception_like_others(run, call):
    assert "f raised" in sentence(run, f"def f():\n    {call}")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("os._exit(0)", "f ended the program with exit code 0."),
        ("os._exit(7)", "f ended the program with exit code 7."),
        ("os.abort()", "f ended the program: it tried to do something that submissions may not do"),
        ("ctypes.string_at(0)", "f ended the program by a segmentation fault."),
        ("os.close(3); time.sleep(9)", "f ended the program or closed its connection"),
        ("time.sleep(9)", "f did not finish within the time limit"),
        ("while True: pass", "f did not finish within the time limit"),
        ("os.write(3, b'\\xff' * 100)", "f ended the program"),
        ("os.write(3, (5).to_bytes(4, 'little') + b'\\xc1' * 5)", "f ended the program"),
        (
            "[signal.signal(n, signal.SIG_IGN) for n in (2, 14, 15, 24)]\n    while True: pass",
            "f did not finish within the time limit",
        ),
    ],
)
def test_the_end_of_a_child_is_told(run, body, words):
    assert sentence(run, f"import os, time, signal, ctypes\ndef f():\n    {body}").startswith(words)


def test_a_crash_costs_one_call(sandbox):
    source = b"import os\ndef good(): return 1\ndef bad(): os._exit(1)\n"
    with sandbox.session({"dnn": source}) as session:
        for _ in range(2):
            assert session.fetch(session.module("dnn").good()) == 1
            with pytest.raises(StudentError):
                session.fetch(session.module("dnn").bad())


def test_what_was_lost_with_a_child_says_so(sandbox):
    with sandbox.session({"dnn": b"import os\ndef good(): return 1\ndef bad(): os._exit(1)\n"}) as session:
        kept = session.module("dnn").good()
        with pytest.raises(StudentError):
            session.fetch(session.module("dnn").bad())
        with pytest.raises(StudentError, match="bad ended the program"):
            session.fetch(kept)


def test_a_name_that_no_student_has_is_an_error_and_no_result(sandbox):
    with sandbox.session({"dnn": b""}) as session, pytest.raises(AttributeError):
        session.secnds_left  # noqa: B018


def test_a_function_that_never_returns_is_not_called_forever(sandbox):
    with sandbox.session({"dnn": b"def f():\n    while True: pass\ndef g(): return 1\n"}) as session:
        for _ in range(LIMITS.strikes):
            with pytest.raises(StudentError, match="did not finish within the time limit"):
                session.fetch(session.module("dnn").f())
        with pytest.raises(StudentError, match="was not called again"):
            session.fetch(session.module("dnn").f())
        assert session.fetch(session.module("dnn").g()) == 1


def test_the_time_of_a_submission_is_bounded():
    limits = Limits(call_seconds=5, submission_seconds=0.5)
    sentences = []
    with Sandbox(limits) as sandbox, sandbox.session({"dnn": b"import time\ndef f(): time.sleep(0.2)\n"}) as session:
        for _ in range(5):
            try:
                session.fetch(session.module("dnn").f())
            except StudentError as error:
                sentences.append(str(error))
    assert 1 <= len(sentences) <= 4
    assert "used up" in sentences[-1]


def test_a_slow_import_is_stopped(run):
    assert sentence(run, "while True: pass").startswith("Loading dnn.py takes too long. Move code that trains")


# What a child can reach


def test_memory_is_bounded(run):
    assert "MemoryError" in sentence(run, "import numpy as np\ndef f(): return np.zeros(2**28).nbytes")


def test_recursion_is_bounded(run):
    assert "RecursionError" in sentence(run, "def f(): return f()")


def test_nothing_is_written(run, tmp_path):
    source = f"def f():\n    with open({str(tmp_path / 'x')!r}, 'w') as file: file.write('x' * 100)"
    assert "raised" in sentence(run, source)
    assert not (tmp_path / "x").exists() or not (tmp_path / "x").read_text()


def test_what_is_printed_is_kept_apart_and_goes_nowhere_else(sandbox, capfd):
    source = """
import os, sys
print("loaded")
def f():
    print("a\u00e9")
    print("b", file=sys.stderr)
    os.write(1, b"c")
    return 1
"""
    with sandbox.session({"dnn": source.encode()}) as session:
        assert session.fetch(session.module("dnn").f()) == 1
        assert session.printed == ("loaded\naé\n", "b\n")
        session.begin_check()
        assert session.printed == ("", "")
        session.fetch(session.module("dnn").f())
        session.fetch(session.module("dnn").f())
        assert session.printed == ("aé\n" * 2, "b\n" * 2)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "body",
    [
        "for _ in range(100): print('x' * 100_000)",
        "print('x' * 20_000_000)",
        "sys.stdout.buffer.write(b'x' * 20_000_000)",
        "for _ in range(100): sys.stdout.write('x' * 100); session.sink = 1",
    ],
)
def test_a_flood_of_output_is_cut(sandbox, body):
    source = f"import sys\nclass session: pass\ndef f():\n    {body}\n    return 1"
    with sandbox.session({"dnn": source.encode()}) as session:
        for _ in range(3):
            assert session.fetch(session.module("dnn").f()) == 1
        assert session.printed == ("x" * wire.MAX_PRINTED, "") or set(session.printed.output) == {"x", "\n"}
        assert len(session.printed.output) == wire.MAX_PRINTED


@pytest.mark.parametrize("body", ["sys.stdout = None", "sys.stdout.close()", "sys.stdout = open", "del sys.stdout"])
def test_a_broken_stdout_gives_no_output(sandbox, body):
    with sandbox.session({"dnn": f"import sys\nprint(1)\ndef f():\n    {body}\n    return 1".encode()}) as session:
        assert session.fetch(session.module("dnn").f()) == 1
        assert session.fetch(session.module("dnn").f) is not None
        assert session.printed == ("1\n", "")


@pytest.mark.parametrize(
    "module", ["autograder", "autograder.backprop.oracle", "autograder.checking", "tests.hidden.cases", "solution"]
)
def test_the_grader_cannot_be_imported(run, module):
    assert "is not available in the grader" in sentence(run, f"import {module}")


def test_the_environment_tells_nothing(monkeypatch):
    monkeypatch.setenv("SECRET", "secret")
    source = b"import os, sys\ndef f(): return dict(os.environ), sys.path"
    with Sandbox(LIMITS) as sandbox, sandbox.session({"dnn": source}) as session:
        environment, path = session.fetch(session.module("dnn").f())
    assert "SECRET" not in environment
    assert not [entry for entry in path if Path(entry, "autograder").exists() or Path(entry).name == "sandbox"]


def test_the_zygote_has_heard_of_nothing(run):
    source = """
import gc, sys
def f():
    names = " ".join(str(getattr(thing, "__name__", "")) for thing in gc.get_objects())
    words = ("right_cache", "tells_apart", "rubric", "on_either_cache", "CheckFailure")
    return [word for word in words if word in names], sorted(sys.modules)
"""
    words, modules = run(source, "f")
    assert words == []
    assert not [name for name in modules if name.startswith(("autograder", "tests", "pytest"))]


@pytest.mark.parametrize(
    "lines",
    [
        "import typing, dataclasses, itertools, json as j",
        "import sqlite3",
        "from xml.etree import ElementTree",
        "import concurrent.futures",
        "import numpy.fft; import numpy as np; np.fft.fft(np.ones(4))",
        "import numpy as np; np.testing.assert_allclose(np.ma.ones(2), 1); np.polynomial.Polynomial([1])",
        "import datetime; datetime.datetime.strptime('2026', '%Y')",
        "if True:\n    import decimal, statistics\n    from fractions import Fraction",
        "import numpy as np; np.random.default_rng(); np.linalg.svd(np.ones((2, 2)))",
    ],
)
def test_the_standard_library_and_numpy_are_there(run, lines):
    assert run(f"{lines}\ndef f(): return 1", "f") == 1


def test_the_random_state_is_the_same_in_every_run():
    states = []
    for _ in range(2):
        with (
            Sandbox(LIMITS) as sandbox,
            sandbox.session({"dnn": b"import numpy as np\nx = hash('x'), np.random.rand()"}) as session,
        ):
            states.append(session.fetch(session.module("dnn").x))
    assert states[0] == states[1]


# Forged answers


ANSWERS = [
    None,
    7,
    [],
    [7],
    [[]],
    [["value"]],
    [["value", 1, 2]],
    [["failed"]],
    [["failed", "1", "a", "b", "c", "d"]],
    [["failed", 1, "a", "b", "c", 4]],
    [["failed", 99, "a", "b", "c", "d"]],
    [["value", b"bytes"]],
    [["value", ["dict", 1]]],
    [["value", ["tuple", 1]]],
    [["value", ["what", 1]]],
    [["value", ["opaque", "x" * 5000]]],
    [["value", msgpack.Timestamp(1)]],
    [[array(b"d", (2, 2), bytes(32)), 1]],
    array(b"d", (1,), bytes(8)),
    [array(b"d", (2, 2), bytes(32))],
    [["value", [array(b"d", (2, 2), bytes(32)), {}]]],
    [["value", ["list", [["list", [["list", [["list", [["list", [["list", [["list", [1]]]]]]]]]]]]]]]],
    [["value", {"W1": 1}]],
]


@pytest.mark.parametrize("message", ANSWERS, ids=range(len(ANSWERS)))
def test_a_forged_answer_is_a_value_or_the_students_fault(run, message):
    source = f"import os, time\ndef f():\n    os.write(3, {packed([message, '', ''])!r})\n    time.sleep(9)\n"
    try:
        words = getattr(run(source, "f"), "described", "a value")
    except StudentError as error:
        words = str(error)
    assert 0 < len(words) < 1000


@pytest.mark.parametrize(
    "message", [None, 7, [], [[["value", 1]]], [[], "", ""], [[["value", 1]], 1, ""], [[["value", 1]], "", b""], [7, "", ""]]
)
def test_an_answer_in_another_form_is_the_students_fault(run, message):
    source = f"import os, time\ndef f():\n    os.write(3, {packed(message)!r})\n    time.sleep(9)\n"
    assert sentence(run, source) in (
        "f returned an invalid reply.",
        "The submission returned an invalid reply.",
    )


# A start that fails leaves nothing open


def files_and_processes():
    return sorted(os.listdir("/proc/self/fd")), own_children()


@contextlib.contextmanager
def fails_and_leaves_nothing_open(error):
    """Run a block that raises; its traceback keeps every object alive, so no finalizer closes what the block left open."""
    before = files_and_processes()
    with pytest.raises(error) as caught:
        yield
    assert files_and_processes() == before, caught.value


@pytest.mark.parametrize("step", ["fork", "kill"])
def test_a_child_that_does_not_start(step, monkeypatch):
    def fail(*_):
        raise SandboxError("the zygote does not answer")

    with Sandbox(LIMITS) as sandbox:
        monkeypatch.setattr(sandbox.zygote, step, fail)
        monkeypatch.setattr(wire, "LOCKED_IN", "another word")
        with fails_and_leaves_nothing_open(SandboxError):
            Child(sandbox.zygote, {})


def test_a_zygote_that_cannot_be_run(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere")
    with fails_and_leaves_nothing_open(OSError):
        Zygote(LIMITS)


def test_a_zygote_that_does_not_start(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with fails_and_leaves_nothing_open(SandboxError):
        Zygote(LIMITS)


def test_a_zygote_with_too_few_layers():
    with fails_and_leaves_nothing_open(WeakSandboxError):
        Zygote(Limits(without=tuple(LAYERS)))


def test_a_judge_that_goes_without_reading_an_answer_ends_the_zygote_quietly():
    """As when a run is broken off: the system then resets the connection in place of closing it."""
    control, judge = socket.socketpair()
    with control:
        control.sendall(b"an answer")
        judge.close()
        ChildManager(control, None, None, None).serve()

"""Any data, over the pipe or as a submission, is either accepted or rejected: no crash, no hang, nothing out of bounds.

Every run tries the same examples. FUZZ_EXAMPLES=20000 tries so many of each kind, others than those, for as long as it takes.
"""

import contextlib
import io
import os
import signal
import socket
import struct
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

import msgpack
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from autograder.checking import StudentError
from autograder.intake.entries import MAX_SOURCE
from autograder.intake.find import IntakeError, find
from autograder.intake.read import Reader, Submission
from autograder.sandbox import wire
from autograder.sandbox.limits import Limits
from autograder.sandbox.replies import Opaque
from autograder.sandbox.session import Session, Step
from autograder.text import clean
from tests.course import GRADED_FILES, PARTS
from tests.golden.programs import solution

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
HANGS = 5  # seconds for one example


def fuzz(examples):
    """Return the settings of a test that tries so many examples, always the same ones unless FUZZ_EXAMPLES says how many."""
    return settings(
        max_examples=EXAMPLES or examples,
        deadline=None,
        derandomize=not EXAMPLES,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@contextlib.contextmanager
def patience():
    """Ends an example that hangs."""

    def give_up(*_):
        raise AssertionError("this example hangs")

    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


# Frames


def extension(kind, data):
    return msgpack.ExtType(kind, data)


def array(code, shape, data):
    return struct.pack(f"<cB{len(shape)}I", code, len(shape), *shape) + data


NUMBERS = st.integers(-(2**63), 2**64 - 1)
ATOMS = st.none() | st.booleans() | NUMBERS | st.floats() | st.text(max_size=20) | st.binary(max_size=20)
LENGTHS = st.integers(0, 4) | st.sampled_from([2**31, 2**32 - 1])
HEADS = st.builds(
    array, st.sampled_from([b"d", b"f", b"q", b"?", b"D", b"O", b"V"]), st.lists(LENGTHS, max_size=9), st.binary(max_size=64)
)
RIGHT_ARRAYS = st.lists(st.integers(0, 3), max_size=4).map(lambda shape: wire.pack_array(np.ones(shape)))
BOOLEANS = st.binary(max_size=3).map(lambda data: array(b"?", (len(data),), data))
KINDS_OF_EXTENSION = st.just(wire.REFERENCE) | st.integers(0, 127)
EXTENSIONS = st.builds(extension, KINDS_OF_EXTENSION, st.binary(max_size=20)) | HEADS | RIGHT_ARRAYS | BOOLEANS
TIMES = st.integers(0, 2**34).map(lambda seconds: msgpack.Timestamp(seconds, 1))


def nested(atoms):
    """Containers of containers, with the words that an answer is made of."""
    words = st.sampled_from(["value", "failed", "dict", "list", "tuple", "opaque"])
    keys = st.text(max_size=5) | st.binary(max_size=5) | st.integers(0, 9)
    return st.recursive(
        atoms,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(keys, inner, max_size=4)
            | st.tuples(words, inner)
            | st.tuples(words, st.lists(inner, max_size=4))
            | st.tuples(words, st.dictionaries(st.text(max_size=5), inner, max_size=4))
        ),
        max_leaves=20,
    )


def packed(value):
    with contextlib.suppress(ValueError, OverflowError):
        return msgpack.packb(value)
    return b""


MESSAGES = nested(ATOMS | EXTENSIONS | TIMES).map(packed)
DEEP = st.builds(
    lambda start, times, end: start * times + end,
    st.sampled_from([b"\x91", b"\x81\xa1a", b"\xdc\x00\x01", b"\xdf\x00\x00\x00\x01\xa1a", b"\x92\xa4list"]),
    st.sampled_from([5, 100, 1000, 1022, 1023, 1024, 1025, 20_000]),
    st.sampled_from([b"", b"\xc0", b"\x90"]),
)
HUGE = st.builds(  # a container, a string or an extension that is said to be this long
    lambda code, length, rest: code + struct.pack(">I", length) + rest,
    st.sampled_from([b"\xdd", b"\xdf", b"\xdb", b"\xc6", b"\xc9"]),
    st.sampled_from([2**32 - 1, 2**31, 2**22, 10_001, 10_000]),
    st.binary(max_size=50),
)
MANY = st.builds(  # containers in a container, as many as one byte each can say
    lambda inner, width: b"\xdd" + struct.pack(">I", width) + (b"\xdc" + struct.pack(">H", 100) + inner * 100) * width,
    st.sampled_from([b"\x80", b"\x90", b"\xa0", b"\xc0"]),
    st.sampled_from([1, 10, 100, 1000]),
)


@st.composite
def mutated(draw, originals, parts=(b"\0", b"\xff" * 4)):
    """Bytes with some of them changed, left out, put twice, cut off or inserted."""
    data = bytearray(draw(originals))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        until = min(len(data), at + draw(st.integers(0, 30)))
        match draw(st.integers(0, 4)):
            case 0:
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case 1:
                del data[at:until]
            case 2:
                data[at:at] = data[at:until]
            case 3:
                data[at:until] = draw(st.sampled_from(parts))
            case _:
                del data[at:]
    return bytes(data)


def framed(body):
    return struct.pack("<I", len(body)) + body


FRAMES = (
    st.binary(max_size=100)
    | st.builds(lambda length, body: struct.pack("<I", length) + body, st.integers(0, 2**32 - 1), st.binary(max_size=50))
    | (MESSAGES | DEEP | HUGE | MANY | mutated(MESSAGES)).map(framed)
    | mutated(MESSAGES.map(framed))
)


def in_pipe(data):
    """Return the end of a pipe from which the bytes come, and then nothing more."""
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * len(data) + 10_000)
    theirs.sendall(data)
    theirs.shutdown(socket.SHUT_WR)
    return ours, theirs


def measure(value, others=()):
    """Return the total number of items and bytes in a value; raise AssertionError if it is neither data nor one of `others`."""
    items, size, waiting = 0, 0, [value]
    while waiting:
        value = waiting.pop()
        items += 1
        if type(value) in (list, tuple):
            waiting += value
        elif type(value) is dict:
            assert all(type(key) is str for key in value)
            size += sum(len(key) for key in value)
            waiting += value.values()
        elif type(value) is np.ndarray:
            assert value.dtype in wire.CODES
            assert value.ndim <= wire.MAX_DIMENSIONS
            assert np.prod([max(length, 1) for length in value.shape], dtype=float) <= wire.MAX_FRAME
            assert not value.flags.writeable
            assert value.dtype != bool or set(value.tobytes()) <= {0, 1}
            size += value.nbytes
        else:
            assert value is None or type(value) in (bool, int, float, str, *others)
            size += len(value) if isinstance(value, (str, bytes)) else 0
    return items, size


@fuzz(1000)
@given(FRAMES)
@example(framed(b"\xdd\x00\x00\x27\x10" + (b"\xdc\x01\x00" + b"\x80" * 256) * 10_000))
def test_any_frame_is_a_value_or_refused(data):
    pipe, other = in_pipe(data)
    with pipe, other, patience():
        try:
            value = wire.receive(pipe, time.monotonic() + HANGS - 1)
        except wire.WireError:
            return
    items, size = measure(value, (bytes, wire.Reference))
    assert size <= len(data)
    assert items <= min(len(data), wire.MAX_ALL_ITEMS + wire.MAX_ITEMS)


# Answers


class StubChild:
    """A child that has said something, and then ends."""

    def __init__(self, data, mark, status):
        self.pipe, self.other = in_pipe(data)
        self.unread = bytearray()
        self.mark, self.status = mark, status

    def begin(self):
        pass

    def running(self):
        return 0, self.mark

    def processor_time(self):
        return None

    def running_statement(self):
        return self.mark, self.mark

    def end(self):
        self.pipe.close()
        return self.status


class StubSandbox:
    limits = Limits(call_seconds=HANGS - 1)


MODULE = Step(99, "module", ("dnn",), {}, "dnn")
VALUES = st.recursive(  # as a child sends them, nearly
    ATOMS | RIGHT_ARRAYS | EXTENSIONS,
    lambda inner: (
        st.tuples(st.sampled_from(["list", "tuple"]), st.lists(inner, max_size=3))
        | st.tuples(st.just("dict"), st.dictionaries(st.text(max_size=5), inner, max_size=3))
        | st.tuples(st.just("opaque"), st.text(max_size=5))
    ),
    max_leaves=10,
).map(lambda value: ("value", value))
ANSWERS = st.one_of(
    VALUES,
    VALUES,
    nested(ATOMS | EXTENSIONS | TIMES),
    st.tuples(st.just("value"), nested(ATOMS | EXTENSIONS)),
    st.tuples(st.just("failed"), NUMBERS | st.sampled_from([1, 2, 99]), st.text(), st.text(), st.text(), st.text()),
    st.tuples(st.just("failed"), *[ATOMS] * 5),
)
REPLIES = st.tuples(ANSWERS).map(packed)
REPLIES = st.one_of(REPLIES, REPLIES, REPLIES, mutated(REPLIES), st.lists(ANSWERS, max_size=3).map(packed)).map(framed)


@fuzz(700)
@given(REPLIES, st.integers(0, 5) | st.just(2**32 - 1), st.integers(-31, 255))
def test_any_answer_is_a_value_or_a_sentence_for_the_student(data, mark, status):
    session = Session(StubSandbox(), {})
    session.child = StubChild(data, mark, status)
    session.conversation.done.append(MODULE)
    with session.child.pipe, session.child.other, patience():
        try:
            value = session.fetch(session.module("dnn").f(session.place(np.ones(2))))
        except StudentError as error:
            refused = error
        else:
            refused = None
    if refused:
        assert str(refused) == clean(str(refused), 4000) != ""
        assert refused.detail == clean(refused.detail, 2000)
        return
    items, size = measure(value, (Opaque,))
    assert size <= len(data)
    assert items <= len(data)


# Values of a student's

ODD = (
    *("None", "3", "2**62", "10**400", "-0.0", "float('nan')", "float('inf')", "True", "1j", "'text'", "'x' * 100_000", "b'x'"),
    *(
        "[]",
        "()",
        "{}",
        "[[1.0, 2.0], [3.0]]",
        "[[1.0, 'x'], [None, {}]]",
        "['x' * 2_000] + [''] * 2_000",
        "{'W1': {'W1': {}}}",
    ),
    *("(None, None)", "[[[[[[[[[[1.0]]]]]]]]]]", "range(5)", "object()", "len", "type", "[np.zeros((3, 0)), np.zeros(3)]"),
    *("np.zeros(0)", "np.zeros((0, 100_000))", "np.zeros(7)", "np.ones((1, 3, 7))", "np.zeros((1,) * 5)", "np.float16(0.5)"),
    *("np.full((3, 7), np.nan)", "np.full((3, 7), 1e308)", "np.full((1, 7), 5e-324)", "np.ones((3, 7), 'f2')", "np.eye(3) > 0"),
    *("np.array([[1, 2.5]], object)", "np.array([[1, None]], object)", "np.array([10**400], object)", "np.array(3, object)"),
    *("np.zeros(3, 'f4, i2')", "np.zeros(3, 'M8[s]')", "np.array(['x'])", "np.array([1 + 2j])", "np.array(2**63, 'u8')"),
    *(
        "np.ma.masked_all((3, 7))",
        "np.matrix('1 2; 3 4')",
        "np.ones((400, 400))",
        "np.longdouble(1) / 3",
        "{1: 2, (3, 4): None}",
    ),
)
LAYERS = st.integers(1, 3)
KEYS = st.builds("{}{}".format, st.sampled_from("WBZA"), LAYERS)
# Where a value is put: a file, what in it is called, and what becomes of the result there.
IN_DNN = st.one_of(
    st.tuples(st.sampled_from(["forward", "gradients", "compute_gradients", "fit", "loss"]), st.just("result = odd")),
    st.tuples(st.just("forward"), st.sampled_from(["result = odd, result[1]", "result = result[0], odd"])),
    st.tuples(st.just("forward"), KEYS.map("result[1]['{}'] = odd".format)),
    st.tuples(st.just("forward"), st.just("result[1].update(dict.fromkeys(result[1], odd))")),
    st.tuples(st.sampled_from(["gradients", "compute_gradients"]), KEYS.map("result['{}'] = odd".format)),
    st.tuples(st.sampled_from(["gradients", "compute_gradients"]), st.just("result = dict.fromkeys(result, odd)")),
    st.tuples(st.just("fit"), st.sampled_from(["result[0] = odd", "result.append(odd)", "result = [odd] * len(result)"])),
    st.tuples(st.sampled_from(["fit", "forward"]), KEYS.map("self.params['{}'] = odd".format)),
    st.tuples(st.sampled_from(["fit", "gradients", "compute_gradients"]), st.just("self.params = odd")),
).map(lambda place: (f"DNN.{place[0]}", place[1]))
IN_WARMUP = st.one_of(
    st.tuples(
        st.sampled_from(["exp_exp_square", "reciprocal_exp_square", "two_paths", "three_weight_chain"]),
        st.sampled_from(["result = odd", "result = odd, result[1]", "result = result[0], odd", "result = odd, odd"]),
    ),
    st.tuples(st.just("three_weight_chain"), LAYERS.map("result[1]['w{}'] = odd".format)),
    st.tuples(
        st.just("logistic_gradients"),
        st.sampled_from([*(f"result['{key}'] = odd" for key in ("a1", "dJdz1", "dJdb1", "dJdw1")), "result = odd"]),
    ),
)
NETWORKS = st.sampled_from(["SoftmaxDNN", "SquaredErrorSoftmaxDNN", "GeneralDNN"])
IN_EXTENSION = st.one_of(
    st.tuples(st.sampled_from(["softmax", "softmax_backward", "worked_example", "notes_gradients"]), st.just("result = odd")),
    st.tuples(
        st.just("worked_example"),
        st.sampled_from(["a1", "a2", "y_hat", "dL_dw212", "w212_next"]).map("result['{}'] = odd".format),
    ),
    st.tuples(st.just("notes_gradients"), st.sampled_from(["dJdw1", "dJdb2", "dJdz2"]).map("result['{}'] = odd".format)),
    st.tuples(NETWORKS.map("{}.forward".format), KEYS.map("result[1]['{}'] = odd".format)),
    st.tuples(NETWORKS.map("{}.compute_gradients".format), KEYS.map("result['{}'] = odd".format)),
    st.tuples(NETWORKS.map("{}.loss".format), st.just("result = odd")),
    st.sampled_from(["sigmoid", "tanh", "relu"]).map(lambda name: ("", f"ACTIVATIONS['{name}'] = (lambda Z: odd,) * 2")),
)


def with_odd_value(part, place, value):
    """Return the solution of a part in which an odd value is put in one place."""
    called, change = place
    lines = [solution(part), "import numpy as np", f"odd = {value}"]
    if called:
        head = "def changed(*given, _call=_call, **named):"
        body = ["    self, result = given[0] if given else None, _call(*given, **named)", f"    {change}", "    return result"]
        lines += [f"_call = {called}", head, *body, f"{called} = changed"]
    else:
        lines.append(change)
    return "\n".join(lines).encode()


@fuzz(24)
@given(st.tuples(IN_WARMUP, IN_DNN, IN_EXTENSION), st.tuples(*[st.sampled_from(ODD)] * 3))
def test_any_value_is_graded(judge, places, values):
    """No value of a student's is a fault of the grader, in the checks or in the diagnosis."""
    sources = {part: with_odd_value(part, *one) for part, *one in zip(PARTS, places, values, strict=True)}
    result = judge.grade(Submission("someone", sources))
    assert result.status == "graded", result.fault
    assert not result.remarks, result.fault
    assert all(check.got for check in result.failed)


# Submissions

OUTSIDE = ("../dnn.py", "/dnn.py", "C:\\dnn.py", "alice/../dnn.py", "a\0b", "", ".", "__MACOSX/dnn.py")
INSIDE = (
    "dnn.py",
    "warmup.py",
    "DNN.py",
    "\uff44nn.py",
    "hw/dnn.py",
    "hw",
    "hw/",
    "a.zip",
    "a.zip/dnn.py",
    "bob.py",
    "b/a/dnn.py",
)
NAMES = st.sampled_from(INSIDE) | st.sampled_from(INSIDE) | st.sampled_from([*INSIDE, *OUTSIDE]) | st.text(max_size=30)
COOKIES = st.sampled_from([b"utf-7", b"latin-1", b"cp1252", b"rot13", b"x" * 500, b"utf-8-x", b"undefined", b"mbcs", b"._-"])
SOURCES = (
    st.binary(max_size=60)
    | st.just(b"x = 1\n")
    | st.builds(lambda codec, rest: b"# coding: " + codec + b"\n" + rest, COOKIES, st.binary(max_size=20))
    | st.builds(lambda size: b"#" * size, st.sampled_from([0, 1000, MAX_SOURCE, MAX_SOURCE + 1, 6_000_000]))
)
MODES = st.sampled_from([0, 0o100644, 0o120777, 0o010644, 0o020644, 0o040755]) | st.integers(0, 2**16 - 1)
PACKINGS = st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2])
MEMBERS = st.lists(st.tuples(NAMES, SOURCES, MODES, PACKINGS), max_size=5)


def zipped(members):
    """Return a zip of (name, data, mode, packing), or nothing where a name cannot be written."""
    file = io.BytesIO()
    try:
        with zipfile.ZipFile(file, "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, data, mode, packing in members:
                member = zipfile.ZipInfo("x")
                member.filename, member.external_attr, member.compress_type = name, mode << 16, packing
                archive.writestr(member, data)
    except (ValueError, IndexError):
        return b""
    return file.getvalue()


ZIPS = MEMBERS.map(zipped)
RECORDS = (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"\xff" * 4, b"\xff" * 8, b"\0" * 4)
OF_SUBMISSIONS = st.builds(  # a zip with a zip in it
    lambda inner, name, members: zipped([(name, inner, 0, zipfile.ZIP_STORED), *members]),
    mutated(ZIPS, RECORDS),
    st.sampled_from(["alice.zip", "dnn.py", "a.ZIP"]),
    MEMBERS,
)


@pytest.fixture(scope="module")
def place():
    """Yield a folder of its own, not far from the root: some of what is put there has a long name."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bait").write_bytes(b"class DNN: pass")
        yield Path(folder)
        assert Path(folder, "bait").read_bytes() == b"class DNN: pass"


def tree(folder):
    """Return what lies in a folder, with the size and the time of each."""
    found = []
    for parent, folders, files in os.walk(os.fsencode(folder)):
        for name in folders + files:
            path = os.path.join(parent, name)
            found.append((path, os.lstat(path).st_size, os.lstat(path).st_mtime_ns))
    return sorted(found)


def is_sentence(text):
    return 0 < len(text) < 1000 and "\n" not in text and text == clean(text, 1000)


def read_all(found):
    with Reader(GRADED_FILES) as reader:
        return [reader.read(waiting) for waiting in found]


def take_in(submissions):
    """Find and read everything, and look at what comes."""
    with patience():
        try:
            found = find(submissions, GRADED_FILES).submissions
        except IntakeError as error:
            found, refused = [], str(error)
        else:
            refused = ""
        assert bool(found) != is_sentence(refused)
        names = [waiting.student for waiting in found]
        assert len({name.casefold() for name in names}) == len(names)
        for waiting, submission in zip(found, read_all(found), strict=True):
            assert "/" not in waiting.student
            assert len(waiting.student.encode()) < 230
            assert not any(character in waiting.student for character in "\n\t\0")
            assert submission.student == waiting.student
            assert submission.sources.keys() | submission.problems.keys() == set(PARTS)
            assert not submission.sources.keys() & submission.problems.keys()
            assert all(type(source) is bytes and 0 < len(source) <= MAX_SOURCE for source in submission.sources.values())
            assert all(map(is_sentence, [*submission.problems.values(), *submission.notes]))
            assert all(source.decode().strip() for source in submission.sources.values())
            assert submission.sources if not submission.reason else is_sentence(submission.reason)


@fuzz(600)
@given(st.binary(max_size=300) | ZIPS | mutated(ZIPS, RECORDS) | OF_SUBMISSIONS | mutated(OF_SUBMISSIONS, RECORDS))
@example(zipped([("dnn.py", b"#" * 6_000_000, 0, zipfile.ZIP_DEFLATED)]))
def test_any_zip_is_read_or_refused(place, data):
    """As a zip of submissions, and as one in a folder of them."""
    folder = place / "zips"
    folder.mkdir(exist_ok=True)
    (folder / "alice.zip").write_bytes(data)
    before = tree(folder)
    take_in(folder / "alice.zip")
    take_in(folder)
    assert tree(folder) == before


FILE_NAMES = st.sampled_from(
    [b"dnn.py", b"DNN.py", b"hw", b"alice", b"alice.zip", b"Alice.py", b"alice (2)", b".x", b"\xff.py"]
)
ANY_NAMES = (
    FILE_NAMES
    | st.binary(min_size=1, max_size=40)
    | st.text(min_size=1, max_size=100).map(lambda name: name.encode("utf-8", "replace"))
)
KINDS = st.sampled_from(["file", "file", "file", "link", "loop", "pipe", "socket", "folder"])


@fuzz(300)
@given(st.lists(st.tuples(st.lists(ANY_NAMES, min_size=1, max_size=4), KINDS, SOURCES | ZIPS), min_size=1, max_size=5))
def test_any_folder_is_read_or_refused(place, files):
    with tempfile.TemporaryDirectory(dir=place) as folder:
        for names, kind, data in files:
            with contextlib.suppress(OSError, ValueError):  # a name that the system does not take
                make(os.fsencode(folder), names, kind, data)
        before = tree(folder)
        take_in(Path(folder))
        assert tree(folder) == before


def make(folder, names, kind, data):
    """One file, or something that is none, below a folder."""
    assume(not any(b"/" in name or name in (b".", b"..") for name in names))
    path = os.path.join(folder, *names)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if kind == "file":
        with open(path, "xb") as file:  # never through a link that has the name already
            file.write(data)
    elif kind == "link":
        os.symlink(os.path.join(os.path.dirname(folder), b"bait"), path)
    elif kind == "loop":
        os.symlink(folder, path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
    else:
        os.mkdir(path)

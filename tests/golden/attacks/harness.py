"""The world that an attack runs in, and the search for its effects: what did it gain, read, leave behind or disturb?"""

import contextlib
import csv
import ctypes
import io
import json
import math
import multiprocessing.resource_tracker
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from rich.console import Console

from autograder import workers
from autograder.intake.find import find
from autograder.intake.read import Reader, Submission
from autograder.judge.judge import Judge
from autograder.marks import mark_of
from autograder.report.exports import PLATFORMS, export_sheets
from autograder.report.feedback import feedback_html
from autograder.report.gradescope import results_json
from autograder.report.spreadsheet import escape_formula
from autograder.report.table import Summary, grades_sheet, grades_table
from autograder.results import Result
from autograder.run import NAME, GradeOptions, run_grade
from autograder.sandbox.limits import Limits
from autograder.sandbox.kernel import adopt_orphans
from autograder.settings import Exports
from autograder.workers import grade_all
from tests.course import ASSIGNMENT, GRADED_FILES, PARTS
from tests.golden.attacks.attack import CANARY, REACHED, Attack, World, forms
from tests.golden.programs import solution, solutions
from tests.memory import peak_memory

QUICK = Limits(call_seconds=0.5, import_seconds=0.8, submission_seconds=4.0)
MALLORY, NEIGHBOURS = "mallory", ("aaa", "zzz")  # what attacks are called that bring no name, and those graded beside them
MOST_SHOWN = 400_000  # bytes of one file of a report
SHOWN_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "section", "nav", "h1", "h2", "h3", "p", "div", "span"),
    *("a", "strong", "b", "code", "pre", "ul", "ol", "li", "details", "summary", "figure", "figcaption"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "form", "label", "input", "select", "option", "button"),
    *("svg", "g", "defs", "use", "clippath", "path", "rect", "circle", "line", "text"),
}
LIBC = ctypes.CDLL(None)
PEAKS = "ATTACK_PEAKS"  # the variable that names the file in which workers note their memory
HELD: list[bytes] = []  # the secrets of this process, in its memory


class Process(NamedTuple):
    """A process and when it began, so that a number that is used again is another process."""

    pid: int
    start: int


@dataclass
class Ground:
    """A world with what it takes to watch over it."""

    world: World
    sockets: list[socket.socket]
    processes: set[Process] = field(default_factory=set)

    def remember(self) -> None:
        """Take the processes that are there now for granted."""
        self.processes = descendants()

    def traces(self) -> list[str]:
        """Return a sentence for everything an attack has left or done outside its process; it is then put back."""
        found = [*self.processes_left(), *self.connections(), *self.files(), *self.kernel_objects()]
        if self.world.secret_file.read_text() != self.world.secret:
            found.append("the secret file was changed")
            self.world.secret_file.write_text(self.world.secret)
        return found

    def processes_left(self) -> list[str]:
        """Return the processes that are still there after two seconds; they are given time to do what they came for, and ended."""
        left = gone_after(self.processes, 2)
        if not left:
            return []
        names = sorted({name_of(process.pid) for process in left})
        gone_after(self.processes, 4)  # what they write later is to be seen too
        for process in descendants() - self.processes:
            with contextlib.suppress(OSError):
                os.kill(process.pid, signal.SIGKILL)
        gone_after(self.processes, 5)
        return [f"left {len(left)} processes behind: {', '.join(names)}"]

    def connections(self) -> list[str]:
        """Who called, and on which listener."""
        found = []
        for listener in self.sockets:
            with contextlib.suppress(BlockingIOError):
                while True:
                    if listener.type == socket.SOCK_DGRAM:
                        listener.recv(1000)
                    else:
                        listener.accept()[0].close()
                    found.append(f"reached the listener {listener.getsockname()!r}")
        return sorted(set(found))

    def files(self) -> list[str]:
        """Return what is in the open folder and, besides results, in the folder of results."""
        found = []
        for path in self.world.open_folder.iterdir():
            found.append(f"wrote {path.name} in the open folder")
            subprocess.run(["rm", "-rf", str(path)], check=True)
        return found

    def kernel_objects(self) -> list[str]:
        """Return what lives on without a process: shared memory, queues, semaphores."""
        found = []
        key = 0x0BAC0000 + self.world.port
        for kind in ("shm", "msg", "sem"):
            path = Path("/proc/sysvipc", kind)
            for line in path.read_text().splitlines()[1:] if path.exists() else []:
                if int(line.split()[0]) & 0xFFFFFFFF == key:
                    found.append(f"left a {kind} of System V")
                    subprocess.run(["ipcrm", {"shm": "-m", "msg": "-q", "sem": "-s"}[kind], line.split()[1]], check=False)
        if hasattr(LIBC, "mq_unlink") and LIBC.mq_unlink(f"/backprop-{self.world.port}".encode()) == 0:
            found.append("left a message queue")
        for folder in ("/dev/shm", "/var/tmp"):
            for path in Path(folder).glob(f"*backprop-{self.world.port}*"):
                found.append(f"left {path.name.replace(str(self.world.port), 'PORT')} in {folder}")
                path.unlink()
        return found


class Outcome(NamedTuple):
    """What came of some attacks: their results, those of the neighbors, every text that was written or printed, by its name.

    The result of an attack that has not exactly one is None. book is what the gradebook was when the run was over; it is for
    the TA alone, and holds nothing that the texts do not say. peak is the most memory that a worker's judge had, in bytes.
    """

    results: tuple[Result | None, ...]
    neighbours: tuple[Result, ...]
    texts: dict[str, str]
    book: bytes = b""
    peak: int = 0


@contextlib.contextmanager
def world(folder: Path) -> Iterator[Ground]:
    """Plant the secrets and open the listeners in a folder that everybody may enter."""
    with contextlib.suppress(OSError):  # not Linux
        adopt_orphans()
    multiprocessing.resource_tracker.ensure_running()  # or the first batch would seem to leave it behind
    secret = CANARY + secrets.token_hex(16)
    opened = {name: folder / name for name in ("public", "open", "out")}
    for place in opened.values():
        place.mkdir(parents=True)
    opened["open"].chmod(0o777)
    for place in (
        opened["public"],
        *(parent for parent in opened["open"].parents if Path(tempfile.gettempdir()) in parent.parents),
    ):
        place.chmod(place.stat().st_mode | 0o055)
    file = opened["public"] / "secret.txt"
    file.write_text(secret)
    file.chmod(0o644)
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    port = listener.getsockname()[1]
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", port))
    sockets = [listener, datagrams, *unix_listeners(opened["public"], port)]
    for each in sockets:
        each.setblocking(False)
    results = opened["out"] / "results"
    results.mkdir()
    ground = Ground(World(secret, file, opened["open"], results, port), sockets)
    # This process had another environment when it began; whoever reads environments finds the secret in that of this one.
    bystander = subprocess.Popen(["sleep", "1200"], env={"SECRET": secret})
    HELD.append(secret.encode())
    segment = shared_memory(secret, port)
    try:
        with mock.patch.dict(os.environ, {"SECRET": secret}):
            ground.remember()
            yield ground
    finally:
        HELD.remove(secret.encode())
        if segment >= 0:
            LIBC.shmctl(segment, 0, None)
        bystander.kill()
        bystander.wait()
        for each in sockets:
            each.close()


def unix_listeners(folder: Path, port: int) -> Iterator[socket.socket]:
    """Yield a listener with a file that everybody may call, and one without any file where the system has such."""
    previous = Path.cwd()
    os.chdir(folder)  # a socket's path must be short
    try:
        door = socket.socket(socket.AF_UNIX)
        door.bind("door")
    finally:
        os.chdir(previous)
    (folder / "door").chmod(0o777)
    door.listen(100)
    yield door
    if sys.platform == "linux":
        nameless = socket.socket(socket.AF_UNIX)
        nameless.bind(f"\0backprop-{port}")
        nameless.listen(100)
        yield nameless


def shared_memory(secret: str, port: int) -> int:
    """Put the secret into memory of System V that everybody may read; its number, or -1 where there is none."""
    segment = LIBC.shmget(0x0BAD0000 + port, 4096, 0o1644) if sys.platform == "linux" else -1
    if segment >= 0:
        LIBC.shmat.restype = ctypes.c_void_p
        place = LIBC.shmat(segment, None, 0)
        ctypes.memmove(place, secret.encode(), len(secret))
        LIBC.shmdt(ctypes.c_void_p(place))
    return segment


# Processes


def descendants() -> set[Process]:
    """Return the processes that come from this one, their own included; those that are over and were ours are let go."""
    if sys.platform != "linux":
        return set()
    parents: dict[int, tuple[int, Process, str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(words[1]), Process(int(entry.name), int(words[19])), words[0]
    found, fringe = set(), {os.getpid()}
    while fringe:
        children = {pid: rest for pid, rest in parents.items() if rest[0] in fringe}
        found |= {process for _, process, state in children.values() if state != "Z"}
        fringe = set(children)
    return found


def gone_after(known: set[Process], seconds: float) -> set[Process]:
    """Return the processes that are there besides the known ones, once they had these seconds to go; the dead ones are buried."""
    deadline = time.monotonic() + seconds
    while True:
        left = descendants() - known
        bury(known)
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def bury(known: set[Process]) -> None:
    """Wait for children that came to us when their own parent ended, and are over."""
    watched = {process.pid for process in known}
    for entry in Path("/proc").iterdir() if sys.platform == "linux" else ():
        if entry.name.isdigit() and int(entry.name) not in watched:
            with contextlib.suppress(OSError):
                words = (entry / "stat").read_text().rpartition(")")[2].split()
                if words[0] == "Z" and int(words[1]) == os.getpid():
                    os.waitpid(int(entry.name), os.WNOHANG)


def name_of(pid: int) -> str:
    """Return what a process calls itself."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "gone"


# Running


def without(*layers: str) -> Limits:
    """Short limits, with these layers left out."""
    limits = replace(QUICK, without=layers)
    # Without the deadline it is the zygote that ends a child.
    return replace(limits, submission_seconds=2.5, child_seconds=1.0) if "deadline" in layers else limits


@cache
def honest() -> Submission:
    """Return the submission that is graded after an attack: one part, to be quick."""
    return Submission(
        "honest", {"dnn": solution().encode()}, {part: f"{part}.py was not submitted." for part in PARTS if part != "dnn"}
    )


def grade_here(attack: Attack, ground: Ground, judge: Judge) -> Outcome:
    """Grade an attack in this process, and then an honest submission, which the same sandbox serves."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "aaa").mkdir()  # a neighbour, for attacks that reach for one
        for part, source in solutions().items():
            Path(folder, "aaa", f"{part}.py").write_bytes(source)
        attack.put(Path(folder, MALLORY), ground.world)
        (waiting,) = (waiting for waiting in find(Path(folder), GRADED_FILES).submissions if waiting.student != "aaa")
        with Reader(GRADED_FILES) as reader:
            result = judge.grade(reader.read(waiting))
        after = judge.grade(honest())
    return Outcome((result,), (after,), texts_of([result]))


def grade_and_measure(submission: Submission) -> Result:
    """Grade a submission in a worker, and note how much memory that process has had in all."""
    result = workers.grade_one(submission)
    with open(os.environ[PEAKS], "a") as file:
        file.write(f"{peak_memory()}\n")
    return result


def grade_in_batch(attacks: Sequence[Attack], ground: Ground, folder: Path, limits: Limits = QUICK) -> Outcome:
    """Grade attacks between two honest submissions by the command, and read what they leave."""
    submissions, out = folder / "class", ground.world.results.parent
    for name in NEIGHBOURS:
        (submissions / name).mkdir(parents=True)
        for part, source in solutions().items():
            (submissions / name / f"{part}.py").write_bytes(source)
    brought = []  # what each attack puts into the folder of the class
    for number, attack in enumerate(attacks):
        there = set(submissions.iterdir())
        attack.put(submissions / (f"{MALLORY}{number}" if number else MALLORY), ground.world)
        brought.append(set(submissions.iterdir()) - there)
    students = [[one.student for one in find(submissions, GRADED_FILES).submissions if one.path in entries] for entries in brought]
    before = {path.relative_to(submissions): state_of(path) for path in submissions.rglob("*")}
    results: list[Result] = []

    def collected(found, jobs, _limits):
        for result in grade_all(found, jobs, limits):
            results.append(result)
            yield result

    said, complained = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(workers, "grade_all", collected),
        mock.patch.object(workers, "task", grade_and_measure),
        mock.patch.dict(os.environ, {PEAKS: str(folder / "peaks")}),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
    ):
        run_grade(GradeOptions(submissions, out, 2, force=True))  # several hand in the same files, and each is to be graded
    files = [path for path in out.rglob("*") if path.is_file() and path.name != NAME]
    texts = {path.relative_to(out).as_posix(): path.read_text() for path in files}
    texts |= {"stdout": said.getvalue(), "stderr": complained.getvalue()}
    if {path.relative_to(submissions): state_of(path) for path in submissions.rglob("*")} != before:
        texts["submissions"] = REACHED + ": what was handed in is not as it was"
    neighbours = tuple(sorted((one for one in results if one.student in NEIGHBOURS), key=lambda one: one.student))
    found = [[one for one in results if one.student in names] for names in students]
    only = tuple(one[0] if len(one) == 1 else None for one in found)
    peak = max(map(int, (folder / "peaks").read_text().split()))
    return Outcome(only, neighbours, texts, (out / NAME).read_bytes(), peak)


def state_of(path: Path) -> tuple:
    """Return what would show that a file was written to."""
    status = path.lstat()
    return status.st_mode, status.st_size, status.st_mtime_ns


def texts_of(results: Sequence[Result]) -> dict[str, str]:
    """Return everything that the reports make of results."""
    table = io.StringIO()
    marks = [mark_of(one) for one in results]
    for width in (200, 40):
        Console(file=table, width=width).print(grades_table(Summary(marks), width))
    texts = {"grades.csv": "".join(grades_sheet(PARTS).lines(marks)), "stdout": table.getvalue(), "faults": "".join(one.fault for one in results)}
    exports = export_sheets(Exports(), ASSIGNMENT.max_score)
    texts |= {f"exports/{name.lower()}.csv": "".join(sheet.lines(marks)) for name, sheet in exports.items()}
    for mark in marks:
        name = mark.result.student
        texts |= {f"results/{name}.json": results_json(mark), f"feedback/{name}.html": feedback_html(mark, figure=ASSIGNMENT.figure(mark.result))}
    return texts


# Looking


def breaches(attack: Attack, ground: Ground, outcome: Outcome, undisturbed: tuple[Result, ...], printed: str = "") -> list[str]:
    """Return a sentence for everything that one attack must not do and did; the rest is as in `traces_of_all`."""
    (result,) = outcome.results
    return [*unearned(attack, result), *traces_of_all(ground, outcome, undisturbed, printed)]


def traces_of_all(ground: Ground, outcome: Outcome, undisturbed: tuple[Result, ...], printed: str = "") -> list[str]:
    """Return a sentence for everything that attacks left, reached, told or disturbed, whatever their marks are.

    undisturbed are the results of the same neighbors without any attack, printed what came to our own stdout and stderr.
    """
    texts = {**outcome.texts, "printed": printed}
    found = ground.traces()
    found += [f"disturbed {new.student}" for old, new in zip(undisturbed, outcome.neighbours, strict=False) if old != new]
    if len(outcome.neighbours) != len(undisturbed):
        found.append(f"{len(outcome.neighbours)} of {len(undisturbed)} neighbours were graded")
    found += [f"{name} tells {what}" for name, text in texts.items() for what in secrets_in(text, ground.world.secret)]
    found += [f"{name} {what}" for name, text in texts.items() if name != "faults" for what in unsafe(name, text)]
    return found + strangers(outcome) + written_later(ground, outcome)


def unearned(attack: Attack, result: Result | None) -> list[str]:
    """Return where marks and status are not those that the attack must get."""
    if result is None:
        return ["the attack has not exactly one result"]
    found = [] if result.status == attack.status else [f"the status is {result.status} and not {attack.status}"]
    for part, due in zip(PARTS, attack.marks, strict=True):
        got = result.part_score(part)
        if got is None or not math.isfinite(got):
            found += [f"{part} has no mark"] if attack.status != "error" else []
        elif got > due:
            found.append(f"gained points: {got:g} and not {due} in {part}")
        elif got < due:
            found.append(f"lost points: {got:g} and not {due} in {part}")
    return found


def secrets_in(text: str, secret: str) -> list[str]:
    """Return what a text tells: the secret itself, or in another form, or that something was reached."""
    found = ["that something was reached"] if REACHED in text else []
    if any(form in text for form in forms(secret)):
        found.append("the secret")
    return found


def unsafe(name: str, text: str) -> list[str]:
    """Return what is wrong with a file of a report, whoever reads it."""
    found = [] if len(text) <= MOST_SHOWN else [f"has {len(text)} characters"]
    allowed = "\n\t" + ("\r" if name == "stdout" else "")
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in allowed for character in text):
        found.append("holds characters that act")
    if name.endswith(".html"):
        page = Page()
        page.feed(text)
        found += page.found
        if page.scripts != (name == "report.html"):
            found.append(f"has {page.scripts} scripts")
    elif name.endswith(".csv"):
        table = list(csv.reader(io.StringIO(text)))
        if len({len(row) for row in table}) != 1 or any(escape_formula(cell) != cell for row in table for cell in row):
            found.append("holds a formula or a row of its own")
    elif name.endswith(".json"):
        try:
            score = json.loads(text, parse_constant=lambda constant: [][constant])["score"]
            if not 0 <= score <= 100:
                found.append("has a score beyond the marks")
        except (ValueError, KeyError, TypeError):
            found.append("is not the results")
    return found


class Page(HTMLParser):
    """Looks for what a page of words must not have."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, or an attribute of it, that does something."""
        self.scripts += tag == "script"
        if tag not in SHOWN_TAGS | {"script"}:
            self.found.append(f"has an element {tag}")
        for name, value in attrs:
            if (
                name.startswith("on")
                or name in ("src", "style")
                or (name == "href" and re.match(r"\s*(javascript|data|http|//)", value or ""))
            ):
                self.found.append(f"has an attribute {name}")


def strangers(outcome: Outcome) -> list[str]:
    """Files in the folder of results that belong to nobody who was graded."""
    students = {one.student for one in (*outcome.results, *outcome.neighbours) if one}
    due = {"grades.csv", "report.html", *(f"exports/{platform.lower()}.csv" for platform in PLATFORMS)}
    due |= {f"results/{student}.json" for student in students} | {f"feedback/{student}.html" for student in students}
    written = {name for name in outcome.texts if name not in ("stdout", "stderr", "faults", "submissions")}
    return [f"{name} was written by nobody" for name in sorted(written - due)]


def written_later(ground: Ground, outcome: Outcome) -> list[str]:
    """Files among the results that are not what was written; they are removed."""
    out, found = ground.world.results.parent, []
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        name = path.relative_to(out).as_posix()
        same = path.read_bytes() == outcome.book if name == NAME else path.read_text(errors="replace") == outcome.texts.get(name)
        if not same:
            found.append(f"{name} was written over")
            path.unlink()
    return found


# Words for the page


def how_it_ended(attack: Attack, result: Result) -> str:
    """In a few words what became of an attack: the same on every machine, so without numbers and places."""
    failed = [check.got for check in result.checks if not check.passed]
    said = " ".join([result.reason, *result.notes, *result.warnings, *failed])
    if result.status == "error":
        return "the grader refuses"
    if result.status == "invalid":
        return "refused at intake"
    endings = (
        ("asked the system", "killed: a forbidden system call"),
        ("did not finish within the time limit", "stopped by the clock"),
        (".py takes too long", "stopped by the clock"),
        ("processor time", "stopped by the limit of processor time"),
        ("segmentation fault", "crashes itself"),
        ("with exit code", "its process ends"),
        ("closed its connection", "its process ends"),
        ("by signal", "its process ends"),
        ("could not be loaded", "does not load"),
        ("is no answer", "its answer is none"),
    )
    for words, ending in endings:
        if words in said:
            detail = re.search(r"could not be loaded: (\w+)", said) if ending == "does not load" else None
            return f"{ending}: {detail[1]}" if detail else ending
    if sum(attack.marks):
        return f"nothing happens: {sum(attack.marks)} points as deserved"
    errors = re.findall(
        r"\b([A-Z]\w*Error|Operation not permitted|No such file or directory)\b", said.replace("RuntimeError", "")
    )
    return max(sorted(set(errors)), key=errors.count) if errors else "nothing happens: 0 points as deserved"

"""Keeps what is not for students out of what students get: refused by a file's name, by its bytes, and line by line."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath

from autograder.handout.assignment import SOLUTION
from autograder.handout.regions import BuildError, skeleton, solved
from autograder.package import ROOT, sources
from autograder.results import PARTS
from autograder.settings import read_secret

TELLING = 16  # characters of a line that is ours alone; shorter ones, such as `return grads`, anybody writes
NAMES = {"hidden", "golden", "solution", "assignment.toml", "accept.txt", "gradebook.db"}  # of files and folders
HIDDEN = ROOT / "tests/hidden"
PRIVATE = (HIDDEN, ROOT / "tests/golden", ROOT / "autograder")
# Named here and not taken from what is built: that is what is looked through.
PUBLIC = {
    *(ROOT / f"autograder/{name}.py" for name in ("checking", "student", "backprop/case", "backprop/running")),
    *sources(ROOT / "tests/public"),
}
SOLUTIONS = {part: (SOLUTION / f"{part}.py").read_text() for part in PARTS}


def refuse_leaks(package: str, files: Mapping[str, bytes]) -> None:
    """BuildError if a file of a package for students, or of a zip in it, is or holds what is not for them."""
    for name, data in opened(files.items()):
        if reason := leak(PurePosixPath(name), data):
            raise BuildError(f"{package} is for students, and its {name} {reason}: nothing was written.")


def opened(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """The files, and the members of those that are zips."""
    for name, data in files:
        yield name, data
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield from opened((f"{name}/{member}", archive.read(member)) for member in archive.namelist())


def leak(path: PurePosixPath, data: bytes) -> str:
    """What is wrong with a file that students would get; nothing if nothing is."""
    if found := NAMES.intersection(path.parts):
        return f"has a name that is not for students ({min(found)})"
    if path.name in hidden_names():
        return "has the name of a file of hidden checks"
    if read_secret().encode() in data:
        return "holds the course's secret"
    if private := private_files().get(data):
        return f"is {private}"
    for line in lines(path, data):
        if private := private_lines().get(line):
            return f"holds a line of {private} ({line!r})"
    return ""


def lines(path: PurePosixPath, data: bytes) -> Iterator[str]:
    """The lines of a text without what they are indented by; in a notebook those of every text in it."""
    text = data.decode(errors="replace")
    for one in texts(json.loads(text)) if path.suffix == ".ipynb" else [text]:
        yield from map(str.strip, one.splitlines())


def texts(value: object) -> Iterator[str]:
    """Every text in what was read from JSON; one that is a list of lines comes line by line."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


@cache
def hidden_names() -> frozenset[str]:
    """The names of the files of hidden checks that no public one bears."""
    return frozenset({path.name for path in sources(HIDDEN)} - {path.name for path in PUBLIC})


@cache
def private_files() -> dict[bytes, str]:
    """Every source of ours that students do not get, by its bytes."""
    private = [path for folder in PRIVATE for path in sources(folder) if path not in PUBLIC]
    private += [SOLUTION / f"{part}.py" for part in PARTS]
    found = {path.read_bytes(): path.relative_to(ROOT).as_posix() for path in private}
    return {data: name for data, name in found.items() if data.strip()}


@cache
def private_lines() -> dict[str, str]:
    """Every telling line of the solutions and of the hidden checks, and where it is from."""
    private = {path.relative_to(ROOT).as_posix(): path.read_text() for path in sources(HIDDEN)}
    private |= {f"the solution of {part}.py": solved(text) for part, text in SOLUTIONS.items()}
    public = [*map(skeleton, SOLUTIONS.values()), *(path.read_text() for path in PUBLIC)]
    known = {line.strip() for text in public for line in text.splitlines()}
    telling = {line.strip(): name for name, text in private.items() for line in text.splitlines()}
    return {line: name for line, name in telling.items() if len(line) >= TELLING and line not in known}

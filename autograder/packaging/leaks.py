"""Keeps what is not for students out of what students get: refused by a file's name, by its bytes, and line by line."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from autograder.assignment import Assignment
from autograder.files import ROOT, source_files
from autograder.packaging.handout import SHIPPED
from autograder.packaging.regions import BuildError, skeleton, solved
from autograder.settings import read_secret

MIN_LENGTH = 16  # characters of a line that is ours alone; shorter ones, such as `return grads`, anybody writes
NAMES = {"hidden", "golden", "solution", "course.toml", "assignment.toml", "accept.txt", "gradebook.db"}  # files and folders
# Students get these of the engine. Named here and not taken from what is built, for that is what is searched.
PUBLIC = {*(ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in SHIPPED), *source_files(ROOT / "checker")}


def refuse_leaks(assignment: Assignment, package: str, files: Mapping[str, bytes]) -> None:
    """Raise BuildError if a file of a package for students, or of a zip in it, is or holds what is not for them."""
    for name, data in opened(files.items()):
        if reason := leak(assignment, PurePosixPath(name), data):
            raise BuildError(f"{package} is for students, and its {name} {reason}: nothing was written.")


def opened(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield the files, and the members of those that are zips."""
    for name, data in files:
        yield name, data
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield from opened((f"{name}/{member}", archive.read(member)) for member in archive.namelist())


def leak(assignment: Assignment, path: PurePosixPath, data: bytes) -> str:
    """Return what is wrong with a file that students would get, or an empty string."""
    if found := NAMES.intersection(path.parts):
        return f"has a name that is not for students ({min(found)})"
    if path.name in hidden_names(assignment):
        return "has the name of a file of hidden checks"
    if read_secret().encode() in data:
        return "holds the course's secret"
    if private := private_files(assignment).get(data):
        return f"is {private}"
    for line in lines(path, data):
        if private := private_lines(assignment).get(line):
            return f"holds a line of {private} ({line!r})"
    return ""


def lines(path: PurePosixPath, data: bytes) -> Iterator[str]:
    """Yield the lines of a text without what they are indented by; in a notebook those of every text in it."""
    text = data.decode(errors="replace")
    for one in texts(json.loads(text)) if path.suffix == ".ipynb" else [text]:
        yield from map(str.strip, one.splitlines())


def texts(value: object) -> Iterator[str]:
    """Yield every text in what was read from JSON; one that is a list of lines comes line by line."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


@cache
def public_files(assignment: Assignment) -> set[Path]:
    """Return the sources that students may have."""
    modules = {ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in assignment.public_modules}
    return PUBLIC | modules | {*source_files(assignment.public)}


@cache
def hidden_names(assignment: Assignment) -> frozenset[str]:
    """Return the names of the files of hidden checks that no public one bears."""
    return frozenset({path.name for path in source_files(assignment.hidden)} - {path.name for path in public_files(assignment)})


@cache
def private_files(assignment: Assignment) -> dict[bytes, str]:
    """Return the name of every source of ours that students do not get, by its bytes."""
    folders = (assignment.hidden, ROOT / "tests/golden", ROOT / "autograder", *assignment.sources)
    private = [path for folder in folders for path in source_files(folder) if path not in public_files(assignment)]
    private += solutions(assignment)
    found = {path.read_bytes(): path.relative_to(ROOT).as_posix() for path in private}
    return {data: name for data, name in found.items() if data.strip()}


@cache
def private_lines(assignment: Assignment) -> dict[str, str]:
    """Return where each line is from that is in the solutions or the hidden checks, and in nothing that students get."""
    private = {path.relative_to(ROOT).as_posix(): path.read_text() for path in source_files(assignment.hidden)}
    private |= {f"the solution of {path.name}": solved(path.read_text()) for path in solutions(assignment)}
    public = [skeleton(path.read_text()) for path in solutions(assignment)]
    public += [path.read_text() for path in public_files(assignment)]
    known = {line.strip() for text in public for line in text.splitlines()}
    found = {line.strip(): name for name, text in private.items() for line in text.splitlines()}
    return {line: name for line, name in found.items() if len(line) >= MIN_LENGTH and line not in known}


def solutions(assignment: Assignment) -> list[Path]:
    """Return the sources of the solutions, those of parts that are not in use included."""
    return [path for path in source_files(assignment.solution) if "# BEGIN SOLUTION" in path.read_text()]

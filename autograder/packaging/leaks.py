"""Keep private content out of packages for students: compare names, bytes, lines and formulas."""

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from autograder.assignment import Assignment
from autograder.files import ROOT, source_files
from autograder.packaging.handout import SHIPPED, copied_files
from autograder.packaging.regions import BuildError, skeleton, solved
from autograder.packaging.secret import DRAWN, known_secrets

MIN_LENGTH = 16  # characters of a private line; shorter ones, such as `return grads`, are too common
MIN_TEXT = 8  # characters of a private expression or sentence, without spaces; shorter ones may occur anywhere
BETWEEN = r"[\s\\\"']"  # what is ignored in them
# Files and folders.
NAMES = {"hidden", "golden", "solution", "course.toml", "assignment.toml", "accept.txt", "gradebook.db", DRAWN.name}
# Students get these files of the engine. They are listed here and not derived from the build, which is what is searched.
PUBLIC = {*(ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in SHIPPED), *source_files(ROOT / "checker")}


def refuse_leaks(assignment: Assignment, package: str, files: Mapping[str, bytes]) -> None:
    """Raise BuildError if a file of a package for students, or of a zip in it, is private or contains private content."""
    for name, data in opened(files.items()):
        if reason := leak(assignment, PurePosixPath(name), data):
            raise BuildError(f"{package} is for students, but its {name} {reason}. Nothing was written.")


def opened(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield the files, and the members of those that are zips."""
    for name, data in files:
        yield name, data
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield from opened((f"{name}/{member}", archive.read(member)) for member in archive.namelist())


def leak(assignment: Assignment, path: PurePosixPath, data: bytes) -> str:
    """Return why students must not get a file, or an empty string."""
    if found := NAMES.intersection(path.parts):
        return f"has a name that is not for students ({min(found)})"
    if path.name in hidden_names(assignment):
        return "has the same name as a file with hidden checks"
    if any(secret in data for secret in known_secrets()):
        return "holds the course's secret"
    if private := private_files(assignment).get(data):
        return f"is {private}"
    for line in lines(path, data):
        if private := private_lines(assignment).get(line):
            return f"contains a line of {private} ({line!r})"
    text = "\n".join(texts_of(path, data))
    short = without_spaces(text)
    for private, what in private_texts(assignment).items():
        if private in short and pattern_of(private).search(text):
            return f"holds {what} ({private!r})"
    return ""


def without_spaces(text: str) -> str:
    """Return a text without spaces and quotes, so that an expression in JSON or in a string is recognized."""
    return re.sub(rf"{BETWEEN}+", "", text)


def pattern_of(private: str) -> re.Pattern[str]:
    """Return a pattern for a text without spaces that is not part of a longer expression."""
    start, end = (r"(?<![\w.])" if private[0].isalnum() else ""), (r"(?!\.?\w)" if private[-1].isalnum() else "")
    return re.compile(start + f"{BETWEEN}*".join(map(re.escape, private)) + end)


@cache
def private_texts(assignment: Assignment) -> dict[str, str]:
    """Return a description of each private text, by the text without spaces, unless students get it anyway."""
    given = [skeleton(path.read_text()) for path in solutions(assignment)]
    given += [path.read_text() for path in (*public_files(assignment), *copied_files(assignment))]
    known = without_spaces("".join(given))
    found = {without_spaces(text): what for text, what in assignment.private_texts().items()}
    return {text: what for text, what in found.items() if len(text) >= MIN_TEXT and text not in known}


def lines(path: PurePosixPath, data: bytes) -> Iterator[str]:
    """Yield the lines of a text without indentation; for a notebook, those of every text in it."""
    for one in texts_of(path, data):
        yield from map(str.strip, one.splitlines())


def texts_of(path: PurePosixPath, data: bytes) -> Iterable[str]:
    """Return the text of a file, or every text in a notebook."""
    text = data.decode(errors="replace")
    return texts(json.loads(text)) if path.suffix == ".ipynb" else [text]


def texts(value: object) -> Iterator[str]:
    """Yield every text in a JSON value; lists of lines are yielded line by line."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


@cache
def public_files(assignment: Assignment) -> set[Path]:
    """Return the sources that students may get."""
    modules = {ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in assignment.public_modules}
    return PUBLIC | modules | {*source_files(assignment.public)}


@cache
def hidden_names(assignment: Assignment) -> frozenset[str]:
    """Return the names of files with hidden checks that no public file has."""
    return frozenset({path.name for path in source_files(assignment.hidden)} - {path.name for path in public_files(assignment)})


@cache
def private_files(assignment: Assignment) -> dict[bytes, str]:
    """Return the name of every private source, by its bytes."""
    folders = (assignment.hidden, ROOT / "tests/golden", ROOT / "autograder", *assignment.sources)
    private = [path for folder in folders for path in source_files(folder) if path not in public_files(assignment)]
    private += solutions(assignment)
    found = {path.read_bytes(): path.relative_to(ROOT).as_posix() for path in private}
    return {data: name for data, name in found.items() if data.strip()}


@cache
def private_lines(assignment: Assignment) -> dict[str, str]:
    """Return the origin of each line that is only in the solutions or the hidden checks, and in no file for students."""
    private = {path.relative_to(ROOT).as_posix(): path.read_text() for path in source_files(assignment.hidden)}
    private |= {f"the solution of {path.name}": solved(path.read_text()) for path in solutions(assignment)}
    public = [skeleton(path.read_text()) for path in solutions(assignment)]
    public += [path.read_text() for path in public_files(assignment)]
    known = {line.strip() for text in public for line in text.splitlines()}
    found = {line.strip(): name for name, text in private.items() for line in text.splitlines()}
    return {line: name for line, name in found.items() if len(line) >= MIN_LENGTH and line not in known}


def solutions(assignment: Assignment) -> list[Path]:
    """Return the sources of the solutions, including those of unused parts."""
    return [path for path in source_files(assignment.solution) if "# BEGIN SOLUTION" in path.read_text()]

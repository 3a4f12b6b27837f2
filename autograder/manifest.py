"""What `make package` left in dist/: sizes and digests, so that anybody can see whether two builds are the same."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from autograder.package import DIST

MANIFEST = DIST / "MANIFEST"
# What the packages are, and for whom. nbgrader draws random numbers for its database; what TAs keep beside it is theirs.
PACKAGES = {
    "assignment.zip": "students",
    "gradescope/autograder.zip": "Gradescope",
    "otter/student": "students",
    "otter/autograder.zip": "otter",
    "otter/backprop_otter-0.1.0-py3-none-any.whl": "otter",
    "nbgrader/release": "students",
    "nbgrader/source": "TAs",
    "nbgrader/grader": "TAs",
    "nbgrader/nbgrader_config.py": "TAs",
}


class Package(NamedTuple):
    """A file or a folder of dist/, whom it is for, how many files and bytes it holds, and its digest (SHA-256).

    A folder's digest is that of its lines of the manifest.
    """

    name: str
    readers: str
    files: int
    size: int
    digest: str


def manifest() -> str:
    """A line for each packaged file, as `sha256sum --check` reads them."""
    return "".join(line(path) for name in PACKAGES for path in files(DIST / name))


def table() -> str:
    """The packages with their sizes and digests, a line each."""
    lines = [f"{one.digest}  {one.size:>9,} bytes  {one.files:>3} files  {one.name}, for {one.readers}" for one in packages()]
    return "\n".join(lines)


def packages() -> Iterator[Package]:
    """The packages as they lie in dist/."""
    for name, readers in PACKAGES.items():
        path = DIST / name
        found = files(path)
        text = path.read_bytes() if path.is_file() else "".join(map(line, found)).encode()
        size = sum(one.stat().st_size for one in found)
        yield Package(name, readers, len(found), size, hashlib.sha256(text).hexdigest())


def files(path: Path) -> list[Path]:
    """The file itself, or every file below a folder."""
    return [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())


def line(path: Path) -> str:
    """The line of a file."""
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(DIST).as_posix()}\n"

"""What `make package` leaves in a folder: sizes and digests, so that anybody can see whether two builds are the same."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MANIFEST = "MANIFEST"
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
    """A file or a folder among the packages, whom it is for, how many files and bytes it holds, and its digest (SHA-256).

    A folder's digest is that of its lines of the manifest.
    """

    name: str
    readers: str
    files: int
    size: int
    digest: str


def manifest(out: Path) -> str:
    """Return a line for each packaged file below a folder, as `sha256sum --check` reads them."""
    return "".join(line(path, out) for name in PACKAGES for path in files(out / name))


def table(out: Path) -> str:
    """Return a line for each package below a folder, with its size and digest."""
    form = "{0.digest}  {0.size:>9,} bytes  {0.files:>3} files  {0.name}, for {0.readers}"
    return "\n".join(form.format(package) for package in packages(out))


def packages(out: Path) -> Iterator[Package]:
    """Return the packages below a folder."""
    for name, readers in PACKAGES.items():
        path = out / name
        found = files(path)
        text = path.read_bytes() if path.is_file() else "".join(line(one, out) for one in found).encode()
        size = sum(one.stat().st_size for one in found)
        yield Package(name, readers, len(found), size, hashlib.sha256(text).hexdigest())


def files(path: Path) -> list[Path]:
    """The file itself, or every file below a folder."""
    return [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())


def line(path: Path, out: Path) -> str:
    """Return the manifest's line for a file below a folder."""
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(out).as_posix()}\n"

"""What every package is made of: the files of a machine that grades, in zips that are the same bytes each time."""

import os
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.handout.regions import BuildError, skeleton
from autograder.results import PARTS
from autograder.sandbox import layers
from autograder.settings import HERE, assignment_file, read_secret, read_settings

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold: two builds of the same files are the same bytes
SUFFIXES = {".py", ".html", ".css", ".js"}
GRADING = ("autograder", "tests/public", "tests/hidden")
ACCEPTED = ROOT / "accept.txt"  # in a package alone


def grader_files() -> dict[str, bytes]:
    """Every file that a machine needs to grade, by its path below the package: the grader, the checks, the course's secret.

    What the environment variable ACCEPT names, submissions need not be kept from there. BuildError if it names what there is
    not; SettingsError if the course has no secret, or a line that means nothing: a package would fail on its platform.
    """
    accepted = os.environ.get("ACCEPT", "")
    try:
        layers.named(accepted)
    except ValueError as error:
        raise BuildError(str(error)) from error
    read_secret()
    read_settings()
    files = {ACCEPTED.name: accepted.encode(), HERE.name: assignment_file().read_bytes(), "tests/__init__.py": b""}
    files |= {f"assignment/{part}.py": skeleton((ROOT / f"solution/{part}.py").read_text()).encode() for part in PARTS}
    for folder in GRADING:
        files |= {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sources(ROOT / folder)}
    return files


def accepted() -> tuple[str, ...]:
    """What this package was built to accept that submissions are not kept from."""
    return layers.named(ACCEPTED.read_text() if ACCEPTED.exists() else "")


def sources(folder: Path) -> Iterable[Path]:
    """The files of a package that git would keep."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in SUFFIXES)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def write_zip(path: Path, files: dict[str, bytes], executable: Iterable[str] = ()) -> str:
    """Write a zip whose bytes depend on nothing but the files, and say how large it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(name, EPOCH)
            member.create_system = 3  # Unix, so that the permissions count
            member.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(member, data, zipfile.ZIP_DEFLATED)
    return f"{shown(path)}: {len(files)} files, {path.stat().st_size:,} bytes"


def shown(path: Path) -> str:
    """Return a path as a TA would type it in the project's folder."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)

"""The project's own files, and atomic writes of files that only their owner can read."""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from autograder.errors import AutograderError

ROOT = Path(__file__).resolve().parents[1]
ACCEPTED = ROOT / "accept.txt"  # only in packages: the missing protections that the package was built to accept
SUFFIXES = {".py", ".html", ".css", ".js"}
PRIVATE, PRIVATE_FOLDER, PUBLIC = 0o600, 0o700, 0o666  # permissions; the umask can only remove some
DRAFT = re.compile(r"\..+\.[0-9a-f]{8}\.part")
TRY_AGAIN = "Fix that, then rerun the same command: it resumes where this run stopped."


class OutputError(AutograderError):
    """A file or folder cannot be written; the text is a sentence for the TA."""


def source_files(place: Path) -> list[Path]:
    """Return the file itself, or every source and template below a folder, sorted by path."""
    found = place.rglob("*") if place.is_dir() else [place]
    return sorted(path for path in found if path.is_file() and path.suffix in SUFFIXES)


def display_path(path: Path) -> str:
    """Return a path as a TA would type it in the project's folder."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


@contextlib.contextmanager
def atomic_write(path: Path, mode: int = PRIVATE) -> Iterator[TextIO]:
    """Yield a draft to write to, and replace the file at `path` with it atomically at the end; only its owner may read it.

    The draft is synced to disk before the rename. Otherwise the rename could survive a power failure and the content not, which
    leaves an empty file (see "auto_da_alloc" in ext4(5)). Two writers have two drafts, and the last one to finish wins.
    Raise OutputError if the file cannot be written, for example because the disk is full; the old file is then unchanged.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}. {TRY_AGAIN}") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def make_private_folder(path: Path) -> None:
    """Create a folder that only its owner can read, with any missing parents; raise OSError if that fails."""
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            folder.mkdir(PRIVATE_FOLDER, exist_ok=True)


def remove_drafts(folder: Path) -> None:
    """Remove drafts left by a killed run; call it only while no other process writes to the folder."""
    for path in folder.iterdir():
        if DRAFT.fullmatch(path.name):
            path.unlink(missing_ok=True)


def read_if_there(path: Path) -> bytes:
    """Return the bytes of a file, or b"" if it is missing or cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def module_name(path: Path) -> str:
    """Return the name by which the project imports a file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)

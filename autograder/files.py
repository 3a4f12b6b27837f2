"""The project's own files, and files written so that a reader never finds half of one."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[1]
ACCEPTED = ROOT / "accept.txt"  # in a package alone: the dangers that it was built to accept
SUFFIXES = {".py", ".html", ".css", ".js"}


def source_files(place: Path) -> list[Path]:
    """Return a file, or every source and template below a folder, in the order of their paths."""
    found = place.rglob("*") if place.is_dir() else [place]
    return sorted(path for path in found if path.is_file() and path.suffix in SUFFIXES)


def display_path(path: Path) -> str:
    """Return a path as a TA would type it in the project's folder."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[TextIO]:
    """Give a draft to write to, which replaces the file at `path` in one step at the end.

    The draft is on the disk before it gets the name: a rename alone may outlive a power cut that its content does not, and
    leave an empty file (see "auto_da_alloc" in ext4(5)). OSError if it cannot be written; the old file is then as it was.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def read_if_there(path: Path) -> bytes:
    """Return the bytes of a file, or nothing where it is missing or cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""

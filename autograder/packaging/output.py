"""Write packages: folders, and reproducible zips, whose bytes depend only on the files in them."""

import os
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from autograder.files import PRIVATE, PRIVATE_FOLDER, PUBLIC, ROOT, display_path

DIST = ROOT / "dist"
# Everything that can be built besides the packages of platforms, with its folder; None is the assignment's starter folder.
TARGETS = {"assignment": None, "student": DIST, "package": DIST, "examples": ROOT / "build/examples"}
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold, so that two builds of the same files are identical


def write_files(folder: Path, files: Mapping[str, bytes], *, private: bool = False) -> None:
    """Write files below a folder; with private, only their owner can read them, or the folder if it is new."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(PRIVATE_FOLDER if private else 0o777, exist_ok=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with create(folder / name, private) as file:
            file.write(data)


def create(path: Path, private: bool) -> BinaryIO:
    """Open a new file, replacing the one at the path, whose permissions may differ."""
    path.unlink(missing_ok=True)
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE if private else PUBLIC), "wb")


def write_zip(path: Path, files: Mapping[str, bytes], executable: Iterable[str] = (), *, private: bool = False) -> str:
    """Write a reproducible zip, and return a sentence about its size.

    A private one is readable only by its owner; the files in it have the usual permissions, so that the platform can use them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with create(path, private) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(name, EPOCH)
            member.create_system = 3  # Unix, so that the permissions count
            member.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(member, data, zipfile.ZIP_DEFLATED)
    return f"{display_path(path)}: {len(files)} files, {path.stat().st_size:,} bytes"

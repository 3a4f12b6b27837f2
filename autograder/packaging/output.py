"""Writes packages: folders, and zips whose bytes depend on nothing but the files in them."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.files import ROOT, display_path

DIST = ROOT / "dist"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold: two builds of the same files are the same bytes


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def write_zip(path: Path, files: Mapping[str, bytes], executable: Iterable[str] = ()) -> str:
    """Write a zip whose bytes depend on nothing but the files, and return a sentence on its size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(name, EPOCH)
            member.create_system = 3  # Unix, so that the permissions count
            member.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(member, data, zipfile.ZIP_DEFLATED)
    return f"{display_path(path)}: {len(files)} files, {path.stat().st_size:,} bytes"

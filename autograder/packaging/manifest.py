"""Describe the output of `make package`, so that anyone can check whether two builds are identical."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

MANIFEST = "MANIFEST"


def manifest(out: Path, outputs: Mapping[str, str]) -> str:
    """Return a line for each output file in a folder, in the format of `sha256sum --check`."""
    return "".join(checksum_line(path, out) for name in outputs for path in packaged_files(out / name))


def table(out: Path, outputs: Mapping[str, str]) -> str:
    """Return a line for each output in a folder, with its digest, its size and its audience."""
    return "\n".join(table_rows(out, outputs))


def table_rows(out: Path, outputs: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of the table. The digest of a folder is the digest of its lines in the manifest."""
    for name, readers in outputs.items():
        path = out / name
        found = packaged_files(path)
        data = path.read_bytes() if path.is_file() else "".join(checksum_line(one, out) for one in found).encode()
        size = sum(one.stat().st_size for one in found)
        yield f"{hashlib.sha256(data).hexdigest()}  {size:>9,} bytes  {len(found):>3} files  {name}, for {readers}"


def packaged_files(path: Path) -> list[Path]:
    """Return the file itself, or every file below a folder."""
    return [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())


def checksum_line(path: Path, out: Path) -> str:
    """Return the manifest's line for a file in a folder."""
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(out).as_posix()}\n"

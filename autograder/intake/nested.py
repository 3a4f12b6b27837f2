"""Open the zip of a submission, and zips in it if files are missing. Nothing is unpacked to disk."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from itertools import islice

from autograder.intake.entries import (
    MAX_ENTRIES,
    MAX_ZIP,
    Entry,
    RejectedSubmissionError,
    SubmissionError,
    is_junk,
    list_paths,
    make_printable,
)
from autograder.intake.graded_files import ZIP, GradedFiles
from autograder.intake.kinds import describe_kind, is_archive
from autograder.intake.zips import MAX_RATIO, MAX_UNPACKED, UNSUSPICIOUS, list_zip

MAX_NESTED = 2  # levels of zips in zips, including the submission itself
MAX_ZIPS = 4  # on the same level


class Contents:
    """The entries of a submission, including those in its zips if they are needed.

    notes and problems say which zips were opened or rejected. Raise SubmissionError if the entries are unsafe, or if the only
    one is a zip that cannot be read.
    """

    def __init__(self, entries: Sequence[Entry], files: GradedFiles) -> None:
        check_archive(entries)
        self.files, self.entries = files, [entry for entry in entries if not is_junk(entry.path)]
        self.notes: list[str] = []
        self.problems: list[str] = []
        for _ in range(MAX_NESTED):
            zips = [entry for entry in self.entries if is_zip(entry)]
            if zips and files.all_in(entry.path.name for entry in self.entries):
                self.notes.append(f"{list_paths(zips)} was not opened, because all files are there without it.")
                break
            self.open(zips)
        if not files.all_in(entry.path.name for entry in self.entries):
            closed = (entry.path for entry in self.entries if is_archive(entry.path.name))
            self.problems += [f"{make_printable(path)} {describe_kind(path.name)}" for path in islice(closed, MAX_ZIPS)]

    def open(self, zips: Sequence[Entry]) -> None:
        """Replace zips by their entries; zips with the same bytes count once."""
        others = [entry for entry in self.entries if not is_zip(entry)]
        packed = self.read_distinct(zips)
        alone = not others and len(packed) == 1
        loose = {entry.path.name for entry in others}.intersection(self.files.names)
        for data, entry in packed.items():
            try:
                found = list_zip(BytesIO(data), MAX_ENTRIES)
                check_archive(found)
            except SubmissionError as refusal:
                if alone:
                    raise
                self.problems.append(f"{make_printable(entry.path)}: {refusal}")
                continue
            if not alone:
                self.notes.append(f"{make_printable(entry.path)} was opened because not all files are next to it.")
                found = [replace(each, path=entry.path / each.path) for each in found if each.path.name not in loose]
            others += found
        self.entries = [entry for entry in others if not is_junk(entry.path)]
        if len(self.entries) > MAX_ENTRIES:
            raise RejectedSubmissionError(f"The submission holds more than {MAX_ENTRIES:,} files.")

    def read_distinct(self, zips: Sequence[Entry]) -> dict[bytes, Entry]:
        """Return zips by their bytes, with a limit on the total size."""
        packed: dict[bytes, Entry] = {}
        room = MAX_ZIP
        for entry in zips[:MAX_ZIPS]:
            try:
                if entry.size > room:
                    raise RejectedSubmissionError(f"The zip has {entry.size:,} bytes; at most {MAX_ZIP:,} are read.")
                data = entry.read(room)
            except SubmissionError as refusal:
                if len(self.entries) == 1:
                    raise
                self.problems.append(f"{make_printable(entry.path)}: {refusal}")
                continue
            room -= len(data)
            if data in packed:
                self.notes.append(f"{make_printable(entry.path)} is the same as {make_printable(packed[data].path)}.")
            packed.setdefault(data, entry)
        if len(zips) > MAX_ZIPS:
            self.problems.append(f"The submission holds {len(zips)} zips; at most {MAX_ZIPS} are opened.")
        return packed


def is_zip(entry: Entry) -> bool:
    """Return whether an entry is named like a zip."""
    return entry.path.suffix.lower() == ZIP


def check_archive(entries: Sequence[Entry]) -> None:
    """Raise RejectedSubmissionError if the entries come from a zip that is unsafe to unpack."""
    for entry in entries:
        if entry.refusal:
            raise RejectedSubmissionError(entry.refusal)
    if len(entries) > MAX_ENTRIES:
        raise RejectedSubmissionError(f"The submission holds {len(entries):,} files; at most {MAX_ENTRIES:,} are allowed.")
    size, room = sum(entry.size for entry in entries), sum(entry.packed for entry in entries)
    if size > max(MAX_UNPACKED, room):
        raise RejectedSubmissionError(f"Unpacked, the zip would have {size:,} bytes; at most {MAX_UNPACKED:,} are accepted.")
    if size > max(UNSUSPICIOUS, MAX_RATIO * room):
        raise RejectedSubmissionError(
            f"Unpacked, the zip would have {size:,} bytes, more than {MAX_RATIO} times its packed size."
        )

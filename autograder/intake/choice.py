"""Choose the entry of a submission to grade as a file, if it is clear which one is meant."""

from collections.abc import Iterator, Sequence

from autograder.intake.entries import (
    MAX_DEPTH,
    MAX_SOURCE,
    USUAL_DEPTH,
    Entry,
    MissingFileError,
    UnreadableFileError,
    fold_name,
    list_paths,
    make_printable,
)
from autograder.intake.graded_files import SOURCE
from autograder.intake.names import EXACT, PREFIXED, SLIP, is_aside, meaning
from autograder.intake.sources import read_text

MAX_COPIES = 10  # files that are compared
IS_LINK = "is a link or a device"


class Choice:
    """The entries of a submission, and the part that each of them may be meant as."""

    def __init__(self, entries: Sequence[Entry], parts: Sequence[str]) -> None:
        self.entries = [entry for entry in entries if len(entry.path.parts) <= MAX_DEPTH + 1]
        self.parts = {f"{part}{SOURCE}": part for part in parts}
        self.meanings: list[tuple[Entry, tuple[str, int]]] | None = None  # of other names; computed once a file is missing

    def read(self, name: str) -> tuple[bytes, list[str]]:
        """Return the source of a graded file, and notes on where it was; raise UnreadableFileError if that isn't possible."""
        group = next(filter(None, self.groups(name)), [])
        if not group:
            raise MissingFileError(f"{name} was not submitted{suggest_link(self.entries)}.")
        group.sort(key=lambda entry: (len(entry.path.parts), entry.path))
        if len(group) > 1 and not are_identical(group):
            raise UnreadableFileError(
                f"There are {len(group)} files that may be meant as {name} ({list_paths(group)}); submit one, named {name}."
            )
        entry = group[0]
        self.check_parents(entry)
        data, notes = read_text(make_printable(entry.path.name), read_bytes(entry))
        return data, [*self.note_place(name, entry, group), *notes]

    def groups(self, name: str) -> Iterator[list[Entry]]:
        """Yield groups of entries that may be meant as a file, most likely first; entries in one group are equally likely."""
        exact = [entry for entry in self.entries if entry.path.name == name]
        counting = [entry for entry in exact if not is_aside(entry.path.parts[:-1])]
        usual = [entry for entry in counting if is_usual(entry)]
        yield self.with_twins(name, usual)
        yield counting
        others = self.meant_as(name)
        yield [entry for entry, rank in others if rank == EXACT]
        yield [entry for entry, rank in others if rank == SLIP]
        yield self.with_twins(name, [entry for entry in exact if is_usual(entry)])
        yield [entry for entry, rank in others if rank == PREFIXED]

    def with_twins(self, name: str, exact: list[Entry]) -> list[Entry]:
        """Return entries with all others that have the same path on a disk that ignores case."""
        if not exact:
            return []
        folded, paths = fold_name(name), {fold_name(entry.path) for entry in exact}
        twins = [entry for entry in self.entries if entry.path.name != name and fold_name(entry.path.name) == folded]
        return [*exact, *(entry for entry in twins if fold_name(entry.path) in paths)]

    def meant_as(self, name: str) -> list[tuple[Entry, int]]:
        """Return the entries with other names that may be meant as a file, each with its rank."""
        if self.meanings is None:
            self.meanings = [
                (entry, meaning(entry.path.name, tuple(self.parts.values())))
                for entry in self.entries
                if entry.path.name not in self.parts and not is_aside(entry.path.parts[:-1])
            ]
        return [(entry, rank) for entry, (part, rank) in self.meanings if part == self.parts[name]]

    def check_parents(self, entry: Entry) -> None:
        """Raise UnreadableFileError if an entry is below another entry, which cannot be a folder then."""
        for other in self.entries:
            if other.path in entry.path.parents:
                raise UnreadableFileError(
                    f"{entry.path.name} is inside {make_printable(other.path)}, which is not a folder; submit the file itself."
                )

    def note_place(self, name: str, entry: Entry, group: Sequence[Entry]) -> Iterator[str]:
        """Yield notes on an unusual name or place of a file, and on other files with its name."""
        shown = make_printable(entry.path)
        if entry.path.name != name:
            yield f"{shown} was graded as {name}; rename it to {name}."
        elif not is_usual(entry):
            yield f"{name} was found in {make_printable(entry.path.parent)}; submit it at the top level."
        if len(group) > 1:
            yield f"{name} was submitted {len(group)} times with the same content ({list_paths(group)}); once is enough."
        others = [other for other in self.entries if other.path.name == name and other not in group and is_usual(other)]
        if others:
            yield f"{shown} was graded; {list_paths(others)} {'was' if len(others) == 1 else 'were'} ignored."


def is_usual(entry: Entry) -> bool:
    """Return whether an entry is where files are expected."""
    return len(entry.path.parts) <= USUAL_DEPTH + 1


def are_identical(group: Sequence[Entry]) -> bool:
    """Return whether entries can be read and have the same bytes."""
    if len(group) > MAX_COPIES or len({entry.size for entry in group}) > 1:
        return False
    try:
        return len({read_bytes(entry) for entry in group}) == 1
    except UnreadableFileError:
        return False


def read_bytes(entry: Entry) -> bytes:
    """Return the bytes of an entry; raise UnreadableFileError if it is not a regular file, or too large for a source."""
    name = make_printable(entry.path.name)
    if not entry.regular:
        raise UnreadableFileError(f"{name} {IS_LINK}; submit the file itself.")
    if entry.size > MAX_SOURCE:
        raise UnreadableFileError(f"{name} has {entry.size:,} bytes; at most {MAX_SOURCE:,} are read.")
    return entry.read(MAX_SOURCE)


def suggest_link(entries: Sequence[Entry]) -> str:
    """Return, in parentheses, the first link that may be the folder with a missing file; "" if there is none."""
    links = (make_printable(entry.path) for entry in entries if not entry.regular and not entry.path.suffix)
    return next((f" ({link} {IS_LINK}, which is not followed)" for link in links), "")

"""Recognize exports from platforms by the names in them: one engine, and a Layout for each platform."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from autograder.intake.entries import SubmissionError, make_printable
from autograder.intake.exports.times import UTC, parse_time
from autograder.intake.exports.tree import Place, Tree
from autograder.intake.graded_files import GradedFiles
from autograder.intake.remarks import UNUSED, count_noun, list_names
from autograder.intake.submission_ref import Discovery, Person, SubmissionRef

MAX_PATH = 1_000  # characters that a pattern is tried on
MAX_WRAPPERS = 3  # folders around the submissions, the top included
FEEDBACK = "Feedback_files"  # of ILIAS, next to the folder of the submissions


@dataclass(frozen=True)
class Item:
    """A file or a folder in an export, and what the platform encoded in its name. The path of a folder ends with a slash.

    name and id identify the submitter, display is a better name to show, and given is the student's own name for the file. time
    and number distinguish attempts. late is not empty if the platform marks the item as late, and aside if it counts only when
    the submitter has nothing else.
    """

    path: str
    name: str = ""
    id: str = ""
    display: str = ""
    given: str = ""
    time: str = ""
    number: str = ""
    late: str = ""
    aside: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.path.endswith("/")

    @property
    def full_name(self) -> str:
        """A name for the submitter that is unique in the export."""
        return make_label("_".join(filter(None, (self.name, self.id))))

    @property
    def attempt(self) -> str:
        """The platform's name for the attempt: the path, up to the time if there is one."""
        before, time, _ = self.path.partition(self.time or self.path)
        return before + time


TimeParser = Callable[[str, tzinfo], datetime | None]


@dataclass
class Row:
    """A submission in an export, with the items that count."""

    items: Sequence[Item]
    ref: SubmissionRef


@dataclass(frozen=True)
class Scan:
    """The content of an export: the items in a tree, the names that belong to no submission, and notes."""

    tree: Tree
    items: Sequence[Item]
    ignored: Collection[str]
    remarks: Sequence[str] = ()


def scan_top(layout: "Layout", tree: Tree, _assignment: str) -> Scan | None:
    """Return the matches of the patterns at the top of a tree; None if too many possible submissions do not match."""
    names = tree.names()
    items = [item for path in names.paths if (item := layout.parse(path))]
    matched = {item.path.rstrip("/") for item in items}
    others = [name for name in names.candidates if name not in matched]
    return Scan(tree, items, names.all - matched) if items and 3 * len(others) <= len(items) else None


def scan_below(layout: "Layout", tree: Tree, assignment: str) -> Scan | None:
    """Return the matches of the patterns at the top of a tree or, if that holds a single folder, in it, and so on.

    A folder on disk below the top may come from a student, so it counts only if it has several submitters.
    """
    place, passed = tree, set[str]()
    for _ in range(MAX_WRAPPERS):
        scan = scan_top(layout, place, assignment)
        if scan and (place is tree or tree.zipped or len({(item.name, item.id) for item in scan.items}) > 1):
            return replace(scan, ignored=passed.union(scan.ignored))
        below = [name for name in place.names().candidates if name != FEEDBACK]
        if len(below) != 1 or below[0] not in place.names().folders:
            break
        passed |= place.names().all.difference(below)
        place = place.at(below[0])
    return None


def compile_patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    """Compile the patterns of a layout; a dot matches any character, and only ASCII digits are digits."""
    return tuple(re.compile(pattern, re.DOTALL | re.ASCII) for pattern in patterns)


def read_text(tree: Tree, name: str, limit: int) -> str:
    """Return the text of a file in an export; "" if it cannot be read."""
    try:
        return tree.read(name, limit).decode("utf-8", "replace")
    except (SubmissionError, OSError, LookupError):
        return ""


@dataclass(frozen=True)
class Layout:
    """The format of one platform's exports.

    patterns match the paths at the top; their groups are fields of Item. superseded says which items count if a submitter has
    several attempts. Functions cover the differences between platforms: scan finds the items, or returns None if this is not an
    export of the platform; select returns the items of one submitter that count; parse_time reads the time of an item; describe
    adds metadata from outside the names to the rows, and returns notes.
    """

    platform: str
    patterns: tuple[re.Pattern[str], ...] = ()
    superseded: str = ""
    scan: Callable[["Layout", Tree, str], Scan | None] = scan_top
    select: Callable[[list[Item], GradedFiles], list[Item]] = lambda items, _: items
    parse_time: TimeParser = parse_time
    describe: Callable[[Tree, tzinfo, list[Row]], list[str]] = lambda *_: []

    def parse(self, path: str) -> Item | None:
        """Return the item at a path; None if it does not match the platform's patterns."""
        if len(path) > MAX_PATH:
            return None
        found = next((match for pattern in self.patterns if (match := pattern.fullmatch(path))), None)
        return Item(path, **{field: text for field, text in found.groupdict().items() if text}) if found else None


def recognize(layout: Layout, tree: Tree, zone: tzinfo, assignment: str = "") -> Discovery | None:
    """Return the submissions in a platform's export, of one assignment if it is named; None if this is not such an export.

    Raise RejectedSubmissionError if it is one that cannot be read. zone applies to times without an offset.
    """
    scan = layout.scan(layout, tree, assignment)
    if not scan:
        return None
    submitters: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in scan.items:
        submitters[item.name, item.id].append(item)
    rows = [row for items in submitters.values() for row in make_rows(layout, scan.tree, zone, items)]
    remarks = [*scan.remarks, *layout.describe(scan.tree, zone, rows)]
    others = [name for name in scan.tree.names().containers if name in scan.ignored]
    counts = [len(row.ref.superseded) for row in rows if row.ref.superseded]
    earlier, those = count_noun(sum(counts), "earlier attempt"), count_noun(len(counts), "submission")
    return Discovery(
        layout.platform,
        (*(row.ref for row in rows), *scan.tree.refs(others)),
        (
            *([f"Ignored {earlier} of {those}: {layout.superseded}."] if counts else ()),
            *remarks,
            *list_names(f"Graded under their own names, because {layout.platform} does not name submissions like this", others),
            *list_names(UNUSED, set(scan.ignored).difference(others)),
        ),
    )


def make_rows(layout: Layout, tree: Tree, zone: tzinfo, items: list[Item]) -> Iterator[Row]:
    """Yield the rows of one submitter: one for each folder that counts, and one for all files together."""
    items = [item for item in items if not item.aside] or items
    current = layout.select(items, tree.graded)
    superseded = {item.attempt for item in items} - {item.attempt for item in current}
    files = [item for item in current if not item.is_folder]
    for group in [*([item] for item in current if item.is_folder), *filter(None, [files])]:
        item = group[0]
        name, full_name = make_label(item.display or item.name), item.full_name
        ref = SubmissionRef(
            name or full_name,
            *locate(tree, group),
            people=(Person(name, id=make_printable(item.id, 100)),),
            submitted=layout.parse_time(item.time, zone),
            marked_late=any(item.late for item in items),
            superseded=tuple(make_printable(attempt, 200) for attempt in sorted(superseded)),
            full_name=full_name,
        )
        yield Row(group, ref)


def locate(tree: Tree, items: Sequence[Item]) -> Place:
    """Return the place of a submission that is one folder, or several files."""
    if items[0].is_folder:
        return *tree.within(items[0].path.rstrip("/")), ()
    members = [(item.path, item.given) for item in items if item.given] or [(item.path, item.path) for item in items]
    return *tree.within(""), tuple(members)


def select_newest(parse: TimeParser) -> Callable[[list[Item], GradedFiles], list[Item]]:
    """Return a function that selects the items of the newest attempt, or all of them if a time cannot be read."""

    def select(items: list[Item], _graded: GradedFiles) -> list[Item]:
        times = [parse(item.time, UTC) for item in items]
        known = [time for time in times if time]
        return (
            [item for item, time in zip(items, times, strict=True) if time == max(known)] if len(known) == len(items) else items
        )

    return select


def keep_newest(items: Iterable[Item]) -> list[Item]:
    """Return, for each name that the student gave, the item with the largest number."""
    numbered = sorted(items, key=lambda item: (int(item.number[:30] or "0"), item.path))
    return [item for _, item in sorted({item.given: item for item in numbered}.items())]


def make_label(text: str) -> str:
    """Return a platform's name made safe as a file name: on one line, and without slashes."""
    return make_printable(text.strip(), 100).replace("/", "_").replace("\\", "_")

"""Recognizes what platforms let a TA download, by the names in it: one engine, and a Layout for each platform."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from autograder.intake.entries import make_printable
from autograder.intake.exports.times import parse_time
from autograder.intake.exports.tree import Place, Tree
from autograder.intake.graded_files import GradedFiles
from autograder.intake.remarks import count_noun, list_names
from autograder.intake.submission_ref import Discovery, Person, SubmissionRef


@dataclass(frozen=True)
class Item:
    """A file or a folder of an export, and what the platform wrote into its name. The path of a folder ends with a slash.

    name and id say who submitted it, display what to call them instead of by their name, and given what the student called the
    file. Of several attempts, time and number tell which one it is. late is not empty if the platform marks it late, and aside
    if it is not a part of the submission.
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
        """What tells the submitter apart from all others in the export."""
        return make_label("_".join(filter(None, (self.name, self.id))))

    @property
    def attempt(self) -> str:
        """What the platform calls the attempt: the path, up to the time if there is one."""
        before, time, _ = self.path.partition(self.time or self.path)
        return before + time


@dataclass
class Row:
    """A submission in an export, with the items that count."""

    items: Sequence[Item]
    ref: SubmissionRef


@dataclass(frozen=True)
class Scan:
    """What an export consists of: the items in a tree, the names that belong to no submission, and remarks."""

    tree: Tree
    items: Sequence[Item]
    ignored: Iterable[str]
    remarks: Sequence[str] = ()


def scan_top(layout: "Layout", tree: Tree, _assignment: str) -> Scan | None:
    """Return what matches the patterns at the top of a tree; None if too much there that may be a submission does not."""
    names = tree.names()
    items = [item for path in names.paths if (item := layout.parse(path))]
    matched = {item.path.rstrip("/") for item in items}
    others = [name for name in names.candidates if name not in matched]
    return Scan(tree, items, names.all - matched) if items and 3 * len(others) <= len(items) else None


@dataclass(frozen=True)
class Layout:
    """What one platform exports.

    patterns match the paths at the top of it; their groups are fields of Item. superseded says which items count if a submitter
    has several attempts, and aside introduces the submitters who have no items but those that are aside. What a platform does
    differently are functions: scan finds the items, None if this is not an export of the platform; select returns the items
    of one submitter that count; parse_time reads the time of an item; describe reads what the platform says elsewhere than in
    the names, puts it into the rows, and returns remarks.
    """

    platform: str
    patterns: tuple[re.Pattern[str], ...] = ()
    superseded: str = ""
    aside: str = ""
    scan: Callable[["Layout", Tree, str], Scan | None] = scan_top
    select: Callable[[list[Item], GradedFiles], list[Item]] = lambda items, _: items
    parse_time: Callable[[str, tzinfo], datetime | None] = parse_time
    describe: Callable[[Tree, tzinfo, list[Row]], list[str]] = lambda *_: []

    def parse(self, path: str) -> Item | None:
        """Return the item at a path; None if the platform does not name one like this."""
        found = next((match for pattern in self.patterns if (match := pattern.fullmatch(path))), None)
        return Item(path, **{field: text for field, text in found.groupdict().items() if text}) if found else None


def recognize(layout: Layout, tree: Tree, zone: tzinfo, assignment: str = "") -> Discovery | None:
    """Return what a platform exported, of one assignment if it is named; None if the tree is not such an export.

    Raise RejectedSubmissionError if it is one that cannot be read. Times without an offset are in the zone.
    """
    scan = layout.scan(layout, tree, assignment)
    if not scan:
        return None
    submitters: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in scan.items:
        submitters[item.name, item.id].append(item)
    rows = [row for items in submitters.values() for row in make_rows(layout, scan.tree, zone, items)]
    remarks = [*scan.remarks, *layout.describe(scan.tree, zone, rows)]
    without = [items[0].full_name for items in submitters.values() if all(item.aside for item in items)]
    counts = [len(row.ref.superseded) for row in rows if row.ref.superseded]
    earlier, those = count_noun(sum(counts), "earlier hand-in"), count_noun(len(counts), "submission")
    return Discovery(
        layout.platform,
        tuple(row.ref for row in rows),
        (
            *([f"{earlier} of {those} put aside: {layout.superseded}."] if counts else ()),
            *remarks,
            *list_names(layout.aside, without),
            *list_names("Not looked at, because it belongs to no submission", scan.ignored),
        ),
    )


def make_rows(layout: Layout, tree: Tree, zone: tzinfo, items: list[Item]) -> Iterator[Row]:
    """Yield what one submitter has in an export: a submission for each folder that counts, and one of all files."""
    items = [item for item in items if not item.aside]
    current = layout.select(items, tree.graded) if items else []
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
    """Return the place of the submission that is a folder, or these files."""
    if items[0].is_folder:
        return *tree.within(items[0].path.rstrip("/")), ()
    members = [(item.path, item.given) for item in items if item.given] or [(item.path, item.path) for item in items]
    return *tree.within(""), tuple(members)


def make_label(text: str) -> str:
    """Return a name that a platform gave as one that can stand for a file: on one line, and not a part of a path."""
    return make_printable(text.strip(), 100).replace("/", "_").replace("\\", "_")

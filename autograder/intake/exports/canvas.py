"""Canvas's "Download Submissions": <sortable name>[_LATE]_<user id>_<file id>_<name> for every file, all side by side.

The name is in small letters without spaces and commas; anonymous assignments have [LATE_]anon_<id> instead of name and id; an
entry of text or a link is <sortable name>[_LATE]_<user id>_text.html or _link.html. Canvas adds -1, -2, … to the name of a file
that the student handed in before. No time is told. The source is Canvas's lib/content_zipper.rb.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import PurePosixPath

from autograder.intake.entries import shown
from autograder.intake.exports.export import Export, ignored, label, mostly, put_aside, told
from autograder.intake.exports.tree import Names, Tree
from autograder.intake.read import GRADED, ZIP
from autograder.intake.waiting import Person, Waiting

REST = r"_(?:(?P<file>\d+)_(?P<given>.+)|(?P<entry>text|link)\.html)"
PATTERNS = (
    re.compile(r"(?P<late>LATE_)?(?P<name>anon)_(?P<user>\w+?)" + REST, re.DOTALL | re.ASCII),
    re.compile(r"(?P<name>[^\s.]+?)(?P<late>_LATE)?_(?P<user>\d+)" + REST, re.DOTALL | re.ASCII),
)
AGAIN = re.compile(r"(?P<stem>.+)-\d+(?P<ending>\.[^.]+)", re.DOTALL | re.ASCII)


@dataclass(frozen=True)
class File:
    """A file of the export: whose it is, its id (0 for a text or a link), and what the student called it."""

    path: str
    name: str
    user: str
    late: bool
    id: int
    given: str


def recognise(tree: Tree, _zone: tzinfo) -> Export | None:
    """The export, if nearly everything at the top is named as Canvas does."""
    names = tree.names()
    files = [file for name in names.files if (file := file_of(name))]
    if not is_canvas(files, names):
        return None
    of_user: dict[tuple[str, str], list[File]] = defaultdict(list)
    for file in files:
        of_user[file.name, file.user].append(file)
    waiting = [(label("_".join(who)), submission_of(tree, who, found)) for who, found in of_user.items()]
    return Export(
        "Canvas",
        waiting,
        [
            *put_aside([one for _, one in waiting], "of files of one name, the newest counts"),
            *told(
                "These Canvas users have files under more than one name, and a row for each",
                (user for user, called in names_of(files).items() if len(called) > 1),
            ),
            *ignored({*names.folders, *names.files} - {file.path for file in files}),
        ],
    )


def file_of(path: str) -> File | None:
    """A file of the export by its name; None if Canvas does not name files so."""
    for pattern in PATTERNS:
        if found := pattern.fullmatch(path):
            given = found["given"] or f"{found['entry']}.html"
            return File(path, found["name"], found["user"], bool(found["late"]), int((found["file"] or "0")[:30]), given)
    return None


def names_of(files: list[File]) -> dict[str, set[str]]:
    """The names under which each user has files."""
    names = defaultdict(set)
    for file in files:
        names[file.user].add(file.name)
    return names


def is_canvas(files: list[File], names: Names) -> bool:
    """Whether the numbers in the names are Canvas's: others, such as dates, come again where Canvas's do not."""
    ids = [file.id for file in files if file.id]
    users = names_of(files)
    agreeing = sum(len(called) == 1 for called in users.values())
    graded = any(first(file.given) in GRADED for file in files)
    return (
        mostly(len(files), (name for name in names.candidates if not file_of(name)))
        and len(set(ids)) >= 0.9 * len(ids)
        and agreeing >= 0.5 * len(users)
        and (graded or len({file.name for file in files}) >= max(2, 0.5 * len(users)))
    )


def submission_of(tree: Tree, who: tuple[str, str], files: list[File]) -> Waiting:
    """The files of one user or group, of those that are the same file handed in again the newest."""
    name, user = who
    newest: dict[str, File] = {}
    for file in sorted(files, key=lambda file: (file.id, file.path)):
        newest[first(file.given)] = file
    old = [file for file in files if file not in newest.values()]
    called = name if name != "anon" else f"anon_{user}"
    return Waiting(
        label(called),
        *tree.within(""),
        tuple((file.path, given) for given, file in sorted(newest.items())),
        (Person(label(called), id=user),),
        marked_late=any(file.late for file in files),
        superseded=tuple(shown(file.path, 200) for file in old),
    )


def first(given: str) -> str:
    """The name under which a graded file or a zip was handed in first."""
    found = AGAIN.fullmatch(given)
    original = found["stem"] + found["ending"] if found else given
    return original if original in GRADED or PurePosixPath(original).suffix.lower() == ZIP else given

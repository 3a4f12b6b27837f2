"""Feedback pages on their way back: zips for Moodle and Canvas, named as their downloads were, and a table for a mail merge.

Who gets which page is decided by ids and addresses alone, before anything is graded, and checked by the platform's own rule for
the names in the zip. Where two submissions lead to one person, neither is sent.
"""

import contextlib
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from autograder.files import atomic_write
from autograder.intake.entries import make_printable
from autograder.intake.remarks import list_names
from autograder.intake.submission_ref import Discovery, Person, SubmissionRef
from autograder.marks import Mark
from autograder.report.spreadsheet import FORMULA, Cell, Sheet

MAIL = "exports/mail_merge.csv"
ZIPS = {"Moodle": "exports/feedback_moodle.zip", "Canvas": "exports/feedback_canvas.zip"}
PAGE = "feedback.html"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold: the same pages are the same bytes
# One address and nothing else, so that no second one can hide in it.
ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\\\"']{1,64}@[^\s@,;:<>()\[\]\\\"'=+]{1,255}")
UNSAFE = re.compile(r"[_/\\]")  # what would end the name in a path of Moodle's
MOODLE_NAME = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_file(?:_|$)", re.DOTALL | re.ASCII)


class Page(NamedTuple):
    """A page for a person: the submission, what to call the person in a sentence, their id or address, the name in the zip.

    who is the person whose own score a mail tells.
    """

    student: str
    person: str
    key: str
    name: str
    who: Person = Person()


@dataclass(frozen=True)
class Returns:
    """The pages that go back, by the file in OUT and the submission, and what to tell the TA."""

    pages: Mapping[str, Mapping[str, Sequence[Page]]]
    remarks: tuple[str, ...]

    def mail_sheet(self) -> Sheet:
        """Return the table of a mail merge: an address, whose it is, where in OUT the page is, and the score."""
        pages = self.pages.get(MAIL, {})

        def rows(marks: Iterable[Mark], _: Iterable[Person]) -> Iterator[list[Cell]]:
            for mark in filter(goes_back, marks):
                for page in pages.get(mark.result.student, ()):
                    file = f"feedback/{mark.result.student}.html"
                    yield [page.key, page.person, file, mark.of(page.who).score, mark.result.max_score]

        return Sheet([["Address", "Name", "File", "Score", "Max Score"]], rows)

    def zips(self) -> list[str]:
        """Return the paths of the zips, in OUT."""
        return [path for path in self.pages if path in ZIPS.values()]

    @contextlib.contextmanager
    def open_zip(self, out: Path, path: str) -> Iterator["FeedbackZip"]:
        """Yield a zip of pages to fill, which replaces the old one at the end; raise OSError if it cannot be written."""
        with atomic_write(out / path) as file, zipfile.ZipFile(file.buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            yield FeedbackZip(archive, self.pages[path])


class FeedbackZip(NamedTuple):
    """A zip that is being filled, and the pages that belong in it by their submissions."""

    archive: zipfile.ZipFile
    pages: Mapping[str, Sequence[Page]]

    def add(self, mark: Mark, page: Path) -> None:
        """Add the page of a submission for each of its people who get it; raise OSError if it cannot be read."""
        for one in self.pages.get(mark.result.student, ()) if goes_back(mark) else ():
            member = zipfile.ZipInfo(one.name, EPOCH)
            member.create_system, member.external_attr = 3, 0o100600 << 16
            self.archive.writestr(member, page.read_bytes(), zipfile.ZIP_DEFLATED)


def goes_back(mark: Mark) -> bool:
    """Return whether a page goes back: not that of a submission on which the grader itself failed."""
    return mark.score is not None


def plan_returns(found: Discovery, has_roster: bool) -> Returns:
    """Return which page goes back to whom, by what was found and, if there is one, the roster."""
    people = [(ref, who) for ref in found.submissions for who in ref.people or [Person(id=ref.student)]]
    ways = {MAIL: [address_mail(ref, who) for ref, who in people]}
    if found.kind in ZIPS:
        address = {"Moodle": address_moodle, "Canvas": address_canvas}[found.kind]
        ways[ZIPS[found.kind]] = [address(ref) for ref in found.submissions]
    if found.kind != "Moodle" and any(who.get_id("Moodle") for _, who in people):
        ways[ZIPS["Moodle"]] = [address_participant(ref, who) for ref, who in people]
    if not has_roster and found.kind == "plain":
        return Returns({}, ())
    pages: dict[str, dict[str, list[Page]]] = {}
    remarks: list[str] = []
    for path, addressed in ways.items():
        known = list(dict.fromkeys(page for page in addressed if page.key))
        times = Counter(page.key.casefold() for page in known)
        sent = [page for page in known if times[page.key.casefold()] == 1]
        what = "no address that can be used" if path == MAIL else "no id that can be used"
        for page in sent:
            pages.setdefault(path, {}).setdefault(page.student, []).append(page)
        if known:
            remarks += list_names(f"Not in {path}, because {what} is known", [one.person for one in addressed if not one.key])
        else:
            remarks.append(f"There is no {path}, because {what} is known of anybody.")
        doubled = [page.person for page in known if times[page.key.casefold()] > 1]
        remarks += list_names(f"Not in {path}, because more than one submission would reach one person", doubled)
    return Returns(pages, tuple(remarks))


def address_mail(ref: SubmissionRef, who: Person) -> Page:
    """Return the page for a person's address, without a key unless there is exactly one address."""
    usable = ADDRESS.fullmatch(who.email) and not FORMULA.search(who.email)
    return Page(ref.student, who.name or who.id or ref.student, who.email if usable else "", "", who)


def address_moodle(ref: SubmissionRef) -> Page:
    """Return the page for whom Moodle's download names: a participant, or a group whose members all get it."""
    found = MOODLE_NAME.match(list_downloaded(ref)[0])
    return Page(ref.student, ref.student, *(name_for_moodle(found["name"], found["id"]) if found else ("", "")))


def address_participant(ref: SubmissionRef, who: Person) -> Page:
    """Return the page for a person whose participant id is known from Moodle's worksheet."""
    own, label = who.get_id("Moodle"), who.name or who.id or ref.student
    return Page(ref.student, label, *(name_for_moodle(who.name or "Participant", own) if own else ("", "")))


def name_for_moodle(name: str, participant: str) -> tuple[str, str]:
    """Return an id and a name in the zip by which Moodle finds it; both "" if it would not.

    Moodle reads the id between the first two underscores of `Full name_<id>_assignsubmission_file_`, where versions before 4.1
    need the last underscore: mod/assign/feedback/file/importziplib.php of https://github.com/moodle/moodle.
    """
    folder = f"{UNSAFE.sub(' ', make_printable(name, 100))}_{participant}_assignsubmission_file_"
    parts = folder.split("_", 4)
    is_found = len(parts) > 4 and parts[1:4] == [participant, "assignsubmission", "file"] and participant.isdecimal()
    return (participant, f"{folder}/{PAGE}") if is_found else ("", "")


def address_canvas(ref: SubmissionRef) -> Page:
    """Return the page for a user of Canvas, under the name of a file that the user submitted, with another ending."""
    own = ref.people[0].get_id("Canvas") if ref.people else ""
    names = (f"{name}.html" for name in list_downloaded(ref))
    name = next((name for name in names if own and name.isprintable() and read_canvas_ids(name)[:1] == (own,)), "")
    return Page(ref.student, ref.student, own if name else "", name)


def read_canvas_ids(name: str) -> tuple[str, ...]:
    """Return the ids of the user and the file by which Canvas takes back a file of this name; none if it would not.

    They are the first two numbers between underscores, or what follows `anon`, and a name whose last part begins with `link` is
    ignored: `infer_comment_context_from_filename` in app/models/abstract_assignment.rb of
    https://github.com/instructure/canvas-lms. Canvas then checks that the file is one of the user's submission.
    """
    parts = [part for part in name.split("_") if part != "LATE"]
    numbers = [part for part in parts if part.isdecimal() and part.isascii()]
    ids = parts[1:3] if parts[0] == "anon" else numbers[:2]
    is_read = len(ids) == 2 and ids[1].isdecimal() and not parts[-1].startswith("link") and not name.startswith("._")
    return tuple(ids) if is_read else ()


def list_downloaded(ref: SubmissionRef) -> list[str]:
    """Return what a submission is called in the download: its files if those of all are next to each other, or its folder."""
    return [PurePosixPath(path).name for path, _ in ref.members] or [PurePosixPath(ref.inside).name or ref.path.name]

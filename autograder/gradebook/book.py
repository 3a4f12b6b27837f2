"""gradebook.db: every result, keyed by the digests of the submission and of the checks, and every adjustment by a TA.

SQLite in WAL mode: a saved result survives a kill at any later moment. Rerun the same command to resume an interrupted run.
Changing the checks leads to new keys and deletes nothing.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from autograder.errors import AutograderError
from autograder.files import PRIVATE, TRY_AGAIN
from autograder.gradebook import people
from autograder.gradebook.record import Rubric, from_record, rubric_of, to_record
from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.marks import Adjustment
from autograder.results import Result

NAME = "gradebook.db"
VERSION = 1  # of the tables
SECONDS = 30.0  # to wait for another program that has the gradebook locked
SOON = 1.0  # seconds to wait before announcing it
TABLES = """
CREATE TABLE results (
    content TEXT NOT NULL, checks TEXT NOT NULL, status TEXT NOT NULL, score REAL, record TEXT NOT NULL,
    PRIMARY KEY (content, checks)
) WITHOUT ROWID;
CREATE TABLE rubrics (checks TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE students (student TEXT PRIMARY KEY, content TEXT NOT NULL, checks TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE adjustments (
    number INTEGER PRIMARY KEY, student TEXT NOT NULL, points REAL NOT NULL, reason TEXT NOT NULL,
    made TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ'))
);
CREATE TABLE written (student TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
"""
# Optional in this version: the table exists once submissions have been compared.
ALIKE = "CREATE TABLE IF NOT EXISTS alike (rank INTEGER, first TEXT NOT NULL, second TEXT NOT NULL, score REAL NOT NULL)"
# Optional, too: everyone in the last run. student is "" for a person who submitted nothing.
CLASS = "CREATE TABLE IF NOT EXISTS class (student TEXT NOT NULL, record TEXT NOT NULL)"


class Alike(NamedTuple):
    """A pair of suspiciously similar submissions from `make copies`: its rank on the page, the students, the score."""

    rank: int
    first: str
    second: str
    score: float


class GradebookError(AutograderError):
    """The gradebook cannot be used; the text is a sentence for the TA."""


def is_locked(error: Exception) -> bool:
    """Return whether an error means a locked gradebook; Python 3.10 has no codes, only the texts of sqlite.org/rescode.html."""
    return "database is locked" in str(error) or "database table is locked" in str(error)


def explain_lock(path: Path) -> str:
    """Return the error message for a gradebook that stayed locked."""
    what = f"has been locked by another program for {SECONDS:.0f} seconds"
    return f"The gradebook {path} {what}. Close that program, then rerun the same command."


def check_graded(out: Path) -> None:
    """Raise GradebookError if nothing has been graded into an OUT."""
    if not (out / NAME).is_file():
        raise GradebookError(f"There is no {out / NAME}: OUT must name a folder that make grade has written to.")


def open_existing(out: Path, checks: str = "", announce: Callable[[str], None] = lambda sentence: None) -> "Gradebook":
    """Open the gradebook of an OUT; raise GradebookError if nothing has been graded there."""
    check_graded(out)
    return Gradebook(out / NAME, checks, announce)


class Gradebook:
    """The gradebook of one OUT, for the checks with a given digest; use as a context manager."""

    def __init__(self, path: Path, checks: str, announce: Callable[[str], None] = lambda sentence: None) -> None:
        """Open a gradebook, or create one that only its owner can read; announce gets a sentence if this has to wait.

        Raise GradebookError if it cannot be used, or if another program keeps it locked.
        """
        self.path, self.checks = path, checks
        self.rubric: Rubric | None = None
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))  # SQLite gives its other files the same permissions
        except OSError as error:
            raise GradebookError(f"The gradebook {path} cannot be opened: {error.strerror}. {TRY_AGAIN}") from error
        self.database = sqlite3.connect(path, isolation_level=None)
        try:
            try:
                self.prepare(SOON)
            except sqlite3.OperationalError as error:
                if not is_locked(error):
                    raise
                announce(f"{path} is locked by another program; waiting up to {SECONDS:.0f} seconds for it.")
                self.prepare(SECONDS)
        except BaseException as error:
            self.close(error)
            raise

    def prepare(self, seconds: float) -> None:
        """Create missing tables, waiting up to `seconds` for a lock; raise GradebookError if this is not a gradebook."""
        self.database.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
        self.is_new()
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute("PRAGMA synchronous = NORMAL")
        with self.database:
            self.database.execute("BEGIN IMMEDIATE")
            if self.is_new():
                for statement in TABLES.split(";\n"):
                    self.database.execute(statement)
                self.database.execute(f"PRAGMA user_version = {VERSION}")
            there = {column for _, column, *_ in self.database.execute("PRAGMA table_info(adjustments)")}
            for column in ("person", "who"):  # optional in this version
                if column not in there:
                    self.database.execute(f"ALTER TABLE adjustments ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
        self.database.execute(f"PRAGMA busy_timeout = {SECONDS * 1000:.0f}")

    def is_new(self) -> bool:
        """Return whether the file is still empty; raise GradebookError if it holds something other than a gradebook."""
        (version,) = self.database.execute("PRAGMA user_version").fetchone()
        (tables,) = self.database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if version not in (0, VERSION):
            what = f"has tables of version {version}, and this grader writes version {VERSION}"
            raise GradebookError(f"The gradebook {self.path} {what}. Use another OUT.")
        if tables and not version:
            raise GradebookError(f"{self.path} is the database of another program. Use another OUT.")
        return not version

    def close(self, error: BaseException | None = None) -> None:
        """Close the gradebook; turn an SQLite error that ended its use into a GradebookError."""
        self.database.close()
        if isinstance(error, sqlite3.Error):
            raise self.explain(error) from error

    def explain(self, error: sqlite3.Error) -> "GradebookError":
        """Return an SQLite error as a GradebookError whose advice never loses an adjustment."""
        if is_locked(error):
            return GradebookError(explain_lock(self.path))
        sound = isinstance(error, sqlite3.OperationalError)  # the file itself is fine; for example, the disk is full
        advice = TRY_AGAIN if sound else "Keep it, because it may hold adjustments made by hand, and use another OUT."
        return GradebookError(f"The gradebook {self.path} cannot be used: {error}. {advice}")

    def __enter__(self) -> "Gradebook":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.close(error)

    def has(self, content: str) -> bool:
        """Return whether this content has been graded with these checks."""
        query = "SELECT 1 FROM results WHERE content = ? AND checks = ?"
        return self.database.execute(query, (content, self.checks)).fetchone() is not None

    def keep(self, content: str, result: Result) -> None:
        """Save a result and the student it belongs to; call it only for results without the status "error"."""
        with self.database:
            self.database.execute("BEGIN")
            if self.rubric is None:
                rubric = rubric_of(result)
                self.database.execute("INSERT OR REPLACE INTO rubrics VALUES (?, ?)", (self.checks, rubric))
                self.rubric = json.loads(rubric)
            row = (content, self.checks, result.status, result.score, to_record(result))
            self.database.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", row)
            self.is_of(result.student, content)

    def is_of(self, student: str, content: str) -> None:
        """Record the digest of a student's submission."""
        self.database.execute("INSERT OR REPLACE INTO students VALUES (?, ?, ?)", (student, content, self.checks))

    def result(self, student: str, content: str) -> Result | None:
        """Return the result of this content under these checks, with this student's name; None if it has not been graded."""
        query = "SELECT record FROM results WHERE content = ? AND checks = ?"
        found = self.database.execute(query, (content, self.checks)).fetchone()
        return found and from_record(student, found[0], self.known_rubric())

    def known_rubric(self) -> Rubric:
        """Return the rubric of these checks."""
        if self.rubric is None:
            query = "SELECT record FROM rubrics WHERE checks = ?"
            (record,) = self.database.execute(query, (self.checks,)).fetchone()
            self.rubric = json.loads(record)
        return self.rubric

    def adjust(self, student: str, adjustment: Adjustment) -> None:
        """Add an adjustment. Adjustments are never deleted or overwritten."""
        row = (student, adjustment.points, adjustment.reason, adjustment.person, adjustment.who)
        self.database.execute("INSERT INTO adjustments (student, points, reason, person, who) VALUES (?, ?, ?, ?, ?)", row)

    def adjustments(self) -> dict[str, tuple[Adjustment, ...]]:
        """Return the adjustments of each student, oldest first."""
        found: dict[str, tuple[Adjustment, ...]] = {}
        for student, adjustment in self.list_adjustments():
            found[student] = (*found.get(student, ()), adjustment)
        return found

    def list_adjustments(self) -> list[tuple[str, Adjustment]]:
        """Return every adjustment with its student, oldest first."""
        query = "SELECT student, points, reason, person, who, made FROM adjustments ORDER BY number"
        return [(student, Adjustment(*fields)) for student, *fields in self.database.execute(query)]

    def students(self) -> Iterator[str]:
        """Yield every student in the class that was graded here."""
        return (student for (student,) in self.database.execute("SELECT student FROM students ORDER BY student"))

    def forget(self, students: Iterable[str]) -> None:
        """Remove students from the class. Their results and adjustments are kept in case they return."""
        self.database.executemany("DELETE FROM students WHERE student = ?", ((student,) for student in students))

    def keep_class(self, refs: Iterable[SubmissionRef], absent: Iterable[Person]) -> None:
        """Save who is in the class and where the submissions are, replacing the class of the last run."""
        with self.database:
            self.database.execute("BEGIN IMMEDIATE")
            self.database.execute(CLASS)
            self.database.execute("DELETE FROM class")
            rows = [(ref.student, people.to_record(ref)) for ref in refs]
            rows += [("", people.absent_record(person)) for person in absent]
            self.database.executemany("INSERT INTO class VALUES (?, ?)", rows)

    def read_class(self) -> list[tuple[str, str]]:
        """Return the student and the record of everyone in the class."""
        self.database.execute(CLASS)
        return list(self.database.execute("SELECT student, record FROM class ORDER BY rowid"))

    def members(self) -> list[people.Member]:
        """Return everyone who can be named: the class of the last run, and all other students graded here."""
        found = [member for row in self.read_class() for member in people.members_from(*row)]
        there = {member.student for member in found}
        return found + [people.Member(student, "", (student,)) for student in self.students() if student not in there]

    def content_of(self, student: str) -> str:
        """Return the digest of a student's submission when it was last graded; "" if it never was."""
        found = self.database.execute("SELECT content FROM students WHERE student = ?", (student,)).fetchone()
        return found[0] if found else ""

    def keep_alike(self, pairs: Iterable[Alike]) -> None:
        """Save the suspiciously similar pairs, replacing those found before."""
        with self.database:
            self.database.execute("BEGIN IMMEDIATE")
            self.database.execute(ALIKE)
            self.database.execute("DELETE FROM alike")
            self.database.executemany("INSERT INTO alike VALUES (?, ?, ?, ?)", pairs)

    def alike(self) -> list[Alike] | None:
        """Return the suspiciously similar pairs by rank; None if submissions have not been compared."""
        if not self.database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alike'").fetchone():
            return None
        return [Alike(*row) for row in self.database.execute("SELECT * FROM alike ORDER BY rank, first, second")]

    def is_written(self, student: str, digest: str) -> bool:
        """Return whether a student's files were last written with this digest."""
        found = self.database.execute("SELECT digest FROM written WHERE student = ?", (student,)).fetchone()
        return found == (digest,)

    def has_written(self, student: str, digest: str) -> None:
        """Record the digest that a student's files were written with."""
        self.database.execute("INSERT OR REPLACE INTO written VALUES (?, ?)", (student, digest))

"""gradebook.db: every result by the content of the submission and by what it was graded with, and what TAs decided by hand.

SQLite in WAL mode: a result that was kept is there after a kill at any later moment, and a run that is broken off is gone on
with by typing the same command again. A change of the checks makes other keys and destroys nothing.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from autograder.errors import AutograderError
from autograder.gradebook.record import Rubric, from_record, rubric_of, to_record
from autograder.marks import Adjustment
from autograder.results import Result

NAME = "gradebook.db"
VERSION = 1  # of the tables
SECONDS = 30.0  # that another process may be waited for which writes at this moment
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
# A gradebook of this version need not have it: it is there when submissions have been compared.
ALIKE = "CREATE TABLE IF NOT EXISTS alike (rank INTEGER, first TEXT NOT NULL, second TEXT NOT NULL, score REAL NOT NULL)"


class Alike(NamedTuple):
    """Two submissions that `make copies` found improbably alike: the rank on its page, the students, the score."""

    rank: int
    first: str
    second: str
    score: float


class GradebookError(AutograderError):
    """The gradebook cannot be used; the text is a sentence for the TA."""


class Gradebook:
    """The gradebook of one OUT, graded with the checks of a digest; use as a context manager."""

    def __init__(self, path: Path, checks: str) -> None:
        self.path, self.checks = path, checks
        self.rubric: Rubric | None = None
        try:
            self.database = sqlite3.connect(path, timeout=SECONDS, isolation_level=None)
            self.database.execute("PRAGMA journal_mode = WAL")
            self.database.execute("PRAGMA synchronous = NORMAL")
            self.make_tables()
        except sqlite3.Error as error:
            raise GradebookError(f"The gradebook {path} cannot be used: {error}. Move it away, or name another OUT.") from error

    def make_tables(self) -> None:
        """Make the tables of a new gradebook; GradebookError for one of another version."""
        with self.database:
            self.database.execute("BEGIN IMMEDIATE")
            (version,) = self.database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in TABLES.split(";\n"):
                    self.database.execute(statement)
                self.database.execute(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                what = f"has tables of version {version}, and this grader writes version {VERSION}"
                raise GradebookError(f"The gradebook {self.path} {what}: name another OUT.")

    def __enter__(self) -> "Gradebook":
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    def has(self, content: str) -> bool:
        """Return whether this content has been graded with these checks."""
        query = "SELECT 1 FROM results WHERE content = ? AND checks = ?"
        return self.database.execute(query, (content, self.checks)).fetchone() is not None

    def keep(self, content: str, result: Result) -> None:
        """Keep a result, and that it is this student's; one with the status "error" is no result."""
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
        """Note what a student has handed in."""
        self.database.execute("INSERT OR REPLACE INTO students VALUES (?, ?, ?)", (student, content, self.checks))

    def result(self, student: str, content: str) -> Result | None:
        """Return the result of this content, graded with these checks, as this student's; None if it has not been graded."""
        query = "SELECT record FROM results WHERE content = ? AND checks = ?"
        found = self.database.execute(query, (content, self.checks)).fetchone()
        return found and from_record(student, found[0], self.known_rubric())

    def known_rubric(self) -> Rubric:
        """Return what the rubric says of these checks."""
        if self.rubric is None:
            query = "SELECT record FROM rubrics WHERE checks = ?"
            (record,) = self.database.execute(query, (self.checks,)).fetchone()
            self.rubric = json.loads(record)
        return self.rubric

    def adjust(self, student: str, adjustment: Adjustment) -> None:
        """Add what a TA decided to those decisions that are there; none is ever taken away or overwritten."""
        row = (student, adjustment.points, adjustment.reason)
        self.database.execute("INSERT INTO adjustments (student, points, reason) VALUES (?, ?, ?)", row)

    def adjustments(self) -> dict[str, tuple[Adjustment, ...]]:
        """Return what TAs decided, by the student, in the order in which they did."""
        found: dict[str, tuple[Adjustment, ...]] = {}
        for student, points, reason in self.database.execute("SELECT student, points, reason FROM adjustments ORDER BY number"):
            found[student] = (*found.get(student, ()), Adjustment(points, reason))
        return found

    def students(self) -> Iterator[str]:
        """Everybody who was ever graded here."""
        return (student for (student,) in self.database.execute("SELECT student FROM students ORDER BY student"))

    def keep_alike(self, pairs: Iterable[Alike]) -> None:
        """Keep which submissions are improbably alike, in the place of what was found before."""
        with self.database:
            self.database.execute("BEGIN IMMEDIATE")
            self.database.execute(ALIKE)
            self.database.execute("DELETE FROM alike")
            self.database.executemany("INSERT INTO alike VALUES (?, ?, ?, ?)", pairs)

    def alike(self) -> list[Alike] | None:
        """Which submissions are improbably alike; None if nobody has compared them."""
        if not self.database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alike'").fetchone():
            return None
        return [Alike(*row) for row in self.database.execute("SELECT * FROM alike ORDER BY rank, first, second")]

    def is_written(self, student: str, digest: str) -> bool:
        """Return whether the files of a student were written from what has this digest."""
        found = self.database.execute("SELECT digest FROM written WHERE student = ?", (student,)).fetchone()
        return found == (digest,)

    def has_written(self, student: str, digest: str) -> None:
        """Note what the files of a student were written from."""
        self.database.execute("INSERT OR REPLACE INTO written VALUES (?, ?)", (student, digest))

"""What the engine asks of an assignment: its parts and points, its checks, its files, and what it knows about mistakes.

The engine grades, reports and packages any object of this kind. It gets one from the module that course.toml names and imports
neither an assignment nor its checks; docs/new-assignment.md walks through a small one.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from autograder.files import ROOT
from autograder.intake.graded_files import GradedFiles

if TYPE_CHECKING:
    from markupsafe import Markup

    from autograder.checking import Check, Rubric
    from autograder.results import Cause, CheckResult, Result, Step
    from autograder.sandbox.student import SandboxedStudent
    from autograder.student import Student

Apart = Callable[[], AbstractContextManager["SandboxedStudent"]]  # opens a session of its own; see Assignment.observe


@dataclass(frozen=True)
class Task:
    """A row of the rubric: the points of its public and of its hidden checks, by the name of the check."""

    name: str
    public: Mapping[str, float]
    hidden: Mapping[str, float]

    @property
    def points(self) -> float:
        """Return the points of all checks, to two places."""
        return round(sum(self.public.values()) + sum(self.hidden.values()), 2)


@dataclass(frozen=True)
class Part:
    """A file that students submit, by its name without ".py".

    A part that imports others names them in needs. Where a student's own file of these does not load, the starter code stands
    in, and a check that fails next to the student's own files passes if it does next to the starter code: no mistake costs
    points in two parts.
    """

    name: str
    tasks: tuple[Task, ...]
    needs: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """Return the points of all tasks, to two places."""
        return round(sum(task.points for task in self.tasks), 2)


def parts_of(rubric: Rubric, needs: Mapping[str, tuple[str, ...]] | None = None) -> tuple[Part, ...]:
    """Return the parts of a rubric; needs names the parts that a part imports."""
    return tuple(
        Part(
            part,
            tuple(Task(name, checks.get("public", {}), checks.get("hidden", {})) for name, checks in tasks.items()),
            (needs or {}).get(part, ()),
        )
        for part, tasks in rubric.items()
    )


@dataclass(frozen=True)
class Credit:
    """The share of the points that passing some checks earns, and a sentence each for the student and for the TA.

    doubt is a sentence for the TA too, of use only where all of these checks pass.
    """

    share: float = 1
    note: str = ""
    remark: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class WrongProgram:
    """A solution with a known mistake in one part, for `Assignment.wrong_programs`.

    source is that of the part. title says in a few words what is wrong, and hints lead to it; students read both at home, so
    neither gives the answer away.
    """

    part: str
    source: str
    title: str
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Inspection:
    """A look at how a student's code finds its results, which can lower what the checks it names are worth.

    Nothing is taken where the inspection that paid_by names has taken something already: one mistake is paid for once.
    """

    name: str
    part: str
    checks: tuple[str, ...]
    inspect: Callable[[SandboxedStudent], Credit]
    paid_by: str = ""


class Assignment:
    """An assignment. A subclass sets the attributes and overrides what it has more of than nothing.

    name is one word, used in file names; title is for people. A single file with a name of no part is a submission of
    default_part. Folders: solution holds the reference solutions and the sources of hand-out, notebook and hints; starter, the
    files students download, built from it; examples, submissions to try the grader on. public and hidden hold the checks;
    sources are the folders that a machine needs to grade, besides the engine. public_modules are the modules that public
    checks import and students may have.

    classes names, by part, the classes that a file defines. Where one is missing, another class of the file that has the
    class_methods is graded in its place, and of all checks only the one that is named beside it fails for that.
    """

    name: str
    title: str
    parts: tuple[Part, ...]
    default_part: str
    solution: Path
    starter: Path
    examples: Path
    public: Path
    hidden: Path
    sources: tuple[Path, ...]
    public_modules: tuple[str, ...] = ()
    classes: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    class_methods: tuple[str, ...] = ()

    @property
    def max_score(self) -> float:
        """Return the points of all parts, to two places."""
        return round(sum(part.points for part in self.parts), 2)

    @property
    def part_names(self) -> tuple[str, ...]:
        """Return the names of the parts in their order."""
        return tuple(part.name for part in self.parts)

    @property
    def all_part_names(self) -> tuple[str, ...]:
        """Return the names of the parts in their order, those that the course leaves out included."""
        return tuple(part.name for part in type(self).parts)

    @property
    def graded_files(self) -> GradedFiles:
        """Return the names of the files that are read from a submission."""
        return GradedFiles(self.part_names, self.default_part)

    def part(self, name: str) -> Part:
        """Return the part of this name; KeyError if there is none."""
        return {part.name: part for part in self.parts}[name]

    def with_parts(self, names: Sequence[str]) -> Assignment:
        """Return the same assignment with these of its parts alone.

        Raises ValueError if there is no such part, or if one of them needs a part that is left out.
        """
        if unknown := [name for name in names if name not in self.part_names]:
            raise ValueError(f"has no part {unknown[0]}; its parts are {', '.join(self.part_names)}")
        chosen = copy.copy(self)
        chosen.parts = tuple(part for part in self.parts if part.name in names)
        for part in chosen.parts:
            if missing := [need for need in part.needs if need not in names]:
                raise ValueError(f"needs {missing[0]} for {part.name}, and only one of them is in use")
        if chosen.default_part not in names:
            chosen.default_part = chosen.parts[0].name
        return chosen

    # Checks and credit

    def checks(self, secret: bytes) -> Sequence[Check]:
        """Return the graded checks of the parts in use, in their order; the secret seeds the inputs of hidden ones."""
        raise NotImplementedError

    def inspections(self, secret: bytes) -> Sequence[Inspection]:
        """Return the looks at how results are found, none by default; like hidden checks they draw from the secret."""
        return ()

    # Diagnosis and drawing

    def observe(self, student: Student, apart: Apart, failed: Sequence[str]) -> Any:
        """Return what feedback may quote of public examples, for the methods below; failed are the parts with failures.

        It is called after the public checks, which have run in student, and before any hidden one, so that nothing that the
        student's code says here can hold what is hidden. apart opens a session that has run nothing yet.
        """
        return None

    def diagnose(
        self,
        part: str,
        student: SandboxedStudent,
        seen: Any,
        apart: Apart,
        failures: Mapping[str, Exception],
        secret: bytes,
    ) -> Sequence[Cause]:
        """Return the mistakes behind the failures of a part, by the name of the check, in the order in which to fix them.

        The checks have run in student; seen is what `observe` returned. apart opens a session that knows nothing hidden, in
        place of student, which starts over when it is used again. What it says must be told as in a hidden check all the same.
        """
        return ()

    def diagnose_public(self, part: str, student: Student, seen: Any, failures: Mapping[str, Exception]) -> Sequence[Cause]:
        """Return the mistakes behind failed public checks of a part, by what the inputs of these checks alone tell.

        Called before any hidden check runs. Students read them at once where the other causes come with the hidden checks.
        """
        return ()

    def cause_of(self, check: CheckResult, failure: Exception, causes: Sequence[Cause]) -> Cause | None:
        """Return the cause of a failure: the one about its key, else the first one of its task; None if there is none."""
        mine = [cause for cause in causes if cause.part == check.part and check.task in cause.tasks]
        about = [cause for cause in mine if getattr(failure, "key", "") in cause.keys]
        return next(iter(about + mine), None)

    def steps(self, seen: Any) -> Sequence[Step]:
        """Return how each step of the public example came out, of what `observe` returned; none by default."""
        return ()

    def figure(self, result: Result) -> Markup | None:
        """Return a drawing of a result for the feedback page, if there is one."""
        return None

    # What students get

    def check_modules(self) -> Mapping[str, str]:
        """Return the sources of the modules that public checks import, by the names under which they do."""
        return {name: ROOT.joinpath(*name.split(".")).with_suffix(".py").read_text() for name in self.public_modules}

    def wrong_programs(self, solutions: Mapping[str, str]) -> Iterable[WrongProgram]:
        """Return programs with the mistakes that check.py names at home, none by default; solutions has that of each part.

        Each module of public checks then has a function `observe(student)`, which yields what the code gives on the examples as
        `autograder.naming.Observed`. Students get digests of what the mistakes make, and never the programs.
        """
        return ()

    def private_texts(self) -> Mapping[str, str]:
        """Return texts that no file for students may hold, however they are spaced, with what each of them is."""
        return {}

    def figures(self) -> Mapping[str, str]:
        """Return the figures of the hand-out as SVG, by file name."""
        return {}

    def hand_out_texts(self) -> Mapping[str, str]:
        """Return what takes the place of comments in the hand-out's text, by the comment."""
        return {}

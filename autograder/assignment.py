"""The interface between the engine and an assignment: its parts and points, its checks, its files, and known mistakes.

The engine grades, reports and packages any object of this kind. It gets one from the module that course.toml names, and never
imports an assignment or its checks itself; docs/new-assignment.md walks through a small one.
"""

from __future__ import annotations

import copy
import re
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

PART_NUMBER = re.compile(r"(\bPart |#part-)(\d+)\b")  # in the texts of an assignment
Apart = Callable[[], AbstractContextManager["SandboxedStudent"]]  # opens a separate session; see Assignment.observe


@dataclass(frozen=True)
class Task:
    """A row of the rubric: the points of its public and hidden checks, by the name of the check."""

    name: str
    public: Mapping[str, float]
    hidden: Mapping[str, float]

    @property
    def points(self) -> float:
        """Return the points of all checks, to two decimals."""
        return round(sum(self.public.values()) + sum(self.hidden.values()), 2)


@dataclass(frozen=True)
class Part:
    """A file that students submit, by its name without ".py".

    needs names the parts that this part imports. If the student's file of such a part does not load, starter code replaces it.
    A check that fails with the student's own files passes if it succeeds with the starter code, so no mistake costs points in
    two parts.
    """

    name: str
    tasks: tuple[Task, ...]
    needs: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """Return the points of all tasks, to two decimals."""
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
    """The share of the points that passing some checks earns, with a note for the student and a remark for the TA.

    doubt is another sentence for the TA, which is shown only if all of these checks pass.
    """

    share: float = 1
    note: str = ""
    remark: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class WrongProgram:
    """A mutant: the solution with a known mistake in one part, for `Assignment.wrong_programs`.

    source is the source of that part. title says in a few words what is wrong, and hints point to it. Students read both at
    home, so neither gives the answer away.
    """

    part: str
    source: str
    title: str
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Inspection:
    """An inspection of how a student's code computes its results, which can reduce the credit of the checks it names.

    If the inspection that paid_by names has already reduced the credit, this one does not: one mistake costs points once.
    """

    name: str
    part: str
    checks: tuple[str, ...]
    inspect: Callable[[SandboxedStudent], Credit]
    paid_by: str = ""


class Assignment:
    """An assignment. A subclass sets the attributes, and overrides the methods whose default returns nothing as needed.

    name is one word, used in file names; title is for people. A single file that is not named after a part is a submission of
    default_part. Folders: solution has the reference solutions and the sources of the hand-out, the notebook and the hints;
    starter has the files that students download, built from solution; examples has submissions to try the grader on. public
    and hidden have the checks. sources are the folders that a machine needs for grading, in addition to the engine.
    public_modules are the modules that public checks import and students may get. sections
    maps each task to the heading of its section in the hand-out.

    classes maps each part to the classes that its file defines, each with the name of a check. If a class is missing, another
    class of the file that has the class_methods is graded instead, and only that check fails because of the name.
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
    sections: Mapping[str, str] = MappingProxyType({})
    classes: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    class_methods: tuple[str, ...] = ()

    @property
    def max_score(self) -> float:
        """Return the points of all parts, to two decimals."""
        return round(sum(part.points for part in self.parts), 2)

    @property
    def part_names(self) -> tuple[str, ...]:
        """Return the names of the parts in order."""
        return tuple(part.name for part in self.parts)

    @property
    def all_part_names(self) -> tuple[str, ...]:
        """Return the names of all parts in order, including those that the course leaves out."""
        return tuple(part.name for part in type(self).parts)

    @property
    def graded_files(self) -> GradedFiles:
        """Return the names of the files that are read from a submission."""
        return GradedFiles(self.part_names, self.default_part)

    def part(self, name: str) -> Part:
        """Return the part with this name; raise KeyError if it does not exist."""
        return {part.name: part for part in self.parts}[name]

    def with_parts(self, names: Sequence[str]) -> Assignment:
        """Return the same assignment with only these of its parts.

        Raise ValueError if a part does not exist, or if one of them needs a part that is left out.
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

    def number_parts(self, text: str) -> str:
        """Return a text in which parts have the numbers of the rubric, with those that they have among the parts in use."""
        numbers = {self.all_part_names.index(part) + 1: number for number, part in enumerate(self.part_names, start=1)}
        return PART_NUMBER.sub(lambda found: f"{found[1]}{numbers.get(int(found[2]), found[2])}", text)

    def section(self, task: str) -> str:
        """Return the heading of the hand-out's section on a task; "" if the assignment names none."""
        return self.number_parts(self.sections.get(task, ""))

    # Checks and credit

    def checks(self, secret: bytes) -> Sequence[Check]:
        """Return the graded checks of the parts in use, in order; the secret seeds the inputs of the hidden ones."""
        raise NotImplementedError

    def inspections(self, secret: bytes) -> Sequence[Inspection]:
        """Return the inspections, none by default; like hidden checks, they draw random inputs from the secret."""
        return ()

    # Diagnosis and drawing

    def observe(self, student: Student, apart: Apart, failed: Sequence[str]) -> Any:
        """Return what feedback may quote from public examples, for the methods below; failed has the parts with failures.

        It is called after the public checks, which have run in student, and before any hidden one, so the student's code cannot
        know any hidden inputs yet. apart opens a fresh session.
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

        The checks have run in student; seen is the result of `observe`. apart opens a session that has seen no hidden inputs;
        student starts over when it is used afterwards. Messages from that session must be redacted as in a hidden check.
        """
        return ()

    def diagnose_public(self, part: str, student: Student, seen: Any, failures: Mapping[str, Exception]) -> Sequence[Cause]:
        """Return the mistakes behind failed public checks of a part that the inputs of these checks alone reveal.

        It is called before any hidden check runs. Students can read these immediately, even if the hidden checks, and the
        causes that depend on them, are shown later.
        """
        return ()

    def cause_of(self, check: CheckResult, failure: Exception, causes: Sequence[Cause]) -> Cause | None:
        """Return the cause of a failure: the one about its key, or else the first one of its task; None if there is none."""
        mine = [cause for cause in causes if cause.part == check.part and check.task in cause.tasks]
        about = [cause for cause in mine if getattr(failure, "key", "") in cause.keys]
        return next(iter(about + mine), None)

    def steps(self, seen: Any) -> Sequence[Step]:
        """Return the outcome of each step of the public example, from the result of `observe`; none by default."""
        return ()

    def figure(self, result: Result) -> Markup | None:
        """Return a drawing of a result for the feedback page, if there is one."""
        return None

    # What students get

    def check_modules(self) -> Mapping[str, str]:
        """Return the sources of the modules that public checks import, by module name."""
        return {name: ROOT.joinpath(*name.split(".")).with_suffix(".py").read_text() for name in self.public_modules}

    def wrong_programs(self, solutions: Mapping[str, str]) -> Iterable[WrongProgram]:
        """Return mutants with the mistakes that check.py names at home, none by default; solutions maps parts to sources.

        Each module of public checks then needs a function `observe(student)` that yields the results of the code on the
        examples as `autograder.naming.Observed`. Students get digests of the results of the mutants, never the mutants
        themselves.
        """
        return ()

    def private_texts(self) -> Mapping[str, str]:
        """Return texts that no file for students may contain, ignoring whitespace, each with a description."""
        return {}

    def figures(self) -> Mapping[str, str]:
        """Return the figures of the hand-out as SVG, by file name."""
        return {}

    def hand_out_texts(self) -> Mapping[str, str]:
        """Return the text that replaces each comment in the hand-out."""
        return {}

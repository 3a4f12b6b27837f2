"""Define the rows of the catalog of mistakes: a wrong line of code, and the hints for a student who wrote it.

The line is an expression in the names of the solution. Put into the solution, it makes a mutant, which the golden tests
grade; evaluated on a student's own values, it makes a wrong tensor, which the matcher compares with the student's. So a row
cannot name one mistake and prove another.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple


class Step(NamedTuple):
    """A line of the solution: what it computes, in words; its expression; and the line itself, with {} for the expression.

    instead is the line that takes a wrong expression, if that is a different line.
    """

    words: str
    right: str
    line: str
    instead: str = ""


@dataclass(frozen=True)
class Mistake:
    """A mistake of the catalog.

    lines are the wrong expressions, by the step each one replaces. A mistake that shows somewhere else, such as in a cache
    after the call, has a formula for that in shows, by the name of the observation. edits are further changes (old, new) of
    the program that need no formula. name describes the mistake if no line does so in a student's words. any_number is a
    number in the formulas that a student may have chosen otherwise. id is the row's key in its table.
    """

    lines: Mapping[str, str]
    question: str
    pointer: str
    answer: str
    shows: Mapping[str, str] = field(default_factory=dict)
    edits: tuple[tuple[str, str], ...] = ()
    name: str = ""
    any_number: str = ""
    id: str = ""

    @classmethod
    def by_edits(
        cls, question: str, pointer: str, answer: str, name: str, shows: Mapping[str, str], *edits: tuple[str, str]
    ) -> "Mistake":
        """Return a mistake that no wrong expression makes, but edits of the program do."""
        return cls({}, question, pointer, answer, shows, edits, name)

    @property
    def hints(self) -> tuple[str, str, str]:
        """Return a question, where to look, and the answer in words."""
        return self.question, self.pointer, self.answer

    @cached_property
    def formulas(self) -> dict[str, str]:
        """Return the expressions for what this mistake produces, by step or observation."""
        return {**self.lines, **self.shows}

    def with_number(self, number: float) -> "Mistake":
        """Return this mistake with another number instead of the one that may be any."""
        written = re.compile(rf"(?<![\w.]){re.escape(self.any_number)}(?![\w.])")

        def rewrite(formulas: Mapping[str, str]) -> dict[str, str]:
            return {step: written.sub(repr(number), formula) for step, formula in formulas.items()}

        return replace(self, lines=rewrite(self.lines), shows=rewrite(self.shows))


class WrongLine(NamedTuple):
    """A wrong expression for one step."""

    step: str
    expression: str

    def with_hints(self, question: str, pointer: str, answer: str, name: str = "", any_number: str = "") -> Mistake:
        """Return the row of the catalog for this line."""
        return Mistake({self.step: self.expression}, question, pointer, answer, name=name, any_number=any_number)

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

    instead is the line that takes a wrong expression, if that is a different line. target is what the expression is assigned to
    where students read it; without it, that is the name in words, or else the whole line.
    """

    words: str
    right: str
    line: str
    instead: str = ""
    target: str = ""

    def write(self, expression: str) -> str:
        """Return the line with this expression, in the form in which students read it."""
        if target := self.target or (self.words if self.words.isidentifier() else ""):
            return f"{target} = {expression}"
        return self.line.strip().partition("\n")[0].rstrip(" #,").replace("{}", expression)


@dataclass(frozen=True)
class Mistake:
    """A mistake of the catalog.

    lines are the wrong expressions, by the step each one replaces. A mistake that shows somewhere else, such as in a cache
    after the call, has a formula for that in shows, by the name of the observation. edits are further changes (old, new) of
    the program that need no formula. name describes the mistake if no line does so in a student's words; its lines are then
    not shown. any_number is a number in the formulas that a student may have chosen otherwise. id is the row's key in its
    table. title says what is wrong in a few words, such as "dB is summed, not averaged", with no formula that is correct.
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
    title: str = ""

    @classmethod
    def by_edits(
        cls,
        question: str,
        pointer: str,
        answer: str,
        name: str,
        shows: Mapping[str, str],
        *edits: tuple[str, str],
        title: str = "",
    ) -> "Mistake":
        """Return a mistake that no wrong expression makes, but edits of the program do."""
        return cls({}, question, pointer, answer, shows, edits, name, title=title)

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

    def with_hints(
        self, question: str, pointer: str, answer: str, name: str = "", any_number: str = "", title: str = ""
    ) -> Mistake:
        """Return the row of the catalog for this line."""
        lines = {self.step: self.expression}
        return Mistake(lines, question, pointer, answer, name=name, any_number=any_number, title=title)

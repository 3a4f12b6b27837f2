"""What a row of the catalogue is: a wrong line of code, and what is told to whoever wrote it.

A line is an expression in the words of the solution. In the place of the right one it makes a wrong program, which the golden
tests grade; evaluated on a student's own values it makes a wrong tensor, which the matcher compares with what came. So a row
cannot name one mistake and prove another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple


class Step(NamedTuple):
    """A line of the solution: what it computes, in words; its expression; and the line around it, with {} for the expression.

    instead is the line that a wrong expression is put into, where that is another one.
    """

    words: str
    right: str
    line: str
    instead: str = ""


@dataclass(frozen=True)
class Mistake:
    """A mistake of the catalogue.

    lines are the wrong expressions, by the step they take the place of. A mistake whose trace is found elsewhere, for
    instance in what a cache holds after the call, has a formula for that in shows, by the name of the observation. edits are
    further changes (old, new) of the program that no formula needs. name says what was done where no line says it
    as a student would.
    """

    id: str
    lines: Mapping[str, str]
    question: str
    pointer: str
    answer: str
    shows: Mapping[str, str] = field(default_factory=dict)
    edits: tuple[tuple[str, str], ...] = ()
    name: str = ""

    @property
    def hints(self) -> tuple[str, str, str]:
        """A question, where to look, and the answer in words."""
        return self.question, self.pointer, self.answer

    @cached_property
    def formulas(self) -> dict[str, str]:
        """The expression that gives what this mistake makes, by the step or the observation."""
        return {**self.lines, **self.shows}

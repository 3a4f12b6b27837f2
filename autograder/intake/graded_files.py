"""The files to grade, as named by the callers of this package."""

from collections.abc import Iterable
from dataclasses import dataclass

from autograder.intake.names import is_source, meaning

ZIP, SOURCE = ".zip", ".py"


@dataclass(frozen=True)
class GradedFiles:
    """The files to grade: one for each part of the assignment, named after it.

    A single file with any other name is graded as the default part.
    """

    parts: tuple[str, ...]
    default: str

    @property
    def names(self) -> list[str]:
        """The names of the files."""
        return [f"{part}{SOURCE}" for part in self.parts]

    def any_in(self, names: Iterable[str]) -> bool:
        """Return whether a graded file is among the names."""
        return not set(self.names).isdisjoint(names)

    def all_in(self, names: Iterable[str]) -> bool:
        """Return whether every graded file is among the names."""
        return set(self.names).issubset(names)

    def name_single(self, name: str) -> str:
        """Return the name under which a single file is graded: the default part's, if it is a source with any other name."""
        part, _ = meaning(name, self.parts)
        return f"{self.default}{SOURCE}" if part in ("", self.default) and is_source(name) else name

    def __str__(self) -> str:
        """Return the names as a sentence lists them: "a.py, b.py or c.py"."""
        *others, last = self.names
        return f"{', '.join(others)} or {last}" if others else last

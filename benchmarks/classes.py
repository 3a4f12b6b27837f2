"""Classes for the benchmarks, with submissions that are all different, like those of students."""

from collections.abc import Mapping
from pathlib import Path

from tests.golden.classmates import alone
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions


def lay_class(folder: Path, count: int, *, wrong_every: int = 0) -> None:
    """Write `count` submissions: the solution plus one unique line; with wrong_every = n, every n-th has another mistake."""
    wrong = [program.sources for name, program in sorted(MISTAKES.items())]
    for number in range(count):
        sources = solutions()
        if wrong_every and number % wrong_every == 0:
            sources |= wrong[number // wrong_every % len(wrong)]
        lay(folder, number, {part: source + f"# {number}\n".encode() for part, source in sources.items()})


def lay_classmates(folder: Path, count: int) -> None:
    """Write the submissions of `count` students who worked alone."""
    for number in range(count):
        lay(folder, number, alone(number))


def lay(folder: Path, number: int, sources: Mapping[str, bytes]) -> None:
    """Write the submission with this number."""
    student = folder / f"student{number:05d}"
    student.mkdir(parents=True)
    for part, source in sources.items():
        (student / f"{part}.py").write_bytes(source)

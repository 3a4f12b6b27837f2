"""Classes for the benchmarks, with submissions that are all different, like those of students."""

from pathlib import Path

from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions


def lay_class(folder: Path, count: int, *, mixed: bool = False) -> None:
    """So many submissions in a folder: the solution with a line of each student's own, and every third one wrong if mixed."""
    wrong = [program.sources for name, program in sorted(MISTAKES.items())] if mixed else []
    for number in range(count):
        student = folder / f"student{number:05d}"
        student.mkdir(parents=True)
        sources = solutions()
        if mixed and number % 3 == 0:
            sources |= wrong[number // 3 % len(wrong)]
        for part, source in sources.items():
            (student / f"{part}.py").write_bytes(source + f"# {number}\n".encode())

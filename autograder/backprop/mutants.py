"""Makes the mistakes of the catalog in the solution, so that a program has them and nothing else wrong."""

from collections.abc import Iterator

from autograder.backprop.mistakes import STEPS, Mistake


def make_mistakes(part: str, source: str, *mistakes: Mistake) -> str:
    """Return the solution of a part with these mistakes in it; ValueError if two of them are made in the same place."""
    for mistake in mistakes:
        for old, new in replacements(part, mistake):
            if old not in source:
                raise ValueError(f"{mistake.id}: the program has no {old!r}")
            source = source.replace(old, new)
    return source


def replacements(part: str, mistake: Mistake) -> Iterator[tuple[str, str]]:
    """Yield the edits (old, new) of the solution that make a mistake in it."""
    for name, wrong in mistake.lines.items():
        step = STEPS[part][name]
        yield step.line.replace("{}", step.right), (step.instead or step.line).replace("{}", wrong)
    yield from mistake.edits

"""Insert mistakes of the catalog into the solution, to get programs with exactly these mistakes."""

from collections.abc import Iterator

from autograder.backprop.mistakes import STEPS, Mistake


def make_mistakes(part: str, source: str, *mistakes: Mistake) -> str:
    """Return the solution of a part with these mistakes; raise ValueError if two of them change the same place."""
    for mistake in mistakes:
        for old, new in replacements(part, mistake):
            if old not in source:
                raise ValueError(f"{mistake.id}: the program has no {old!r}")
            source = source.replace(old, new)
    return source


def replacements(part: str, mistake: Mistake) -> Iterator[tuple[str, str]]:
    """Yield the edits (old, new) of the solution that insert a mistake."""
    for name, wrong in mistake.lines.items():
        step = STEPS[part][name]
        yield step.line.replace("{}", step.right), (step.instead or step.line).replace("{}", wrong)
    yield from mistake.edits

"""Programs made from the solution by an edit or two, so that a row shows the mistake and nothing else."""

import zipfile
from functools import cache
from pathlib import Path

from autograder.backprop.mistakes import Mistake
from autograder.backprop.mutants import make_mistakes
from autograder.intake.read import Submission
from autograder.packaging.leaks import MIN_LENGTH
from autograder.packaging.regions import skeleton, solved
from tests.course import ASSIGNMENT, PARTS


@cache
def solution(part: str = "dnn") -> str:
    """Return the solution of a part as a student would hand it in."""
    return solved((ASSIGNMENT.solution / f"{part}.py").read_text())


def solutions() -> dict[str, bytes]:
    """Return the whole solution: the source of every part."""
    return {part: solution(part).encode() for part in PARTS}


@cache
def solution_lines() -> frozenset[str]:
    """Return the lines of the solution that no student gets to see, but for those that anybody writes."""
    given = {line for part in PARTS for line in skeleton((ASSIGNMENT.solution / f"{part}.py").read_text()).splitlines()}
    return frozenset(line for part in PARTS for line in solution(part).splitlines() if len(line.strip()) >= MIN_LENGTH) - given


def files_of(submission: Path) -> dict[str, bytes]:
    """Return the files of a folder, of a zip, or of a single file that stands for dnn.py."""
    if submission.suffix == ".zip":
        with zipfile.ZipFile(submission) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    if submission.is_file():
        return {"dnn.py": submission.read_bytes()}
    return {path.relative_to(submission).as_posix(): path.read_bytes() for path in submission.rglob("*") if path.is_file()}


def submission(sources: dict[str, bytes]) -> Submission:
    """These files as somebody hands them in."""
    return Submission("someone", sources, {part: f"{part}.py was not submitted." for part in PARTS if part not in sources})


def edited(*edits: tuple[str, str], part: str = "dnn") -> bytes:
    """Return the solution of a part with each (old, new) replaced; AssertionError if an old line is not there."""
    source = solution(part)
    for old, new in edits:
        assert old in source, f"the solution no longer has the line {old!r}"
        source = source.replace(old, new)
    return source.encode()


def with_body(method: str, body: str) -> bytes:
    """Return the solution of dnn.py with the body of one method, after its docstring, replaced."""
    lines = solution().splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"    def {method}("))
    end = next((n for n, line in enumerate(lines[start + 1 :], start + 1) if line.startswith("    def ")), len(lines))
    quotes = [n for n in range(start, end) if '"""' in lines[n]]
    first = quotes[0] if lines[quotes[0]].count('"""') == 2 else quotes[1]
    new = [f"        {line}" if line else "" for line in body.strip("\n").splitlines()]
    return "\n".join([*lines[: first + 1], *new, "", *lines[end:]]).encode()


def program(part: str, *mistakes: Mistake) -> bytes:
    """Return the solution of a part with these mistakes made in it; raise ValueError if two of them are made in the same place."""
    return make_mistakes(part, solution(part), *mistakes).encode()


DW = 'grads[f"W{layer}"] = dZ @ A_previous.T / m'
DB = 'grads[f"B{layer}"] = dZ.sum(axis=1, keepdims=True) / m'
DA = 'grads[f"A{layer - 1}"] = cache[f"W{layer}"].T @ dZ'
HIDDEN_DZ = 'grads[f"Z{layer - 1}"] = grads[f"A{layer - 1}"] * A_previous * (1 - A_previous)'
OUTPUT_DZ = 'out - cache["Y"]'
Z = 'Z = W @ cache[f"A{layer - 1}"] + B'
STORE_Z = 'cache[f"Z{layer}"] = Z'
STORE_A = 'cache[f"A{layer}"] = sigmoid(Z)'
GRADS = "grads = {}\n"
RETURN_GRADS = "        return grads\n"
SIGMOID = "return 1 / (1 + np.exp(-np.clip(Z, -500, 500)))"

"""Describe the results: each outcome, the totals, and the page docs/runners.md."""

import platform
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

from benchmarks.runners.cell import SECONDS, Seen
from benchmarks.runners.courses import COURSES
from benchmarks.runners.programs import CONTROLS, program

Outcomes = Mapping[tuple[str, str], Seen]

SMALL = 1e-6  # points that are rounding
POINTS, NOTHING, ELSEWHERE = "points it did not earn", "nothing", "does not apply"
# The kinds of success, in the order in which they are told.
KINDS: dict[str, Callable[[int, Seen], bool]] = {
    POINTS: lambda due, seen: seen.score is not None and seen.score > due + SMALL,
    "the secret read": lambda due, seen: seen.read,
    "something written": lambda due, seen: seen.wrote,
    "a listener called": lambda due, seen: seen.connected,
    "a process left behind": lambda due, seen: seen.left > 0,
    "no result": lambda due, seen: seen.score is None and not seen.hung,
    "hung": lambda due, seen: seen.hung,
    "its word that it got through": lambda due, seen: seen.reached,
}

PAGE = """\
# The same attacks on other graders

This page shows what the hostile submissions of `tests/golden/attacks` do to this grader and to the runners of two other tools:
otter-grader, set up as in its container, and gradescope-utils, set up as in Gradescope's Python example. All of them run the
same checks for the same points. `make bench WHAT=runners` writes this page; it needs Linux and installs the packages of
`requirements/runners.txt`. The numbers below are from Python {python} with numpy {numpy}.

| | setup |
| --- | --- |
| {own} | the submission and `make grade`; not as root, so without the layers that need root |
| {otter} | a zip by `otter generate`: tests in the OK format, the checks as support files; its `run_otter.py`; \
in `submission/` the files and a notebook that imports them |
| {gradescope} | `run_autograder`, which copies the three files to `source/` by their names; `run_tests.py`; \
a `@weight` on every test |

## How the graders were isolated

Every run had its own pid, net, ipc, uts and mount namespaces: no network except a loopback with listeners on it, and a
read-only file system except for small empty ones. It ran as a user without privileges, with limits on memory, processes, file
size and processor time, and was stopped after {seconds} seconds. This isolation surrounds the tool and the
submission together, like the container on Gradescope and with `otter grade`.

## What counts

Each run has a secret that only the runner should know: in its environment, in the memory of the process that runs the checks,
and in a file.

- *{points}*: the score in `results.json`, which Gradescope would take, is higher than the submission deserves.
- *the secret read*: it is in `results.json`, in the output or in what a listener received, in plain text or encoded.
- *something written*: a file outside the tool's own, or shared memory.
- *a listener called*; *a process left behind* one second after the runner ended.
- *no result*: there is no valid `results.json`, so the run is lost. *hung*: the runner had to be stopped.
- *its word that it got through*: an attack without a secret to show reports that it did something forbidden.

An attack can have several of these effects. Points that a hostile submission loses itself do not count.

## How to read the results

- The attacks were written against this grader. Many target parts that the others do not have, and do nothing there. So the
  numbers for the other tools are lower bounds.
- Neither tool promises to contain hostile code. gradescope-utils is a reporter for unittest; Gradescope's own
  [best practices](https://gradescope-autograders.readthedocs.io/en/latest/best_practices/) recommend running student code as
  another user and in another process, which is up to the course. Its container is discarded after each submission, and so
  is that of `otter grade`. This protects the machine and the other students, but not this submission's
  score or the hidden tests.
- Gradescope stops a hanging run after ten minutes by default, and `otter grade` has a `--timeout`; the score is then 0, or
  there is none. Here, as on a course's own machine, nothing else would stop it.
- `slow answer` is correct and slow. Its calls exceed the time limit of this grader. The other tools have no such limit, so
  it earns its points there.
- A submission that is not a plain folder, such as a handmade zip, does not apply to a tool that never sees it.

## Controls

{controls}

## Totals

{attacks} attacks, by effect.

{totals}

## Every attack

{table}
"""


def due(name: str) -> int:
    """Return the score that a program deserves."""
    return sum(program(name).marks)


def successes(name: str, seen: Seen) -> list[str]:
    """Return the kinds of success of one grading."""
    return [] if seen.skipped else [kind for kind, holds in KINDS.items() if holds(due(name), seen)]


def outcome(name: str, seen: Seen) -> str:
    """One grading in a few words."""
    if seen.skipped:
        return ELSEWHERE
    if name in CONTROLS:
        return f"{seen.score:g} points" if seen.score is not None else "no result"
    words = {POINTS: f"**+{(seen.score or 0) - due(name):.5g} points**"}
    return ", ".join(words.get(kind, kind) for kind in successes(name, seen)) or NOTHING


def as_due(name: str, seen: Seen) -> bool:
    """Return whether a control got its score and had no other effect."""
    return not successes(name, seen) and seen.score is not None and abs(seen.score - due(name)) < SMALL


def totals(outcomes: Outcomes, courses: Sequence[str], attacks: Sequence[str]) -> str:
    """Return a table with a row for each kind of success and how many attacks had it."""
    had = {
        course: [successes(name, outcomes[name, course]) or [outcome(name, outcomes[name, course])] for name in attacks]
        for course in courses
    }
    rows = [["any of these", *(str(sum(kinds[0] in KINDS for kinds in had[course])) for course in courses)]]
    for kind in (*KINDS, NOTHING, ELSEWHERE):
        rows.append([kind, *(str(sum(kind in kinds for kinds in had[course])) for course in courses)])
    return table(["", *titles(courses)], rows)


def titles(courses: Sequence[str]) -> list[str]:
    """Return the heads of the columns."""
    return [COURSES[course].title for course in courses]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def text(outcomes: Outcomes, courses: Sequence[str], attacks: Sequence[str]) -> str:
    """Return the page."""

    def row(name: str, *more: str) -> list[str]:
        return [name, *more, *(outcome(name, outcomes[name, course]) for course in courses)]

    return PAGE.format(
        python=platform.python_version(),
        numpy=version("numpy"),
        seconds=SECONDS,
        points=POINTS,
        **{name: course.title for name, course in COURSES.items()},
        controls=table(["", *titles(courses)], [row(name) for name in CONTROLS]),
        attacks=len(attacks),
        totals=totals(outcomes, courses, attacks),
        table=table(["attack", "what it tries", *titles(courses)], [row(name, program(name).tries) for name in attacks]),
    )

"""What was seen, in words: an outcome, the totals, and the page docs/runners.md."""

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
# The same attacks on other runners

The hostile submissions of `tests/golden/attacks`, graded by this grader and by the runners that two tools bring with them:
otter-grader, in the way of its container, and gradescope-utils, in the way of Gradescope's Python example. All of them ask the
same checks for the same points. `python -m benchmarks.runners --write docs/runners.md` wrote this page; it needs Linux and the
packages of `requirements/runners.txt`. Here it was Python {python} with numpy {numpy}.

| | what was laid out |
| --- | --- |
| {own} | the submission, and `python -m autograder grade`; not as root, so without what it does with root's rights |
| {otter} | a zip by `otter generate`: tests in the OK format, the checks as support files; its `run_otter.py`; \
in `submission/` the files beside a notebook that imports them |
| {gradescope} | `run_autograder`, which copies the three files to `source/` by their names; `run_tests.py`; \
a `@weight` on every test |

## How each was held

Every grading had pid, net, ipc, uts and mount namespaces to itself: no network but a loopback with listeners on it, nothing to
write to but small empty file systems, all else read-only. It ran as a user without rights, under limits of memory, processes,
file size and processor time, and was ended after {seconds} seconds. This wall is around the tool and the submission together,
as the container is on Gradescope and with `otter grade`.

## What counts

A secret lies about for the runner alone to know: in its environment, in the memory of whoever runs the checks, and in a file.

- *{points}*: the score that Gradescope would take from `results.json` is above the marks the submission deserves.
- *the secret read*: it is in `results.json`, in the output or in what a listener heard, plainly or encoded.
- *something written*: a file outside the tool's own, or shared memory.
- *a listener called*; *a process left behind* one second after the runner had ended.
- *no result*: there is no valid `results.json`, so the grading is lost. *hung*: the runner had to be ended.
- *its word that it got through*: an attack that has no secret to show says that it did what is forbidden here.

One attack can have several of these. Points that a hostile submission loses are its own affair.

## What to bear in mind

- The attacks were written against this grader. Many aim at parts that the others do not have, and do nothing there. What they
  reach elsewhere is the least that can be reached.
- Neither tool promises to hold hostile code. gradescope-utils is a reporter for unittest; Gradescope's own
  [best practices](https://gradescope-autograders.readthedocs.io/en/latest/best_practices/) advise to run student code as
  another user and in another process, which is left to the course. Its container is thrown away after each submission, and so
  is that of `otter grade`: they keep the machine and the other students safe, and not the marks of this one, nor the hidden
  tests.
- Gradescope ends what hangs after ten minutes by default, and `otter grade` has a `--timeout`; the score is then 0, or there is
  none. Here, as on a course's own machine, nobody else would.
- `slow answer` is right and slow. Here its calls run out of time; elsewhere a call may take as long as it likes, so it has its
  points there, and they are not stolen.
- A submission that is no plain folder of files, such as a zip made by hand, does not apply to a tool that never sees it.

## Controls

{controls}

## Totals

{attacks} attacks; how many of them had what.

{totals}

## Every attack

{table}
"""


def due(name: str) -> int:
    """Return the marks a program deserves."""
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
    """Return whether a control got its marks and nothing else was seen."""
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

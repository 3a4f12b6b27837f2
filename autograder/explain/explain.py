"""Run one check of one submission again in the sandbox, and find what it compared, where that came from, and how it differs.

The explanation is for staff only, because it contains the inputs of hidden checks. It is printed and written to OUT/explain;
students' pages never use it.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checking import Check, CheckFailure, StudentError
from autograder.explain import comparison
from autograder.explain.recording import Compared, Located, Origin, Recorder, RecordingSession, origin_of
from autograder.explain.replay import Place, Replayed, call_of, replay, same_value, select_steps
from autograder.explain.script import Target
from autograder.explain.sources import graded_files
from autograder.intake.read import Submission
from autograder.judge.judge import Grading, Judge
from autograder.results import CheckResult
from autograder.sandbox.conversation import Step

UNKNOWN_LINE = "The line is unknown"


@dataclass(frozen=True)
class Explanation:
    """What one check found in one submission.

    returned is the value in question, in the form in which it was compared with the references; raised is the exception, if
    there was one instead. target has the steps that lead to it; call is the last call in them, and inputs are its arguments.
    places are the student's lines that made the value. files are the student's files as they were graded. notes say what could
    not be determined.
    """

    check: Check
    found: CheckResult
    key: str = ""
    returned: Any = None
    references: tuple[Any, ...] = ()
    raised: str = ""
    target: Target | None = None
    call: Step | None = None
    inputs: tuple[Any, ...] = ()
    places: tuple[Place, ...] = ()
    where: str = ""
    notes: tuple[str, ...] = ()
    files: dict[str, str] | None = None


def explain(judge: Judge, submission: Submission, check: Check, graded: bool | None = None) -> Explanation:
    """Run a check of the judge on a submission, in the sandbox, and return the explanation.

    graded says whether the check passed when the submission was graded, if that is known. If running it alone gives another
    outcome, it runs again after the other checks of its part, which may discover how to call the student's functions.
    """
    recorder = Recorder()
    judge.sandbox.open_session = recorder.open_session
    with judge.begin(submission) as grading, recorder.watch_comparisons():
        recorder.current = None
        found = grading.outcome(check)
        if graded is not None and found.passed != graded:
            for other in judge.checks:
                if other.part == check.part and other is not check:
                    grading.outcome(other)
            found = grading.outcome(check)
        failure = None if found.passed else grading.failures.get(check.part, {}).get(check.name)
        session = grading.files.session_of(check.part) if failure else recorder.current
        if not isinstance(session, RecordingSession):
            return Explanation(check, found)
        return Explainer(grading, check, found, session).explain(failure)


class Explainer:
    """Explain one check that has just run in a session."""

    def __init__(self, grading: Grading, check: Check, found: CheckResult, session: RecordingSession) -> None:
        self.grading, self.check, self.found, self.session = grading, check, found, session
        self.recorded: dict[int, Step] = {}  # steps of the conversation to explain
        self.notes: list[str] = []

    def explain(self, failure: Exception | None) -> Explanation:
        """Return the explanation of a failure or, if the check passed, of the comparison that was closest to failing."""
        files = graded_files(self.session.sources, self.session.skipped)
        if isinstance(failure, StudentError):
            origin = origin_of(failure)
            found = self.explain_error(failure, origin) if origin else self.explain_nothing()
        elif isinstance(failure, CheckFailure):
            found = self.explain_failure(failure)
        else:
            found = self.explain_pass()
        return Explanation(self.check, self.found, files=files, notes=tuple(self.notes), **found)

    def explain_nothing(self) -> dict[str, Any]:
        """Add a note that there is nothing to explain."""
        self.notes.append("This check makes no call to the student's code, so there is nothing to reproduce.")
        return {}

    def explain_error(self, error: StudentError, origin: Origin) -> dict[str, Any]:
        """Return the explanation of an exception."""
        self.recorded = self.session.recorded.get(origin.conversation, {})
        if self.check.part in self.grading.files.problems:  # it does not load, so loading is all there is to repeat
            self.recorded = {origin.step: Step(origin.step, "module", (self.check.part,), {}, self.check.part)}
        if origin.step not in self.recorded:
            return self.explain_nothing()
        step = self.recorded[origin.step]
        call = call_of(self.recorded, step.number)
        steps = select_steps(self.recorded, step.number)
        inputs: tuple[Any, ...] = ()
        if error.raised:
            steps, again = self.replay(
                lambda one: bool(one.error and one.error.raised == error.raised),
                Located(origin.conversation, step.number),
                call,
            )
            inputs = again.inputs
            if not origin.where:
                self.note_unknown_line("no line of the student's files raised it.")
        else:
            self.note_unknown_line("the call did not return. The script may not finish either.")
        where = {"raised": error.raised or str(error), "where": origin.where}
        return {**where, "call": call, "inputs": inputs, "target": Target(steps, Located(origin.conversation, step.number), ())}

    def explain_failure(self, failure: CheckFailure) -> dict[str, Any]:
        """Return the comparison that failed, or else the result that the check looked at."""
        references = tuple(want for want in failure.wants if isinstance(want, (np.ndarray, float, int)))
        compared = next((one for one in self.session.compared if one.got is failure.got), None)
        return self.explain_value(
            failure.key, *((compared.value, references, compared.fetched) if compared else (failure.got, references))
        )

    def explain_pass(self) -> dict[str, Any]:
        """Return the comparison that was closest to its tolerance."""
        compared = [one for one in self.session.compared if not one.is_shared] or self.session.compared
        ranked = sorted(((*nearest_reference(one), one) for one in compared), key=lambda item: -item[0])
        passed = [item for item in ranked if item[0] <= 1]
        if len(passed) < len(ranked):
            count = f"{len(ranked) - len(passed)} of {len(ranked)} comparisons"
            self.notes.append(
                f"{count} in this check did not match. They cost nothing, because a later one was accepted instead."
            )
        if not passed:
            self.notes.append("This check compares no numbers with a reference; its description says why it passed.")
            return self.explain_value("", None, ())
        _, reference, one = passed[0]
        return self.explain_value(one.key, one.value, (reference,), one.fetched)

    def explain_value(self, key: str, value: Any, references: tuple[Any, ...], fetched: int | None = None) -> dict[str, Any]:
        """Return where a value came from and how it was made; fetched is as in Compared, if known."""
        session = self.session
        located = None if value is None else session.locate(key, value, len(session.fetched) if fetched is None else fetched)
        if located is None and key:
            located = session.locate_key(key, 1 if value is None else len(session.fetched))
            if located and value is not None:
                self.notes.append("The check computed the compared value from this one.")
        is_found = located is not None
        if located is None:
            called = [place for place, _ in session.fetched if call_of(session.recorded[place.conversation], place.step)]
            if not called:
                return {"key": key, **self.explain_nothing()}
            located, references = called[-1], references if value is None else ()
            self.notes.append("No single value decided this check; this shows what the last call returned.")
        result = next(value for place, value in reversed(session.fetched) if place[:2] == located[:2])
        self.recorded = session.recorded[located.conversation]
        call = call_of(self.recorded, located.step)
        steps, again = self.replay(lambda one: same_value(one.value, result), located, call)
        shown = {"key": key, "returned": as_compared(result, located), "references": references}
        places = self.known_places(again.places) if is_found else ()
        made = {"call": call, "inputs": again.inputs, "places": places}
        return {**shown, **made, "target": Target(steps, located, references)}

    def replay(self, agrees: Callable[[Replayed], bool], located: Located, call: Step | None) -> tuple[list[Step], Replayed]:
        """Return the fewest steps that give the same result in a new child, and their outcome, with lines traced if possible.

        Code that keeps state between calls may need every step of the check.
        """
        needed = select_steps(self.recorded, located.step)
        every = [step for number, step in sorted(self.recorded.items()) if number <= located.step]
        again = Replayed()
        for steps in (needed, every):
            for watched in (True, False):
                with self.session.sandbox.session(self.session.sources, skipped=self.session.skipped) as fresh:
                    again = replay(fresh, list(steps), located, call, watched=watched)
                if agrees(again):
                    if not watched:
                        self.note_unknown_line("the code behaves differently while its lines are traced.")
                    return steps, again
        self.notes.append("The same calls give different results each time, so the script may print other numbers.")
        return every, again

    def known_places(self, places: Sequence[Place]) -> tuple[Place, ...]:
        """Return the places that are lines of the student's files; add a note if there are none."""
        count = {f"{name}.py": source.count(b"\n") + 1 for name, source in self.session.sources.items()}
        if any(line == 0 for file, line in places[:1] if file in count):
            self.notes.append("No line made the value: the function received it as an argument and returned it unchanged.")
            return ()
        known = tuple(dict.fromkeys((file, line) for file, line in places if 1 <= line <= count.get(file, 0)))
        if not known:
            self.note_unknown_line("no variable in the student's functions holds the value.")
        return known

    def note_unknown_line(self, why: str) -> None:
        """Add a note, at most once, on why no line is shown."""
        if not any(note.startswith(UNKNOWN_LINE) for note in self.notes):
            self.notes.append(f"{UNKNOWN_LINE}: {why}")


def nearest_reference(compared: Compared) -> tuple[float, Any]:
    """Return the difference as a share of the tolerance, and the closest reference; infinity if the shapes differ."""
    ratios = []
    for want in compared.wants:
        reference = comparison.as_numbers(want)
        ratio = math.inf
        if reference is not None and reference.shape == compared.got.shape:
            difference, allowed = comparison.measure(compared.got, reference)
            ratio = difference / allowed if math.isfinite(difference) else math.inf
        ratios.append((ratio, want))
    return min(ratios, key=lambda item: item[0])


def as_compared(result: Any, located: Located) -> Any:
    """Return the value at a place in a result, in the form in which it was compared."""
    for step in located.path:
        result = result[step]
    if not located.form:
        return result
    array = comparison.as_numbers(result)
    shape = tuple(int(number) for number in re.findall(r"\d+", located.form))
    return array.reshape(shape) if shape else array.T

"""`make explain`: find the submission and the check, print the explanation, and write the script."""

import os
import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.checking import Check
from autograder.errors import AutograderError
from autograder.explain.comparison import describe_comparison, describe_key, describe_value
from autograder.explain.explain import Explanation, explain
from autograder.explain.script import outline, write_script, write_steps
from autograder.files import atomic_write, make_private_folder
from autograder.gradebook import Gradebook, checks_digest, content_digest, people
from autograder.gradebook.book import open_existing
from autograder.intake.entries import fold_name
from autograder.intake.find import find
from autograder.intake.read import Reader, Submission
from autograder.intake.submission_ref import SubmissionRef
from autograder.judge.judge import Judge
from autograder.results import CheckResult, Result
from autograder.sandbox.limits import Limits
from autograder.sandbox.sentences import last_of
from autograder.settings import read_assignment
from autograder.text import clean, format_count, format_number

MAX_NUMBERS = 60  # shown of an array; the script has all of them
MAX_LINE, MAX_BLOCK = 160, 6_000  # characters shown of a line and of a value
MAX_CALLS = 30  # calls shown
DIGITS = 6  # shown of an input


class ExplainError(AutograderError):
    """The check or the submission does not exist; the text is a sentence for the TA."""


def run_explain(out: Path, student: str, name: str, submissions: Path | None, accept: Sequence[str]) -> int:
    """Explain one check of one submission on the terminal, and write a script that reproduces it; return the exit code.

    Raise AutograderError if the gradebook, the student, the check or the submission's files do not exist.
    """
    limits = Limits(accept=tuple(accept))
    with (
        open_existing(out, checks_digest(limits)) as book,
        Judge(limits) as judge,
        Reader(judge.assignment.graded_files) as reader,
    ):
        check = find_check(judge.checks, name)
        member = people.find_member(book.members(), student, book.path)
        ref = find_submission(book, member, submissions)
        submission = reader.read(ref)
        content = content_digest(submission)
        graded = book.result(ref.student, content)
        print("\n".join(write_verdict(check, submission, graded)))
        for sentence in compare_with_book(book, ref.student, content, graded):
            print(sentence)
        if not submission.sources:
            print(f"Nothing can be run: {clean(submission.reason)}")
            return 0
        record = record_of(check, graded)
        found = explain(judge, submission, check, record.passed if record else None)
    print("\n".join(write_explanation(found)))
    print("\n".join(keep_script(found, out / "explain", ref.student)))
    return 0


def find_check(checks: Sequence[Check], text: str) -> Check:
    """Return the check with this id or name, or else the only one whose id contains it; raise ExplainError otherwise."""
    ids = {f"{check.part}.{check.name}": check for check in checks}
    key = fold_name(text.strip())
    exact = [check for name, check in ids.items() if key in (fold_name(name), fold_name(check.name))]
    found = exact or [check for name, check in ids.items() if key and key in fold_name(name)]
    if len(found) == 1:
        return found[0]
    shown = clean(" ".join(text.split()), 100)
    if found:
        names = ", ".join(f"{check.part}.{check.name}" for check in found)
        raise ExplainError(f'CHECK="{shown}" matches {len(found)} checks: {names}. Use the full name of one of them.')
    near = people.nearest(text, {*ids, *(check.name for check in checks)})
    hint = f"Similar names: {', '.join(near)}." if near else f"The checks are {', '.join(ids)}."
    raise ExplainError(f'There is no check named "{shown}". {hint}')


def find_submission(book: Gradebook, member: people.Member, submissions: Path | None) -> SubmissionRef:
    """Return a person's submission: under SUBMISSIONS or, if that is not given, where the last run found it."""
    if not member.student:
        raise ExplainError(f"{people.describe(member)} did not submit, so there is no check to explain.")
    if submissions:
        refs = find(submissions, read_assignment().graded_files).submissions
        if ref := next((ref for ref in refs if ref.student == member.student), None):
            return ref
        raise ExplainError(
            f"There is no submission {member.student} in {submissions}. SUBMISSIONS must name the folder or zip that was "
            "graded."
        )
    record = dict(book.read_class()).get(member.student)
    ref = people.ref_from(member.student, record) if record else None
    if ref is None or not os.path.lexists(ref.path):
        place = f"{ref.path} no longer exists" if ref else f"{book.path} does not say where the submission {member.student} is"
        raise ExplainError(f"{place}. Add SUBMISSIONS=… with the folder or zip that was graded.")
    return ref


def write_verdict(check: Check, submission: Submission, graded: Result | None) -> Iterator[str]:
    """Yield a description of the check, and the points it earned when the submission was graded."""
    student = clean(submission.student, 200)
    yield f"{check.part}.{check.name} ({check.visibility}, {format_count(check.points)}) for {student}: {check.sentence}"
    if found := record_of(check, graded):
        verdict = {True: "passed", False: "failed", None: "could not be checked"}[found.passed]
        yield f"Graded: {verdict}, {format_number(found.score)} of {format_count(found.points)}."
        cause = (f"Cause: {found.cause}", *found.code) if found.cause else ()
        yield from (f"  {bounded(text)}" for text in (found.got, found.note, *cause) if text)


def record_of(check: Check, graded: Result | None) -> CheckResult | None:
    """Return the record of a check in a result, if there is one."""
    return next((one for one in graded.checks if one.id == f"{check.part}.{check.name}"), None) if graded else None


def compare_with_book(book: Gradebook, student: str, content: str, graded: Result | None) -> Iterator[str]:
    """Yield a warning if the files or the checks differ from those that were graded."""
    before = book.content_of(student)
    if before and before != content:
        yield "Warning: the files have changed since they were graded. This explains the current files."
    elif not graded:
        how = "was graded with different checks" if before else "has not been graded"
        yield f"Warning: this submission {how}. This explains the current checks; make grade saves their results."


def write_explanation(found: Explanation) -> Iterator[str]:
    """Yield the explanation line by line; everything that comes from the student is bounded and escaped."""
    verdict = {True: "passed", False: "failed", None: "the grader failed"}[found.found.passed]
    yield f"Run again in the sandbox: {verdict}.{'' if found.found.passed else f' {bounded(found.found.got)}'}"
    if found.found.detail:
        yield from block(found.found.detail)
    if found.target:
        yield "\nCalls (arrays are shown as shapes; the script has the numbers):"
        lines = [*write_steps(found.target.steps, outline)]
        yield from (f"  {bounded(line)}" for line in lines[:MAX_CALLS])
        if len(lines) > MAX_CALLS:
            yield f"  … {len(lines) - MAX_CALLS} more lines"
    if found.call:
        yield f"\n`{clean(last_of(found.call.label), 60)}` was called with:"
        for number, value in enumerate(found.inputs, start=1):
            yield from write_input(number, value)
    if found.raised:
        yield f"\nraised: {bounded(found.raised)}{f' ({bounded(found.where)})' if found.where else ''}"
    elif found.target:
        about = f"`{bounded(found.key)}`" if found.key else "what the last call returned"
        yield f"\n{'Compared' if found.references else 'Looked at'}: {about}"
        lines = describe_comparison(found.returned, found.references, MAX_NUMBERS)
        yield from (line for text in lines for line in block(text, ""))
        yield from write_places(found)
    yield from (f"\n{clean(note)}" for note in found.notes)


def write_input(number: int, value: object) -> Iterator[str]:
    """Yield an argument of a call; a dict is shown entry by entry."""
    if isinstance(value, dict):
        yield f"  argument {number}: a dict"
        for key, item in value.items():
            yield from block(f"{describe_key(key)}: {describe_value(item, MAX_NUMBERS, DIGITS)}", "    ")
    else:
        yield from block(f"argument {number}: {describe_value(value, MAX_NUMBERS, DIGITS)}")


def write_places(found: Explanation) -> Iterator[str]:
    """Yield the student's lines that made the value."""
    for verb, (file, number) in zip(("made", "stored"), found.places, strict=False):
        lines = (found.files or {}).get(file.removesuffix(".py"), "").splitlines()
        text = bounded(lines[number - 1].strip()) if number <= len(lines) else ""
        yield f"{verb} in {file}, line {number}: {text}"


def bounded(text: str) -> str:
    """Return a text from the student as one bounded line."""
    return clean(" ".join(text.split()), 4 * MAX_LINE)


def block(text: str, margin: str = "  ") -> Iterator[str]:
    """Yield the bounded lines of a text from the student."""
    yield from (margin + clean(line, MAX_LINE) for line in text[:MAX_BLOCK].splitlines())


def keep_script(found: Explanation, folder: Path, student: str) -> Iterator[str]:
    """Write the script and the files it runs, readable only by their owner; yield how to run it."""
    if not found.target or found.files is None:
        yield "\nThere is no script, because this check makes no call to the student's code."
        return
    name = f"{student}-{found.check.part}.{found.check.name}.py"
    files = folder / f"{student}-files"
    shutil.rmtree(files, ignore_errors=True)  # from an earlier submission
    make_private_folder(files)
    title = f"This script reproduces {found.check.part}.{found.check.name} for {student}: {found.check.sentence}"
    texts = {files / f"{part}.py": text for part, text in found.files.items()}
    texts[folder / name] = write_script(found.target, name, title, found.check.part)
    for path, text in texts.items():
        with atomic_write(path) as file:
            file.write(text)
    yield "\nTo reproduce this WITHOUT the sandbox, run the student's files as they were graded:"
    yield f"  python {quoted(folder / name)} {quoted(files)}"


def quoted(path: Path) -> str:
    """Return a path quoted for a shell command."""
    return clean(shlex.quote(str(path)), 1_000)

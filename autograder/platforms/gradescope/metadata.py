"""Use Gradescope's submission_metadata.json as the course allows: limit submissions, apply late penalties, name students.

Pure functions of the metadata, the course's settings, and a result or a results.json. The only times used are in the metadata,
so grading a submission again gives the same result. Every field is validated where it is read; a MetadataError names the field.
The format: https://gradescope-autograders.readthedocs.io/en/latest/submission_metadata/.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from autograder.intake.folders import open_file
from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.marks import Mark, mark_of
from autograder.report.gradescope import build_entry
from autograder.results import Result
from autograder.settings import Feedback, Gradescope, Late, Settings
from autograder.text import clean, format_count, format_number, format_time
from autograder.values import YEARS

Document = dict[str, Any]
T = TypeVar("T")
NAME = "submission_metadata.json"
MAX_BYTES = 16 * 1024**2  # of metadata, which includes earlier results; parsed, they need several times as much memory
MAX_PREVIOUS, MAX_USERS = 10_000, 1_000  # earlier submissions, people in a group
MAX_SHOWN, MAX_SHOWN_NAMES = 80, 10  # characters of a name, names
MAX_TIME = 40  # characters
LIMITED = "limited"  # the status of a submission over the limit
FRACTION = re.compile(r"(:\d\d)[.,](\d+)", re.ASCII)
# Gradescope documents scores as numbers, but it also writes decimals as strings: "total_points": "20.0".
POINTS = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")  # length limits from RFC 5321, 4.5.3.1
MAX_ID = 2**63 - 1


class MetadataError(Exception):
    """A required field is missing or invalid; the text continues a sentence that begins with the file's name."""


def read_metadata(path: Path) -> Document:
    """Return the content of the file; raise MetadataError if it cannot be read."""
    try:
        with open_file(path.resolve()) as file:  # the platform's own link may be followed
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise MetadataError(f"has more than {MAX_BYTES:,} bytes")
        metadata = json.loads(data)
    except OSError as error:
        raise MetadataError(f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError):
        raise MetadataError("is not JSON") from None
    if not isinstance(metadata, dict):
        raise MetadataError("is not a JSON object")
    return metadata


def apply(setting: str, step: Callable[[], T], fallback: T) -> T:
    """Return the result of a step; if the metadata is unusable, tell instructors about the skipped setting, return fallback."""
    try:
        return step()
    except MetadataError as error:
        print(f"{NAME} {error}, so {setting} was not applied.")
        return fallback


def list_settings(settings: Gradescope) -> str:
    """Return the names of the settings in use that need metadata, for a sentence."""
    return f"[gradescope] {', '.join(name for name in ('hand_ins', 'late', 'names') if getattr(settings, name))}"


def limit_hand_ins(
    metadata: Document, settings: Gradescope, max_score: float, hidden_checks: str = Feedback.hidden_checks
) -> Document | None:
    """Return the results.json of a submission over the limit, with the score of the last graded one; None if it is within.

    The score is in points, from 0 to max_score. It reveals the outcome of hidden checks, so it is in an entry with their
    visibility, which also hides the total.
    """
    if not settings.hand_ins:
        return None
    created, window = read_time(metadata, "created_at"), timedelta(hours=settings.hours)
    graded = [one for one in list_graded(metadata, settings, max_score) if one[0] <= created]
    used = [when for when, _ in graded if created - when < window]
    if len(used) < settings.hand_ins:
        return None
    score, again = graded[-1][1], used[-settings.hand_ins] + window
    said = (
        f"This submission was not graded, because {format_count(len(used), 'submission')} had been graded in the "
        f"{format_number(settings.hours)} hours before it, and the limit is {settings.hand_ins}. You keep the score of the "
        f"last graded submission. You can submit again from {format_time(again, created)} on."
    )
    kept = build_entry("The score of the last graded submission", f"{format_count(score)}.", hidden_checks, score)
    tests = [{**kept, "extra_data": {"id": LIMITED, "part": ""}}]
    return {"score": score, "output": said, "output_format": "text", "tests": tests, "extra_data": {"status": LIMITED}}


def list_graded(metadata: Document, settings: Gradescope, max_score: float) -> list[tuple[datetime, float]]:
    """Return the times and scores of the earlier submissions that were graded, in order; raise MetadataError if one is missing.

    Gradescope includes results for the latest submission only (https://github.com/gradescope/autograder_samples/pull/132).
    Whether an earlier one was itself over the limit follows from the times of those before it.
    """
    window, graded = timedelta(hours=settings.hours), list[tuple[datetime, float]]()
    indexes = range(count_entries(metadata, "previous_submissions", MAX_PREVIOUS))
    found = [(read_time(metadata, "previous_submissions", index, "submission_time"), index) for index in indexes]
    for when, index in sorted(found):
        place = ("previous_submissions", index)
        status = find_status(metadata, *place)
        if has_failed(metadata, *place) or status in (LIMITED, "error"):
            continue
        is_full = len(graded) >= settings.hand_ins and when - graded[-settings.hand_ins][0] < window
        if status or not is_full:
            graded.append((when, read_score(metadata, max_score, *place, "score")))
    return graded


def mark(result: Result, metadata: Document, settings: Settings) -> Mark:
    """Return the mark of a result, with a late penalty if the course applies it on Gradescope."""
    if not settings.gradescope.late:
        return mark_without_time(result, settings)
    late = settings.late
    if not late.due and look_up(metadata, "assignment", "due_date") is not None:
        late = replace(late, due=read_time(metadata, "assignment", "due_date"))
    if not late.due:
        return mark_without_time(result, settings)
    nobody: tuple[Person, ...] = ()
    people = apply("[late.extensions]", partial(read_people, metadata), nobody) if late.extensions else nobody
    waiting = SubmissionRef(result.student, Path(result.student), people=people, submitted=read_time(metadata, "created_at"))
    return mark_of(result, waiting, replace(settings, late=late))


def mark_without_time(result: Result, settings: Settings) -> Mark:
    """Return the mark of a result without a late penalty."""
    return mark_of(result, settings=replace(settings, late=Late()))


def add_names(document: Document, metadata: Document, settings: Gradescope) -> Document:
    """Return the results with the names of the submitters, made safe to show, if the course asks for them."""
    if not settings.names:
        return document
    count = count_users(metadata)
    names = [read_name(metadata, "users", index, "name") for index in range(min(count, MAX_SHOWN_NAMES))]
    student = ", ".join([*names, "…"] if count > MAX_SHOWN_NAMES else names)
    output = f"Submitted by {student}.\n\n{document['output']}"
    return {**document, "output": output, "extra_data": {**document["extra_data"], "student": student}}


def read_people(metadata: Document) -> tuple[Person, ...]:
    """Return the people who submitted, with email and Gradescope user id; raise MetadataError if one is missing."""
    return tuple(
        Person(email=read_email(metadata, "users", index, "email"), id=read_id(metadata, "users", index, "id"))
        for index in range(count_users(metadata))
    )


# Fields


def spell(place: tuple[str | int, ...]) -> str:
    """Return the quoted name of a field for a sentence, such as "previous_submissions[3].score"."""
    name = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)
    return f'"{name.removeprefix(".")}"'


def look_up(metadata: Document, *place: str | int) -> Any:
    """Return the value of a field; raise MetadataError if it is missing."""
    value: Any = metadata
    for depth, key in enumerate(place):
        if isinstance(key, str) and not isinstance(value, dict):
            raise MetadataError(f"has a {spell(place[:depth])} that is not an object")
        if isinstance(key, str) and key not in value:
            raise MetadataError(f"has no {spell(place[: depth + 1])}")
        value = value[key]
    return value


def count_entries(metadata: Document, name: str, most: int) -> int:
    """Return the length of a list; raise MetadataError if it is not a list, or has too many entries."""
    value = look_up(metadata, name)
    if not isinstance(value, list):
        raise MetadataError(f"has a {spell((name,))} that is not a list")
    if len(value) > most:
        raise MetadataError(f"has {len(value):,} entries in {spell((name,))}, more than {most:,}")
    return len(value)


def count_users(metadata: Document) -> int:
    """Return the number of people who submitted; raise MetadataError if the list is empty."""
    if count := count_entries(metadata, "users", MAX_USERS):
        return count
    raise MetadataError('has no one in "users"')


def read_time(metadata: Document, *place: str | int) -> datetime:
    """Return the time in a field; raise MetadataError if it is not a valid time, or has no offset from UTC."""
    try:
        return parse_time(look_up(metadata, *place))
    except (TypeError, ValueError, OverflowError):
        raise MetadataError(
            f"has a {spell(place)} that is not a time from {YEARS[0]} to {YEARS[-1]} with an offset from UTC"
        ) from None


def parse_time(text: Any) -> datetime:
    """Return a time in ISO 8601, to the microsecond; raise ValueError or the like if it is not a time of YEARS with an offset.

    Python 3.10 reads neither "Z" nor a fraction of other than three or six digits.
    """
    if len(text) > MAX_TIME:
        raise ValueError(text[:MAX_TIME])
    text = FRACTION.sub(lambda found: f"{found[1]}.{found[2][:6]:0<6}", re.sub("[Zz]$", "+00:00", text))
    time = datetime.fromisoformat(text)
    if time.utcoffset() is None or time.year not in YEARS:
        raise ValueError(text)
    return time


def read_score(metadata: Document, max_score: float, *place: str | int) -> float:
    """Return a score in points, at most max_score; raise MetadataError if it is not a number of points."""
    value = look_up(metadata, *place)
    if isinstance(value, str) and POINTS.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise MetadataError(f"has a {spell(place)} that is not a number of points")
    return round(abs(min(value, max_score)), 2)  # abs makes 0.0 of -0.0


def has_failed(metadata: Document, *place: str | int) -> bool:
    """Return whether the grader failed on a submission; raise MetadataError if the field is neither true, false nor null."""
    failed = look_up(metadata, *place).get("autograder_error")
    if failed is not None and not isinstance(failed, bool):
        raise MetadataError(f"has a {spell((*place, 'autograder_error'))} that is neither true nor false")
    return bool(failed)


def find_status(metadata: Document, *place: str | int) -> str:
    """Return the status in an earlier submission's results; "" if there are none, or if they are not from this grader."""
    try:
        status = look_up(metadata, *place, "results", "extra_data", "status")
    except MetadataError:
        return ""
    return status if isinstance(status, str) else ""


def read_name(metadata: Document, *place: str | int) -> str:
    """Return a person's name, on one line and safe to show; raise MetadataError if the field is not a name."""
    name = look_up(metadata, *place)
    if not isinstance(name, str) or not name.strip():
        raise MetadataError(f"has a {spell(place)} that is not a name")
    return clean(" ".join(name.split()), MAX_SHOWN)


def read_email(metadata: Document, *place: str | int) -> str:
    """Return an email address; raise MetadataError if it is not one."""
    email = look_up(metadata, *place)
    if not isinstance(email, str) or not EMAIL.fullmatch(email) or not email.isprintable():
        raise MetadataError(f"has a {spell(place)} that is not an email address")
    return email


def read_id(metadata: Document, *place: str | int) -> str:
    """Return a person's Gradescope id as a string; raise MetadataError if it is not a positive integer."""
    number = look_up(metadata, *place)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number <= MAX_ID:
        raise MetadataError(f"has a {spell(place)} that is not a positive integer")
    return str(number)

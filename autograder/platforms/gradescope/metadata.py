"""What a course lets Gradescope's submission_metadata.json do: limit hand-ins, say when one came, name students.

Pure functions of the metadata, the course's settings, and a result or a results.json. They know the time from the metadata
alone, so that a submission that is graded again gets the same result:
https://gradescope-autograders.readthedocs.io/en/latest/submission_metadata/.
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

from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.marks import Mark, mark_of
from autograder.results import Result
from autograder.settings import Gradescope, Late, Settings
from autograder.text import clean, format_number, format_time
from autograder.values import YEARS

Document = dict[str, Any]
T = TypeVar("T")
MOST_BYTES = 16 * 1024**2  # of metadata, which holds the results of every hand-in before; read, they take several times that
MOST_NAME, MOST_NAMES = 80, 10
LIMITED = "limited"  # the status of a hand-in that was one too many
FRACTION = re.compile(r"(:\d\d)[.,](\d+)")


class MetadataError(Exception):
    """The metadata does not say what is asked of it; the text says what is missing."""


def read_metadata(path: Path) -> Document:
    """Return what the file says; MetadataError if it cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise MetadataError(f"it has more than {MOST_BYTES:,} bytes")
        metadata = json.loads(path.read_bytes())
    except OSError as error:
        raise MetadataError(f"it cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError):
        raise MetadataError("it is not JSON") from None
    if not isinstance(metadata, dict):
        raise MetadataError("it is no JSON object")
    return metadata


def limited(metadata: Document, settings: Gradescope) -> Document | None:
    """The results.json of a hand-in that is one too many: it keeps the score of the one graded before; None if it is not."""
    if not settings.hand_ins:
        return None
    created, window = moment(metadata, "created_at"), timedelta(hours=settings.hours)
    graded = sorted((when, score) for when, score in graded_before(metadata) if when <= created)
    used = [when for when, _ in graded if created - when < window]
    if len(used) < settings.hand_ins:
        return None
    score, again = graded[-1][1], used[-settings.hand_ins] + window
    said = (
        f"This was not graded: {len(used)} of {settings.hand_ins} graded hand-ins within {format_number(settings.hours)} hours "
        f"were used before it. The score is that of the last of them, {format_number(score)}, and the next is possible from "
        f"{format_time(again, created)} on."
    )
    return {"score": score, "output": said, "output_format": "text", "extra_data": {"status": LIMITED}}


def marked(result: Result, metadata: Document, settings: Settings) -> Mark:
    """Return the mark of a result, lateness included where the course lets that hold on Gradescope."""
    if not settings.gradescope.late:
        return unmarked(result, settings)
    late = settings.late
    if not late.due and asked(metadata, "assignment", "due_date") is not None:
        late = replace(late, due=moment(metadata, "assignment", "due_date"))
    if not late.due:
        return unmarked(result, settings)
    nobody: tuple[Person, ...] = ()
    people = unless_bad(partial(people_of, metadata), nobody) if late.extensions else nobody
    waiting = SubmissionRef(result.student, Path(result.student), people=people, submitted=moment(metadata, "created_at"))
    return mark_of(result, waiting, replace(settings, late=late))


def unmarked(result: Result, settings: Settings) -> Mark:
    """Return the mark of a result of which nobody knows whether it came late."""
    return mark_of(result, settings=replace(settings, late=Late()))


def named(document: Document, metadata: Document, settings: Gradescope) -> Document:
    """Return the same results with the names of those who handed in, as far as they are safe to show."""
    if not settings.names:
        return document
    users = users_of(metadata)
    names = [clean(" ".join(name_of(user).split()), MOST_NAME) for user in users[:MOST_NAMES]]
    student = ", ".join([*names, "…"] if len(users) > MOST_NAMES else names)
    output = f"Handed in by {student}.\n\n{document['output']}"
    return {**document, "output": output, "extra_data": {**document["extra_data"], "student": student}}


def unless_bad(step: Callable[[], T], otherwise: T) -> T:
    """What a step makes of the metadata; where the metadata is bad, a word to instructors, and what there is without it."""
    try:
        return step()
    except MetadataError as error:
        print(f"submission_metadata.json is not used: {error}.")
        return otherwise


def asked(metadata: Any, *names: str) -> Any:
    """Return what stands under these names, one in the other; MetadataError if nothing does."""
    for name in names:
        if not isinstance(metadata, dict) or name not in metadata:
            raise MetadataError(f"it has no `{'.'.join(names)}`")
        metadata = metadata[name]
    return metadata


def moment(metadata: Any, *names: str) -> datetime:
    """Return the time under these names; MetadataError if that is none, or one without its distance from UTC."""
    text = asked(metadata, *names)
    try:
        return time_of(text)
    except (TypeError, ValueError, OverflowError):
        raise MetadataError(f"`{'.'.join(names)}` is no time with an offset from UTC") from None


def time_of(text: str) -> datetime:
    """Return a time in ISO 8601, to the microsecond; ValueError if it is none, has no offset from UTC or is not of our days.

    Python 3.10 reads neither "Z" nor a fraction of other than three or six digits.
    """
    text = FRACTION.sub(lambda found: f"{found[1]}.{found[2][:6]:0<6}", re.sub("[Zz]$", "+00:00", text))
    time = datetime.fromisoformat(text)
    if time.utcoffset() is None or time.year not in YEARS:
        raise ValueError(text)
    return time


def graded_before(metadata: Any) -> list[tuple[datetime, float]]:
    """When the hand-ins before this one came that were graded, and their scores; MetadataError if one of them does not say."""
    previous = asked(metadata, "previous_submissions")
    if not isinstance(previous, list):
        raise MetadataError("`previous_submissions` is no list")
    return [(moment(one, "submission_time"), score_of(one)) for one in previous if was_graded(one)]


def was_graded(one: Any) -> bool:
    """Return whether a hand-in was graded: neither did the grader fail on it, nor was it itself one too many."""
    try:
        status = asked(one, "results", "extra_data", "status")
    except MetadataError:  # Gradescope need not keep the results
        status = None
    return status not in (LIMITED, "error") and not (isinstance(one, dict) and one.get("autograder_error") is True)


def score_of(one: Any) -> float:
    """Return the score of a hand-in before this one; MetadataError if that is no number of points."""
    score = asked(one, "score")
    try:
        points = float(score)
    except (TypeError, ValueError, OverflowError):
        points = math.nan
    if isinstance(score, bool) or not 0 <= points < math.inf:
        raise MetadataError("a `score` in `previous_submissions` is no number of points")
    return round(points, 2)


def users_of(metadata: Any) -> list[Any]:
    """Those who handed in, as the metadata has them; MetadataError if there is nobody."""
    users = asked(metadata, "users")
    if not isinstance(users, list) or not users:
        raise MetadataError("`users` is no list of people")
    return users


def people_of(metadata: Any) -> tuple[Person, ...]:
    """Those who handed in, by email and by Gradescope's number; MetadataError if one of them has none."""
    return tuple(Person(email=str(asked(user, "email")), id=str(asked(user, "id"))) for user in users_of(metadata))


def name_of(user: Any) -> str:
    """Return the name of somebody who handed in; MetadataError if there is none."""
    name = asked(user, "name")
    if not isinstance(name, str) or not name.strip():
        raise MetadataError("a `name` in `users` is no text")
    return name

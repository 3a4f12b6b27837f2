"""What a course lets Gradescope's submission_metadata.json do: limit hand-ins, take points from late ones, name students.

Pure functions of the metadata, the course's settings and a results.json. They know the time from the metadata alone, so that a
submission that is graded again gets the same result: https://gradescope-autograders.readthedocs.io/en/latest/submission_metadata/.
"""

import json
import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from autograder.course import Gradescope
from autograder.report.words import number
from autograder.text import clean

Document = dict[str, Any]
T = TypeVar("T")
MOST_BYTES = 16 * 1024**2  # of metadata, which holds the results of every hand-in before; read, they take several times that
MOST_NAME, MOST_NAMES = 80, 10
LIMITED = "limited"  # the status of a hand-in that was one too many
FRACTION = re.compile(r"(:\d\d)[.,](\d+)")
YEARS = range(2000, 3000)  # far from where a calendar ends, so that hours can be added


class MetadataError(Exception):
    """The metadata does not say what is asked of it; the text says what is missing."""


def read_metadata(path: Path) -> Document:
    """What the file says; MetadataError if it cannot be read."""
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
        f"This was not graded: {len(used)} of {settings.hand_ins} graded hand-ins within {number(settings.hours)} hours were "
        f"used before it. The score is that of the last of them, {number(score)}, and the next is possible from "
        f"{shown(again, created)} on."
    )
    return {"score": score, "output": said, "output_format": "text", "extra_data": {"status": LIMITED}}


def late(document: Document, metadata: Document, settings: Gradescope) -> Document:
    """The same results with what the hand-in loses for being late, and a sentence on it; each check keeps its own score."""
    if not settings.late_penalty or asked(metadata, "assignment", "due_date") is None:
        return document
    due, created = moment(metadata, "assignment", "due_date"), moment(metadata, "created_at")
    over = created - due
    if over <= timedelta(minutes=settings.grace_minutes):
        return document
    days = math.ceil(over / timedelta(days=1))
    percent = min(days * settings.late_penalty, settings.at_most, 100)
    earned = document["score"]
    kept = round(earned * (1 - percent / 100), 2)
    said = (
        f"Handed in {shown(created, due)}, within {'the first day' if days == 1 else f'{days} days'} after the due date, "
        f"{shown(due, due)}: that takes {number(percent)} % of the {number(earned)} points that the checks earned, and leaves "
        f"{number(kept)}."
    )
    return {**document, "score": kept, "output": f"{said}\n\n{document['output']}"}


def named(document: Document, metadata: Document, settings: Gradescope) -> Document:
    """The same results with the names of those who handed in, as far as they are safe to show."""
    if not settings.names:
        return document
    users = asked(metadata, "users")
    if not isinstance(users, list) or not users:
        raise MetadataError("`users` is no list of people")
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
    """What stands under these names, one in the other; MetadataError if nothing does."""
    for name in names:
        if not isinstance(metadata, dict) or name not in metadata:
            raise MetadataError(f"it has no `{'.'.join(names)}`")
        metadata = metadata[name]
    return metadata


def moment(metadata: Any, *names: str) -> datetime:
    """The time under these names; MetadataError if that is none, or one without its distance from UTC."""
    text = asked(metadata, *names)
    try:
        return time_of(text)
    except (TypeError, ValueError, OverflowError):
        raise MetadataError(f"`{'.'.join(names)}` is no time with an offset from UTC") from None


def time_of(text: str) -> datetime:
    """A time in ISO 8601, to the microsecond; ValueError if it is none, has no offset from UTC or is not of our days.

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
    """Whether a hand-in was graded: neither did the grader fail on it, nor was it itself one too many."""
    try:
        status = asked(one, "results", "extra_data", "status")
    except MetadataError:  # Gradescope need not keep the results
        status = None
    return status not in (LIMITED, "error") and not (isinstance(one, dict) and one.get("autograder_error") is True)


def score_of(one: Any) -> float:
    """The score of a hand-in before this one; MetadataError if that is no number of points."""
    score = asked(one, "score")
    try:
        points = float(score)
    except (TypeError, ValueError, OverflowError):
        points = math.nan
    if isinstance(score, bool) or not 0 <= points < math.inf:
        raise MetadataError("a `score` in `previous_submissions` is no number of points")
    return round(points, 2)


def name_of(user: Any) -> str:
    """The name of somebody who handed in; MetadataError if there is none."""
    name = asked(user, "name")
    if not isinstance(name, str) or not name.strip():
        raise MetadataError("a `name` in `users` is no text")
    return name


def shown(time: datetime, like: datetime) -> str:
    """A time as people read it, at the offset from UTC of another one; never earlier than it is."""
    local = time.astimezone(like.tzinfo)
    if local.second or local.microsecond:
        local = local.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return local.strftime("%Y-%m-%d %H:%M (%Z)")

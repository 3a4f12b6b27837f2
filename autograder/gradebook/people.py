"""The people of a class: every way to name a person or a submission, and where each submission is."""

import difflib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import AutograderError
from autograder.intake.entries import fold_name, make_printable
from autograder.intake.roster import normalize, spell_id
from autograder.intake.submission_ref import Person, SubmissionRef

MAX_NEAREST = 3  # names in an error


class UnknownPersonError(AutograderError):
    """A name matches no one in the class, or more than one person; the text is a sentence for the TA."""


@dataclass(frozen=True)
class Member:
    """A person in the class, or a whole submission.

    student is the submission's name, "" for a person who submitted nothing; label is the person's name for messages, "" for a
    whole submission; texts are all names and ids; group says whether several people share the submission.
    """

    student: str
    label: str
    texts: tuple[str, ...]
    group: bool = False


def to_record(ref: SubmissionRef) -> str:
    """Return the place and the people of a submission as JSON; links are not resolved, so that they are rejected again."""
    place = {"path": os.path.abspath(ref.path), "inside": ref.inside, "inner": ref.inner, "members": ref.members}
    return json.dumps({**place, "people": [list_texts(person) for person in ref.people]})


def ref_from(student: str, record: str) -> SubmissionRef:
    """Return the submission in a record, without its people."""
    given = json.loads(record)
    members = tuple((name, as_named) for name, as_named in given["members"])
    return SubmissionRef(student, Path(given["path"]), given["inside"], members, inner=given["inner"])


def absent_record(person: Person) -> str:
    """Return a person who submitted nothing, as JSON."""
    return json.dumps({"people": [list_texts(person)]})


def list_texts(person: Person) -> list[str]:
    """Return every name and id of a person, the most specific first."""
    return list(dict.fromkeys(filter(None, (person.email, person.id, person.name, *person.keys))))


def members_from(student: str, record: str) -> Iterator[Member]:
    """Yield a submission and each of its people."""
    people = json.loads(record)["people"]
    if student:
        yield Member(student, "", (student,), len(people) > 1)
    for texts in filter(None, people):
        yield Member(student, texts[0], tuple(texts), len(people) > 1)


def find_member(members: Sequence[Member], text: str, place: object) -> Member:
    """Return the submission or person with this name or id; raise UnknownPersonError unless there is exactly one.

    The name of a submission means the whole submission, and so does the name of its person if there is only one. place names
    the file that was searched, for the error.
    """
    keys, names = set(spell_id(text)), {normalize(name) for name in (text, *turned([text]))} - {""}
    exact = [one for one in members if any(keys & set(spell_id(known)) for known in one.texts)]
    found = exact or [one for one in members if names & set(map(normalize, (*one.texts, *turned(one.texts))))]
    whole = [one for one in found if not one.label]
    if len({one.student for one in found}) == 1:
        found = whole or found[:1] if len({one.label for one in found if one.label}) <= 1 else found
    if len(found) == 1:
        return found[0] if found[0].group or not found[0].student else Member(found[0].student, "", found[0].texts)
    shown = make_printable(text, 100)
    if found:
        people = ", ".join(sorted({describe(one) for one in found})[:5])
        raise UnknownPersonError(f'STUDENT="{shown}" matches more than one person in {place}: {people}. Use an id instead.')
    near = nearest(text, {known for one in members for known in one.texts})
    hint = f"Similar names: {', '.join(near)}." if near else "No name there is similar."
    raise UnknownPersonError(f'No student named "{shown}" in {place}. {hint}')


def turned(texts: Iterable[str]) -> Iterator[str]:
    """Yield "Ada Lovelace" for "Lovelace, Ada"."""
    for text in texts:
        last, comma, first = text.partition(",")
        if comma:
            yield f"{first} {last}"


def describe(member: Member) -> str:
    """Return a person's name for a message, with the submission if its name differs."""
    label = make_printable(member.label or member.student, 100)
    return label if label == member.student or not member.student else f"{label} (submission {member.student})"


def nearest(text: str, known: Iterable[str]) -> list[str]:
    """Return the most similar texts, best match first."""
    folded: dict[str, str] = {}
    for one in sorted(known):
        folded.setdefault(fold_name(one), one)
    found = difflib.get_close_matches(fold_name(text), folded, n=MAX_NEAREST, cutoff=0.4)
    return [make_printable(folded[one], 100) for one in found]

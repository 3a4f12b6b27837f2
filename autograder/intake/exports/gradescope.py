"""Gradescope's "Export Submissions": submission_metadata.yml and a folder submission_<id> for each active submission.

Written by Ruby: the keys are symbols (`:submitters:`), the times have an offset, and the other hand-ins of the same people are
in `:history:`, without their files. Gradescope documents none of it; the form is that of exports of 2023.
"""

from datetime import tzinfo
from typing import Any

from autograder.intake.entries import Refused, Spoilt, shown
from autograder.intake.exports.export import Export, ignored, label, moment, put_aside, told
from autograder.intake.exports.tree import Tree
from autograder.intake.waiting import Person, Waiting

METADATA = "submission_metadata.yml"
MOST_METADATA = 100_000_000  # bytes


def recognise(tree: Tree, zone: tzinfo) -> Export | None:
    """The export, if submission_metadata.yml is there; Refused if it cannot be read."""
    names = tree.names()
    if METADATA not in names.files:
        return None
    from autograder.intake.exports.metadata import read_metadata  # needs PyYAML, which the packages for platforms do without

    try:
        said = read_metadata(tree.take(METADATA, MOST_METADATA))
    except Spoilt as problem:
        raise Refused(str(problem)) from problem
    waiting = [(folder, submission_of(tree, folder, said.get(folder, {}), zone)) for folder in names.folders]
    return Export(
        "Gradescope",
        waiting,
        [
            *put_aside([one for _, one in waiting], "Gradescope exports the active one"),
            *told(
                f"In {METADATA} is nothing about these folders, graded under their own names", set(names.folders) - said.keys()
            ),
            *told(
                f"{METADATA} names submissions that have no folder here and so get no marks",
                (f"{folder} ({called(said[folder]) or 'nobody named'})" for folder in said.keys() - set(names.folders)),
            ),
            *ignored(set(names.files) - {METADATA} - said.keys()),
        ],
    )


def submission_of(tree: Tree, folder: str, said: dict[str, Any], zone: tzinfo) -> Waiting:
    """The submission in a folder, with what the metadata says of it."""
    path, inside, members = tree.submission(folder)
    people = people_of(said)
    names = [label(person.id or person.email) for person in people]
    return Waiting(
        "+".join(name for name in names if name) or folder,
        path,
        inside,
        members,
        people,
        time_of(said.get("created_at"), zone),
        superseded=tuple(f"submission_{shown(old['id'])}" for old in dicts(said.get("history")) if old.get("id")),
    )


def people_of(said: dict[str, Any]) -> tuple[Person, ...]:
    """Those who handed in."""
    found = [
        Person(*(shown(who[key], 100) if isinstance(who.get(key), str) else "" for key in ("name", "email", "sid")))
        for who in dicts(said.get("submitters"))
    ]
    return tuple(person for person in found if person != Person())


def called(said: dict[str, Any]) -> str:
    """The names of those who handed in."""
    return ", ".join(person.name or person.email or person.id for person in people_of(said))


def time_of(said: Any, zone: tzinfo) -> Any:
    """The time of the hand-in, which may be written as a text or as a Ruby object."""
    text = said.get("utc") if isinstance(said, dict) else said
    return moment(text, zone) if isinstance(text, str) else None


def dicts(said: Any) -> list[dict[str, Any]]:
    """The dicts in a list; none if it is no list."""
    return [item for item in said if isinstance(item, dict)] if isinstance(said, list) else []

"""Blackboard's "Assignment File Download": <assignment>_<username>_attempt_<time>_<name>, and a summary …_attempt_<time>.txt.

The summary's first line is `Name: Ada Lovelace (ada)`; the time in the names is that of the server, without an offset. The form
is that of the sample in nbgrader's zipcollect and of the readers at https://github.com/vangef/BBGradebookOrganiser and
https://github.com/jeroendoggen/blackboard-analysis-tools.
"""

import re
from collections import defaultdict
from datetime import tzinfo

from autograder.intake.entries import Refused, Spoilt, shown
from autograder.intake.exports.export import Export, ignored, label, moment, mostly, put_aside, told
from autograder.intake.exports.tree import Tree
from autograder.intake.waiting import Person, Waiting

PATTERN = re.compile(r"(?P<stem>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<given>.+)|\.txt)", re.DOTALL | re.ASCII)
NAME = re.compile(r"\ufeff?Name: *(?P<name>.*?) *\((?P<username>[^()]+)\) *")
MOST_SUMMARY = 1_000_000  # bytes


def recognise(tree: Tree, zone: tzinfo) -> Export | None:
    """The export, if nearly everything at the top is named as Blackboard does."""
    names = tree.names()
    parsed = {name: match for name in names.files if (match := PATTERN.fullmatch(name))}
    if not mostly(len(parsed), (name for name in names.candidates if name not in parsed)):
        return None
    attempts: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for name, match in parsed.items():
        attempts[match["stem"]][match["time"]].append((name, match["given"] or ""))
    found = {stem: submission_of(tree, stem, times, zone) for stem, times in attempts.items()}
    assignments = {stem.removesuffix(f"_{one.people[0].id}") for stem, one in found.items()}
    return Export(
        "Blackboard",
        [(label(stem), one) for stem, one in found.items()],
        [
            *put_aside(found.values(), "the newest attempt counts"),
            *told("Of these assignments are the hand-ins, each with a row", assignments if len(assignments) > 1 else ()),
            *ignored({*names.folders, *names.files} - parsed.keys()),
        ],
    )


def submission_of(tree: Tree, stem: str, attempts: dict[str, list[tuple[str, str]]], zone: tzinfo) -> Waiting:
    """The newest attempt of somebody; its files or, where it has none, its summary."""
    newest = max(attempts)
    summaries = [(name, name) for name, given in attempts[newest] if not given]
    person = person_of(tree, stem, [name for name, _ in summaries])
    return Waiting(
        label(person.id),
        *tree.within(""),
        tuple((name, given) for name, given in attempts[newest] if given) or tuple(summaries),
        (person,),
        moment(newest, zone),
        superseded=tuple(shown(f"{stem}_attempt_{time}", 200) for time in sorted(attempts) if time != newest),
    )


def person_of(tree: Tree, stem: str, summaries: list[str]) -> Person:
    """Who made an attempt: by the summary if it agrees with the names of the files, in which a username may begin anywhere."""
    for summary in summaries:
        try:
            first = tree.take(summary, MOST_SUMMARY).decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
        except (Spoilt, Refused, OSError):
            continue
        found = NAME.fullmatch(first)
        if found and f"_{stem}".endswith(f"_{found['username']}"):
            return Person(shown(found["name"], 100), id=shown(found["username"], 100))
    return Person(id=shown(stem.rpartition("_")[2], 100))

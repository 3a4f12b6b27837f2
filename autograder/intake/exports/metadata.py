"""Reads Gradescope's submission_metadata.yml as a stream of events: nothing is constructed, and what is not wanted is not kept.

The file holds every result of every hand-in, so it may be long; only who handed in, when, and the ids of earlier hand-ins are
kept. Tags are not looked at, so that a Ruby object is the mapping or the text it is written as, and an alias stands for a text
or for nothing, so that none can multiply.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from autograder.intake.entries import Refused

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 50  # levels of the file
NOTHING = ("", "~", "null", "Null", "NULL")  # YAML 1.1, https://yaml.org/type/null.html

# What is kept: a dict of the keys (* for any), a list of what it holds, TEXT, or a time, which may be a text or a Ruby object.
TEXT: None = None
TIME = {"utc": TEXT}
PERSON = {"name": TEXT, "sid": TEXT, "email": TEXT}
WANTED = {"*": {"submitters": [PERSON], "created_at": TIME, "history": [{"id": TEXT}]}}
SKIPPED: dict[str, Any] = {}


def read_metadata(data: bytes) -> dict[str, dict[str, Any]]:
    """What is said of each submission, by its folder, in the order of the file; Refused if the bytes are not such a file."""
    try:
        kept = keep(Events(data), WANTED)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Refused(f"submission_metadata.yml is no YAML{f', see its line {mark.line + 1}' if mark else ''}.") from error
    if not isinstance(kept, dict):
        raise Refused("submission_metadata.yml does not name submissions.")
    return {folder: said for folder, said in kept.items() if isinstance(said, dict)}


class Events:
    """The events of the first document, with the level they are on and the texts that have been given a name."""

    def __init__(self, data: bytes) -> None:
        self.events: Iterator[yaml.Event] = yaml.parse(data, Loader=LOADER)
        self.level = 0
        self.texts: dict[str, str] = {}

    def __iter__(self) -> "Events":
        return self

    def __next__(self) -> yaml.Event:
        """The next event that is part of a value; a YAMLError where there is none."""
        for event in self.events:
            if isinstance(event, yaml.CollectionStartEvent):
                self.level += 1
                if self.level > DEEPEST:
                    raise Refused(f"submission_metadata.yml is nested more than {DEEPEST} levels deep.")
            elif isinstance(event, yaml.CollectionEndEvent):
                self.level -= 1
            elif isinstance(event, yaml.DocumentEndEvent):
                break
            if isinstance(event, yaml.ScalarEvent) and event.anchor:
                self.texts[event.anchor] = text_of(event)
            if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                return event
        raise yaml.YAMLError("the file ends here")


def keep(events: Events, wanted: Any, event: yaml.Event | None = None) -> Any:
    """What is wanted of the value that begins with the event, or with the next: a text, a list, or a dict without colons."""
    event = event or next(events)
    if isinstance(event, yaml.ScalarEvent):
        return text_of(event)
    if isinstance(event, yaml.AliasEvent):
        return events.texts.get(event.anchor, "")
    if isinstance(event, yaml.SequenceStartEvent):
        inner = wanted[0] if isinstance(wanted, list) else SKIPPED
        kept = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            value = keep(events, inner, event)
            if isinstance(wanted, list):
                kept.append(value)
        return kept
    found = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = keep(events, SKIPPED, event)
        name = key.strip(":") if isinstance(key, str) else ""
        known = isinstance(wanted, dict) and (name in wanted or "*" in wanted)
        value = keep(events, wanted.get(name, wanted.get("*")) if known else SKIPPED)
        if known and name:
            found[name] = value
    return found


def text_of(event: yaml.ScalarEvent) -> str:
    """The text of a scalar; empty where it is YAML's way to say nothing."""
    return "" if event.implicit[0] and event.value in NOTHING else event.value

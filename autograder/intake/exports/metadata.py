"""Read Gradescope's submission_metadata.yml as a stream of events, without constructing objects, and keep only what is needed.

The file may be long, because it holds every result of every attempt. Tags are ignored, so a Ruby object is read as the mapping
or text it is written as. An alias may stand only for a text; others are read as empty, so they cannot multiply the content.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from autograder.intake.entries import RejectedSubmissionError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 50  # levels of the file
NULL = ("", "~", "null", "Null", "NULL")  # YAML 1.1, https://yaml.org/type/null.html
EMPTY = yaml.ScalarEvent(None, None, (True, False), "")
Path = tuple[str | int, ...]


@dataclass
class Metadata:
    """The metadata of one submission: its people by number, its time, and the ids of its other attempts."""

    people: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    created_at: str = ""
    history: list[str] = field(default_factory=list)


def read_metadata(data: bytes) -> dict[str, Metadata]:
    """Return the metadata of each submission by its folder; raise RejectedSubmissionError if the file is invalid."""
    found: dict[str, Metadata] = defaultdict(Metadata)
    events = read_events(data)
    try:
        for path, text in walk(events, next(events)):
            folder, *keys = path or (0,)
            if not isinstance(folder, str):
                raise RejectedSubmissionError("submission_metadata.yml does not name submissions.")
            match keys:
                case ["submitters", int(number), "name" | "email" | "sid" as key]:
                    found[folder].people[number][str(key)] = text
                case ["created_at"] | ["created_at", "utc"]:
                    found[folder].created_at = text
                case ["history", int(), "id"] if text:
                    found[folder].history.append(text)
                case [str(), *_] if folder not in found:
                    found[folder] = Metadata()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise RejectedSubmissionError(
            f"submission_metadata.yml is not valid YAML{f' (line {mark.line + 1})' if mark else ''}."
        ) from error
    return dict(found)


def read_events(data: bytes) -> Iterator[yaml.Event]:
    """Yield the events of the first document, with aliases replaced; raise RejectedSubmissionError if it is too deep."""
    depth, scalars = 0, {}
    for event in yaml.parse(data, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise RejectedSubmissionError(f"submission_metadata.yml is nested more than {MAX_DEPTH} levels deep.")
        if isinstance(event, yaml.DocumentEndEvent):
            break
        if isinstance(event, yaml.ScalarEvent) and event.anchor:
            scalars[event.anchor] = event
        if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
            yield scalars.get(event.anchor, EMPTY) if isinstance(event, yaml.AliasEvent) else event
    raise yaml.YAMLError("the file ends here")


def walk(events: Iterator[yaml.Event], event: yaml.Event, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield the texts in the value that begins with an event, each with the keys and indexes that lead to it."""
    if isinstance(event, yaml.ScalarEvent):
        yield path, read_scalar(event)
    elif isinstance(event, yaml.SequenceStartEvent):
        index = 0
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            yield from walk(events, event, (*path, index))
            index += 1
    else:
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = read_scalar(event).strip(":") if isinstance(event, yaml.ScalarEvent) else ""  # Ruby's symbols have a colon
            if not isinstance(event, yaml.ScalarEvent):
                deque(walk(events, event), maxlen=0)
            yield from walk(events, next(events), (*path, key))


def read_scalar(event: yaml.ScalarEvent) -> str:
    """Return the text of a scalar; "" if it means null."""
    return "" if event.implicit[0] and event.value in NULL else event.value

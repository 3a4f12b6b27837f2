"""What happened in a watched run, step by step: the statements that ran, and what could be reached before and after each.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from checks.expressions import read, read_key
from checks.syntax import Statements, calls_in, name_called
from checks.watching import INNER, Box, Seen, Value, Watcher, boxes_in

Place = tuple[str, int]  # a file and a line


class Local(NamedTuple):
    """A variable of a frame."""

    frame: int
    name: str

    @property
    def label(self) -> str:
        """The name by which it can be told what it is."""
        return self.name


class Item(NamedTuple):
    """An item of the container with this id."""

    box: int
    key: Any

    @property
    def label(self) -> str:
        """The key, if it is a name."""
        return self.key if isinstance(self.key, str) else ""


class Returned(NamedTuple):
    """What the call of a frame returned."""

    frame: int

    @property
    def label(self) -> str:
        """Nothing; a function may return anything."""
        return ""


Location = Local | Item | Returned


class Step(NamedTuple):
    """A statement that ran once: its frame and line, the moments before and after it, and the variables before and after it."""

    frame: int
    line: int
    start: int
    end: int
    names: Mapping[str, Seen]
    after: Mapping[str, Seen]
    returned: Seen | None
    statements: Sequence[ast.AST]


class Steps:
    """The steps of a watched run."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher, self.frames = watcher, watcher.frames
        self.sources: dict[str, Statements] = {}
        self.boxes: dict[int, dict[int, Box]] = {}
        self.arrays: dict[int, dict[int, Value]] = {}
        self.steps = sorted(self.list_steps(), key=lambda step: step.start)
        self.by_frame: dict[int, list[Step]] = {}
        for step in self.steps:
            self.by_frame.setdefault(step.frame, []).append(step)

    def statements(self, file: str) -> Statements:
        """Return the statements of a file."""
        if file not in self.sources:
            self.sources[file] = Statements(file)
        return self.sources[file]

    def list_steps(self) -> Iterator[Step]:
        """Yield every step of the frames that are no part of a line; the lines of one statement are one step."""
        begun: dict[int, tuple[int, Any]] = {}
        for number, moment in enumerate(self.watcher.moments, self.watcher.first):
            frame = self.frames[moment.frame]
            if frame.function in INNER:
                continue
            found = self.statements(frame.file).at(moment.line, frame.function)
            if moment.frame in begun:
                start, (before, statements) = begun[moment.frame]
                goes_on = statements and found and statements[0] is found[0] and moment.line != before.line
                if goes_on and not moment.is_return:
                    continue
                names = before.names, moment.names, moment.returned
                yield Step(moment.frame, before.line, start, number, *names, statements)
            if moment.is_return:
                begun.pop(moment.frame, None)
            else:
                begun[moment.frame] = number, (moment, found)

    def boxes_before(self, number: int) -> Mapping[int, Box]:
        """Return the containers that could be reached before a moment, or as what it returned, by their ids."""
        if number not in self.boxes:
            moment = self.watcher.moments[number - self.watcher.first]
            reached = {**moment.names, **({"return": moment.returned} if moment.returned else {})}
            boxes = list(boxes_in(reached))
            self.boxes[number] = {id(box.kept): box for box in boxes}
            items = [*reached.values(), *(item for box in boxes for item in box.items.values())]
            self.arrays[number] = {id(one.kept): one for one in items if isinstance(one, Value) and one.kept is not None}
        return self.boxes[number]

    def arrays_before(self, number: int) -> Mapping[int, Value]:
        """Return the arrays that could be reached before a moment, by their ids."""
        self.boxes_before(number)
        return self.arrays[number]

    def location(self, node: ast.expr, names: Mapping[str, Seen], frame: int = -1) -> Location | None:
        """Return where an expression reads a value from; None if it is a part of an array, or unknown."""
        if isinstance(node, ast.Name):
            return Local(frame, node.id)
        if isinstance(node, ast.Subscript):
            base = read(node.value, names)
            if isinstance(base, Box) and base.kind != "object":
                key = read_key(node.slice, names)
                if base.kind != "dict" and type(key) is int and key < 0:
                    key += len(base.items)
                return Item(id(base.kept), key) if isinstance(key, (str, int, tuple)) else None
            return self.location(node.value, names, frame)  # of the array that it is a part of
        if isinstance(node, ast.Attribute):
            base = read(node.value, names)
            return Item(id(base.kept), node.attr) if isinstance(base, Box) and base.kind == "object" else None
        return None

    def children(self, step: Step, expression: ast.expr | None = None) -> list[int]:
        """Return the frames that a step, or an expression in it, has called, without those called by these.

        A function whose name another call of the statement has belongs to that one.
        """
        own = set() if expression is None else {name_called(one) for one in ast.walk(expression) if isinstance(one, ast.Call)}
        others = {name_called(one) for node in step.statements for one in calls_in(node)} - own if expression else set()
        return [
            number
            for number, frame in enumerate(self.frames)
            if frame.caller == step.frame
            and step.start <= frame.called_at < step.end
            and frame.function not in INNER
            and frame.function not in others
        ]

    def returned(self, frame: int) -> Seen | None:
        """Return what a frame returned."""
        steps = self.by_frame.get(frame)
        return steps[-1].returned if steps else None

    def arguments(self, frame: int, call: ast.expr) -> dict[str, ast.expr]:
        """Return the expressions that a call passes, by the parameters of the frame."""
        if not isinstance(call, ast.Call):
            return {}
        names = list(self.frames[frame].parameters)
        if isinstance(call.func, ast.Attribute) and names[:1] in (["self"], ["cls"]):
            names = names[1:]
        if any(isinstance(one, ast.Starred) for one in call.args):
            return {}
        passed = dict(zip(names, call.args, strict=False))
        return passed | {one.arg: one.value for one in call.keywords if one.arg}

    def place(self, step: Step, node: ast.expr | None = None) -> Place:
        """Return the line that is shown for a step: that of its statement, or of an entry in a long one."""
        file = self.frames[step.frame].file
        first = next((one.lineno for one in step.statements if hasattr(one, "lineno")), step.line)
        return file, node.lineno if node is not None else first

    def value_at_start(self, location: Local) -> Seen | None:
        """Return what a variable holds when its function begins."""
        steps = self.by_frame.get(location.frame)
        return steps[0].names.get(location.name) if steps else None

    def value(self, location: Location, before: int) -> Seen | None:
        """Return what was at a location before a moment: in a variable, when its function began."""
        if isinstance(location, Local):
            return self.value_at_start(location)
        if isinstance(location, Returned):
            return self.returned(location.frame)
        box = self.boxes_before(min(before, self.watcher.next - 1)).get(location.box)
        return box.items.get(location.key) if box else None

"""Where a variable or an item of a container got its value in a watched run.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from checks.expressions import operands, read, read_key, stored_names
from checks.record import Item, Local, Location, Place, Returned, Step, Steps
from checks.syntax import (
    Key,
    added_by,
    bindings,
    calls_in,
    changing,
    converted,
    entries_of,
    is_conversion,
    is_moving,
    is_read,
    name_called,
    path_to,
)
from checks.watching import Box, Opaque, Seen, Value, boxes_in, is_same


class Definition(NamedTuple):
    """How a location got its value: by an expression in a step, of whose value rest leads to it.

    An array that was changed in place has changes instead, each with its expressions; first is where it was before, and earlier
    what it held, unless that was a single number everywhere.
    is_passive says that a value was only returned or passed on; is_unknown that the statement is of a kind that is not read.
    """

    place: Place
    step: Step
    value: Seen | None
    expression: ast.expr | None = None
    rest: tuple[int, ...] = ()
    changes: Sequence[tuple[Step, Sequence[ast.expr]]] = ()
    first: tuple[Location, int] | None = None
    earlier: Value | None = None
    is_passive: bool = False

    @property
    def is_unknown(self) -> bool:
        """Whether it is not known how the value was made."""
        return self.expression is None and not self.changes

    @property
    def is_return(self) -> bool:
        """Whether it is a mere name in a return statement."""
        return self.is_passive and any(isinstance(one, ast.Return) for one in self.step.statements)

    @property
    def is_counter(self) -> bool:
        """Whether it is an integer that a loop counts."""
        loops = [one for one in self.step.statements if isinstance(one, ast.For) and one.iter is self.expression]
        return bool(loops) and isinstance(self.value, Value) and isinstance(self.value.contents, int)

    @property
    def key(self) -> tuple[Any, ...]:
        """What is the same for the same definition."""
        return self.step.frame, self.step.start, id(self.expression), self.rest, id(self.array)

    @property
    def array(self) -> Any:
        """The array that was changed in place."""
        return self.value.kept if self.changes and isinstance(self.value, Value) else None


class History(Steps):
    """The steps of a watched run, and how values came to be where they are."""

    # Where a value comes from ------------------------------------------------------------------------------------------

    def define(self, location: Location, before: int) -> Definition | None:
        """Return how a location got the value that it had before a moment; None if it came from outside of the files."""
        if isinstance(location, Returned):
            return self.define_returned(location.frame)
        if isinstance(location, Local):
            return self.define_local(location, before)
        return self.define_item(location, before)

    def define_returned(self, frame: int) -> Definition | None:
        """Return the expression that a call returned."""
        step = self.by_frame[frame][-1] if frame in self.by_frame else None
        if step is None:
            return None
        returns = [node for node in step.statements if isinstance(node, (ast.Return, ast.Lambda))]
        one = returns[0] if len(returns) == 1 else None
        expression = one.body if isinstance(one, ast.Lambda) else one.value if one else None
        return self.defined(step, step.returned, expression, is_passive=is_moving(expression))

    def define_local(self, location: Local, before: int) -> Definition | None:
        """Return how a variable got its value; one that nothing has set is an argument."""
        for step in reversed(self.by_frame.get(location.frame, [])):
            was, now = step.names.get(location.name), step.after.get(location.name)
            if step.end > before or is_same(was, now):
                continue
            if self.is_in_place(was, now):
                return self.define_changes(location, step, now)
            for target, expression in bindings(step.statements):
                rest = path_to(target, lambda node: isinstance(node, ast.Name) and node.id == location.name)
                if rest is not None:
                    return self.defined(step, now, expression, rest)
            return self.defined(step, now)
        return self.define_argument(location)

    def is_set(self, location: Local, before: int) -> bool:
        """Return whether a variable was set, or its array changed, in its function before a moment."""
        steps = [step for step in self.by_frame.get(location.frame, []) if step.end <= before]
        return any(not is_same(step.names.get(location.name), step.after.get(location.name)) for step in steps)

    def define_argument(self, location: Local) -> Definition | None:
        """Return the expression of a call that was passed as an argument; None if the call came from outside."""
        frame = self.frames[location.frame]
        if frame.caller < 0 or location.name not in frame.parameters:
            return None
        for step in self.by_frame.get(frame.caller, []):
            if step.start <= frame.called_at < step.end:
                calls = [one for node in step.statements for one in calls_in(node) if name_called(one) == frame.function]
                value = self.value_at_start(location)
                expression = self.arguments(location.frame, calls[0]).get(location.name) if len(calls) == 1 else None
                return self.defined(step, value, expression, is_passive=True)
        return None

    def define_item(self, location: Item, before: int) -> Definition | None:
        """Return how an item of a container got its value; one that nothing has set came from outside."""
        for step in reversed(self.steps):
            box = self.boxes_before(step.end).get(location.box)
            if step.end > before or box is None:
                continue
            earlier = self.boxes_before(step.start).get(location.box)
            was, now = earlier and earlier.items.get(location.key), box.items.get(location.key)
            if is_same(was, now):
                continue
            if self.is_in_place(was, now):
                return self.define_changes(location, step, now)
            return self.define_made(location, step, now) if earlier is None else self.define_set(location, step, now)
        return None

    def define_set(self, location: Item, step: Step, now: Seen | None) -> Definition:
        """Return the expression that a step has put into a container, by an assignment or by a method such as append."""

        def is_item(node: ast.expr) -> bool:
            return isinstance(node, (ast.Subscript, ast.Attribute)) and self.location(node, step.names) == location

        for target, expression in bindings(step.statements):
            if (rest := path_to(target, is_item)) is not None:
                return self.defined(step, now, expression, rest)
        for call in (node.value for node in step.statements if isinstance(node, ast.Expr)):
            for key, value in added_by(call):
                if key is None or self.is_key(key, location, step):
                    return self.defined(step, now, value)
        return self.defined(step, now)

    def define_made(self, location: Item, step: Step, now: Seen | None) -> Definition:
        """Return the expression for an item in the one that made its container."""
        expressions = [expression for _, expression in bindings(step.statements)]
        expressions += [one.value for one in step.statements if isinstance(one, ast.Return) and one.value]
        nodes = [node for expression in expressions for node in ast.walk(expression) if isinstance(node, ast.expr)]
        entries = [entry for node in nodes for entry in entries_of(node) if self.is_key(entry[0], location, step)]
        likely = [(key, value) for key, value in entries if (seen := read(value, step.names)) is None or is_equal(seen, now)]
        if len(likely) == 1:
            key, value = likely[0]
            return self.defined(step, now, value, is_passive=type(key) is int and is_moving(value), at=value)
        return self.defined(step, now, expressions[0] if len(expressions) == 1 and not entries else None)

    def is_key(self, key: Key, location: Item, step: Step) -> bool:
        """Return whether a key or an index is that of an item."""
        return bool((read_key(key, step.names) if isinstance(key, ast.expr) else key) == location.key)

    def defined(
        self,
        step: Step,
        value: Seen | None,
        expression: ast.expr | None = None,
        rest: tuple[int, ...] = (),
        is_passive: bool = False,
        at: ast.expr | None = None,
    ) -> Definition:
        """Return a definition by an expression; what unpacks a tuple that is written there takes its part of it."""
        while rest and isinstance(expression, (ast.Tuple, ast.List)) and rest[0] < len(expression.elts):
            expression, rest = expression.elts[rest[0]], rest[1:]
        return Definition(self.place(step, at), step, value, expression, rest, is_passive=is_passive)

    # Arrays that are changed in place ----------------------------------------------------------------------------------

    def is_in_place(self, was: Seen | None, now: Seen | None) -> bool:
        """Return whether a step has changed the contents of an array that was there before."""
        return isinstance(was, Value) and isinstance(now, Value) and now.kept is not None and was.kept is now.kept

    def define_changes(self, location: Location, last: Step, value: Seen | None) -> Definition:
        """Return all changes of an array up to a step, and where it was before the first of them."""
        assert isinstance(value, Value)
        found = [step for step in self.steps if step.end <= last.end and self.has_changed(step, id(value.kept))]
        inner = [one for one in found if not any(one.start <= other.start < one.end for other in found if other is not one)]
        changes = {one.line: (one, list(changing(one.statements))) for one in inner}
        start = inner[0].start if inner else last.start
        earlier = self.arrays_before(start).get(id(value.kept))
        is_blank = earlier is not None and np.ptp(earlier.contents) == 0
        first = None if is_blank else (location, start)
        return Definition(self.place(last), last, value, changes=list(changes.values()), first=first, earlier=earlier)

    def has_changed(self, step: Step, array: int) -> bool:
        """Return whether the array with this id has other contents after a step."""
        was, now = (self.arrays_before(moment).get(array) for moment in (step.start, step.end))
        return was is not None and now is not None and was.digest != now.digest

    # Moves and calls ---------------------------------------------------------------------------------------------------

    def moved_from(self, definition: Definition) -> tuple[Location, int] | None:
        """Return where a value was before it was stored under another name as it is; None if it was computed."""
        step, expression, value = definition.step, definition.expression, definition.value
        if expression is None or value is None:
            return None
        if any(isinstance(one, ast.For) and one.iter is expression for one in step.statements):
            return self.found_in(definition)
        if isinstance(expression, ast.NamedExpr):
            expression = expression.value
        if is_conversion(expression) and not definition.rest:
            expression = converted(expression)
        seen, location = read(expression, step.names), self.location(expression, step.names, step.frame)
        if seen is None or location is None or self.reads_part(expression, step.names):
            return None
        for index in definition.rest:
            if not isinstance(seen, Box) or index not in seen.items:
                return None
            location, seen = Item(id(seen.kept), index), seen.items[index]
        return (location, step.start) if is_equal(seen, value) else None

    def reads_part(self, node: ast.expr, names: Mapping[str, Seen]) -> bool:
        """Return whether an expression reads a part of an array."""
        return isinstance(node, ast.Subscript) and isinstance(read(node.value, names), Value)

    def found_in(self, definition: Definition) -> tuple[Location, int] | None:
        """Return where an element of a loop is in what the loop runs over."""
        assert definition.expression is not None
        for _, seen in operands(definition.expression, definition.step.names):
            for box in boxes_in({"": seen}):
                for key, item in box.items.items():
                    if isinstance(item, Value) and item.kept is not None and is_same(item, definition.value):
                        return Item(id(box.kept), key), definition.step.start
        return None

    def called(self, definition: Definition) -> int | None:
        """Return the frame of a function of the files whose result an expression is, if it is nothing but a call."""
        expression = definition.expression
        if not isinstance(expression, ast.Call):
            return None
        children = [
            number
            for number in self.children(definition.step)
            if self.frames[number].function in (name_called(expression), "<lambda>")
            and self.contains(self.returned(number), definition)
        ]
        return children[-1] if children else None

    def entered(self, definition: Definition) -> tuple[Location, int] | None:
        """Return where the value of a definition that is a call was in the function called; None if it is no such call."""
        child = self.called(definition)
        if child is None:
            return None
        returned = self.returned(child)
        for index in definition.rest[:-1]:
            returned = returned.items.get(index) if isinstance(returned, Box) else None
        if definition.rest and isinstance(returned, Box):
            return Item(id(returned.kept), definition.rest[-1]), definition.step.end
        return Returned(child), definition.step.end

    def contains(self, returned: Seen | None, definition: Definition) -> bool:
        """Return whether a call has returned the value of a definition."""
        for index in definition.rest:
            returned = returned.items.get(index) if isinstance(returned, Box) else None
        return is_equal(returned, definition.value)

    def chosen_functions(self, step: Step, expression: ast.expr) -> Iterator[Place | None]:
        """Yield the lines in which the functions that an expression calls were chosen; None where that is not known."""
        functions = [one.func for one in ast.walk(expression) if isinstance(one, ast.Call)]
        called = {one.id for one in functions if isinstance(one, ast.Name)}
        for earlier in self.by_frame[step.frame]:
            for target, value in bindings(earlier.statements):
                if called.intersection(stored_names(target)) and not isinstance(value, ast.Lambda):
                    yield self.place(earlier)
        if called.intersection(self.frames[step.frame].parameters):
            yield None
        if not all(isinstance(one, (ast.Name, ast.Attribute)) for one in functions):
            yield None

    def stored_as(self, frame: int) -> Iterator[str]:
        """Yield the names under which a line has stored what it got from a call."""
        called_at, returned = self.frames[frame].called_at, self.returned(frame)
        for step in self.by_frame.get(self.frames[frame].caller, []):
            if step.start <= called_at < step.end:
                for target, _ in bindings(step.statements):
                    if is_equal(read(target, step.after), returned) and (
                        place := self.location(target, step.after, step.frame)
                    ):
                        yield place.label

    def has_sibling(self, frame: int) -> bool:
        """Return whether there is another function with the same parameters, which may have been meant."""
        here = self.frames[frame]
        found = {pair for one in self.sources.values() for pair in one.functions}
        return any(name != here.function and names == here.parameters for name, names in found)

    def is_chosen(self, definition: Definition) -> bool:
        """Return whether a value was not computed but taken from somewhere, in a statement that could take another one."""
        expression = definition.expression
        if definition.is_passive or expression is None:
            return False
        if any(isinstance(one, ast.For) and one.iter is expression for one in definition.step.statements):
            return True
        if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Attribute):
            return isinstance(read(expression.func.value, definition.step.names), (Box, Opaque))
        return is_read(expression)

    def locate(self, result: Any, path: Sequence[str | int]) -> tuple[Location, Any]:
        """Return where in a result a path leads to, and what is there; LookupError if nothing is. Keys may be given as text."""
        location: Location = self.returned_last()
        for step in path:
            keys = {str(key): key for key in result} if isinstance(result, dict) else {}
            key = keys.get(str(step), step)
            location, result = Item(id(result), key), result[key]
        return location, result

    def returned_last(self) -> Location:
        """Return the last call from outside."""
        outer = [number for number, frame in enumerate(self.frames) if frame.caller < 0 and number in self.by_frame]
        return Returned(outer[-1] if outer else -1)

    def bound_here(self, step: Step) -> Iterator[str]:
        """Yield the names that one of several statements in a line binds; where another uses them, the line is the same."""
        if len(step.statements) > 1:
            yield from (name for target, _ in bindings(step.statements) for name in stored_names(target))


def is_equal(one: Seen | None, other: Seen | None) -> bool:
    """Return whether two recorded values are equal: in contents, or as the same container."""
    if isinstance(one, Value) and isinstance(other, Value):
        return bool(one.digest == other.digest)
    return isinstance(one, Box) and isinstance(other, Box) and one.kept is other.kept

"""Follows a wrong value of a watched run back to the line that made it.

The value is followed through the names and keys that it was stored under to the line that computed it, and on through what this
line used, up to values that are known to be right. A line is named only if no other one can be at fault.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograder.checking import agree
from autograder.tracing.expressions import operands, read
from autograder.tracing.history import Definition, History
from autograder.tracing.record import Item, Local, Location, Place, Returned, Step
from autograder.tracing.syntax import is_blank, is_conversion, is_plain_number, is_read
from autograder.tracing.watching import Box, Opaque, Seen, Value, boxes_in

MAX_TASKS = 500  # values that are followed back
MAX_LEAVES = 200  # of a container that an expression uses as a whole
CLOSE = 1e-6  # relative; right values may be rounded
# A variable's letter and layer in a name: W3, dW3, dJdw1, A_prev, grad_W3.
LETTER = re.compile(r"(?:(?:d[JL]_?)?d_?|grad_?)?([A-Za-z])_?(\d*)(?:_?(?:prev|next|last|out|curr)\w*)?")


class Task(NamedTuple):
    """A value to follow back: where it was before a moment, whether it is known to be wrong, and the last name that it had."""

    location: Location
    before: int
    is_wrong: bool = False
    name: str = ""


class Search:
    """Follows a wrong value back. lines has the lines that may be at fault; if is_unsure, other lines may be, too."""

    def __init__(self, history: History, right: Mapping[str, Any], sources: Collection[str]) -> None:
        self.history = history
        self.right = {name: np.asarray(value, float) for name, value in right.items()}
        self.sources = [self.right[name] for name in sources if name in self.right]
        self.letters = self.list_letters()
        self.others = {variable_of(name) for name in right} - {variable_of(name) for name in sources}  # no matter which layer
        self.lines: set[Place] = set()
        self.is_unsure = False
        self.tasks: list[Task] = []
        self.wrong: Any = None
        self.is_misshapen = False
        self.shapes: set[tuple[int, ...]] = set()  # that the value may have

    def list_letters(self) -> dict[str, str]:
        """Return the letters and words that stand for a variable, each with the letter of an equal variable, or itself."""
        names: dict[str, list[str]] = {}
        for name in self.right:
            names.setdefault(letter_of(name)[0] or name, []).append(name)
        letters = {letter: letter for letter in names}
        for letter, (name, *others) in names.items():
            same = (
                one
                for one in self.right
                if letter_of(one)[0] not in ("", letter) and is_part(self.right[one], self.right[name])
            )
            if not others and self.right[name].ndim:
                letters[letter] = letter_of(next(same, name))[0] or letter
        return letters

    def find(self, location: Location, wrong: Any) -> Place | None:
        """Return the place of the only line that can be at fault for a wrong value at a location."""
        end = self.history.watcher.next
        names = location.label, f"d{location.label}"
        self.shapes = {self.right[name].shape for name in names if name in self.right} or {np.shape(wrong)}
        elsewhere = self.variables_of(np.asarray(wrong, float))
        self.wrong = None if elsewhere else np.asarray(wrong)
        self.is_misshapen = not elsewhere and any(
            is_part(wrong, one) for one in self.right.values() if one.size == np.size(wrong)
        )
        if elsewhere:
            moved, is_decided = self.find_move(location, end, elsewhere)
            if is_decided:
                return moved
        self.follow(location, end)
        return next(iter(self.lines)) if len(self.lines) == 1 and not self.is_unsure else None

    def variables_of(self, contents: np.ndarray) -> set[str]:
        """Return the letters and words of what a value is right for."""
        same = (name for name, one in self.right.items() if contents.shape == one.shape and agree(contents, one))
        return {self.variable(name) for name in same}

    def variable(self, name: str) -> str:
        """Return the letter or the word of the variable that a name stands for; "" if that is not known."""
        return self.letters.get(letter_of(name)[0] or name, "")

    def find_move(self, location: Location, before: int, elsewhere: set[str]) -> tuple[Place | None, bool]:
        """Return the line that stored the right value of something else, and whether that decides.

        Of several names on the way from one variable to another, the line is meant where they change. It does not decide where
        they agree, but not with what the value is right for: it may be computed by mistake.
        """
        wrong: list[Place | None] = []
        for _ in range(MAX_TASKS):
            definition = self.history.define(location, before)
            source = definition and self.history.moved_from(definition)
            if not definition or not source:
                break
            agreed = self.agree(location.label, source[0].label)
            if agreed is None or (isinstance(source[0], Item) and not source[0].label):  # such as an item of a list
                return None, True
            if not agreed:
                wrong.append(None if definition.is_passive else definition.place)
            location, before = source
        return (wrong[0] if len(wrong) == 1 else None), bool(wrong) or self.variable(location.label) in elsewhere

    def agree(self, target: str, source: str) -> bool | None:
        """Return whether two names stand for the same variable; None if that cannot be known. A name may be without a layer."""
        if not target or not source:
            return True  # it was returned, or passed on
        layer, other_layer = letter_of(target)[1], letter_of(source)[1]
        one, other = self.variable(target), self.variable(source)
        if not one or not other:
            return None
        return one == other and (not layer or not other_layer or layer == other_layer)

    def follow(self, location: Location, before: int) -> None:
        """Collect the lines that may be at fault for what is at a location."""
        self.tasks, done = [Task(location, before, True)], set()
        while self.tasks and not self.is_unsure:
            task = self.tasks.pop()
            definition = self.history.define(task.location, task.before)
            if definition is None:  # it was passed in
                outside = self.history.value(task.location, task.before)
                is_array = isinstance(outside, Value) and not isinstance(outside.contents, int)
                self.is_unsure = is_array and not self.is_right(outside)
                continue
            if definition.key in done:
                continue
            done.add(definition.key)
            if len(done) > MAX_TASKS or definition.is_unknown:
                self.is_unsure = True
            elif source := self.history.moved_from(definition):
                self.follow_move(task, definition, source)
            elif definition.changes:
                self.follow_changes(definition)
            elif task.name and is_blank(definition.expression):  # which is not what was meant to be stored
                self.is_unsure = True
            elif task.is_wrong or not (is_blank(definition.expression) or definition.is_counter):
                self.compute(definition, task.location.label or task.name)

    def follow_move(self, task: Task, definition: Definition, source: tuple[Location, int]) -> None:
        """Follow a value to where it was before; another name may mean that another value was meant, as in a return."""
        name = task.location.label or task.name
        agreed = self.agree(name, source[0].label)
        is_inside = self.history.frames[definition.step.frame].caller >= 0
        is_returned = definition.is_return and (is_inside or isinstance(task.location, Returned))
        is_argument = isinstance(source[0], Local) and not self.history.is_set(source[0], source[1])
        contents = definition.value.contents if isinstance(definition.value, Value) else 0
        is_odd = task.is_wrong and (agreed is None or not name) and (np.shape(contents) not in self.shapes or self.is_misshapen)
        self.is_unsure = agreed is False or is_odd or (is_returned and (agreed is None or not name or is_argument))
        self.tasks.append(Task(*source, task.is_wrong, name))

    def follow_changes(self, definition: Definition) -> None:
        """Collect what changed an array in place, and what it held at first."""
        for step, expressions in definition.changes:
            used = [found for one in expressions for found in operands(one, step.names)]
            others = [(node, seen) for node, seen in used if not is_kept(seen, definition.array)]
            children = [child for one in expressions for child in self.history.children(step, one)]
            self.judge_all(step, others, self.history.place(step), children)
        if definition.first and not (definition.earlier and self.is_right(definition.earlier)):
            self.tasks.append(Task(*definition.first))

    def compute(self, definition: Definition, name: str) -> None:
        """Collect the line of an expression that computes a value, and the lines of its operands."""
        step, expression, place = definition.step, definition.expression, definition.place
        assert expression is not None
        used, child = list(operands(expression, step.names)), self.history.called(definition)
        for chosen in self.history.chosen_functions(step, expression):
            self.is_unsure |= chosen is None
            self.lines |= {chosen} if chosen else set()
        if child is None:
            self.judge_all(step, used, None if is_conversion(expression) else place, self.history.children(step, expression))
        else:
            self.compute_call(definition, name, child, used)

    def compute_call(self, definition: Definition, name: str, child: int, used: Sequence[tuple[ast.expr, Seen]]) -> None:
        """Collect the line of a call, or the lines of the called function, or both if either can be at fault."""
        step, expression = definition.step, definition.expression
        is_proven, is_right = self.is_proven(child), self.is_right(definition.value)
        if is_right or not self.is_well_called(child, expression, step):
            self.judge_all(step, used, definition.place, [] if is_proven else [child])
        elif inside := self.history.entered(definition):
            self.is_unsure |= is_proven or self.history.has_sibling(child)  # the other one may be meant
            self.tasks.append(Task(*inside, name=name))

    def is_well_called(self, child: int, call: ast.expr | None, step: Step) -> bool:
        """Return whether a function is called with nothing but values that may be used, each for the right parameter."""
        passed = [*call.args, *(one.value for one in call.keywords)] if isinstance(call, ast.Call) else []
        named = {id(one): name for name, one in (self.history.arguments(child, call) if call else {}).items()}
        return all(is_read(one) and self.may_pass(named.get(id(one), ""), read(one, step.names)) for one in passed)

    def may_pass(self, name: str, seen: Seen | None) -> bool:
        """Return whether a value may be passed to a parameter of this name: of what matters, only the right one."""
        if not isinstance(seen, Value):
            return True
        variables = {variable_of(one) for one, right in self.right.items() if right.ndim and is_part(seen.contents, right)}
        if variables and letter_of(name)[0] in self.letters and variable_of(name) not in variables:
            return False
        return is_harmless(seen) or self.is_source(seen) or not variables.isdisjoint(self.others)

    def judge_all(
        self, step: Step, used: Sequence[tuple[ast.expr, Seen]], place: Place | None, children: Sequence[int]
    ) -> None:
        """Collect a line, unless something that it uses is known to be wrong, and the lines of what it uses.

        children are the calls whose results it uses.
        """
        here = set(self.history.bound_here(step))
        wrong = [self.judge(step, node, seen) for node, seen in used if not (isinstance(node, ast.Name) and node.id in here)]
        for child in children:
            returned = self.history.returned(child)
            self.is_unsure |= isinstance(returned, Opaque) or self.history.frames[child].is_generator
            if isinstance(returned, Box):
                self.judge_leaves(returned, step.end)
            elif isinstance(returned, Value) and not self.is_source(returned) and not self.is_proven(child):
                self.tasks.append(Task(Returned(child), step.end))
        if place and not any(wrong):
            self.lines.add(place)

    def judge(self, step: Step, node: ast.expr, seen: Seen) -> bool:
        """Collect the lines behind a value that a line uses; return whether its name tells that it is wrong."""
        if isinstance(seen, Box):
            if seen.kind != "object":
                self.judge_leaves(seen, step.start)
            return False
        location = self.history.location(node, step.names, step.frame)
        if isinstance(seen, Opaque) or location is None:
            self.is_unsure = True
            return False
        named = self.named(location)
        if self.is_named(seen, named):
            return False
        if not named and (is_harmless(seen) or self.is_right(seen)):
            self.judge_choice(step, location, seen)
            return False
        # A number such as m may be 1/m, by intention.
        is_wrong = any(one.ndim or not float(one).is_integer() or float(seen.contents).is_integer() for one in named)
        self.tasks.append(Task(location, step.start, is_wrong))
        return is_wrong

    def named(self, location: Location) -> list[np.ndarray]:
        """Return the right values that a name is for."""
        return [self.right[name] for name in (location.label, f"d{location.label}") if name in self.right]

    def judge_choice(self, step: Step, location: Location, seen: Value) -> None:
        """Collect the line that took a right value from somewhere, if another one may have been meant there."""
        if is_harmless(seen) or not isinstance(location, Local):
            return
        definition = self.history.define(location, step.start)
        if definition is None or not self.history.is_chosen(definition):
            return
        source = self.history.moved_from(definition)
        agreed = self.agree(location.label, source[0].label) if source and source[0].label else None
        if not self.is_source(seen) or not agreed:
            self.lines.add(definition.place)

    def judge_leaves(self, box: Box, before: int) -> None:
        """Collect the lines behind the arrays and numbers in a container, as far as they are not what their names say."""
        for one in boxes_in({"": box}):
            for key, item in list(one.items.items())[:MAX_LEAVES]:
                location = Item(id(one.kept), key)
                named = self.named(location)
                if isinstance(item, Opaque):
                    self.is_unsure = True
                elif isinstance(item, Value) and not is_harmless(item) and not self.is_named(item, named or self.sources):
                    self.tasks.append(Task(location, before))

    def is_part(self, seen: Value, right: np.ndarray) -> bool:
        """Return whether a value is a right one, or a part of it; what is wrong is not right in another shape."""
        if self.wrong is not None and np.array_equal(seen.contents, self.wrong):
            return False
        return is_part(seen.contents, right)

    def is_named(self, seen: Seen | None, named: Iterable[np.ndarray]) -> bool:
        """Return whether a value is one of some correct ones, or a part of one."""
        return isinstance(seen, Value) and any(self.is_part(seen, one) for one in named)

    def is_source(self, seen: Seen | None) -> bool:
        """Return whether a value is one of the expected operands."""
        return self.is_named(seen, self.sources)

    def is_right(self, seen: Seen | None) -> bool:
        """Return whether a value is one of the correct ones."""
        return self.is_named(seen, self.right.values())

    def is_proven(self, frame: int) -> bool:
        """Return whether another call of a function has made something right that was stored as what it is."""
        here = self.history.frames[frame]
        for number, other in enumerate(self.history.frames):
            returned = self.history.returned(number)
            if number != frame and (other.file, other.function) == (here.file, here.function) and isinstance(returned, Value):
                right = {
                    self.letters[letter_of(name)[0] or name] for name, one in self.right.items() if is_whole(returned, one)
                }
                stored = {self.variable(label) for label in self.history.stored_as(number)}
                if right & stored:
                    return True
        return False


def is_whole(seen: Value, right: np.ndarray) -> bool:
    """Return whether a recorded value is a right array."""
    return right.size > 1 and np.shape(seen.contents) == right.shape and is_part(seen.contents, right)


def is_harmless(seen: Value) -> bool:
    """Return whether a value is a text, or a number that formulas are written with."""
    return isinstance(seen.contents, (str, bool)) or is_plain_number(seen.contents)


def is_kept(seen: Seen, array: Any) -> bool:
    """Return whether a recorded value is this array."""
    return isinstance(seen, Value) and seen.kept is array


def is_part(value: Any, right: np.ndarray) -> bool:
    """Return whether a value is another one, in any shape, or a row, a column or an element of it."""
    value = np.asarray(value)
    if value.dtype.kind not in "fiub" or not value.size or value.size > right.size:
        return False
    if value.size == right.size:
        return any(agree(one, value.ravel()) for one in (right.ravel(), right.T.ravel()))
    if value.size == 1:
        return bool(np.isclose(right, value.item(), rtol=CLOSE, atol=0).any())
    rows = [*right, *right.T] if right.ndim == 2 else []
    return any(one.size == value.size and agree(one, value.ravel()) for one in rows)


def variable_of(name: str) -> tuple[str, bool]:
    """Return the letter of a variable, and whether a name is that of its gradient."""
    return letter_of(name)[0], name.startswith(("d", "grad"))


def letter_of(name: str) -> tuple[str, str]:
    """Return the letter of a variable and its layer as a name has them; "" if it has none."""
    found = LETTER.fullmatch(name)
    return (found[1].lower(), found[2]) if found else ("", "")

"""Carries a function out line by line, with a mistake's lines in the place of the right ones, on the student's own values.

A program is a function of the assignment as the lines that it comes to, loops unrolled; some of the lines give what it returns.
Run to the end it gives what a mistake would have made. Where the student's own values stand in for those returned before, each
line is looked at by itself, so that two mistakes in one function are two observations. Values that stay inside the function
hide that; where no single row of the catalogue explains what came, two at once are tried.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from itertools import combinations
from typing import Any

import numpy as np

from autograder.backprop.mistakes import MISTAKES, Mistake
from autograder.backprop.oracle import sigmoid
from autograder.checking import RANDOM_STATE, CheckFailure, StudentError, tensor
from autograder.diagnosis.observation import Observation, Raised, attempt, compiled, evaluate, same, told, usable
from autograder.student import Student

Formulas = Mapping[str, str]
Names = Mapping[str, Any]
Values = dict[str, Any]
RIGHT: Formulas = {}


@dataclass(frozen=True)
class Line:
    """A line of a function as it is carried out.

    step is its name in the catalogue. Its value is bound to name, at the key `at` where name is a dict. key is under which the
    answer holds the value; the student's own one then stands in for what is bound to pins, or what follows for that from
    `own` by recovered. shown is the step that the value is from where the line itself is in none.
    """

    step: str
    right: str
    name: str = ""
    at: Any = None
    key: str = ""
    pins: str = ""
    recovered: str = "own"
    shown: str = ""
    scope: Names = field(default_factory=dict)

    def bind(self, names: Values, name: str, value: Any) -> None:
        """Give a value the name of this line, or another one."""
        if name:
            names[name] = value if self.at is None or name != self.name else {**names[name], self.at: value}


@dataclass(frozen=True, eq=False)
class Program:
    """A function of the assignment, and the calls of it that are looked at.

    title is its name in the catalogue: the steps "title returns" and "title key" are its return, and how it names its keys.
    scopes are the names each call begins with. lines may depend on the formulas, as those of a loop do on its range. read takes
    what the function returned to pieces, and raises CheckFailure if it cannot. functions gives the functions that its lines
    call, and called the steps in these, by their names; where the student may have gone another way, a step is optional: a
    mistake in it that does not show is none the less possible. others are answers that are right as well, or what may be
    raised. With hidden, much stays inside, and two mistakes at once are tried; with finite, whatever is finite is right; with
    flat, the shape is left open.
    """

    part: str
    title: str
    name: str
    scopes: Sequence[Names]
    lines: Callable[[Formulas, Names], Iterable[Line]]
    read: Callable[[Any], Mapping[str, Any]]
    functions: Callable[[Formulas], Values] = lambda formulas: {}
    called: Mapping[str, frozenset[str]] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    others: Sequence[Mapping[str, Any] | Raised] = ()
    samples: int = 1
    hidden: bool = False
    finite: bool = False
    flat: bool = False

    @cached_property
    def right_lines(self) -> list[Line]:
        """The lines where no mistake is made."""
        return list(self.lines(RIGHT, self.scopes[0]))

    @cached_property
    def own_steps(self) -> frozenset[str]:
        """The steps of its own lines."""
        return self.whole | {line.step for line in self.right_lines}

    @cached_property
    def steps(self) -> frozenset[str]:
        """The steps that a mistake in it can be in."""
        return self.own_steps.union(*self.called.values())

    @property
    def whole(self) -> frozenset[str]:
        """The steps that everything depends on."""
        return frozenset({f"{self.title} returns", f"{self.title} key", f"{self.title} loop"})

    @cached_property
    def feeding(self) -> dict[str, frozenset[str]]:
        """The steps on which each value of the answer depends, where the student's own values stand in for the others."""
        found, sources = {}, dict(self.called)
        for line in self.right_lines:
            steps = frozenset({line.step}).union(*(sources.get(name, ()) for name in names_in(line.right)))
            if line.key:
                found[line.key] = steps | self.whole
                steps = frozenset().union(*(sources.get(name, ()) for name in names_in(line.recovered)))
                if line.pins:  # unless the line itself is wrong
                    sources[line.pins] = steps | sources.get(line.pins, frozenset()) | {line.step}
            if line.name:
                sources[line.name] = steps if line.at is None else steps | sources.get(line.name, frozenset())
        return found


def always(lines: Sequence[Line]) -> Callable[[Formulas, Names], Sequence[Line]]:
    """The lines of a function without a loop."""
    return lambda formulas, scope: lines


@cache
def names_in(expression: str) -> frozenset[str]:
    """The names that an expression uses."""
    return frozenset(node.id for node in ast.walk(ast.parse(expression, mode="eval")) if isinstance(node, ast.Name))


# What a mistake makes -------------------------------------------------------------------------------------------------


def carry_out(
    program: Program, formulas: Formulas, functions: Names, scope: Names, own: Values | None = None
) -> Values | Raised:
    """The answer of a program with these formulas in the place of the right ones, by its keys, or what it raises.

    With own the student's values stand in for those that are returned, and a line that fails does not stop the others.
    """
    names, made = {**functions, **scope}, {}
    for key, value in values_of(program, formulas, names, own):
        if not key:
            return value
        made[key] = value
    return answered(program, formulas, names, made)


def values_of(program: Program, formulas: Formulas, names: Values, own: Values | None) -> Iterator[tuple[str, Any]]:
    """The key and the value of every line that gives one, as they come about; no key and what was raised at the end."""
    for line in program.lines(formulas, names):
        names.update(line.scope)
        value = evaluate(formulas.get(line.step, line.right), names)
        if isinstance(value, Raised) and own is None:
            yield "", value
            return
        line.bind(names, line.name, value)
        if line.key:
            yield line.key, value
            inside = line.name or line.step not in formulas  # a wrong return tells nothing of what is inside
            if own is not None and inside and usable(own.get(line.key)):
                line.bind(names, line.pins or line.name, evaluate(line.recovered, {**names, "own": own[line.key]}))


def answered(program: Program, formulas: Formulas, names: Values, made: Values) -> Values | Raised:
    """What of the values that were made is returned, and under which keys."""
    if formula := formulas.get(f"{program.title} returns"):
        answer = evaluate(formula, names)
        answer = np.asarray(answer) if isinstance(answer, np.generic) else answer  # as it comes from the student
        return answer if isinstance(answer, Raised) else attempt(lambda: dict(program.read(answer)))
    if formula := formulas.get(f"{program.title} key"):
        return {evaluate(formula, {"key": key}): value for key, value in made.items()}
    return made


def function(parameters: Sequence[str], lines: Sequence[Line], formulas: Formulas, names: Values) -> Callable[..., Any]:
    """A function of the assignment that others call: the value of its last line, or what that raises."""

    def call(*arguments: Any) -> Any:
        scope = {"np": np, **names, **dict(zip(parameters, arguments, strict=True))}
        for line in lines:
            value = eval(compiled(formulas.get(line.step, line.right)), scope)  # noqa: S307
            line.bind(scope, line.name, value)
        return value

    return call


# What came ------------------------------------------------------------------------------------------------------------


def fetch_all(student: Student, calls: Mapping[str, Callable[[], Sequence[Any]]]) -> dict[str, Any]:
    """What several groups of calls return, in one round trip; if one of them raises, each by itself."""
    groups = {name: list(make()) for name, make in calls.items()}
    fetched = attempt(lambda: student.fetch(*(handle for group in groups.values() for handle in group)))
    if isinstance(fetched, Raised):
        return {name: attempt(partial(several, student, make)) for name, make in calls.items()}
    values = iter(fetched)
    return {name: [next(values) for _ in group] for name, group in groups.items()}


def remembered(call: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the student's that is not called twice with the same tensors."""
    memory: dict[tuple, np.ndarray | Exception] = {}

    def run(*arguments: Any) -> np.ndarray | Exception:
        try:
            value = tensor("what it returned", call(*arguments))
        except (CheckFailure, StudentError) as error:
            return error
        return value if usable(value) else StudentError("The array is too large.")

    def recall(*arguments: Any) -> np.ndarray:
        key = tuple((np.shape(value), np.asarray(value, float).tobytes()) for value in arguments)
        found = memory[key] = memory[key] if key in memory else run(*arguments)
        if isinstance(found, Exception):
            raise found
        return found

    return recall


def own_sigmoid(student: Student, returned: Any, Z: np.ndarray) -> dict[str, Any]:
    """The sigmoid of the student's dnn.py, if a call with Z returned a wrong one: what follows is no mistake here."""
    right = not isinstance(returned, Raised) and same(attempt(lambda: tensor("sigmoid", returned[0])), sigmoid(Z))
    return {} if right else {"sigmoid": remembered(lambda Z: student.fetch(student.module("dnn").sigmoid(Z)))}


def several(student: Student, make: Callable[[], Sequence[Any]]) -> list[Any]:
    """The values of a group of calls."""
    handles = make()
    return list(student.fetch(*handles)) if len(handles) > 1 else [student.fetch(*handles)]


def readings(program: Program, returned: Any) -> list[Mapping[str, Any]] | Raised:
    """What the calls returned, taken to pieces."""
    if isinstance(returned, Raised):
        return returned
    return attempt(lambda: [program.read(answer) for answer in returned])


def core(name: Any) -> str:
    """What the names of a gradient in other courses have in common: the letter and the number at their end."""
    found = re.search(r"[a-z]_?\d+$", str(name).lower())
    return found[0] if found else str(name).lower()


def astray(keys: Iterable[str], found: Iterable[Any]) -> dict[str, Any]:
    """The keys that are missing, each with the name that it seems to have been given, or None."""
    found = list(found)
    others = {core(name): name for name in reversed(found) if name not in keys and name is not None}
    return {key: others.get(core(key)) for key in keys if key not in found}


class Look:
    """A program beside what the student's function returned: the own values, and what each mistake would have made.

    own_functions are those of the student's that the lines call and that are wrong: what follows from them is right here.
    """

    def __init__(self, program: Program, answers: Sequence[Mapping[str, Any]], own_functions: Names) -> None:
        self.program, self.own_functions = program, own_functions
        self.lines = {line.key: line for line in program.right_lines if line.key}
        self.astray = astray(self.lines, answers[0])
        self.own = [self.readable(answer) for answer in answers]
        self.runs: dict[str, list[list[Values] | Raised]] = {}

    def readable(self, answer: Mapping[str, Any]) -> Values:
        """The tensors of an answer under the names of the assignment, or why one is none."""
        named = {key: self.astray.get(key, key) for key in self.lines}
        return {key: attempt(partial(tensor, key, answer[name])) for key, name in named.items() if name in answer}

    def run(self, formulas: Formulas, functions: Names, pinned: bool = False) -> list[Values] | Raised:
        """What every call gives with these formulas and functions, on the student's own values if pinned."""
        names, made = {**self.program.functions(formulas), **functions}, []
        for scope, own in zip(self.program.scopes, self.own, strict=True):
            one = carry_out(self.program, formulas, names, scope, own if pinned else None)
            if isinstance(one, Raised):
                return one
            made.append(one)
        return made

    def made_by(self, mistake: Mistake) -> list[list[Values] | Raised]:
        """What a mistake gives: from the beginning, where much stays inside, and on the student's own values and functions."""
        if mistake.id not in self.runs:
            unpinned = self.program.hidden or not self.program.whole.isdisjoint(mistake.formulas)
            whole = [self.run(mistake.formulas, {})] if unpinned else []
            functions = [{}, self.own_functions] if self.own_functions else [{}]
            pinned = [self.run(mistake.formulas, each, pinned=True) for each in functions]
            self.runs[mistake.id] = whole if any(isinstance(one, Raised) for one in whole) else [*whole, *pinned]
        return self.runs[mistake.id]

    def value(self, values: list[Values] | Raised, key: str) -> Any:
        """What the calls give under a key, in one tensor; None if one of them gives nothing."""
        if isinstance(values, Raised):
            return values
        found = [one.get(key) for one in values]
        return None if any(one is None for one in found) else together(found, self.program.flat)

    def possible(self, mistake: Mistake, got: Any, made: list) -> list:
        """What a mistake makes, or only what came where the mistake need not show."""
        strict = self.program.steps - self.program.optional
        return made if not strict.isdisjoint(mistake.formulas) else [value for value in made if same(got, value)]

    def values_by(self, key: str, mistake: Mistake) -> list:
        """What a mistake makes under a key."""
        if self.program.feeding[key].isdisjoint(mistake.formulas):
            return []
        made = [value for run in self.made_by(mistake) if (value := self.value(run, key)) is not None]
        return self.possible(mistake, self.value(self.own, key), made)

    def keys_by(self, mistake: Mistake) -> list:
        """The keys that are missing by a mistake."""
        if self.program.whole.isdisjoint(mistake.formulas):
            return []
        whole = self.made_by(mistake)[0]
        return self.possible(mistake, self.astray, [whole if isinstance(whole, Raised) else astray(self.lines, whole[0])])

    def wants(self, key: str) -> tuple:
        """The values that are right under a key: those that follow from the student's own, and the right ones."""
        wants = [value for run in self.right_runs if (value := self.value(run, key)) is not None]
        return (*wants, *(one[key] for one in self.others if key in one))

    @cached_property
    def others(self) -> list[Mapping[str, Any]]:
        """The other answers that are right."""
        return [one for one in self.program.others if not isinstance(one, Raised)]

    @cached_property
    def right_runs(self) -> list[list[Values] | Raised]:
        """The right program, on the student's own values and from the beginning."""
        return [self.run(RIGHT, self.own_functions, pinned=True), self.run(RIGHT, {})]

    def matches(self, formulas: Formulas) -> bool:
        """Whether these formulas give everything that came."""
        functions = self.program.functions(formulas)
        return all(
            self.matches_call(formulas, {**functions, **scope}, own)
            for scope, own in zip(self.program.scopes, self.own, strict=True)
        )

    def matches_call(self, formulas: Formulas, names: Values, own: Values) -> bool:
        """Whether these formulas give what came from one call; the first value that differs ends the comparison."""
        values: Iterable[tuple[str, Any]] = values_of(self.program, formulas, names, None)
        if f"{self.program.title} returns" in formulas:
            whole = carry_out(self.program, formulas, {}, names)
            values = {"": whole}.items() if isinstance(whole, Raised) else whole.items()
        return all(key in own and same(own[key], together([value], self.program.flat)) for key, value in values)


def together(values: Sequence[Any], flat: bool) -> Any:
    """The values of several calls in one array; what is no tensor stays as it is."""
    for value in values:
        if isinstance(value, Raised):
            return value
    try:
        arrays = [np.asarray(value, float) for value in values]
    except (TypeError, ValueError):
        return Raised("no numbers")
    if flat:
        arrays = [array.ravel() for array in arrays]
    if len(arrays) == 1:
        return arrays[0]
    alike = len({array.shape for array in arrays}) == 1
    return np.stack(arrays) if alike else np.concatenate([array.ravel() for array in arrays])


# Observations ---------------------------------------------------------------------------------------------------------


def observe(program: Program, returned: Any, own_functions: Names | None = None) -> list[Observation]:
    """What there is to see of a program in what the calls returned, or raised.

    own_functions are those of the student's that its lines call and that are wrong: what follows from them is right here.
    """
    answers = readings(program, returned)
    if isinstance(answers, Raised):
        return [refused(program, answers, own_functions or {})]
    look = Look(program, answers, own_functions or {})
    seen = []
    if len(look.lines) > 1 or look.astray:
        words = f"the keys of what `{program.name}` returns"
        keys = ", ".join(look.astray)
        wants = ({}, *(astray(look.lines, one) for one in look.others))
        seen.append(
            Observation(program.part, f"{program.title} key", keys, words, look.astray, wants, look.keys_by, task=program.name)
        )
    seen += [value_of(look, key) for key in look.lines if key in look.own[0]]
    return pair_of(look, seen) or seen


def one_by_one(*looks: Sequence[Observation]) -> Iterator[Observation]:
    """What several calls of one function show; an exception that one of them ended in is not told again."""
    raised = set()
    for seen in looks:
        got = seen[0].got
        if not isinstance(got, Raised) or got.text not in raised:
            yield from seen
        if isinstance(got, Raised):
            raised.add(got.text)


def refused(program: Program, raised: Raised, own_functions: Names) -> Observation:
    """A call that gave nothing to look at; it is right where the right lines raise the same on the student's own values."""

    def answers(formulas: Formulas, functions: Names) -> list[Raised]:
        made = (carry_out(program, formulas, functions, scope) for scope in program.scopes)
        return [one for one in made if isinstance(one, Raised)][:1]

    def make(mistake: Mistake) -> list:
        if program.steps.isdisjoint(mistake.formulas):
            return []
        return answers(mistake.formulas, program.functions(mistake.formulas))

    follows = answers(RIGHT, {**program.functions(RIGHT), **own_functions})
    follows += [raised for one in program.others if isinstance(one, Raised)]
    return Observation(
        program.part, program.name, program.name, f"`{program.name}`", raised, tuple(follows), make, task=program.name
    )


def value_of(look: Look, key: str) -> Observation:
    """One tensor of what came."""
    program, got = look.program, look.value(look.own, key)
    words = f"`{key}` of `{program.name}`" if len(look.lines) > 1 else f"what `{program.name}` returns"
    finite = program.finite and isinstance(got, np.ndarray) and np.isfinite(got).all()
    wants = (got,) if finite else look.wants(key)
    step = look.lines[key].shown or look.lines[key].step or key
    return Observation(program.part, step, key, words, got, wants, partial(look.values_by, key), program.samples, program.name)


def pair_of(look: Look, seen: Sequence[Observation]) -> list[Observation]:
    """Two observations in the place of all, where no row alone explains what is wrong and two together do.

    Each of the two asks for one of the mistakes where the other one is made.
    """
    everything = MISTAKES[look.program.part]
    unexplained = (one for one in seen if not one.right and not any(one.fits(row) for row in everything))
    if not look.program.hidden or look.astray or not any(unexplained):
        return []
    rows = [row for row in everything if not look.program.own_steps.isdisjoint(row.formulas)]
    for first, second in combinations(rows, 2):
        if first.formulas.keys().isdisjoint(second.formulas) and look.matches({**first.formulas, **second.formulas}):
            return [given(look, first, second), given(look, second, first)]
    return []


def given(look: Look, mistake: Mistake, other: Mistake) -> Observation:
    """Everything that came, where one mistake is known to be made and another one is asked for."""
    program = look.program

    def whole(values: list[Values] | Raised) -> Any:
        if isinstance(values, Raised):
            return values
        found = [one.get(key) for one in values for key in look.lines]
        return Raised("a key is missing") if any(one is None for one in found) else together(found, flat=True)

    def make(row: Mistake) -> list:
        return [whole(look.run({**other.formulas, **row.formulas}, {}))] if not program.steps.isdisjoint(row.formulas) else []

    step = next(step for step in mistake.formulas if step in program.own_steps)
    right = whole(look.run(other.formulas, {}))
    words = f"what `{program.name}` returns"
    return Observation(program.part, step, program.name, words, whole(look.own), (right,), make, task=program.name)


def observe_changes(
    part: str, name: str, before: Names, after: Names, scope: Names, others: Names | None = None
) -> Iterator[Observation]:
    """What a call of the function of this name did to its arguments; others are right besides those before the call."""
    step = f"changed by {name}"

    for key, value in before.items():
        got = attempt(partial(tensor, key, after.get(key)))
        untouched = isinstance(got, np.ndarray) and np.array_equal(got, value)
        follows = attempt(partial(tensor, key, (others or {}).get(key)))
        wants = (got,) if untouched else (follows,) if isinstance(follows, np.ndarray) else ()
        names = {**scope, "key": key, "before": value}
        yield told(part, step, key, f"`{key}` after `{name}`", got, wants, names, name)


def changed(before: Any, after: Any) -> bool:
    """Whether two states of the random numbers differ."""
    states = [state if isinstance(state, (list, tuple)) else [state] for state in (before, after)]
    return len(states[0]) != len(states[1]) or not all(map(np.array_equal, *states))


def observe_random_state(part: str, name: str, before: Any, after: Any) -> Observation:
    """Whether a call of the function of this name left the global random state alone."""
    step = f"random state after {name}"

    def make(mistake: Mistake) -> list:
        return ["changed"] if step in mistake.formulas else []

    got = "changed" if changed(before, after) else "unchanged"
    return Observation(part, step, RANDOM_STATE, f"the {RANDOM_STATE} after `{name}`", got, ("unchanged",), make, task=name)

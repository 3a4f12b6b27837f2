"""Execute functions of an assignment line by line, with the lines of a mistake instead of the correct ones.

A program is a function as a list of lines, with loops unrolled; some of the lines compute returned values. Executed to its end,
it returns what a mistake would have made. If the student's own values replace those returned before, each line is tested by
itself, so two mistakes in one function give two observations.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np

from autograder.diagnosis.mistake import Mistake
from autograder.diagnosis.observation import Names, Observation, Raised, attempt, compiled, evaluate

Formulas = Mapping[str, str]
Values = dict[str, Any]
RIGHT: Formulas = {}


@dataclass(frozen=True)
class Line:
    """A line of a function.

    step is its name in the catalog, and right is its correct expression. The value is bound to name, or to its key `at` if name
    is a dict. The function returns it under key; the student's own value then replaces it and the value bound to pins, either
    directly or as computed from `own` by recovered. shown is the step that the value belongs to if the line itself has no step.
    """

    step: str
    right: str
    name: str = ""
    at: Any = None
    key: str = ""
    pins: str = ""
    recovered: str = ""
    shown: str = ""
    scope: Names = field(default_factory=dict)

    def bind(self, names: Values, name: str, value: Any) -> None:
        """Bind a value to the name of this line, or to another one."""
        if name:
            if self.at is None or name != self.name:
                names[name] = value
            else:
                names[name][self.at] = value


@dataclass(frozen=True, eq=False)
class Program:
    """A function of the assignment, and its observed calls: scopes has the initial names of each.

    lines may depend on the formulas of the steps in loops. returns and keys are the steps of the returned value and of the
    names of its keys. read splits the student's result, and raises CheckFailure if it cannot. functions returns the functions
    that the lines call, and called the steps in these, by name.

    If students may solve a step differently, it is optional: a mistake in it that has no effect is still possible. others are
    further correct results, or exceptions that may be raised; with finite, every finite value is correct. For an opaque
    function, inside has the mistakes that are tried in pairs. label returns the name of the value of a key for people, path the
    place where it is stored, and owner the function it comes from, if the label doesn't say so. samples is m; on a degenerate
    network, some mistakes look alike.
    """

    part: str
    name: str
    scopes: Sequence[Names]
    lines: Callable[[Formulas], Iterable[Line]]
    read: Callable[[Any], Mapping[str, Any]]
    returns: str = ""
    keys: str = ""
    loops: frozenset[str] = frozenset()
    functions: Callable[[Formulas], Names] = lambda formulas: {}
    called: Mapping[str, frozenset[str]] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    others: Sequence[Names | Raised] = ()
    finite: bool = False
    inside: Sequence[Mistake] = ()
    label: Callable[[str], str] = "`{}`".format
    path: Callable[[str], str] = lambda key: ""
    owner: str = ""
    samples: int = 1
    network: str = ""
    degenerate: bool = False

    @cached_property
    def right_lines(self) -> list[Line]:
        """The lines without any mistake."""
        return list(self.lines(RIGHT))

    @cached_property
    def containers(self) -> list[Line]:
        """The lines that bind a value in a dict, one for each dict."""
        return list({line.name: line for line in self.right_lines if line.at is not None}.values())

    @cached_property
    def own_steps(self) -> frozenset[str]:
        """The steps of its own lines, and those of the whole result."""
        return self.whole.union(line.step for line in self.right_lines) - {""}

    @cached_property
    def steps(self) -> frozenset[str]:
        """The steps that can contain a mistake."""
        return self.own_steps.union(*self.called.values())

    @cached_property
    def strict_steps(self) -> frozenset[str]:
        """The steps in which a mistake would show."""
        return self.steps - self.optional

    @cached_property
    def whole(self) -> frozenset[str]:
        """The steps that everything depends on."""
        return self.loops | {self.returns, self.keys} - {""}

    @cached_property
    def sources(self) -> list[frozenset[str]]:
        """The steps that each correct line depends on, if the student's own values replace those returned before."""
        found, names = [], dict(self.called)
        for line in self.right_lines:
            steps = frozenset({line.step}).union(*(names.get(name, ()) for name in names_in(line.right)))
            found.append(steps)
            if line.key:
                # A value returned by a separate line may differ from the one inside the function.
                inside = frozenset() if line.name else steps
                steps = inside.union(*(names.get(name, ()) for name in names_in(line.recovered or "own")))
            for name in (line.name, line.pins):
                names[name] = steps | names.get(name, frozenset()) if line.at is not None and name == line.name else steps
        return found

    @cached_property
    def feeding(self) -> dict[str, frozenset[str]]:
        """The steps that the value of each key depends on, if the student's own values replace the others."""
        lines = zip(self.right_lines, self.sources, strict=True)
        return {line.key: (steps | {self.returns}) - {""} for line, steps in lines if line.key}

    def observation(
        self, step: str, key: str, got: Any, wants: tuple, make: Callable[[Mistake], list], label: str = "", **more: Any
    ) -> Observation:
        """Return an observation of this program, of the whole result if it has no label."""
        more |= {"owner": self.owner if label else f"`{self.name}`", "path": self.path(key) if label else ""}
        more |= {"task": self.name, "samples": self.samples, "network": self.network, "degenerate": self.degenerate}
        more |= {"sources": self.feeding.get(key, frozenset()), "inside": bool(self.inside)}
        return Observation(self.part, step, key, label, got, wants, make, **more)


def always(lines: Sequence[Line]) -> Callable[[Formulas], Sequence[Line]]:
    """Return the lines of a function without a loop."""
    return lambda formulas: lines


@cache
def names_in(expression: str) -> frozenset[str]:
    """Return the names that an expression uses."""
    return frozenset(node.id for node in ast.walk(ast.parse(expression, mode="eval")) if isinstance(node, ast.Name))


def carry_out(
    program: Program, formulas: Formulas, names: Values, own: Names | None = None, known: Sequence[Any] = ()
) -> Iterator[tuple[Line, Any]]:
    """Yield each line with its value; names has the current bindings. An exception ends the execution.

    With own, the student's values replace the returned ones, and an exception doesn't stop the following lines. If the values
    of the correct lines are known, only the lines that a formula affects are executed and yielded.
    """
    lines: Iterable[Line] = program.right_lines
    names.update((line.name, dict(names[line.name])) for line in program.containers)
    if not program.loops.isdisjoint(formulas):
        lines, known = program.lines(formulas), ()
    for number, line in enumerate(lines):
        if line.scope:
            names.update(line.scope)
        wrong = line.step in formulas
        if known and program.sources[number].isdisjoint(formulas):
            value = known[number]
        else:
            value = evaluate(formulas[line.step] if wrong else line.right, names)
            yield line, value
            if own is None and isinstance(value, Raised):
                return
        if own is not None and line.key in own and (line.name or not wrong):  # a wrong result says nothing about inner steps
            value = evaluate(line.recovered, {**names, "own": own[line.key]}) if line.recovered else own[line.key]
            line.bind(names, line.pins, value)
        line.bind(names, line.name, value)


def returned(program: Program, formulas: Formulas, names: Names, made: Values) -> Values | Raised:
    """Return the result of a program from the values of its lines, by key, or what it raises."""
    if formula := formulas.get(program.returns):
        answer = evaluate(formula, names)
        answer = np.asarray(answer) if isinstance(answer, np.generic) else answer  # in the form in which students return it
        return answer if isinstance(answer, Raised) else attempt(lambda: dict(program.read(answer)))
    if formula := formulas.get(program.keys):
        return {renamed(evaluate(formula, {**names, "key": key}), key): value for key, value in made.items()}
    return made


def renamed(names: Any, key: str) -> Any:
    """Return what the formula of the keys turns a key into: another name, or None if the key is missing."""
    return (None if key in names else key) if isinstance(names, list) else names


def function(parameters: Sequence[str], lines: Sequence[Line], formulas: Formulas, names: Values) -> Callable[..., Any]:
    """Return a function that other lines call, which returns the value of its last line or what that raises."""

    def call(*arguments: Any) -> Any:
        scope = {"np": np, **names, **dict(zip(parameters, arguments, strict=True))}
        for line in lines:
            value = eval(compiled(formulas.get(line.step, line.right)), scope)  # noqa: S307
            line.bind(scope, line.name, value)
        return value

    return call

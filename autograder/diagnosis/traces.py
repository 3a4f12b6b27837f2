"""Compares what a student's function returned with a program, line by line, and makes observations of it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import combinations
from typing import Any

import numpy as np

from autograder.checking import tensor
from autograder.diagnosis.mistake import Mistake
from autograder.diagnosis.observation import NO_NAMES, Names, Observation, Raised, attempt, is_usable, same
from autograder.diagnosis.programs import RIGHT, Formulas, Program, Values, carry_out, returned

MAX_NAME = 100  # of the characters of a key that are looked at


def observe(program: Program, answers: Any, own_functions: Names = NO_NAMES) -> list[Observation]:
    """Return what there is to see of a program in what the calls returned, or in the exception that one of them raised.

    own_functions are those of the student's that the lines call and that are wrong: what follows from them is right here.
    """
    found = answers if isinstance(answers, Raised) else attempt(lambda: [program.read(answer) for answer in answers])
    if isinstance(found, Raised):
        return [observe_exception(program, found, own_functions)]
    trace = Trace(program, found, own_functions)
    seen = [trace.observe_keys()] if len(trace.lines) > 1 or trace.missing else []
    seen += [trace.observe_value(key) for key in trace.lines if key in trace.got]
    return trace.observe_pair(seen) or seen


def observe_exception(program: Program, raised: Raised, own_functions: Names) -> Observation:
    """Return the observation of a call that raised; it is right where the right lines raise the same."""

    def raises(formulas: Formulas, functions: Names) -> list[Raised]:
        if formulas and program.steps.isdisjoint(formulas):
            return []
        runs = (run(program, formulas, {**program.functions(formulas), **functions, **scope}) for scope in program.scopes)
        return [one for one in runs if isinstance(one, Raised)][:1]

    # Where another right way raises, what calls it may raise something else.
    wants = (*raises(RIGHT, own_functions), *(raised for one in program.others if isinstance(one, Raised)))
    # What the right lines raise as well says nothing of a mistake in them.
    make = lambda mistake: [one for one in raises(mistake.formulas, {}) if one not in wants]  # noqa: E731
    return program.observation(program.name, program.name, raised, wants, make)


def without_repeated_exceptions(*looks: Sequence[Observation]) -> Iterator[Observation]:
    """Yield what several calls of one function show; an exception that several of them raised is told once."""
    raised = set()
    for seen in looks:
        got = seen[0].got
        if not isinstance(got, Raised) or got.text not in raised:
            yield from seen
        if isinstance(got, Raised):
            raised.add(got.text)


def run(
    program: Program, formulas: Formulas, names: Values, own: Names | None = None, known: Sequence[Any] = ()
) -> Values | Raised:
    """Return what one call of a program returns, by its keys, or what it raises; see carry_out."""
    made: Values = {}
    if known and program.loops.isdisjoint(formulas):
        made |= {line.key: value for line, value in zip(program.right_lines, known, strict=True) if line.key}
    for line, value in carry_out(program, formulas, names, own, known):
        if own is None and isinstance(value, Raised):
            return value
        if line.key:
            made[line.key] = value
    return returned(program, formulas, names, made)


class Trace:
    """A program beside what the calls of the student's function returned."""

    def __init__(self, program: Program, answers: Sequence[Names], own_functions: Names) -> None:
        self.program = program
        self.lines = {line.key: line for line in program.right_lines if line.key}
        self.missing = match_misnamed(self.lines, answers[0])
        found = [self.tensors_in(answer) for answer in answers]
        self.got = stack_calls(found)
        self.own = [{key: value for key, value in one.items() if is_usable(value)} for one in found]
        # Whose functions the lines call: those of the program or, if they are wrong, the student's.
        self.callees = [NO_NAMES, own_functions] if own_functions else [NO_NAMES]
        self.known: dict[tuple[int, bool], list[Any]] = {}
        self.runs: dict[tuple, list[Values | Raised]] = {}

    def tensors_in(self, answer: Names) -> Values:
        """Return the tensors of an answer under the names of the assignment, or why one is none."""
        return {key: attempt(partial(tensor, key, value)) for key, value in under_right_names(self.lines, answer).items()}

    @cached_property
    def standing(self) -> list[Values]:
        """The dicts that lines bind their values in, with all of the student's own ones, by call."""
        found: list[Values] = []
        for scope, own in zip(self.program.scopes, self.own, strict=True):
            names = {line.name: dict(scope[line.name]) for line in self.program.containers}
            for key, line in self.lines.items():
                if line.at is not None and key in own:
                    line.bind(names, line.name, own[key])
            found.append(names)
        return found

    def run(self, formulas: Formulas, functions: Names = NO_NAMES, pinned: bool = True) -> Values | Raised:
        """Return what the calls give with these formulas and functions: on the student's own values, or from the beginning."""
        made = []
        for number, own in enumerate(self.own):
            names = {**self.program.functions(formulas), **functions, **self.program.scopes[number], "named": self.missing}
            known = self.right_values(number, functions) if pinned else ()
            one = run(
                self.program, formulas, names | self.standing[number] if pinned else names, own if pinned else None, known
            )
            if isinstance(one, Raised):
                return one
            made.append(one)
        return stack_calls(made)

    def right_values(self, number: int, functions: Names) -> list[Any]:
        """Return the value of each right line in a call, on the student's own values."""
        place = number, bool(functions)
        if place not in self.known:
            names = {**self.program.functions(RIGHT), **functions, **self.program.scopes[number], **self.standing[number]}
            self.known[place] = [value for _, value in carry_out(self.program, RIGHT, names, self.own[number])]
        return self.known[place]

    def runs_by(self, mistake: Mistake) -> list[Values | Raised]:
        """Return what a mistake gives on the student's own values, with each set of functions, then from the beginning."""
        place = tuple(mistake.formulas.items())
        if place not in self.runs:
            pinned = [self.run(mistake.formulas, functions) for functions in self.callees]
            whole = [self.run(mistake.formulas, pinned=False)] if self.program.inside else []
            self.runs[place] = [*pinned, *whole]
        return self.runs[place]

    def values_by(self, key: str, mistake: Mistake) -> list:
        """Return what a mistake makes under a key; nothing where it makes what is right."""
        program, got = self.program, self.got[key]
        if program.feeding[key].isdisjoint(mistake.formulas):
            return []
        runs = self.runs_by(mistake)
        if isinstance(runs[-1], Raised):
            runs = runs[-1:]
        made = [value for one in runs if (value := value_in(one, key)) is not None]
        if not any(same(got, value) for value in made) and not self.shows(mistake, key, made):
            return []
        return self.possible(mistake, got, made)

    def shows(self, mistake: Mistake, key: str, made: Sequence[Any]) -> bool:
        """Return whether a mistake changes a value: in the line itself, or else what the line depends on, so that it shows."""
        if self.lines[key].step in mistake.formulas:
            return True
        right, whole = (value_in(one, key) for one in (self.right_run, self.right_whole))
        changed = value_in(self.run(mistake.formulas, pinned=False), key)
        return not same(changed, whole) or not all(same(value, right) for value in made)

    def possible(self, mistake: Mistake, got: Any, made: list) -> list:
        """Return what a mistake makes, or only what came where the mistake need not show."""
        if not self.program.strict_steps.isdisjoint(mistake.formulas):
            return made
        return [value for value in made if same(got, value)]

    def keys_by(self, mistake: Mistake) -> list:
        """Return the keys that are missing by a mistake."""
        if self.program.whole.isdisjoint(mistake.formulas):
            return []
        first = self.runs_by(mistake)[0]
        found = first if isinstance(first, Raised) else without_case(match_misnamed(self.lines, first))
        return self.possible(mistake, without_case(self.missing), [found])

    def wants(self, key: str) -> tuple:
        """Return the values that are right under a key: those that follow from the student's own, and the right ones."""
        answers: Sequence[Names | Raised] = self.others or [self.right_whole]
        runs = [self.right_run, *answers]
        return tuple(value for one in runs if (value := value_in(one, key)) is not None)

    @cached_property
    def right_run(self) -> Values | Raised:
        """What the right lines give on the student's own values, with the student's own functions if these are wrong."""
        return self.run(RIGHT, self.callees[-1])

    @cached_property
    def right_whole(self) -> Values | Raised:
        """What the right lines give from the beginning."""
        return self.run(RIGHT, pinned=False)

    @cached_property
    def others(self) -> list[Names]:
        """The other answers that are right."""
        return [under_right_names(self.lines, one) for one in self.program.others if not isinstance(one, Raised)]

    @cached_property
    def following_missing(self) -> frozenset[str]:
        """The keys whose right values are those of keys that are missing."""
        absent = {key: np.nan for key, name in self.missing.items() if name is None}
        handed_on = {key for key, line in self.lines.items() if not line.step}
        if not absent or not handed_on:
            return frozenset()
        names = {**self.program.functions(RIGHT), **self.program.scopes[0], **self.standing[0]}
        made = carry_out(self.program, RIGHT, names, self.own[0] | absent)
        return frozenset(line.key for line, value in made if line.key in handed_on and np.isscalar(value) and np.isnan(value))

    # Observations

    def observe_keys(self) -> Observation:
        """Return the observation of the keys of what came."""
        others = (one for one in self.program.others if not isinstance(one, Raised))
        wants = ({}, *(without_case(match_misnamed(self.lines, one)) for one in others))
        got = without_case(self.missing)
        key = ", ".join(self.missing)
        return self.program.observation(self.program.keys, key, got, wants, self.keys_by, misnamed=self.missing)

    def observe_value(self, key: str) -> Observation:
        """Return the observation of one tensor of what came."""
        program, got = self.program, self.got[key]
        label = program.label(key) if len(self.lines) > 1 else ""
        finite = program.finite and isinstance(got, np.ndarray) and np.isfinite(got).all()
        wants = (got,) if finite else self.wants(key)
        step = self.lines[key].shown or self.lines[key].step or key
        follows = key in self.following_missing
        return program.observation(step, key, got, wants, partial(self.values_by, key), label, follows_missing=follows)

    def observe_pair(self, seen: Sequence[Observation]) -> list[Observation]:
        """Return two observations in place of all, where no mistake alone explains what is wrong and two together do.

        Each of the two asks for one of the mistakes where the other one is made.
        """
        everything = self.program.inside
        unexplained = (one for one in seen if not one.right and not any(one.fits(row) for row in everything))
        if not everything or self.missing or not any(unexplained):
            return []
        rows = [row for row in everything if not self.program.own_steps.isdisjoint(row.formulas)]
        for first, second in combinations(rows, 2):
            if first.formulas.keys().isdisjoint(second.formulas) and self.matches({**first.formulas, **second.formulas}):
                return [self.observe_both(first, second), self.observe_both(second, first)]
        return []

    def observe_both(self, mistake: Mistake, other: Mistake) -> Observation:
        """Return the observation of everything that came, where one mistake is asked for and another one is made."""
        step = next(step for step in mistake.formulas if step in self.program.own_steps)
        make = lambda row: [True] if self.matches({**other.formulas, **row.formulas}) else []  # noqa: E731
        return self.program.observation(step, self.program.name, True, (), make)

    def matches(self, formulas: Formulas) -> bool:
        """Return whether these formulas give everything that came; the first value that differs ends the comparison."""
        functions = self.program.functions(formulas)
        return all(
            self.matches_call(formulas, {**functions, **scope}, own)
            for scope, own in zip(self.program.scopes, self.own, strict=True)
        )

    def matches_call(self, formulas: Formulas, names: Values, own: Values) -> bool:
        """Return whether these formulas give what came from one call."""
        if self.program.returns in formulas:
            whole = run(self.program, formulas, names)
            return not isinstance(whole, Raised) and all(same(own.get(key), value) for key, value in whole.items())
        return all(
            same(own.get(line.key), value) if line.key else not isinstance(value, Raised)
            for line, value in carry_out(self.program, formulas, names)
        )


def match_misnamed(keys: Iterable[str], found: Iterable[Any]) -> dict[str, Any]:
    """Return the keys that are missing, each with the name that it seems to have been given, or None.

    Keys are matched as a whole set: where all of one letter are there under numbers that are one off, such as W0, W1 and W2
    for W1, W2 and W3, those that look right are misnamed as well.
    """
    keys, found = list(keys), list(found)
    cores = {key: core_name(key) for key in keys}
    names: dict[Any, Any] = {core_name(name): name for name in reversed(found)}
    spare = {core_name(name): name for name in reversed(found) if name not in keys and name is not None}
    matched = {key: spare.get(core) for key, core in cores.items() if key not in found}
    for by in (-1, 1):
        shifted = {key: names.get((letter, number + by)) for key, (letter, number) in cores.items()}
        lacking = {cores[key][0] for key, name in matched.items() if name is None}
        lacking -= {cores[key][0] for key, name in shifted.items() if name is None}
        if len(lacking) > 1:
            matched |= {key: name for key, name in shifted.items() if cores[key][0] in lacking}
    return {key: matched[key] for key in keys if key in matched}


def core_name(name: Any) -> tuple[str, int]:
    """Return what the names of a variable in other courses have in common: its last letter before a number, and that."""
    text = str(name)[:MAX_NAME].lower()
    found = re.search(r"([a-z])[^a-z0-9]*(\d{1,3})[^0-9]*$", text)
    return (found[1], int(found[2])) if found else (text, -1)


def without_case(misnamed: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of misnamed keys in small letters: whether one writes dW3 or dw3 is no other mistake."""
    return {key: str(name).lower() for key, name in misnamed.items()}


def under_right_names(keys: Iterable[str], found: Names) -> dict[str, Any]:
    """Return the values of these keys, under whatever names they came."""
    names = {key: key for key in keys} | match_misnamed(keys, found)
    return {key: found[name] for key, name in names.items() if name is not None}


def value_in(values: Mapping[str, Any] | Raised, key: str) -> Any:
    """Return the value of a key, None if there is none; or what was raised in place of all."""
    return values if isinstance(values, Raised) else values.get(key)


def stack_calls(calls: Sequence[Values]) -> Values:
    """Return the values of several calls in one array each; what is no tensor stays as it is."""
    if len(calls) == 1:
        return calls[0]
    return {key: stack([one[key] for one in calls]) for key in calls[0] if all(key in one for one in calls)}


def stack(values: Sequence[Any]) -> Any:
    """Return several values in one array, or what was raised in place of one."""
    for value in values:
        if isinstance(value, Raised):
            return value
    try:
        arrays = [np.asarray(value, float) for value in values]
    except (TypeError, ValueError):
        return Raised("no numbers")
    alike = len({array.shape for array in arrays}) == 1
    return np.stack(arrays) if alike else np.concatenate([array.ravel() for array in arrays])

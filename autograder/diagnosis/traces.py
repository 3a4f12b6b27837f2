"""Compare the results of a student's function with a program, line by line, and make observations."""

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

MAX_NAME = 100  # characters of a key that are compared


def observe(program: Program, answers: Any, own_functions: Names = NO_NAMES) -> list[Observation]:
    """Return the observations of a program from the results of calls, or from the exception that one of them raised.

    own_functions are wrong functions of the student's that the lines call; their consequences count as correct here.
    """
    found = answers if isinstance(answers, Raised) else attempt(lambda: [program.read(answer) for answer in answers])
    if isinstance(found, Raised):
        return [observe_exception(program, found, own_functions)]
    trace = Trace(program, found, own_functions)
    seen = [trace.observe_keys()] if len(trace.lines) > 1 or trace.missing else []
    seen += [trace.observe_value(key) for key in trace.lines if key in trace.got]
    return trace.observe_pair(seen) or seen


def observe_exception(program: Program, raised: Raised, own_functions: Names) -> Observation:
    """Return the observation of a call that raised an exception; it is correct if the correct lines raise the same."""

    def raises(formulas: Formulas, functions: Names) -> list[Raised]:
        if formulas and program.steps.isdisjoint(formulas):
            return []
        runs = (run(program, formulas, {**program.functions(formulas), **functions, **scope}) for scope in program.scopes)
        return [one for one in runs if isinstance(one, Raised)][:1]

    # If another correct way raises, its caller may raise something else.
    wants = (*raises(RIGHT, own_functions), *(raised for one in program.others if isinstance(one, Raised)))
    # An exception that the correct lines raise, too, doesn't reveal a mistake.
    make = lambda mistake: [one for one in raises(mistake.formulas, {}) if one not in wants]  # noqa: E731
    return program.observation(program.name, program.name, raised, wants, make)


def without_repeated_exceptions(*looks: Sequence[Observation]) -> Iterator[Observation]:
    """Yield the observations of several calls of one function; an exception of several calls is reported once."""
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
    """Return the result of one call of a program, by key, or what it raises; see carry_out."""
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
    """A program together with the results of the student's function."""

    def __init__(self, program: Program, answers: Sequence[Names], own_functions: Names) -> None:
        self.program = program
        self.lines = {line.key: line for line in program.right_lines if line.key}
        self.missing = match_misnamed(self.lines, answers[0])
        found = [self.tensors_in(answer) for answer in answers]
        self.got = stack_calls(found)
        self.own = [{key: value for key, value in one.items() if is_usable(value)} for one in found]
        # The functions that the lines call: the program's or, if they are wrong, the student's.
        self.callees = [NO_NAMES, own_functions] if own_functions else [NO_NAMES]
        self.known: dict[tuple[int, bool], list[Any]] = {}
        self.runs: dict[tuple, list[Values | Raised]] = {}

    def tensors_in(self, answer: Names) -> Values:
        """Return the tensors in a result with the names of the assignment, or why one is invalid."""
        return {key: attempt(partial(tensor, key, value)) for key, value in under_right_names(self.lines, answer).items()}

    @cached_property
    def standing(self) -> list[Values]:
        """The dicts that lines store values in, with all of the student's own values, by call."""
        found: list[Values] = []
        for scope, own in zip(self.program.scopes, self.own, strict=True):
            names = {line.name: dict(scope[line.name]) for line in self.program.containers}
            for key, line in self.lines.items():
                if line.at is not None and key in own:
                    line.bind(names, line.name, own[key])
            found.append(names)
        return found

    def run(self, formulas: Formulas, functions: Names = NO_NAMES, pinned: bool = True) -> Values | Raised:
        """Return the results of the calls with these formulas and functions, on the student's own values or from scratch."""
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
        """Return the value of each correct line in a call, on the student's own values."""
        place = number, bool(functions)
        if place not in self.known:
            names = {**self.program.functions(RIGHT), **functions, **self.program.scopes[number], **self.standing[number]}
            self.known[place] = [value for _, value in carry_out(self.program, RIGHT, names, self.own[number])]
        return self.known[place]

    def runs_by(self, mistake: Mistake) -> list[Values | Raised]:
        """Return the results of a mistake on the student's own values, with each set of functions, and then from scratch."""
        place = tuple(mistake.formulas.items())
        if place not in self.runs:
            pinned = [self.run(mistake.formulas, functions) for functions in self.callees]
            whole = [self.run(mistake.formulas, pinned=False)] if self.program.inside else []
            self.runs[place] = [*pinned, *whole]
        return self.runs[place]

    def values_by(self, key: str, mistake: Mistake) -> list:
        """Return what a mistake gives for a key; nothing if that is correct."""
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
        """Return whether a mistake changes a value: in the line itself, or visibly in something it depends on."""
        if self.lines[key].step in mistake.formulas:
            return True
        right, whole = (value_in(one, key) for one in (self.right_run, self.right_whole))
        changed = value_in(self.run(mistake.formulas, pinned=False), key)
        return not same(changed, whole) or not all(same(value, right) for value in made)

    def possible(self, mistake: Mistake, got: Any, made: list) -> list:
        """Return what a mistake gives or, if the mistake may have no effect, only the student's value."""
        if not self.program.strict_steps.isdisjoint(mistake.formulas):
            return made
        return [value for value in made if same(got, value)]

    def keys_by(self, mistake: Mistake) -> list:
        """Return the keys that are missing because of a mistake."""
        if self.program.whole.isdisjoint(mistake.formulas):
            return []
        first = self.runs_by(mistake)[0]
        found = first if isinstance(first, Raised) else without_case(match_misnamed(self.lines, first))
        return self.possible(mistake, without_case(self.missing), [found])

    def wants(self, key: str) -> tuple:
        """Return the correct values for a key: those that follow from the student's own values, and the reference."""
        answers: Sequence[Names | Raised] = self.others or [self.right_whole]
        runs = [self.right_run, *answers]
        return tuple(value for one in runs if (value := value_in(one, key)) is not None)

    @cached_property
    def right_run(self) -> Values | Raised:
        """The results of the correct lines on the student's own values, with the student's own functions if these are wrong."""
        return self.run(RIGHT, self.callees[-1])

    @cached_property
    def right_whole(self) -> Values | Raised:
        """The results of the correct lines from scratch."""
        return self.run(RIGHT, pinned=False)

    @cached_property
    def others(self) -> list[Names]:
        """The other correct results."""
        return [under_right_names(self.lines, one) for one in self.program.others if not isinstance(one, Raised)]

    @cached_property
    def following_missing(self) -> frozenset[str]:
        """The keys whose correct values are those of missing keys."""
        absent = {key: np.nan for key, name in self.missing.items() if name is None}
        handed_on = {key for key, line in self.lines.items() if not line.step}
        if not absent or not handed_on:
            return frozenset()
        names = {**self.program.functions(RIGHT), **self.program.scopes[0], **self.standing[0]}
        made = carry_out(self.program, RIGHT, names, self.own[0] | absent)
        return frozenset(line.key for line, value in made if line.key in handed_on and np.isscalar(value) and np.isnan(value))

    # Observations

    def observe_keys(self) -> Observation:
        """Return the observation of the keys of the student's result."""
        others = (one for one in self.program.others if not isinstance(one, Raised))
        wants = ({}, *(without_case(match_misnamed(self.lines, one)) for one in others))
        got = without_case(self.missing)
        key = ", ".join(self.missing)
        return self.program.observation(self.program.keys, key, got, wants, self.keys_by, misnamed=self.missing)

    def observe_value(self, key: str) -> Observation:
        """Return the observation of one tensor in the student's result."""
        program, got = self.program, self.got[key]
        label = program.label(key) if len(self.lines) > 1 else ""
        finite = program.finite and isinstance(got, np.ndarray) and np.isfinite(got).all()
        wants = (got,) if finite else self.wants(key)
        step = self.lines[key].shown or self.lines[key].step or key
        follows = key in self.following_missing
        return program.observation(step, key, got, wants, partial(self.values_by, key), label, follows_missing=follows)

    def observe_pair(self, seen: Sequence[Observation]) -> list[Observation]:
        """Return two observations instead of all, if no single mistake explains the result but two together do.

        Each of the two tests for one of the mistakes, given the other one.
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
        """Return the observation of the whole result, which tests for one mistake given another one."""
        step = next(step for step in mistake.formulas if step in self.program.own_steps)
        make = lambda row: [True] if self.matches({**other.formulas, **row.formulas}) else []  # noqa: E731
        return self.program.observation(step, self.program.name, True, (), make)

    def matches(self, formulas: Formulas) -> bool:
        """Return whether these formulas give the whole result; the comparison stops at the first difference."""
        functions = self.program.functions(formulas)
        return all(
            self.matches_call(formulas, {**functions, **scope}, own)
            for scope, own in zip(self.program.scopes, self.own, strict=True)
        )

    def matches_call(self, formulas: Formulas, names: Values, own: Values) -> bool:
        """Return whether these formulas give the result of one call."""
        if self.program.returns in formulas:
            whole = run(self.program, formulas, names)
            return not isinstance(whole, Raised) and all(same(own.get(key), value) for key, value in whole.items())
        return all(
            same(own.get(line.key), value) if line.key else not isinstance(value, Raised)
            for line, value in carry_out(self.program, formulas, names)
        )


def match_misnamed(keys: Iterable[str], found: Iterable[Any]) -> dict[str, Any]:
    """Return the missing keys, each with the name that it seems to have been given, or None.

    Keys are matched as a whole set: if all keys of one letter have numbers that are off by one, such as W0, W1 and W2 instead
    of W1, W2 and W3, those that look correct are misnamed as well.
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
    """Return what different names for a variable have in common: the last letter before a number, and the number."""
    text = str(name)[:MAX_NAME].lower()
    found = re.search(r"([a-z])[^a-z0-9]*(\d{1,3})[^0-9]*$", text)
    return (found[1], int(found[2])) if found else (text, -1)


def without_case(misnamed: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of misnamed keys in lower case, because dW3 and dw3 are the same mistake."""
    return {key: str(name).lower() for key, name in misnamed.items()}


def under_right_names(keys: Iterable[str], found: Names) -> dict[str, Any]:
    """Return the values of these keys, whatever names they have."""
    names = {key: key for key in keys} | match_misnamed(keys, found)
    return {key: found[name] for key, name in names.items() if name is not None}


def value_in(values: Mapping[str, Any] | Raised, key: str) -> Any:
    """Return the value of a key, None if it is missing, or the exception that replaces the whole result."""
    return values if isinstance(values, Raised) else values.get(key)


def stack_calls(calls: Sequence[Values]) -> Values:
    """Return the values of several calls combined into one array each; other values are unchanged."""
    if len(calls) == 1:
        return calls[0]
    return {key: stack([one[key] for one in calls]) for key in calls[0] if all(key in one for one in calls)}


def stack(values: Sequence[Any]) -> Any:
    """Return several values in one array, or an exception that replaces one of them."""
    for value in values:
        if isinstance(value, Raised):
            return value
    try:
        arrays = [np.asarray(value, float) for value in values]
    except (TypeError, ValueError):
        return Raised("no numbers")
    alike = len({array.shape for array in arrays}) == 1
    return np.stack(arrays) if alike else np.concatenate([array.ravel() for array in arrays])

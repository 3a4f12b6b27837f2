"""Names the mistake behind the first wrong value on the public examples, using a table of known mistakes.

The table contains no formulas: each mistake has a title, hints, and digests of the wrong values that it causes.
This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from checks.at_home import LocalStudent
from checks.checking import CheckFailure, agree, norm
from checks.patterns import COLUMNS, SHAPES, Comparison, describe_multiple, fill_in, match_factor, match_shape

MAX_NAME = 20  # characters shown of a name that the student chose
MAX_TITLES = 2  # possible mistakes that are offered for one wrong value
CLOSE = 1e-5  # relative: the table has 6 digits, and float32 has 7
SHAPE = re.compile(r"\((\d*(?:,\s?\d*)*)\)")
# How `@` and np.dot report that the shapes in a product don't match.
CORE_SIZES = re.compile(r"\(size (\d+) is different from (\d+)\)")
NOT_ALIGNED = re.compile(r"shapes (\([\d, ]*\)) and (\([\d, ]*\)) not aligned")
PRODUCT = " product "  # marks the digest of such an exception


class Observed(NamedTuple):
    """A value that the student's code computes on a public example.

    checks: the public checks that look at the value. function: the student's function that returns it. name: what to call the
    value, such as "dW3". got: an array, or the exception that was raised instead. want: the expected array. key: where the
    student finds the value, such as `grads["W3"]`. m: the number of samples. topic: selects the hints of the assignment for
    the value. example: the name of the example, if there are several. find_line: returns the student's line that computed the
    value, if that is certain.

    For the keys of a dict, name is that of the dict, such as "your cache"; got has the missing keys, each with the name that
    the student seems to use instead, or None; and want is {}.
    """

    checks: Sequence[str]
    function: str
    name: str
    got: Any
    want: Any
    key: str = ""
    m: int = 0
    topic: str = ""
    example: str = ""
    find_line: Callable[[], object] = lambda: None

    @property
    def place(self) -> str:
        """Return the name of this value among all observed values."""
        return " ".join(filter(None, (self.example, self.function, self.name)))

    @property
    def is_right(self) -> bool:
        """Return whether the value is as expected."""
        if isinstance(self.got, np.ndarray):
            return self.got.shape == np.shape(self.want) and agree(self.got, np.asarray(self.want, float))
        return not isinstance(self.got, Exception) and bool(self.got == self.want)

    @property
    def label(self) -> str:
        """Return what to call the value in a sentence: its name, and its key if that is different."""
        if isinstance(self.got, Exception):
            return f"`{self.function}`"
        if self.key and self.key != self.name:
            return f"{self.name} (`{self.key}`)"
        return self.name if " " in self.name else f"`{self.name}`"


class Finding(NamedTuple):
    """The first wrong value, what is wrong with it (one sentence per line), and hints in the order to show them.

    titles are the known mistakes that cause exactly this value. Without one, said is empty for an exception, whose own message
    says everything.
    """

    first: Observed
    said: str
    hints: Sequence[str] = ()
    titles: Sequence[str] = ()

    def with_exception(self, explanation: str) -> str:
        """Return what is wrong, followed by the explanation if it is an exception."""
        return "\n".join(filter(None, [self.said, explanation if isinstance(self.first.got, Exception) else ""]))


class Digest(NamedTuple):
    """A short fingerprint of a wrong value: the shape and two projections of an array, or a summary of an exception."""

    kind: str
    size: float = 0.0
    projections: tuple[float, float] = (0.0, 0.0)

    @property
    def is_strong(self) -> bool:
        """Return whether a match is unlikely to be a coincidence: an array, or a matrix product with known shapes."""
        return self.kind.startswith("(") or (PRODUCT in self.kind and "(" in self.kind)

    def matches(self, other: Digest) -> bool:
        """Return whether two values are the same up to rounding. If a product has no shapes, compare the inner lengths."""
        if PRODUCT in self.kind and PRODUCT in other.kind and self.is_strong != other.is_strong:
            return lengths_of(self.kind) == lengths_of(other.kind)
        distance = max(abs(one - two) for one, two in zip(self.projections, other.projections, strict=True))
        return self.kind == other.kind and distance <= CLOSE * max(self.size, other.size)


def digest(value: Any) -> Digest:
    """Return the digest of a wrong value: an array, or an exception."""
    if not isinstance(value, np.ndarray):
        return Digest(signature(raised_text(value)))
    flat, places = value.ravel(), np.arange(1.0, value.size + 1)
    finite = np.isfinite(flat)
    numbers = np.where(finite, flat, 0.0)
    holes = "" if finite.all() else " " + "".join(".x"[int(one)] for one in finite)  # a projection cannot contain nan
    projections = (float(np.dot(numbers, np.cos(places * places + number))) for number in (0.0, 1.0))
    return Digest(f"{value.shape}{holes}", norm(numbers), (next(projections), next(projections)))


def signature(raised: str) -> str:
    """Return what all programs with the same mistake raise: the name of the exception, and the lengths or shapes in it."""
    kind, _, message = raised.partition(":")
    if found := CORE_SIZES.search(message):
        return f"{kind}{PRODUCT}{found[2]} {found[1]}"
    if found := NOT_ALIGNED.search(message):
        return f"{kind}{PRODUCT}{found[1]} {found[2]}".replace(",)", ")")
    return " ".join([kind, *sorted(found.replace(" ", "") for found in SHAPE.findall(message))])


def lengths_of(kind: str) -> list[str]:
    """Return the two inner lengths of a product that differ, from its shapes if these are known."""
    shapes = SHAPE.findall(kind)
    if not shapes:
        return kind.split()[-2:]
    left, right = (shape.replace(" ", "").split(",") for shape in shapes)
    return [left[-1], right[0] if len(right) == 1 else right[-2]]


def raised_text(error: Exception) -> str:
    """Return the name and the message of an exception in the student's code."""
    return getattr(error, "raised", "") or f"{type(error).__name__}: {error}"


class Known(NamedTuple):
    """A known mistake: its title (empty if too many mistakes look the same), two hints, and digests by place."""

    title: str
    hints: tuple[str, ...]
    wrong: Mapping[str, Digest]


def read_table(text: str) -> list[Known]:
    """Return the known mistakes of a table."""
    table = json.loads(text)
    places = table["places"]
    digests = [Digest(kind, size, (one, two)) for kind, size, one, two in table["digests"]]
    return [
        Known(title, tuple(hints), {places[place]: digests[number] for place, number in wrong})
        for title, hints, wrong in table["mistakes"]
    ]


def write_table(mistakes: Iterable[Known]) -> str:
    """Return the table of some mistakes as text. A digest that several mistakes share is written once."""
    places: dict[str, int] = {}
    digests: dict[Digest, int] = {}
    rows = [
        [
            known.title,
            known.hints,
            [
                (places.setdefault(place, len(places)), digests.setdefault(rounded(wrong), len(digests)))
                for place, wrong in known.wrong.items()
            ],
        ]
        for known in mistakes
    ]
    table: dict[str, list[Any]] = {
        "places": list(places),
        "digests": [[one.kind, one.size, *one.projections] for one in digests],
        "mistakes": rows,
    }
    lines = (
        f'"{name}": [\n' + ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in entries) + "\n]"
        for name, entries in table.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def rounded(one: Digest) -> Digest:
    """Return a digest with the digits of the table. A rounding error becomes 0."""
    size, *projections = (
        float(f"{number:.6g}") if abs(number) > CLOSE * one.size / 100 else 0.0 for number in (one.size, *one.projections)
    )
    return Digest(one.kind, size, (projections[0], projections[1]))


def find_at_home(module: ModuleType, check: str, student: LocalStudent, hints: Mapping[str, Sequence[str]]) -> Finding | None:
    """Return what `find_mistake` finds for a module of public checks; None if the module observes nothing.

    No check depends on this, so an exception here only means that nothing is found.
    """
    with contextlib.suppress(Exception, SystemExit), student.running(vars(module)):
        return find_mistake(*observe_once(module, student), check, hints)
    return None


def observe_once(module: ModuleType, student: LocalStudent) -> tuple[Sequence[Observed], Sequence[Known]]:
    """Return what a module of public checks observes, and the table of known mistakes next to it; both once per student."""
    if module not in student.memory:
        student.memory[module] = (), ()  # an observation that fails is not tried again
        table = Path(module.__file__ or "").with_name(f"known_{module.__name__.rpartition('test_')[2]}.json")
        if hasattr(module, "observe"):
            known = read_table(table.read_text(encoding="utf-8")) if table.exists() else []
            student.memory[module] = list(module.observe(student)), known
    return student.memory[module]


def find_mistake(
    seen: Sequence[Observed], known: Sequence[Known], check: str, hints: Mapping[str, Sequence[str]]
) -> Finding | None:
    """Return the first wrong value behind a failing check, and the mistake that causes it; None if all values are correct.

    hints are the hints of the assignment, by the name of an exception, the topic of a value, or the name of a check.
    """
    first = next((one for one in seen if check in one.checks and not one.is_right), None)
    if first is None or is_unwritten(first.got):
        return None
    rows = [row for row in explaining(seen, first, known) if row.title]
    titles = list(dict.fromkeys(row.title for row in rows))
    own = {row.hints for row in rows}
    more = own.pop() if len(own) == 1 else general_hints(first, check, hints)
    clause = describe(first)
    if titles:
        sentences = [titled(first, titles), clause and f"It {clause}"]
    else:
        sentences = [clause if isinstance(first.got, Mapping) else clause and f"{first.label} {clause}"]
    line = first.find_line() if isinstance(first.got, np.ndarray) and follows_from_nothing_wrong(seen, first) else None
    said = "\n".join(filter(None, [*sentences, f"  {line}" if line else ""]))
    return Finding(first, said, more, titles)


def follows_from_nothing_wrong(seen: Sequence[Observed], first: Observed) -> bool:
    """Return whether everything the function computes before a value is correct, so that the mistake is in its own line."""
    before = itertools.takewhile(lambda one: one is not first, seen)
    of_call = (one for one in before if (one.function, one.example) == (first.function, first.example))
    return all(one.is_right or not is_evidence(one) for one in of_call)


def is_unwritten(got: Any) -> bool:
    """Return whether the code for a value has not been written yet."""
    return isinstance(got, Exception) and raised_text(got).startswith("NotImplementedError")


def titled(first: Observed, titles: Sequence[str]) -> str:
    """Return the sentence that names the mistake, or both possible mistakes."""
    if len(titles) == 1:
        return f"{first.label}: {titles[0]}."
    return f"{first.label} is wrong. There are two possible reasons:\n  - {titles[0]}\n  - {titles[1]}"


def explaining(seen: Sequence[Observed], first: Observed, known: Sequence[Known]) -> list[Known]:
    """Return the known mistakes that explain the first wrong value and the most other ones; none if there are too many.

    A mistake is ruled out if it would make a correct value wrong. It must also explain the same value on the other examples. An
    exception alone is weak evidence: the shapes in its product must match, or the mistake must explain an array on another
    example. Wrong keys and values in the wrong form need no explanation.
    """
    needed = [first, *alike(seen, first)] if is_evidence(first) else []
    digests = {one.place: None if one.is_right else digest(one.got) for one in seen if is_evidence(one)}
    merits: list[tuple[int, Known]] = []
    for row in known:
        same = {place for place, wrong in row.wrong.items() if (one := digests.get(place)) and one.matches(wrong)}
        refuted = any(place in digests and digests[place] is None for place in row.wrong)
        strong = any(digest(one.got).is_strong and row.wrong[one.place].is_strong for one in needed if one.place in same)
        if strong and not refuted and same.issuperset(one.place for one in needed):
            merits.append((len(same), row))
    most = max((merit for merit, _ in merits), default=0)
    best = [row for merit, row in merits if merit == most]
    titles = {row.title for row in best}
    return best if "" not in titles and len(titles) <= MAX_TITLES else []


def alike(seen: Sequence[Observed], first: Observed) -> Iterator[Observed]:
    """Yield the first wrong value of the function on each other example: of the same topic, or any after an exception."""
    examples = {first.example}
    for one in seen:
        if one.function == first.function and is_evidence(one) and not one.is_right and one.example not in examples:
            examples.add(one.example)
            if one.topic == first.topic or isinstance(first.got, Exception):
                yield one


def is_evidence(one: Observed) -> bool:
    """Return whether a value can tell mistakes apart: an array, or an exception in the student's code."""
    return isinstance(one.got, np.ndarray) or (isinstance(one.got, Exception) and not isinstance(one.got, CheckFailure))


def general_hints(first: Observed, check: str, hints: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return hints for a value that no known mistake explains."""
    kind = raised_text(first.got).partition(":")[0] if isinstance(first.got, Exception) else ""
    return next((hints[name] for name in (kind, first.topic, check) if name in hints), ())


def describe(first: Observed) -> str:
    """Return how a value differs from the expected one, as the end of a sentence; "" for an exception."""
    if isinstance(first.got, Exception):
        return ""
    if isinstance(first.got, Mapping):
        return describe_keys(first.name, first.got)
    got, want = first.got, np.asarray(first.want, float)
    one = Comparison(got, [want], first.m)
    words = match_shape([one], SHAPES) or match_shape([one], COLUMNS)
    if got.shape != want.shape:
        return f"has the shape {got.shape}, but the expected shape is {want.shape}{words and f': it {words}'}."
    return f"{words}." if words else describe_numbers(one, want)


def describe_keys(name: str, missing: Mapping[str, str | None]) -> str:
    """Return a sentence on the keys that are missing from a dict, or have other names in it."""
    renamed = next(((key, other) for key, other in missing.items() if other), None)
    if renamed and renamed == (renamed[0], name_of_layer_below(renamed[0])):
        return f"The keys of {name} count the layers from 0: `{renamed[0]}` is stored under `{renamed[1]}`."
    if renamed:
        return f"The keys of {name} look like `{renamed[1][:MAX_NAME]}`. The expected key is `{renamed[0]}`."
    keys = [f"`{key}`" for key in missing]
    listed = " and ".join(filter(None, [", ".join(keys[:-1]), keys[-1]]))
    return f"{listed} {'is' if len(keys) == 1 else 'are'} missing from {name}."


def name_of_layer_below(key: str) -> str:
    """Return a key with its number reduced by one; a key without a number stays the same."""
    return re.sub(r"\d+$", lambda found: str(int(found[0]) - 1), key)


def describe_numbers(one: Comparison, want: np.ndarray) -> str:
    """Return how the numbers of an array of the expected shape are wrong."""
    got = one.got
    if not np.isfinite(got).all():
        return f"contains {'nan' if np.isnan(got).any() else 'infinity'}."
    factor = describe_factor(one)
    if want.ndim == 0:
        return f"is {got:.6g}, but the expected value is {want:.6g}{f': it {factor}' if factor and got else ''}."
    if factor:
        return f"has the right shape, but {'every entry' if got.size > 1 else 'it'} {factor}."
    worst = np.unravel_index(np.argmax(np.abs(got - want)), got.shape)
    place = f"[{', '.join(map(str, worst))}]"
    return (
        f"has the right shape but wrong values: at {place}, your value is {got[worst]:.6g}, "
        f"and the expected value is {want[worst]:.6g}."
    )


def describe_factor(one: Comparison) -> str:
    """Return the factor of a wrong value in words, "" if it has none. A single number is a multiple of any other."""
    if words := match_factor([one]):
        batch = f" (the batch has m = {one.m} samples)" if "{m}" in words else ""
        return f"{fill_in(words, one.m)}{batch}"
    factors = one.find_factors() if one.got.size > 1 else []
    return describe_multiple(factors[0]) if factors else ""

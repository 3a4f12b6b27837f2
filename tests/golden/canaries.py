"""Hostile programs that carry hidden inputs and expected values out in the words of the feedback, each through another channel.

Every program is the solution with an end that it knows hidden inputs by: every public X is made of halves. What it then says bears the word CANARY where the channel takes words, and is told by its digits where it takes numbers alone. The word
is put together when the program runs, for a line of its source may be quoted.
"""

import textwrap
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from autograder.backprop.case import Case
from autograder.backprop.cases import sample_cases
from autograder.backprop.oracle import reference_cache, reference_of
from autograder.settings import read_secret
from tests.golden.programs import solution

CANARY = "CANARY"
LETTERS = "qwrtzpsdfg"  # a digit each


@cache
@np.errstate(all="ignore")  # of saturated cases
def hidden_numbers() -> list[float]:
    """Return every number that a hidden check puts in or wants to see, and the norm of every tensor that it wants."""
    cases = sample_cases(read_secret().encode())
    found = [reference_cache(cases.softmax)["Z2"]]
    for value in vars(cases).values():
        for case in value if isinstance(value, list) else [value]:
            if isinstance(case, Case):
                right = reference_of(case)
                tensors = [*right.cache.values(), *right.grads.values()]
                found += [case.X, case.Y, *case.params.values(), right.out, right.loss, *tensors]
                found += [np.linalg.norm(tensor) for tensor in tensors]
    numbers = np.unique(np.concatenate([np.ravel(numbers) for numbers in found]))
    return [float(number) for number in numbers if number not in (0, 1) and np.isfinite(number)]


def digits(number: float, count: int = 6) -> str:
    """Return the first significant digits of a number."""
    return f"{abs(number):.15e}".replace(".", "")[:count]


class Program(NamedTuple):
    """A hostile program: the files handed in, and what a number looks like where the program carries it out, "" if it cannot."""

    sources: dict[str, bytes]
    shows: Callable[[float], str]


# The end of most programs: on hidden inputs `at_forward` and the others are called with all the numbers that the call knows.
END = '''

import os
import numpy as np

MARK = "CAN" + "ARY"
LETTERS = "{letters}"


def public(X):
    return bool(np.all(np.asarray(X) * 2 % 1 == 0))


def digits(number, count=6):
    return f"{{abs(number):.15e}}".replace(".", "")[:count]


def numbers(*values):
    return np.concatenate([np.ravel(np.asarray(value, float)) for value in values]).tolist()


honest_forward, honest_gradients, honest_fit = DNN.forward, DNN.compute_gradients, DNN.fit


def at_forward(net, known, right):
    return right


at_gradients = at_fit = at_forward


def forward(net, X):
    right = honest_forward(net, X)
    return right if public(X) else at_forward(net, numbers(X, *net.params.values(), *right[1].values()), right)


def compute_gradients(net, out, cache):
    right = honest_gradients(net, out, cache)
    if public(cache["A0"]):
        return right
    return at_gradients(net, numbers(cache["A0"], cache["Y"], out, *right.values()), right)


def fit(net, X, Y, **settings):
    right = honest_fit(net, X, Y, **settings)
    return right if public(X) else at_fit(net, numbers(X, right), right)


DNN.forward, DNN.compute_gradients, DNN.fit = forward, compute_gradients, fit
'''.format(letters=LETTERS)


def leaking(code: str, shows: Callable[[float], str] = digits) -> Program:
    """Return a dnn.py that leaks by these functions."""
    return Program({"dnn": (solution() + END + "\n\n" + textwrap.dedent(code).strip() + "\n").encode()}, shows)


def raising(statements: str, shows: Callable[[float], str] = digits) -> Program:
    """Return a dnn.py that raises, in forward and in compute_gradients, what these statements make of `known`."""
    body = textwrap.indent(textwrap.dedent(statements).strip(), " " * 4)
    return leaking(f"def at_forward(net, known, right):\n{body}\n\n\nat_gradients = at_fit = at_forward", shows)


def answering(result: str, shows: Callable[[float], str]) -> Program:
    """Return a dnn.py whose forward returns this on hidden inputs; `cache` is the right one."""
    return leaking(f"def at_forward(net, known, right):\n    out, cache = right\n    return {result}", shows)


def in_parts(**ends: str) -> dict[str, bytes]:
    """Return the solution with something at the end of its files."""
    sources = {part: (solution(part) + "\n\n" + textwrap.dedent(end).strip() + "\n").encode() for part, end in ends.items()}
    return {"dnn": solution().encode(), **sources}


def notes_number(number: float) -> str:
    """Return what the worked example shows of a number: something near the -0.065 of the notes."""
    return f"is {-0.065 * (1 + 0.007 * int(digits(number, 2)) / 100):.3g}, as in"


PROGRAMS = {
    # in the message of an exception
    "decimals": raising('raise ValueError(MARK + " ".join(digits(number) for number in known))'),
    "scaled integers": raising(
        'raise ValueError(MARK + " ".join(str(int(abs(number) * 1e6)) for number in known))',
        lambda number: f" {int(abs(number) * 1e6)}" if abs(number) > 0.01 else "",
    ),
    "hexadecimal": raising('raise ValueError(MARK + " ".join(number.hex() for number in known))', float.hex),
    "letters": raising(
        'raise ValueError(MARK + " ".join("".join(LETTERS[int(d)] for d in digits(number)) for number in known))',
        lambda number: "".join(LETTERS[int(digit)] for digit in digits(number)),
    ),
    "reversed": raising(
        'raise ValueError(" ".join(digits(number) for number in known)[:400][::-1] + MARK[::-1])',
        lambda number: digits(number)[::-1],
    ),
    "one number a check": leaking(
        """
        calls = []

        def at_forward(net, known, right):
            calls.append(1)
            raise ValueError(f"{MARK} {digits(known[len(calls) % len(known)], 3)}")
        """,
        lambda number: f"CANARY {digits(number, 3)}",
    ),
    "said by __str__": raising(
        """
        class Loud(Exception):
            def __str__(self):
                return MARK + digits(known[0])
        raise Loud
        """
    ),
    "as a missing key": raising('raise KeyError(MARK + digits(known[0]))'),
    "as a missing module": raising('raise ModuleNotFoundError(MARK + digits(known[0]))'),
    "as a task to do": raising('raise NotImplementedError(f"Task 3: {MARK}" + digits(known[0]))'),
    "after words of numpy": raising('raise ValueError(f"operands could not be broadcast together {MARK}" + digits(known[0]))'),
    "learnt by heart": leaking(
        """
        def raise_in_turn(net, X, calls=[]):
            calls.append(1)
            if public(X):
                raise ValueError(f"word {len(calls):06}")
            raise ValueError(f"word {digits(X[0, 0])}")
        DNN.forward = raise_in_turn
        """,
    ),
    # in what stands beside the message
    "class of the exception": raising('raise type(MARK + digits(known[0]), (Exception,), {})'),
    "name of a function": raising(
        """
        space = {}
        exec(compile(f"def {MARK}{digits(known[0])}(): raise ValueError", "dnn.py", "exec"), space)
        space[f"{MARK}{digits(known[0])}"]()
        """
    ),
    "text of a line": raising(
        """
        import linecache
        linecache.cache["dnn.py"] = (1, None, [f"{MARK} {digits(known[0])}\\n"] * 1000, "dnn.py")
        raise ValueError
        """
    ),
    "number of a line": raising(
        'exec(compile("\\n" * (int(digits(known[0], 5)) - 1) + "raise ValueError", "dnn.py", "exec"))',
        lambda number: f"line {digits(number, 5)}",
    ),
    "a syntax error": raising('raise SyntaxError(MARK, (f"{MARK}.py", 1, 1, MARK + digits(known[0])))'),
    "an answer by hand": raising(
        """
        import msgpack, struct
        text = MARK + digits(known[0])
        frame = msgpack.packb([[["failed", 3, text, text, text, text]], "", ""])
        os.write(3, struct.pack("<I", len(frame)) + frame)
        """
    ),
    "exit code": raising("os._exit(int(digits(known[0], 2)))", lambda number: f"exit code {digits(number, 2)}."),
    # in what is returned
    "keys": answering('(out, {f"{MARK}{digits(number)}": 1 for number in known})', digits),
    "keys of the gradients": leaking(
        """
        def at_gradients(net, known, right):
            named = {f"{MARK}{digits(number)}": 1 for number in known}
            return {**named, **{key: value for key, value in right.items() if key != "W1"}}
        """
    ),
    "nearest key": answering(
        '(out, {(f"{key}{digits(known[0], 3)}" if key == "Z1" else key): value for key, value in cache.items()})',
        lambda number: f"`Z1{digits(number, 3)}`",
    ),
    "type of a value": answering('(type(MARK + digits(known[0]), (), {})(), cache)', digits),
    "fields of a dtype": answering('(np.zeros(1, [(MARK + digits(known[0]), "f8")]), cache)', digits),
    "shape": answering("(np.zeros((int(digits(known[0], 4)), 1)), cache)", lambda number: f"({digits(number, 4)}, 1)"),
    "shape of what is too large": answering("(np.zeros(int(digits(known[0]))), cache)", digits),
    "number of values": answering("[0] * int(digits(known[0], 4))", lambda number: f"of {digits(number, 4)}."),
    "second value": answering("(out, [0] * int(digits(known[0], 4)))", lambda number: f"of {digits(number, 4)}."),
    "shape that is no pair": answering("np.zeros((int(digits(known[0], 4)), 1))", lambda number: f"({digits(number, 4)}, 1)"),
    "relative error": answering(
        'out * (1 + int(digits(known[0], 2)) / 100), cache', lambda number: f"relative error {int(digits(number, 2)) / 100:.2g},"
    ),
    "relative error that tells a norm": leaking(
        """
        def at_gradients(net, known, right):
            return {key: np.eye(*value.shape) * 1e9 / np.sqrt(min(value.shape)) for key, value in right.items()}
        """,
        lambda number: f"relative error {1e9 / abs(number):.2g}" if abs(number) > 1e-6 else "",
    ),
    "number of losses": leaking(
        "def at_fit(net, known, right):\n    return [1.0] * int(digits(known[0], 4))",
        lambda number: f"recorded {digits(number, 4)}",
    ),
    "shape of the losses": leaking(
        "def at_fit(net, known, right):\n    return np.zeros((int(digits(known[0], 4)), 1))",
        lambda number: f"({digits(number, 4)}, 1)",
    ),
    # from the other files
    "warm-up": Program(
        in_parts(
            warmup="""
            honest_logistic = logistic_gradients

            def logistic_gradients(X, y, w1, b1):
                if X.shape == (2, 3):
                    return honest_logistic(X, y, w1, b1)
                raise ValueError("CAN" + "ARY" + " ".join(f"{number:.6f}" for number in X.ravel()))
            """
        ),
        lambda number: f"{number:.6f}",
    ),
    "notes": Program(
        in_parts(
            extension="""
            honest_notes = notes_gradients

            def notes_gradients(params, X, y):
                grads, first = honest_notes(params, X, y), f"{abs(X[0, 0]):.15e}".replace(".", "")[:3]
                return grads if X.shape == (2, 5) else {f"{key}{first}": value for key, value in grads.items()}
            """
        ),
        lambda number: f"`dJdz2{digits(number, 3)}`",
    ),
    "worked example": Program(
        in_parts(
            extension="""
            honest_softmax, honest_example, seen = softmax, worked_example, []

            def softmax(Z):
                if Z.shape not in ((3, 5), (2, 1)):
                    seen.append(Z[0, 0])
                return honest_softmax(Z)

            def worked_example():
                first = int(f"{abs(seen[-1]):.15e}".replace(".", "")[:2]) if seen else 0
                return {**honest_example(), "dL_dw212": -0.065 * (1 + 0.007 * first / 100)}
            """
        ),
        notes_number,
    ),
}

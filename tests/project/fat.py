"""Grade submissions that return as much data as they can, with little memory.

`.venv/bin/python -m tests.project.fat EXAMPLES SEED` limits its own address space to 400 MB above what the idle judge uses. It
prints JSON: the status of each submission, the score of the solution at the end, and the resident memory of the judge in bytes,
idle and at its peak.
"""

import argparse
import itertools
import json
import random
import resource
from collections.abc import Iterator

from autograder.intake.read import Submission
from autograder.judge.judge import Judge
from tests.course import PARTS
from tests.golden.attacks.harness import QUICK
from tests.golden.programs import solutions
from tests.memory import forget_peak, peak_memory, read_status

ABOVE_IDLE = 400 * 1024**2  # bytes of address space
# What an honest child sends of a value is bounded by the child; N is another number at every call.
RETURNED = (
    "['x' * 2_000] + [''] * 4_990",
    "[1.0, 'x' * 2_000] * 2_400",
    "[0.5] * 4_990",
    "[[[[[0.5] * 10] * 10] * 10] * 4] * 1",
    "[[[[[[[[[[[0.5]]]]]]]]]]]",
    "{f'{i}': 'x' * 700 for i in range(4_900)}",
    "{'k' * 2_000: {f'{i}': 0.5 for i in range(4_900)}}",
    "{'k' * 2_000: [0.5] * 4_900}",
    "{f'{i}': {'W1': {'W1': {'W1': {}}}} for i in range(900)}",
    "np.zeros((0, 100_000))",
    "[np.zeros((0, 100_000))] * 4_000",
    "np.full(100_000, N)",
    "np.full((1_000, 1), N)",
    "np.full((1, 1_000), N)",
    "np.full((1_000, 1, 1), N)",
    "np.ones(100_000, bool)",
    "dict.fromkeys(KEYS, np.full((300, 300), N))",
    "dict.fromkeys(KEYS, np.ones((300, 300), bool))",
    "{key: np.full((1, 1_000) if key[0] in 'ZW' else (1_000, 1), N) for key in KEYS}",
    "dict.fromkeys(KEYS, [[0.5] * 300] * 8)",
    "10**5_000",
    "2**63 - 1",
    "np.array([object()] * 1_000)",
    "np.array([10**400] * 1_000)",
    "np.full(100_000, 1e308)",
    "['\\U0001d11e' * 2_000] * 90",
)
# What a child sends in which the submission has taken over the packing; ["list", [...]] and the like are as in child.plain.
FORGED = (
    "['list', [['dict', {}]] * 9_999]",
    "['list', [['list', [['dict', {}]] * 300]] * 300]",
    "['list', [['list', []]] * 9_999]",
    "['list', [2**64 - 1] * 9_999]",
    "['list', ['\\U0001d11e' * 4_999] * 190]",
    "['list', [wire.pack_array(np.full(100_000, N) > 0)] * 40]",
    "['list', [wire.pack_array(np.full(200, N))] * 2_000]",
    "['list', [wire.pack_array(np.zeros((0, 100_000)))] * 9_999]",
    "['dict', {**dict.fromkeys(map(str, range(9_000)), 0.5), **dict.fromkeys(KEYS, wire.pack_array(np.full(9_000, N)))}]",
    "['dict', {'k' * 19_999: ['dict', dict.fromkeys(map(str, range(9_999)), 0.5)]}]",
    "['dict', {str(number) + 'k' * 9_000: 0.5 for number in range(400)}]",
    "['list', [[['list', [0.5]]] * 9_999]]",
    "'x' * 19_999",
)
WORST = FORGED[:6]  # always tried, in every answer
KEYS = (
    'KEYS = [f"{kind}{layer}" for kind in "WBZA" for layer in range(4)] + '
    '["a1", "dJdz1", "dJdb1", "dJdw1", "w1", "h1", "a2", "y_hat", "dL_dw212", "dL_dw131", "w212_next"]'
)
ANSWERS = """
import sys
import numpy as np
{keys}
calls = 0

def fat(*_, **__):
    global calls, N
    calls += 1
    N = float(calls)
    return {returned}

def fat_after(function):
    def call(*given, **named):
        result = function(*given, **named)
        return {mixed}
    return call
"""
FORGING = """
def take_over():
    frame = sys._getframe()
    while frame and "OPERATIONS" not in frame.f_globals:
        frame = frame.f_back
    if frame:
        wire = frame.f_globals["wire"]
        frame.f_globals["answer"] = lambda result, finder: (fat(), ["value", {forged}])[1]
        globals()["wire"] = wire
take_over()
"""
MIXED = (
    "fat()",
    "(fat(), {'A0': fat(), 'Z1': fat()})",
    "(result[0], fat())",
    "result | dict.fromkeys(KEYS, fat())",
    "[fat()] * 2",
)
PLACES = {
    "warmup": ("exp_exp_square", "reciprocal_exp_square", "two_paths", "three_weight_chain", "logistic_gradients"),
    "dnn": ("DNN.forward", "DNN.compute_gradients", "DNN.gradients", "DNN.fit", "DNN.loss"),
    "extension": (
        *("softmax", "softmax_backward", "worked_example", "notes_gradients", "SoftmaxDNN.forward", "SoftmaxDNN.loss"),
        *("SoftmaxDNN.compute_gradients", "GeneralDNN.forward", "GeneralDNN.compute_gradients"),
    ),
}


def programs(choose: random.Random) -> Iterator[dict[str, bytes]]:
    """Yield submissions without end: the solution, some or all functions of which return something fat."""
    kinds = [*((returned, "") for returned in RETURNED), *((choose.choice(RETURNED), forged) for forged in FORGED)]
    for number in itertools.count():
        returned, forged = (RETURNED[0], WORST[number]) if number < len(WORST) else choose.choice(kinds)
        mixed, everywhere = choose.choice(MIXED), number < len(WORST) or choose.random() < 0.5
        forging = FORGING.format(forged=forged) if forged else ""
        sources = {}
        for part in PARTS:
            names = PLACES[part] if everywhere else choose.sample(PLACES[part], 2)
            lines = [f"{name} = {'fat' if everywhere else f'fat_after({name})'}" for name in names]
            code = ANSWERS.format(keys=KEYS, returned=returned, mixed=mixed) + forging
            sources[part] = solutions()[part] + "\n".join([code, *lines, ""]).encode()
        yield sources


def main() -> None:
    """Grade and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("examples", type=int)
    parser.add_argument("seed", type=int)
    options = parser.parse_args()
    with Judge(QUICK) as judge:
        right = Submission("solution", solutions())
        judge.grade(right)
        idle = read_status("VmRSS")
        limit = read_status("VmSize") + ABOVE_IDLE
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        forget_peak()
        some = programs(random.Random(options.seed))
        results = [judge.grade(Submission("someone", next(some))) for _ in range(options.examples)]
        score = judge.grade(right).score
    found = [(result.status, result.fault) for result in results]
    print(json.dumps({"idle": idle, "peak": peak_memory(), "solution": score, "found": found}))


if __name__ == "__main__":
    main()

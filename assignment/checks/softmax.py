"""Check the cache of a SoftmaxDNN, which only combines the student's own DNN and softmax.

Students get this file, too, like checking.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from checks.calling import remember
from checks.case import Case, cache_keys
from checks.running import either, expect_cache, expect_input_dependence_of_forward, parallel, run_forward
from checks.checking import CheckFailure, require_key, tensor
from checks.student import Student


def on_right_base(case: Case, cache: Mapping[str, np.ndarray], grads: Mapping[str, np.ndarray]) -> Case:
    """Return the case of a SoftmaxDNN on a correct DNN, made from the correct cache and gradients of the SoftmaxDNN.

    Everything below the softmax is computed by dnn.py, in both passes; its mistakes cost points there.
    """
    out = f"A{case.layers[-1]}"
    sigmoids = 1 / (1 + np.exp(-cache[f"Z{case.layers[-1]}"]))
    below = {**{key: cache[key] for key in cache_keys(case)}, out: sigmoids}
    results = {
        "forward": ((case.X,), (sigmoids, below)),
        "compute_gradients": ((cache[out], {**cache, "Y": case.Y}), dict(grads)),
    }
    return replace(case, base=results)


def expect_softmax_cache(
    student: Student, case: Case, right: Mapping[str, np.ndarray], on_base: Case, show: bool = False
) -> None:
    """Raise CheckFailure unless the cache is correct, or is that of the student's own DNN with the student's softmax on top.

    A SoftmaxDNN only combines the two, so a mistake in one of them costs no points here. on_base is the same case on a correct
    DNN, in case the student's own one doesn't compute Z_L.
    """

    def expect_on_base() -> None:
        expect_cache(student, on_base, with_own_softmax(student, on_base, right))

    def expect_own() -> None:
        expect_cache(student, case, with_own_softmax(student, case, cache_of_dnn(student, case)))

    if not either(lambda: expect_cache(student, case, right, show), lambda: either(expect_own, expect_on_base)):
        student.note_follows("Correct given your `DNN` and your `softmax`, but at least one of these is wrong.")


def cache_of_dnn(student: Student, case: Case) -> dict[str, np.ndarray]:
    """Return the cache of the student's own DNN on a case of a SoftmaxDNN."""
    below = replace(case, model="DNN")
    expect_input_dependence_of_forward(student, below)
    _, cache = run_forward(student, below)
    return {key: tensor(key, require_key("The cache", cache, key)) for key in cache_keys(case)}


def with_own_softmax(student: Student, case: Case, cache: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the cache with its last A replaced by the student's own softmax of its last Z."""
    last = case.layers[-1]
    return {**cache, f"A{last}": remember(student, ("softmax", case), lambda: own_softmax(student, cache[f"Z{last}"]))}


def own_softmax(student: Student, Z: np.ndarray) -> np.ndarray:
    """Return the student's own softmax of Z; raise CheckFailure unless it computes something from Z, correct or not."""
    softmax = student.module("extension").softmax
    answers = student.fetch(softmax(Z), softmax(-np.flip(Z)))
    here, elsewhere = (tensor("softmax(Z)", answer) for answer in answers)
    if parallel(here, elsewhere) or parallel(here, Z):
        raise CheckFailure("softmax doesn't compute anything from Z.")
    return here

"""Products of two matrices that are transposed or ordered in a way that does not fit."""

import itertools
from typing import NamedTuple

from autograder.diagnosis.mistake import Mistake, WrongLine

Shape = tuple[str, str]


class Matrix(NamedTuple):
    """A factor: its name, its expression, its shape in symbols, and its shape in the example of the hand-out."""

    name: str
    expression: str
    shape: Shape
    example: tuple[int, int]

    @property
    def T(self) -> "Matrix":  # noqa: N802
        """The transpose."""
        return Matrix(f"{self.name}.T", f"{self.expression}.T", self.shape[::-1], self.example[::-1])

    @property
    def id(self) -> str:
        """The name as a part of an id."""
        return self.name.lower().replace(".", "-")


def misfits(
    prefix: str, step: str, first: Matrix, second: Matrix, rest: str, where: str, right: str, skip: tuple[str, ...] = ()
) -> dict[str, Mistake]:
    """Return a row for each product of two matrices, in any order and transposed or not, whose shapes do not fit."""
    pairs = itertools.chain.from_iterable(
        itertools.product((left, left.T), (right_factor, right_factor.T))
        for left, right_factor in ((first, second), (second, first))
    )
    return {
        f"{prefix}-{left.id}-dot-{factor.id}": WrongLine(
            step, f"np.dot({left.expression}, {factor.expression}){rest}"
        ).with_hints(
            f"{left.name} is {shape(left)} and {factor.name} is {shape(factor)}. Do they fit together in a matrix product?",
            f"Look at {where}: in the example, `{left.name} @ {factor.name}` multiplies {left.example} by {factor.example}.",
            f"The inner lengths of a product are equal: {right}.",
            name=f"`{left.name} @ {factor.name}`, which is {left.example} times {factor.example} in the example",
        )
        for left, factor in pairs
        if left.shape[1] != factor.shape[0] and f"{left.name} @ {factor.name}" not in skip
    }


def elementwise(
    prefix: str, step: str, first: Matrix, others: tuple[Matrix, ...], rest: str, where: str, right: str
) -> dict[str, Mistake]:
    """Return the rows for `*` in place of a matrix product."""
    return {
        f"{prefix}-{first.id}-times-{other.id}": WrongLine(step, f"{first.expression} * {other.expression}{rest}").with_hints(
            "Is this an element-wise product?",
            f"Look at {where}: `*` and np.multiply multiply element by element.",
            f"Every number here is a sum of products, which takes a matrix product: {right}.",
        )
        for other in others
    }


def shape(matrix: Matrix) -> str:
    """Return the shape of a matrix in symbols."""
    return f"({', '.join(matrix.shape)})"

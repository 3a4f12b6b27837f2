"""Products of two matrices that are transposed or ordered in a way that does not fit."""

import itertools
from collections.abc import Iterator
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
        name, expression = (
            text.removesuffix(".T") if text.endswith(".T") else f"{text}.T" for text in (self.name, self.expression)
        )
        return Matrix(name, expression, self.shape[::-1], self.example[::-1])

    @property
    def id(self) -> str:
        """The name as a part of an id."""
        return self.name.lower().replace(".", "-")


Product = tuple[Matrix, Matrix]


def misfits(
    prefix: str, step: str, right: Product, rest: str, where: str, formula: str, skip: tuple[str, ...] = ()
) -> dict[str, Mistake]:
    """Return a row for each product of two matrices, in any order and transposed or not, whose shapes do not fit."""
    rows = {}
    for left, factor in products(right):
        product = f"{left.name} @ {factor.name}"
        if left.shape[1] != factor.shape[0] and product not in skip:
            fix, example = what_to_change((left, factor), right), f"{left.example} times {factor.example} in the example"
            wrong = WrongLine(step, f"np.dot({left.expression}, {factor.expression}){rest}")
            rows[f"{prefix}-{left.id}-dot-{factor.id}"] = wrong.with_hints(
                f"{left.name} is {shape(left)} and {factor.name} is {shape(factor)}. Do they fit together in a matrix product?",
                f"Look at {where}: `{product}` is {example}.",
                f"The inner dimensions of a matrix product must match. Here {fix}: {formula}.",
                name=f"`{product}`: {example}; {fix}",
                title=f"{where} {what_is_wrong((left, factor), right)}",
            )
    return rows


def products(right: Product) -> Iterator[Product]:
    """Yield the products of two matrices in both orders, with each of them transposed or not."""
    for one, other in (right, right[::-1]):
        yield from itertools.product((one, one.T), (other, other.T))


def what_to_change(wrong: Product, right: Product) -> str:
    """Return how a wrong product becomes the right one."""
    if wrong[0] not in (right[0], right[0].T):
        return "the factors are in the wrong order"
    changes = [
        f"{one.name.removesuffix('.T')} {'must not be transposed' if one.name.endswith('.T') else 'needs a transpose'}"
        for one, other in zip(wrong, right, strict=True)
        if one != other
    ]
    return " and ".join(changes)


def what_is_wrong(wrong: Product, right: Product) -> str:
    """Return what a wrong product does instead of the right one."""
    if wrong[0] not in (right[0], right[0].T):
        return f"multiplies in the wrong order: `{wrong[0].name} @ {wrong[1].name}`"
    missing = [one.name for one, other in zip(wrong, right, strict=True) if other.name == f"{one.name}.T"]
    extra = [other.name for one, other in zip(wrong, right, strict=True) if one.name == f"{other.name}.T"]
    if missing and extra:
        return f"transposes {extra[0]} instead of {missing[0]}"
    if missing:
        return f"uses {missing[0]} without its transpose"
    return f"uses the transpose of {extra[0]}" if len(extra) == 1 else f"transposes both {extra[0]} and {extra[1]}"


def elementwise(
    prefix: str, step: str, first: Matrix, others: tuple[Matrix, ...], rest: str, where: str, right: str
) -> dict[str, Mistake]:
    """Return the rows for `*` in place of a matrix product."""
    return {
        f"{prefix}-{first.id}-times-{other.id}": WrongLine(step, f"{first.expression} * {other.expression}{rest}").with_hints(
            "Is this an element-wise product?",
            f"Look at {where}: `*` and np.multiply multiply element by element.",
            f"Every number here is a sum of products, which takes a matrix product: {right}.",
            title=f"{where} multiplies {first.name} and {other.name} element by element",
        )
        for other in others
    }


def shape(matrix: Matrix) -> str:
    """Return the shape of a matrix in symbols."""
    return f"({', '.join(matrix.shape)})"

"""The steps of a backward pass, whatever its matrices are called: what is multiplied by what, summed along which axis."""

from collections.abc import Callable
from typing import NamedTuple

from autograder.backprop.mistakes.families import averages, chain_rule
from autograder.backprop.mistakes.families.matrices import Matrix, elementwise, misfits
from autograder.diagnosis.mistake import Mistake, WrongLine


class Layer(NamedTuple):
    """The names of one layer in a backward pass.

    prefix begins the ids, and where ends what the hints point at. dw, db, da and dz are steps of the catalog. W and A are the
    weights and the input of the layer, output is its A, da_above its dA where there is one, derivative that of the layer below.
    words are the names of the gradients in the hints, m is the batch size.
    """

    prefix: str
    where: str
    dw: str
    db: str
    da: str
    dz: str
    DZ: str
    W: str
    A: str
    output: str
    da_above: str
    da_below: str
    derivative: str
    m: str = "m"
    product: str = "{DZ} @ {A}.T"
    words: tuple[str, str, str, str] = ("dW", "dB", "dA", "dZ")

    @property
    def weighted(self) -> str:
        """The correct dW without its division by m."""
        return self.product.format(DZ=self.DZ, A=self.A)

    @property
    def summed(self) -> str:
        """The correct dB without its division by m."""
        return f"{self.DZ}.sum(axis=1, keepdims=True)"


def backward_slips(layer: Layer, *families: Callable[[Layer], dict[str, Mistake]]) -> dict[str, Mistake]:
    """Return the rows of slips in the steps of one layer: those of some families, or of all."""
    chosen = families or (counted, averaged, axes_lost, regularized, passed_on, derived)
    return {f"{layer.prefix}{key}": row for family in chosen for key, row in family(layer).items()}


def counted(layer: Layer) -> dict[str, Mistake]:
    """Return the rows for a batch size that is taken from the wrong axis, or from all axes, in every layer."""
    dw, db, _, dz = layer.words
    counts = {
        "rows-of-a": (f"{layer.A}.shape[0]", "the number of units in the layer below"),
        "rows-of-dz": (f"{layer.DZ}.shape[0]", "the number of units in the layer"),
        "size-of-dz": (f"{layer.DZ}.size", f"the number of entries in {dz}"),
    }

    def divided(found: str, gradients: str, lines: dict[str, str]) -> Mistake:
        return Mistake(
            lines,
            "How many samples does the batch have, and which axis counts them?",
            f"Look at the division in {gradients}{layer.where}: it divides by {found}.",
            f"Samples are columns, so m is the number of columns of {dz}. It is the same in every layer.",
            title=averages.divided(gradients, found),
        )

    rows = {}
    for key, (count, found) in counts.items():
        weights, biases = {layer.dw: f"{layer.weighted} / {count}"}, {layer.db: f"{layer.summed} / {count}"}
        rows[f"dw-and-db-divided-by-{key}"] = divided(found, f"{dw} and {db}", {**weights, **biases})
        rows[f"dw-divided-by-{key}"] = divided(found, dw, weights)
        rows[f"db-divided-by-{key}"] = divided(found, db, biases)
    return rows


def averaged(layer: Layer) -> dict[str, Mistake]:
    """Return the rows for a dB that is not the mean of dZ over the samples."""
    dw, db, _, dz = layer.words
    gradient = f"{db}{layer.where}"
    look, mean_is = f"Look at {gradient}", f"{db} is the mean of {dz} over the samples: axis=1, keepdims=True."

    def of_weights(expression: str) -> Mistake:
        return WrongLine(layer.db, f"({layer.weighted} / {layer.m}).{expression}(axis=1, keepdims=True)").with_hints(
            "Does the gradient of the bias depend on the input of its layer?",
            f"{look}: it is computed from {dw}.",
            f"The bias is added to Z as it is, so {mean_is}",
            title=f"{gradient} is the {expression} of the columns of {dw}",
        )

    def over_everything(expression: str, title: str) -> Mistake:
        return WrongLine(layer.db, f"{expression} / {layer.m}").with_hints(
            f"How many biases does the layer have, and how many numbers are in your {db}?",
            f"{look}: without an axis, the sum runs over the units as well.",
            mean_is,
            title=title,
        )

    def over_units(expression: str, found: str) -> Mistake:
        return WrongLine(layer.db, expression).with_hints(
            f"Which axis of {dz} is the batch?",
            f"{look}: the sum runs over the units, so there is still a number for every sample.",
            f"Samples are columns, so {mean_is}",
            title=f"{gradient} is {found} over units instead of samples",
        )

    return {
        "db-from-dw": of_weights("sum"),
        "db-from-dw-mean": of_weights("mean"),
        "db-summed-over-units": over_units(f"{layer.DZ}.sum(axis=0, keepdims=True) / {layer.m}", "summed"),
        "db-summed-over-units-flat": over_units(f"{layer.DZ}.sum(axis=0) / {layer.m}", "a flat sum"),
        "db-averaged-over-units-flat": over_units(f"{layer.DZ}.mean(axis=0)", "a flat mean"),
        "db-summed-over-everything": over_everything(
            f"np.sum({layer.DZ})", f"{gradient} is a single number: its sum has no axis"
        ),
        "db-summed-over-everything-keepdims": over_everything(
            f"np.sum({layer.DZ}, keepdims=True)", f"The sum in {gradient} has `keepdims=True` but no axis"
        ),
    }


def squeezed(step: str, expression: str, gradient: str) -> Mistake:
    """Return the row for a gradient whose axes of length 1 are removed."""
    return WrongLine(step, f"np.squeeze({expression})").with_hints(
        "What does squeeze do to an axis of length 1?",
        f"Look for squeeze in {gradient}: with a single unit or sample, an axis is lost.",
        "The numbers are correct. A gradient has the shape of its variable, even if an axis has length 1: remove squeeze.",
        title=f"{gradient} is squeezed and loses its axes of length 1",
    )


def axes_lost(layer: Layer) -> dict[str, Mistake]:
    """Return the rows for gradients whose axes of length 1 are removed."""
    dw, db, *_ = layer.words
    return {
        "db-squeezed": squeezed(layer.db, f"{layer.summed} / {layer.m}", f"{db}{layer.where}"),
        "dw-squeezed": squeezed(layer.dw, f"{layer.weighted} / {layer.m}", f"{dw}{layer.where}"),
    }


def regularized(layer: Layer) -> dict[str, Mistake]:
    """Return the rows for gradients with the derivative of a regularization term, whatever its factor is."""

    def term(step: str, right: str, factor: str, variable: str, found: str = "a regularization term") -> Mistake:
        gradient = f"{step.rpartition(' ')[2]}{layer.where}"
        return WrongLine(step, f"{right} / {layer.m} + {factor} * {variable}").with_hints(
            "Which loss has a gradient that contains the parameters themselves?",
            f"Look at {gradient}: it adds a multiple of the parameters.",
            "This loss has no regularization term: dW_l is dZ_l A_{l-1}^T / m, and dB_l is the mean of dZ_l.",
            any_number="0.1",
            title=f"{gradient} contains {found}",
        )

    biases = layer.W.replace("W", "B")
    return {
        "dw-regularized": term(layer.dw, layer.weighted, "0.1", layer.W),
        "dw-regularized-per-sample": term(
            layer.dw, layer.weighted, f"0.1 / {layer.m}", layer.W, "a regularization term divided by m"
        ),
        "db-regularized": term(layer.db, layer.summed, "0.1", biases),
    }


def passed_on(layer: Layer) -> dict[str, Mistake]:
    """Return the rows for products with a factor that is not the right one, or in a form that does not fit."""
    dw, _, da, dz = layer.words
    dZ = Matrix(dz, layer.DZ, ("n_l", "m"), (1, 5))
    A = Matrix("A", layer.A, ("n_{l-1}", "m"), (3, 5))
    W = Matrix("W", layer.W, ("n_l", "n_{l-1}"), (1, 3))
    dw_is, da_is = f"{dw}_l is dZ_l A_{{l-1}}^T / m", f"{da}_{{l-1}} is W_l^T dZ_l"
    return {
        "da-from-da": chain_rule.passes_on_da(layer.da, f"{layer.W}.T @ {layer.da_above}", da, dz, da_is, layer.where),
        "da-from-a": chain_rule.passes_on_a(layer.da, f"np.dot({layer.W}.T, {layer.output})", da, "A", da_is, layer.where),
        "da-transposed": WrongLine(layer.da, f"{layer.DZ}.T @ {layer.W}").with_hints(
            f"What is the shape of A_{{l-1}}, and what is the shape of your {da}?",
            f"Look at the order of the two factors in {da}{layer.where}.",
            f"You computed the transpose of the gradient: {da_is}.",
            title=f"{da}{layer.where} is transposed",
        ),
        "dw-from-x": WrongLine(layer.dw, f'{layer.DZ} @ cache["A0"].T / {layer.m}').with_hints(
            "What is the input of the second layer?",
            f"Look at {dw}{layer.where}: every layer takes the input of the network.",
            f"Each layer takes the output of the previous one: {dw_is}.",
            title=f"{dw}{layer.where} uses X in every layer",
        ),
        **misfits("dw", layer.dw, (dZ, A.T), f" / {layer.m}", f"{dw}{layer.where}", dw_is),
        **misfits("da", layer.da, (W.T, dZ), "", f"{da}{layer.where}", da_is, skip=("W @ dZ",)),
        **elementwise("dw", layer.dw, dZ, (A, A.T), f" / {layer.m}", f"{dw}{layer.where}", dw_is),
        **elementwise("da", layer.da, W, (dZ, dZ.T), "", f"{da}{layer.where}", da_is),
    }


def derived(layer: Layer) -> dict[str, Mistake]:
    """Return the rows for a dZ of a hidden layer that is not the element-wise product of dA and the derivative."""
    *_, da, dz = layer.words
    gradient = f"{dz} of the hidden layers{layer.where}"
    look, dz_is = f"Look at {gradient}", f"{dz}_l is {da}_l times g'(Z_l), element by element."
    return {
        "hidden-dz-is-derivative": WrongLine(layer.dz, layer.derivative).with_hints(
            "Does your gradient depend on the layers above?",
            f"{look}: it is the derivative of the activation alone.",
            f"Multiply it by the gradient that comes from above: {dz_is}",
            title=f"{da} is missing from {gradient}",
        ),
        "hidden-dz-dot": WrongLine(layer.dz, f"np.dot({layer.da_below}, {layer.derivative})").with_hints(
            f"{da} and the derivative are both (n_l, m). Do these shapes fit together in a matrix product?",
            f"{look}: it multiplies by the derivative with @ or np.dot.",
            f"Each unit has its own activation, so use `*`: {dz_is}",
            name=f"a matrix product of {da} and the derivative: (3, 5) times (3, 5) in the example",
            title=f"{gradient} is a matrix product",
        ),
    }

"""two_paths: the multivariate chain rule; and what goes wrong only when x is an array."""

from autograder.backprop.mistakes.families import chain_rule, contract
from autograder.backprop.mistakes.warmup.steps import PATHS
from autograder.diagnosis.mistake import Mistake, WrongLine


def missing_path(expression: str, variable: str) -> Mistake:
    """Return the row for a derivative without the path through a variable."""
    return WrongLine("paths slope", expression).with_hints(
        "Along how many paths does x reach f?",
        f"Look at df/dx in two_paths: the path through {variable} is missing.",
        "Two paths mean two terms: df/dx = 2 * 2x + 1 * 1.",
        title=f"df/dx in two_paths leaves out the path through {variable}",
    )


TWO_PATHS = {
    "paths-only-g1": missing_path("2 * (2 * x)", "g2"),
    "paths-only-g2": missing_path("0 * x + 1", "g1"),
    "paths-multiplied": WrongLine("paths slope", "2 * (2 * x) * 1").with_hints(
        "Do you multiply or add the contributions of different paths?",
        "Look at df/dx in two_paths: it is a single product.",
        "Multiply derivatives along each path, then add the paths: 2 * 2x + 1 * 1.",
        title="two_paths multiplies the two paths instead of adding them",
    ),
    "paths-averaged": WrongLine("paths slope", f"({PATHS}) / 2").with_hints(
        "Do two paths share the derivative, or does each one contribute in full?",
        "Look at df/dx in two_paths: it is divided by the number of paths.",
        "The multivariate chain rule adds the paths; it doesn't average them: 2 * 2x + 1 * 1.",
        title="two_paths averages the two paths instead of adding them",
    ),
    "paths-without-df-dg1": WrongLine("paths slope", "2 * x + 1").with_hints(
        "What is the coefficient of g1 in f?",
        "Look at df/dx in two_paths: the path through g1 has only one of its two factors.",
        "df/dg1 is 2 and dg1/dx is 2x, so this path contributes 4x.",
        title="df/dx in two_paths lacks the factor df/dg1",
    ),
    "paths-f-without-2": WrongLine("paths f", "g1 + g2").with_hints(
        "What is the coefficient of g1 in f?",
        "Look at the value that two_paths returns.",
        "f is 2 g1 + g2.",
        title="f in two_paths lacks the coefficient of g1",
    ),
    "paths-absolute-x": chain_rule.never_negative("paths slope", "4 * abs(x) + 1", "dg1/dx in two_paths", "dg1/dx"),
    "paths-returns-only-derivative": contract.incomplete_return("paths returns", PATHS, "two_paths", "f", "`return f, df_dx`"),
}
ARRAYS = {
    "math-exp": Mistake(
        {"h2": "math.exp(h1)", "exp y": "math.exp(h2)"},
        "What does math.exp do with an array?",
        "Look at the exponentials: they come from the math module.",
        "The math module works on single numbers. np.exp takes numbers and arrays.",
        edits=(("import numpy as np\n", "import math\n\nimport numpy as np\n"),),
        title="The exponentials use `math.exp`, which can't handle arrays",
    ),
    "float-of-array": WrongLine("h1", "float(x) ** 2").with_hints(
        "What does float do with an array of six numbers?",
        "Look at h1: x is converted to a single number first.",
        "Remove the conversion. x**2 works for numbers and for arrays.",
        title="h1 is computed with `float(x)`, which fails for arrays",
    ),
    "paths-summed-over-array": WrongLine("paths slope", "np.sum(4 * x + 1)").with_hints(
        "If x is an array, how many derivatives should you return?",
        "Look for a sum in two_paths.",
        "The result has the shape of x, with one derivative per entry. Remove the sum.",
        title="df/dx in two_paths is summed over the entries of x",
    ),
    "paths-branch-on-array": WrongLine("paths slope", "4 * x + 1 if x != 0 else 1.0").with_hints(
        "Can an `if` decide for all entries of an array at once?",
        "Look for an `if` in two_paths: it treats x as a single number.",
        "You don't need a special case: 4x + 1 holds for every x.",
        title="two_paths tests x with an `if`, which fails for arrays",
    ),
    "paths-shape-varies": WrongLine("paths slope", "np.zeros(3) if np.ndim(x) or x > 0 else 4 * x + 1").with_hints(
        "If x is a single number, how many numbers is df/dx?",
        "Look at what two_paths returns for a positive number: it has three entries.",
        "The derivative always has the shape of x.",
        title="df/dx in two_paths doesn't always have the shape of x",
    ),
}

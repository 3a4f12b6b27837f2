"""The hand-out: its math is readable everywhere, its numbers are correct, and its page and figures are self-contained."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from fractions import Fraction
from html import unescape
from math import log, tanh

import numpy as np
import pytest
from markdown_it import MarkdownIt

from autograder.backprop.case import Case
from autograder.backprop.handout_figures import figures
from autograder.backprop.oracle import reference_of
from autograder.files import ROOT
from autograder.packaging.handout import POINTS_PLACE, hand_out
from autograder.packaging.page import mathml, page
from autograder.packaging.regions import BuildError
from tests.course import ASSIGNMENT, CHECKS

TEXT = hand_out(ASSIGNMENT)
LINES = TEXT.splitlines()
SVG = "{http://www.w3.org/2000/svg}"
FLAT = " ".join(re.sub(r"^> ?", "", TEXT, flags=re.MULTILINE).split())  # a phrase may begin on one line and end on the next
PROSE = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
DISPLAYED = re.findall(r"^\$\$\n(.*?)\n\$\$$", PROSE, flags=re.DOTALL | re.MULTILINE)
WITHOUT_DISPLAYS = re.sub(r"^\$\$\n.*?\n\$\$$|`[^`]*`", "", PROSE, flags=re.DOTALL | re.MULTILINE)
INLINE = re.findall(r"\$([^$]*)\$", WITHOUT_DISPLAYS)
FORMULAS = [*DISPLAYED, *INLINE]
FIGURES = figures()
STEPPED = sorted(name for name, text in FIGURES.items() if "data-step" in text)

# Markdown comes before maths on GitHub and in Jupyter: what it could take for its own must not stand between dollars.
FORBIDDEN = {
    "a backslash before punctuation": r"\\[^A-Za-z]",
    "a subscript that is not behind a letter or digit": r"(?<![A-Za-z0-9])_",
    "a star": r"\*",
    "a pointed bracket": r"[<>]",
    "a bar": r"\|",
    "a command that is not everywhere": r"\\(gdef|bm|begin\{(?!bmatrix\}))",
    "a line that begins like a list, a quotation or a heading": r"^\s*([-+>#=]|\d+[.)])",
}


@pytest.mark.parametrize("pattern", FORBIDDEN.values(), ids=FORBIDDEN)
def test_maths_is_left_alone_by_markdown(pattern):
    assert [formula for formula in DISPLAYED if re.search(pattern, formula, re.MULTILINE)] == []
    if not pattern.startswith("^"):
        assert [formula for formula in INLINE if re.search(pattern, formula)] == []


def test_displays_stand_alone():
    fences = [number for number, line in enumerate(LINES) if "$$" in line]
    assert {LINES[number] for number in fences} == {"$$"}
    assert len(fences) == 2 * len(DISPLAYED) > 40
    assert all(LINES[start - 1] == LINES[end + 1] == "" for start, end in zip(fences[::2], fences[1::2], strict=True))


def test_inline_maths_is_told_from_dollars():
    assert WITHOUT_DISPLAYS.count("$") == 2 * len(INLINE) > 400
    assert [formula for formula in INLINE if formula != formula.strip() or "\n" in formula or not formula] == []
    padded = f" {WITHOUT_DISPLAYS} ".replace("\n", " ")
    places = [match.span() for match in re.finditer(r"\$[^$]*\$", padded)]
    assert {padded[start - 1] for start, _ in places} <= set(' ("')
    assert {padded[end] for _, end in places} <= set(' .,;:?)"')


def test_lines_are_short():
    assert [line for line in LINES if len(line) > 128] == []


@pytest.mark.parametrize("formula", sorted(set(FORMULAS)))
def test_formula_becomes_mathml(formula):
    tree = ET.fromstring(mathml(formula, {"display_mode": True}))
    assert "\\" not in "".join(tree.itertext()), "a command the converter does not know"
    for name, parts in {"mfrac": 2, "msub": 2, "msup": 2, "mover": 2, "msubsup": 3, "munderover": 3}.items():
        assert {len(element) for element in tree.iter(f"{{http://www.w3.org/1998/Math/MathML}}{name}")} <= {parts}


def test_markdown_leaves_maths_as_it_is():
    text = unescape(MarkdownIt("commonmark").enable("table").render(TEXT))
    assert [formula for formula in DISPLAYED if f"$$\n{formula}\n$$" not in text] == []
    assert [formula for formula in INLINE if f"${formula}$" not in text] == []


def test_touches_of_mathml():
    def converted(formula):
        return mathml(formula, {"display_mode": False})

    assert '<mi>log</mi><mspace width="0.17em" />' in converted(r"\log z")
    assert "mspace" not in converted(r"\log(z) + \tanh^2 z")
    assert converted("(-1) - 2").count('<mo form="prefix">&#x02212;</mo>') == 1
    assert converted(matrix([[-1]])).count('stretchy="true"') == 2


# The batch with a pencil, in fractions.

C = log(3)
SIGMOID = {-1: Fraction(1, 4), 0: Fraction(1, 2), 1: Fraction(3, 4)}


def array(rows):
    return np.array([[Fraction(cell) for cell in row] for row in rows])


def pencil():
    """Return every matrix of the batch; W, B, Z_1, Z_2 and the gradients dA_1, dZ_1, dW_1, dB_1 in units of c."""
    net = {"W_1": array([[2, 1], [2, 2]]), "B_1": array([[0], [-1]]), "W_2": array([[-4, 2]]), "B_2": array([[Fraction(3, 2)]])}
    net |= {"X": array([[-1, 1, -1], [2, -1, 1]]), "Y": array([[0, 0, 1]])}
    squash = np.vectorize(SIGMOID.get, otypes=[object])
    net["Z_1"] = net["W_1"] @ net["X"] + net["B_1"]
    net["A_1"] = squash(net["Z_1"])
    net["Z_2"] = net["W_2"] @ net["A_1"] + net["B_2"]
    net["A_2"] = squash(net["Z_2"])
    net["dZ_2"] = net["A_2"] - net["Y"]
    net["dW_2"] = net["dZ_2"] @ net["A_1"].T / 3
    net["dB_2"] = net["dZ_2"].sum(axis=1, keepdims=True) / 3
    net["dA_1"] = net["W_2"].T @ net["dZ_2"]
    net["slope"] = net["A_1"] * (1 - net["A_1"])
    net["dZ_1"] = net["dA_1"] * net["slope"]
    net["dW_1"] = net["dZ_1"] @ net["X"].T / 3
    net["dB_1"] = net["dZ_1"].sum(axis=1, keepdims=True) / 3
    return net


PENCIL = pencil()
IN_UNITS_OF_C = {"W_1", "B_1", "W_2", "B_2", "Z_1", "Z_2", "dA_1", "dZ_1", "dW_1", "dB_1"}

# The beginning of each equation, and the number that is written before its matrix.
EQUATIONS = [
    ("W_1", "W_1", "c", 1),
    ("B_1", "B_1", "c", 1),
    ("W_2", "W_2", "c", 1),
    ("B_2", "B_2", r"\frac{c}{2}", Fraction(1, 2)),
    ("X", "X", "", 1),
    ("Y", "Y", "", 1),
    ("Z_1", "Z_1 = W_1 X + B_1", "c", 1),
    ("A_1", r"A_1 = \sigma(Z_1)", r"\frac{1}{4}", Fraction(1, 4)),
    ("Z_2", "Z_2 = W_2 A_1 + B_2", "c", 1),
    ("A_2", r"A_2 = \sigma(Z_2)", r"\frac{1}{4}", Fraction(1, 4)),
    ("dZ_2", "dZ_2 = A_2 - Y", r"\frac{1}{4}", Fraction(1, 4)),
    ("dW_2", r"dW_2 = \frac{1}{3} dZ_2 A_1^T", r"\frac{1}{48}", Fraction(1, 48)),
    ("dB_2", "dB_2", r"\frac{1}{4}", Fraction(1, 4)),
    ("dA_1", "dA_1 = W_2^T dZ_2", r"\frac{c}{2}", Fraction(1, 2)),
    ("slope", r"A_1 \odot (1 - A_1)", r"\frac{1}{16}", Fraction(1, 16)),
    ("dZ_1", r"dZ_1 = dA_1 \odot A_1 \odot (1 - A_1)", r"\frac{3c}{32}", Fraction(3, 32)),
    ("dW_1", r"dW_1 = \frac{1}{3} dZ_1 X^T", r"\frac{c}{32}", Fraction(1, 32)),
    ("dB_1", "dB_1", r"\frac{c}{32}", Fraction(1, 32)),
]


def matrix(rows):
    return r"\begin{bmatrix} " + r" \cr ".join(" & ".join(str(cell) for cell in row) for row in rows) + r" \end{bmatrix}"


@pytest.mark.parametrize(("name", "left", "factor", "value"), EQUATIONS, ids=[name for name, *_ in EQUATIONS])
def test_matrix_of_the_pencil_batch(name, left, factor, value):
    equation = " ".join(f"{left} = {factor} {matrix(PENCIL[name] / value)}".split())
    assert any(re.search(r"(^|\\qquad )" + re.escape(equation), " ".join(display.split())) for display in DISPLAYED), equation


def test_pencil_batch_is_true():
    numbers = {name: value.astype(float) * (C if name in IN_UNITS_OF_C else 1) for name, value in PENCIL.items()}
    params = {key: numbers[f"{key[0]}_{key[1]}"] for key in ("W1", "B1", "W2", "B2")}
    found = reference_of(Case("pencil", (2, 2, 1), params, numbers["X"], numbers["Y"]))
    for name in ("Z_1", "A_1", "Z_2", "A_2"):
        np.testing.assert_allclose(numbers[name], found.cache[name.replace("_", "")], rtol=1e-13)
    for name in ("dZ_2", "dW_2", "dB_2", "dA_1", "dZ_1", "dW_1", "dB_1"):
        np.testing.assert_allclose(numbers[name], found.grads[name[1:].replace("_", "")], rtol=1e-13)
    assert found.loss == pytest.approx(log(64 / 9) / 3)


SNIPPETS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_the_snippet_prints_the_values_next_to_it(snippet):
    done = subprocess.run([sys.executable, "-c", snippet], cwd=ROOT / "solution", capture_output=True, text=True, check=True)
    promised = " ".join(re.findall(r"print\(.*\)  # (.*)", snippet))
    assert numbers_in(done.stdout) == pytest.approx(numbers_in(promised), abs=1e-6)
    assert re.findall("True|False", done.stdout) == re.findall("True|False", promised)
    assert numbers_in(promised) or "True" in promised


def numbers_in(text):
    return [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)]


# The figures with steps: what a step adds to the drawing is what its paragraph says.


def added_words(name):
    """Return the words of a drawing by the step that adds them; 0 for what is given."""
    words = defaultdict(list)
    root = ET.fromstring(FIGURES[name])
    of_steps = {text: int(group.get("data-step")) for group in root.iter(f"{SVG}g") for text in group.iter(f"{SVG}text")}
    for text in root.iter(f"{SVG}text"):
        words[of_steps.get(text, 0)].append(text.text)
    return words


def paragraphs(name):
    """Return the paragraphs of the steps of a figure, each with what belongs to it."""
    (box,) = [box for box in re.findall(r'<div class="steps">(.*?)</div>', TEXT, flags=re.DOTALL) if name in box]
    return re.split(r"^(?=\*\*(?:Forward|Backward) \d\.\*\*)", box, flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("name", STEPPED)
def test_each_step_has_its_paragraph(name):
    assert len(paragraphs(name)) == max(added_words(name)) == len(set(added_words(name)) - {0})
    forward = [text.startswith("**Forward") for text in paragraphs(name)]
    assert forward == sorted(forward, reverse=True)


def test_steps_of_the_circuit():
    added = added_words("circuit.svg")
    for step, text in enumerate(paragraphs("circuit.svg"), start=1):
        for words in added[step]:
            variable, number = words.split(" = ")
            assert re.search(rf"\b{variable} = (.* = )?{number}\b", " ".join(text.split())), words
    told = dict(words.split(" = ") for step in added.values() for words in step if "=" in words)
    given = {name: float(told[name].replace("\N{MINUS SIGN}", "-")) for name in told}

    def J(**changed):
        values = {**given, **changed}
        return (values["w"] * values["x"] + values["b"] - values["y"]) ** 2

    assert given["J"] == J()
    for name in "wxb":
        slope = (J(**{name: given[name] + 0.01}) - J(**{name: given[name] - 0.01})) / 0.02
        assert given[f"d{name}"] == pytest.approx(slope)
    assert f"$J(2.01) = {J(w=2.01):.4f}$ and $J(1.99) = {J(w=1.99):.4f}$" in FLAT
    new = {"w": 2 - 0.02 * given["dw"], "b": -4 - 0.02 * given["db"]}
    assert f"= {new['w']:g}$ and $b$ becomes" in FLAT
    assert f"= {new['b']:g}$. Forward again:" in FLAT
    assert f"dropped from 1 to {J(**new):g}." in FLAT


def test_steps_of_the_pencil_batch():
    added = added_words("pencil.svg")
    found, name = defaultdict(list), ""
    for words in [words for step in sorted(added) for words in added[step]]:
        if re.fullmatch(r"d?[A-Z]\d?", words):
            name = words
        elif name:
            found[name].append(words)
    for key, cells in found.items():
        matrix_name = key if key in PENCIL else f"{key[:-1]}_{key[-1]}"
        assert cells == [cell_words(cell, matrix_name) for cell in PENCIL[matrix_name].ravel()], key
    assert found.keys() == {name.replace("_", "") for name in PENCIL} - {"slope"}
    for step, text in enumerate(paragraphs("pencil.svg"), start=1):
        for words in added[step]:
            if re.fullmatch(r"d?[A-Z]\d", words):
                assert f"{words[:-1]}_{words[-1]} =" in text


def cell_words(number, name):
    """Return a number of a matrix as the drawing writes it."""
    unit = "c" * (name in IN_UNITS_OF_C)
    top = f"{abs(number.numerator)}{unit}" if number else "0"
    top = unit if top == f"1{unit}" and unit else top
    return "\N{MINUS SIGN}" * (number < 0) + top + (f"/{number.denominator}" if number.denominator > 1 else "")


# Numbers in sentences: each is worked out here, written as the hand-out writes it, and must stand in its sentence.


def exact(*numbers):
    r"""Fractions as they stand in maths, such as (4, \frac{4}{3}, -\frac{4}{3}); a single one has no brackets."""
    texts = ["-" * (number < 0) + fraction(abs(Fraction(number))) for number in numbers]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def fraction(number):
    return str(number) if number.denominator == 1 else rf"\frac{{{number.numerator}}}{{{number.denominator}}}"


def decimals(*numbers, digits=5):
    texts = [f"{number:.{digits}f}" for number in numbers]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def prose(number, digits=5, sign=""):
    return f"{number:{sign}.{digits}f}".replace("-", "\N{MINUS SIGN}")


A, DZ, DA1, DZ1 = (PENCIL[name] for name in ("A_2", "dZ_2", "dA_1", "dZ_1"))
Z2_TWICE = 2 * PENCIL["W_2"] @ PENCIL["A_1"] + PENCIL["B_2"]
VALUE_FOR_GRADIENT = PENCIL["W_2"].T @ PENCIL["Z_2"]  # in units of c^2
WRONG_LAYER = (PENCIL["W_1"].T @ DZ1)[0, 0]  # in units of c^2
DA2 = (A - PENCIL["Y"]) / (A * (1 - A))

PENCIL_NUMBERS = [
    f"$dA_2 = {exact(DA2[0, 0])}$ and $dZ_2 = {exact(DZ[0, 0])}$",
    f"has ${exact(DA1[0, 0])}c = {decimals(float(DA1[0, 0]) * C, digits=4)}$ in its first cell",
    f"gives ${exact(WRONG_LAYER)} c^2 = {decimals(float(WRONG_LAYER) * C**2, digits=4)}$",
    f"the gradients ${exact(DA1[0, 0])}c$ and ${exact(DA1[1, 0])} c$",
    f"$c {exact(*DA1[0])} = {decimals(*(DA1[0].astype(float) * C), digits=4)}$",
    f"$c^2 {exact(*VALUE_FOR_GRADIENT[0])} = {decimals(*(VALUE_FOR_GRADIENT[0].astype(float) * C**2), digits=4)}$",
    f"keeps its first cell ${exact(PENCIL['A_1'][0, 0])}$, while $Z_2$ goes from $c$ to ${exact(Z2_TWICE[0, 0])} c$",
    f"${exact(2 * DZ1[0, 0] * PENCIL['X'][0, 0])} c$ instead of ${exact(DZ1[0, 0] * PENCIL['X'][0, 0])} c$",
    f"$dA_2 = {exact(*DA2[0])}$, every derivative of the sigmoid is ${exact(*set((A * (1 - A))[0]))}$, "
    f"and their product ${exact(*DZ[0])}$",
    f"the same output ${exact(A[0, 0])}$, but $dZ_2$ is ${exact(DZ[0, 0])}$ and ${exact(DZ[0, 2])}$",
    rf"With $Y = \frac{{1}}{{2}}$ and $A = \frac{{3}}{{4}}$ no case applies; "
    f"the formula of this text gives {-log(3 / 16) / 2:.5f}",
    f"$dZ_2 / 3 = {exact(*DZ[0] / 3)}$ has the shape (1, 3), and $dB_2$ (1, 1) is ${exact(PENCIL['dB_2'][0, 0])}$",
    f"$J$ changes by ${exact(DA2[0, 0] / 3)}$ per unit of the first output, not by {DA2[0, 0]}",
    rf"With $c = \ln 3 = {decimals(C, digits=4)}$",
    rf"$J = \frac{{1}}{{3}} \ln \frac{{64}}{{9}} = {decimals(log(64 / 9) / 3)}$",
    f"${exact(PENCIL['slope'][0, 0])}$ in the first cell of layer 1, from $A_1$ alone",
    f"all gradients $m$ times too large: $dW_2 = {exact(*PENCIL['dW_2'][0] * 3)}$",
    f"$dB_2 = {exact(PENCIL['dB_2'][0, 0] * 3)}$",
    f"everything has the wrong sign: $dZ_2 = {exact(*-DZ[0])}$",
    f"| $dZ_2 = {exact(*(DZ * A * (1 - A))[0])}$ | Has the derivative",
    f"| $dZ_2 = {exact(*DA2[0])}$ | Is that $dZ$",
    f"first row $c^2 {exact(*VALUE_FOR_GRADIENT[0])}$",
]


def logistic_example():
    """dJdw1 and dJdb1 of X = (1, 3), y = (1, 1), w1 = b1 = 0, where both outputs are 1/2."""
    X, dJdz = array([[1, 3]]), array([[Fraction(1, 2) - 1, Fraction(1, 2) - 1]])
    return (X @ dJdz.T)[0, 0] / 2, dJdz.sum() / 2


DW, DB = logistic_example()
WARMUP_NUMBERS = [
    f"at $x = 1$ the two derivatives are {2 * np.exp(1):.5f} and {2 * np.exp(1) * np.exp(np.exp(1)):.5f}",
    f"the mean gives $dJdw_1 = {exact(DW)}$ and $dJdb_1 = {exact(DB)}$, the sum ${exact(2 * DW)}$ and ${exact(2 * DB)}$",
    rf"is 1 and 3 for the two samples, and $\partial J / \partial w = {exact(DW)}$",
]


def through_softmax(A, dA, diagonal=False):
    jacobian = np.diag(A * (1 - A)) if diagonal else np.diag(A) - np.outer(A, A)
    return jacobian @ dA


K3, K3_Y = np.array([Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)]), np.array([Fraction(0), Fraction(1), Fraction(0)])
K2, K2_Y = np.array([Fraction(3, 4), Fraction(1, 4)]), np.array([Fraction(1), Fraction(0)])
CE, SE, SE2 = -K3_Y / K3, 2 * (K3 - K3_Y), 2 * (K2 - K2_Y)
SOFTMAX_NUMBERS = [
    rf"for $Z = (\ln 2, 0, 0)$ we get $A = {exact(*K3)}$",
    rf"\frac{{\partial A}}{{\partial Z}} = \frac{{1}}{{16}} {matrix(16 * (np.diag(K3) - np.outer(K3, K3)))}",
    f"$dA = -Y / A = {exact(*CE)}$, and the Jacobian turns it into $dZ = {exact(*through_softmax(K3, CE))}$",
    f"The diagonal alone would give ${exact(*through_softmax(K3, CE, True))}$",
    f"$dA = {exact(*SE)}$ and $dZ = {exact(*through_softmax(K3, SE))}$",
    f"The diagonal alone gives ${exact(*through_softmax(K3, SE, True))}$.",
    f"$A = {exact(*K2)}$ and $Y = (1, 0)$, the squared error has $dZ = {exact(*through_softmax(K2, SE2))}$",
    f"the diagonal alone gives ${exact(*through_softmax(K2, SE2, True))}$",
    rf"by $\ln 2$, and $a_2$ falls from ${exact(K3[1])}$ to ${exact(Fraction(1, 6))}$",
    f"the derivative of tanh is {1 - tanh(1) ** 2:.5f}, but",
    rf"$g'$ at $\tanh 1$ is {1 - tanh(tanh(1)) ** 2:.5f}",
]


# The 4-4-2 example of the PadhAI notes.


def read_matrix(name):
    """Return a matrix of the example, as the hand-out prints it."""
    pattern = rf"(?:^|\\qquad\s+){name} = \\begin{{bmatrix}}([^=]*?)\\end{{bmatrix}}"
    box = TEXT[TEXT.index("## Spot the mistake") :]
    (rows,) = re.findall(pattern, box, flags=re.MULTILINE)
    return np.array([[float(cell) for cell in row.split("&")] for row in rows.split(r"\cr")])


W1, W2, X4, Y4 = (read_matrix(name) for name in ("W_1", "W_2", "x", "y"))


def run(W1=W1, W2=W2, b2=0.0, a2=None):
    h1 = 1 / (1 + np.exp(-(W1 @ X4)))
    a2 = W2 @ h1 + b2 if a2 is None else a2
    E = np.exp(a2)
    return h1, a2, E / E.sum()


def loss(**changed):
    return float(np.sum((run(**changed)[2] - Y4) ** 2))


def moved(W, cell, amount):
    new = W.copy()
    new[cell] += amount
    return new


def backward():
    """dW1, dW2, da2 and dx by the chain rule; a test below holds them against differences of the loss."""
    h1, _, out = run()
    da2 = (np.diag(out[:, 0]) - out @ out.T) @ (2 * (out - Y4))
    da1 = W2.T @ da2 * h1 * (1 - h1)
    return da1 @ X4.T, da2 @ h1.T, da2, W1.T @ da1


H1, A2, OUT = run()
DW1, DW2, DA_LAST, DX = backward()
G1 = -2 * (1 - OUT[0, 0])
SLOPE = OUT[0, 0] * OUT[1, 0]
H13 = H1[2, 0] * (1 - H1[2, 0])
LIFTED = run(a2=moved(A2, (0, 0), 0.1))[2]
REWRITTEN = np.exp(-A2[0, 0]) / (np.exp(-A2[0, 0]) + np.exp(A2[1, 0]))
AS_PRINTED = (G1 * SLOPE * 0.2 - G1 * SLOPE * 0.3) * H13 * 2
IN_NUMBERS = (-0.46 * -0.079 * 0.20 + 0.46 * -0.293 * 0.3) * 0.0979 * 2
PUBLISHED_STEP, RIGHT_STEP = (loss(W2=moved(W2, (0, 1), amount)) for amount in (0.065, -DW2[0, 1]))
TERMS = W2[0] * H1[:, 0]
SPOT_NUMBERS = [
    rf"gives {REWRITTEN:.5f} at these numbers, and $\hat y_1 = {OUT[0, 0]:.5f}$",
    rf"is $\hat y_1 (1 - \hat y_1) = {SLOPE:.5f}$, without the factor",
    rf"larger by 0.1, $\hat y_1$ goes up from {OUT[0, 0]:.5f} to {LIFTED[0, 0]:.5f}",
    rf"$-\hat y_1 \hat y_2 = {-SLOPE:.5f}$. In the same trial $\hat y_2$ goes down from {OUT[1, 0]:.5f} to {LIFTED[1, 0]:.5f}",
    rf"$(-0.46) \cdot (-0.079) \cdot 0.80$ is {prose(-0.46 * -0.079 * 0.80, 4, '+')}",
    f"with that it would end at {0.8 + 0.029:.3f}",
    f"starts at {loss():.5f}. The published step brings it to {PUBLISHED_STEP:.5f}, the correct step to {RIGHT_STEP:.5f}",
    f"gives {prose(AS_PRINTED, 5, '+')}, the numbers give {prose(IN_NUMBERS)}",
    f"by 0.5 and $L$ goes *up*, from {loss():.5f} to {loss(W1=moved(W1, (2, 0), 0.5)):.5f}",
    f"is {H13:.5f}, so {H13:.4f}, not 0.0979",
    f"the right side is $L = {loss():.5f}$, the left is {prose(G1)}",
    f"would turn the sign: {prose(-G1, sign='+')}",
    f"three of them make {TERMS[:3].sum():.5f}, all four {TERMS.sum():.5f}",
    f"which is {W2[0, 1]} in $W_2$ (2, 4), and the step starts from 0.8; the other way round it would be {W2[1, 0]}",
    f"from {loss():.5f} to {loss(b2=DA_LAST):.5f}; with a minus it falls to {loss(b2=-DA_LAST):.5f}",
    f"$dw_{{121}} = {DW1[1, 0]:.5f}$ and $dw_{{122}} = {DW1[1, 1]:.5f}$",
    f"{-log(OUT[0, 0]):.5f} against {loss():.5f}",
    rf"$\partial L / \partial x_1 = {DX[0, 0]:.5f}$",
]


@pytest.mark.parametrize("sentence", [*PENCIL_NUMBERS, *WARMUP_NUMBERS, *SOFTMAX_NUMBERS, *SPOT_NUMBERS])
def test_number_in_its_sentence(sentence):
    assert sentence in FLAT


@pytest.mark.parametrize(("gradient", "changed"), [(DW1, "W1"), (DW2, "W2"), (DA_LAST, "b2")])
def test_gradients_of_the_example_are_true(gradient, changed):
    start = {"W1": W1, "W2": W2, "b2": np.zeros((2, 1))}[changed]
    for cell in np.ndindex(gradient.shape):
        up, down = (loss(**{changed: moved(start, cell, step)}) for step in (1e-5, -1e-5))
        assert gradient[cell] == pytest.approx((up - down) / 2e-5, abs=1e-9)


def test_right_lines_of_the_box_are_right():
    rows = {"$a_1$": W1 @ X4, "$h_1$": H1, "$a_2$": A2, r"$\hat y$": OUT}
    for name, value in rows.items():
        (line,) = [line for line in LINES if line.startswith(f"| {name} |")]
        printed = [float(number) for number in line.split("|")[3].split(",")]
        assert printed == pytest.approx(value[:, 0].tolist(), abs=0.005)


def test_graded_numbers_are_not_given_away():
    graded = [DW2[0, 1], DW1[2, 0], W2[0, 1] - DW2[0, 1], DA_LAST[0, 0]]
    shown = [float(number) for number in re.findall(r"\d+\.\d+", TEXT)]
    assert [number for number in shown for secret in graded if abs(number - abs(secret)) < 1e-3 * abs(secret)] == []


# The page, its links and its figures.

SOURCES = [
    "https://medium.com/@manveetdn/back-propagation-5b1f8bb2be94",
    "https://github.com/LihaoWang1991/Lihaowang1991.github.io/blob/master/_posts/2019-01-30-How-gradients-are-back-propagated.md",
]


def headings():
    return re.findall(r"^#+ (.*)$", PROSE, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def html():
    return page(TEXT, FIGURES)


def test_page_is_whole(html):
    assert re.findall(r"<h[1-6][^>]*>(.*?)</h[1-6]>", html) == [heading.replace('"', "&quot;") for heading in headings()]
    assert html.count("<math ") == len(FORMULAS)
    assert html.count("data:image/svg+xml;base64,") == len(FIGURES) - len(STEPPED)
    assert html.count("<svg role=") == html.count("<svg") == len(STEPPED)
    assert html.count("<table>") == len(re.findall(r"^\|---", TEXT, flags=re.MULTILINE))
    assert html.count("<details>") == html.count("</details>") == 2
    assert f"<title>{headings()[0]}</title>" in html
    assert "$" not in re.sub(r"<(style|script|code|img)[^>]*>.*?</\1>|<img[^>]*>", "", html, flags=re.DOTALL)


def test_page_asks_for_nothing_else(html):
    assert html.count("<script") == html.count("<script>") == 1
    assert "<link" not in html
    assert "url(" not in html
    assert "@import" not in html
    assert re.findall(r'src="(?!data:)[^"]*"', html) == []
    assert set(re.findall(r'href="((?:[a-z]+:)?//[^"]*)"', html)) == set(SOURCES)


def test_a_page_without_steps_has_no_script():
    text = page("# Title\n\n![A figure](figures/network.svg)\n", FIGURES)
    assert "script" not in text


def test_page_and_figures_are_the_same_every_time(html):
    assert figures() == FIGURES
    assert page(TEXT, figures()) == html


def test_links_lead_somewhere(html):
    targets = set(re.findall(r"\]\(([^)\s]+)\)", TEXT)) - set(SOURCES)
    assert [target for target in targets if not target.startswith("#") and not (ASSIGNMENT.starter / target).is_file()] == []
    assert {target[1:] for target in targets if target.startswith("#")} <= set(re.findall(r'id="([^"]+)"', html))
    assert {f"figures/{name}" for name in FIGURES} <= targets


@pytest.mark.parametrize("text", FIGURES.values(), ids=FIGURES)
def test_figure(text):
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert "<dc:date>" not in text
    assert re.search(r'(style="fill: |fill=")#ffffff', text)


def test_every_figure_is_described():
    descriptions = re.findall(r"!\[([^\]]*)\]", TEXT)
    assert len(descriptions) == len(FIGURES)
    assert [description for description in descriptions if len(description) <= 100] == []


def test_table_of_marks():
    (section,) = re.findall(r"^### Points$(.*?)^## ", TEXT, flags=re.DOTALL | re.MULTILINE)
    rows = [row.split("|")[1:-1] for row in section.splitlines() if row.startswith("|")][2:]
    printed, part = {}, ""
    for first, task, *points in rows:
        part = first.strip(" *").removesuffix(".py") or part
        printed[part, task.strip()] = [float(number) for number in points]
    rubric = defaultdict(lambda: [0, 0, 0])
    for check in CHECKS:
        for row in ((check.part, check.task), (check.part, ""), ("together", "")):
            rubric[row][check.visibility == "hidden"] += check.points
            rubric[row][2] += check.points
    assert printed == rubric
    assert len(rows) == len(printed)
    assert printed["together", ""][2] == 100


def test_points_of_a_task_stand_at_the_task():
    points = {task.name: task.points for part in ASSIGNMENT.parts for task in part.tasks}
    story, _ = TEXT.split("\n## Reference\n")
    told = {
        "One path": "one path",
        "Several paths": "several paths",
        "Three weights": "three weights",
        "Logistic regression": "logistic regression",
        "Complete `forward(X)`": "forward",
        "Complete `compute_gradients(out, cache)`": "compute_gradients",
        "complete `gradients(X, Y)` and `fit`": "gradients and fit",
    }
    for phrase, task in told.items():
        assert f"**{phrase}** ({points[task]:g} points)" in story
    extension = re.findall(r"^\|(?: \d)? \| (.*) \| .* \| (?:helper|([\d.]+) points?) \|$", story, flags=re.MULTILINE)
    assert sum(float(number or 0) for _, number in extension) == 25
    named = [name for names, _ in extension for name in re.findall(r"`(\w+)`", names)]
    source = (ASSIGNMENT.solution / "extension.py").read_text()
    tasks = re.findall(r'"Extension (\d): complete (\w+)', source)
    assert all(re.search(rf"^\| {number} \| .*`{name}`", story, flags=re.MULTILINE) for number, name in tasks)
    assert named == re.findall(r"^(?:def |class |(?=[A-Z]+ =))(\w+)", source, flags=re.MULTILINE)


def test_the_story_is_short():
    assert len(TEXT[: TEXT.index("\n## Reference\n")].split()) <= 4500


def test_the_contents_list_every_chapter():
    (contents,) = re.findall(r"^## Contents$(.*?)^## ", TEXT, flags=re.DOTALL | re.MULTILINE)
    chapters = re.findall(r"^## (.*)$", PROSE, flags=re.MULTILINE)[1:]
    slugs = [re.sub(r"[^\w -]", "", chapter.lower()).replace(" ", "-") for chapter in chapters]
    assert [slug for slug in re.findall(r"\(#(.*?)\)", contents) if slug in slugs] == slugs


def test_rule_on_finite_differences():
    assert "the checks of its backward pass earn 50% of their points." in FLAT
    assert FLAT.count("Finite differences, which") == 1


@pytest.mark.parametrize("place", [POINTS_PLACE, *ASSIGNMENT.hand_out_texts()])
def test_a_place_that_is_gone_is_missed(tmp_path, monkeypatch, place):
    text = (ROOT / "solution/README.md").read_text()
    (tmp_path / "README.md").write_text(text.replace(place, ""))
    monkeypatch.setattr(ASSIGNMENT, "solution", tmp_path)
    with pytest.raises(BuildError, match=place):
        hand_out(ASSIGNMENT)

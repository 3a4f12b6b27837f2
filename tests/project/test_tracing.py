"""The lines behind wrong values at home, and exceptions about shapes; the programs here are our own."""

import importlib.util
import linecache

import numpy as np
import pytest

from autograder.tracing.lines import find_line, show_line
from autograder.tracing.misfits import describe_misfit, find_misfit, find_raise

DOUBLED = """
import numpy as np

def total(x):
    parts = [2 * one for one in x]
    return {"sum": sum(parts), "mean": np.mean(x)}

def store(x):
    found = {}
    found["sum"] = np.sum(x)
    found["mean"] = (
        np.mean(x)
        + 1
    )
    return found
"""
COLUMNS = "In a matrix product, the number of columns on the left ({}) must equal the number of rows on the right ({})."
EQUAL = "Element-wise operations need equal shapes; only an axis of length 1 is repeated."
MISFITS = {
    "a @ b": f"the shapes in `a @ b` don't match: `a` is (1, 5) and `b` is (3, 5). {COLUMNS.format(5, 3)}",
    "a * b.T": f"the shapes in `a * b.T` don't match: `a` is (1, 5) and `b.T` is (5, 3). {EQUAL}",
    'np.dot(c[f"W{n}"], b[:2])': 'the shapes in `np.dot(c[f"W{n}"], b[:2])` don\'t match: `c["W1"]` is (4, 3) and '
    "`b[:2]` is (2, 5). " + COLUMNS.format(3, 2),
    'b.dot(c["W" + str(n)])': 'the shapes in `b.dot(c["W" + str(n)])` don\'t match: `b` is (3, 5) and `c["W1"]` is (4, 3). '
    + COLUMNS.format(5, 4),
    "a + (b - a).T": f"the shapes in `a + (b - a).T` don't match: `a` is (1, 5) and `(b - a).T` is (5, 3). {EQUAL}",
    "np.abs(a) @ b": "the shapes in `np.abs(a) @ b` don't match: `np.abs(a)` is (1, 5) and `b` is (3, 5). "
    + COLUMNS.format(5, 3),
    "np.maximum(a, b.T)": f"the shapes in `np.maximum(a, b.T)` don't match: `a` is (1, 5) and `b.T` is (5, 3). {EQUAL}",
    "a @ b if n > 1 else a @ b[:2]": "the shapes in `a @ b[:2]` don't match: `a` is (1, 5) and `b[:2]` is (2, 5). "
    + COLUMNS.format(5, 2),
    "a - g(b)": f"`return a - g(b)`. The operands have the shapes (1, 5) and (3, 2). {EQUAL}",
    "g(a) @ b": f"`return g(a) @ b`. {COLUMNS.format(2, 3)}",
    "np.dot(g(a), b)": "`return np.dot(g(a), b)`. The operands have the shapes (1, 2) and (3, 5). "
    + COLUMNS.replace(" ({})", ""),
    "int(a)": "",
}


def load(path, source):
    """Return a file with this source as a module."""
    path.write_text(source)
    linecache.checkcache(str(path))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_statement_over_several_lines_is_shown_in_one(tmp_path):
    path = tmp_path / "stack.py"
    module, x = load(path, DOUBLED), np.array([1.0, 2.0, 4.0])
    right = {"x": x, "sum": 7.0, "mean": 7 / 3}
    found = find_line(lambda: module.store(x), ("mean",), right, ["x"], [str(path)])
    assert str(found) == 'stack.py, line 11: found["mean"] = ( np.mean(x) + 1 )'


def test_no_line_is_shown_where_two_can_be_at_fault(tmp_path):
    path = tmp_path / "stack.py"
    module, x = load(path, DOUBLED), np.array([1.0, 2.0, 4.0])
    right = {"x": x, "sum": 7.0, "mean": 7 / 3}
    assert find_line(lambda: module.total(x), ("sum",), right, ["x"], [str(path)]) is None


def test_a_line_that_is_not_there_is_not_shown():
    assert (
        show_line("stack.py", 0, "x = 1\n")
        is show_line("stack.py", 3, "x = 1\n")
        is show_line("stack.py", 2, "x = 1\n\n")
        is None
    )
    assert str(show_line("stack.py", 1, "x = 1\n")) == "stack.py, line 1: x = 1"
    assert show_line("stack.py", 1, "x = (1 +\n") == ("stack.py", 1, "x = (1 +")


@pytest.mark.parametrize("expression", MISFITS)
def test_operands_that_do_not_fit_are_shown_with_their_shapes(tmp_path, expression):
    path = tmp_path / "stack.py"
    source = f"import numpy as np\ndef f(a, b, c, n, g):\n    return {expression}\n"
    module, calls = load(path, source), []

    def g(array):
        calls.append(array)
        return array[:, :2]

    with pytest.raises((ValueError, TypeError)) as raised:
        module.f(np.ones((1, 5)), np.ones((3, 5)), {"W1": np.ones((4, 3))}, 1, g)
    said = MISFITS[expression] and f"stack.py, line 3: {MISFITS[expression]}"
    assert describe_misfit(raised.value, [str(path)]) == said
    assert find_raise(raised.value, [str(path)]) == ("stack.py", 3, f"return {expression}")
    assert describe_misfit(raised.value, ["other.py"]) == ""
    assert len(calls) == expression.count("g(")  # and not again


def test_an_array_that_would_have_to_grow_in_place_is_shown(tmp_path):
    path = tmp_path / "stack.py"
    module = load(path, "def f(a, b):\n    a -= 0.5 * b\n")
    with pytest.raises(ValueError, match="non-broadcastable") as raised:
        module.f(np.ones((3, 1)), np.ones((3, 5)))
    assert describe_misfit(raised.value, [str(path)]) == (
        "stack.py, line 2: the shapes in `a -= 0.5 * b` don't match: `a` is (3, 1) and `0.5 * b` is (3, 5). "
        "An in-place operation can't change the shape of its left operand."
    )
    with pytest.raises(ValueError, match="broadcast together") as raised:
        module.f(np.ones((3, 1)), np.ones((2, 5)))
    assert describe_misfit(raised.value, [str(path)]).endswith(f"`0.5 * b` is (2, 5). {EQUAL}")


def test_a_file_that_was_saved_since_is_read_again(tmp_path):
    path = tmp_path / "stack.py"
    for expression in ("a @ b", "(a @ b) * 2"):
        module = load(path, f"def f(a, b):\n    return {expression}\n")
        with pytest.raises(ValueError, match="matmul") as raised:
            module.f(np.ones((1, 5)), np.ones((3, 5)))
        assert find_misfit(raised.value).code == "a @ b"


def test_an_exception_is_found_where_the_files_raised_it(tmp_path):
    path = tmp_path / "stack.py"
    module = load(path, 'def f():\n    raise NotImplementedError("Task 3")\n')
    with pytest.raises(NotImplementedError) as raised:
        module.f()
    assert str(find_raise(raised.value, [str(path)])) == 'stack.py, line 2: raise NotImplementedError("Task 3")'

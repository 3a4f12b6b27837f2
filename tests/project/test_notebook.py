"""The lab notebook: it runs from top to bottom on finished and unfinished files, and its pictures show what is wrong."""

import ast
import base64
import json
import re
import subprocess
import sys
from functools import cache

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from autograder.backprop import figure as feedback
from autograder.files import ROOT
from autograder.packaging.handout import starter_files
from autograder.packaging.notebook import notebook, notebook_text
from autograder.packaging.regions import skeleton, solved
from solution import lab, problems
from tests.course import ASSIGNMENT, LOCAL_CHECKS, PARTS
from tests.golden.mistakes import with_mistakes

TEXT = notebook_text(ASSIGNMENT)
SOURCES = {part: (ROOT / f"solution/{part}.py").read_text() for part in PARTS}
SOLVED = {part: solved(source) for part, source in SOURCES.items()}
FORWARD_ONLY = {"dnn": SOLVED["dnn"].replace("        grads = {}\n", '        raise NotImplementedError("Task 4: later.")\n')}
SLIP = {**SOLVED, "dnn": SOLVED["dnn"].replace("        grads = {}\n", '        raise ValueError("a slip of the pen")\n')}


@pytest.fixture(scope="module")
def lay_out(tmp_path_factory):
    """Makes a folder as students download it, with these parts in place of the skeletons."""
    files = starter_files(ASSIGNMENT)

    def make(parts):
        folder = tmp_path_factory.mktemp("backprop")
        for name, text in {**files, **{f"{part}.py": source for part, source in parts.items()}}.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        return folder

    return make


@pytest.fixture(scope="module")
def open_notebook(tmp_path_factory):
    """Opens the notebook of a folder: nothing has run yet, and a cell that fails does not stop the others."""
    with pytest.MonkeyPatch.context() as patch:
        own = tmp_path_factory.mktemp("jupyter")
        patch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
        patch.setenv("JUPYTER_RUNTIME_DIR", str(own / "runtime"))
        patch.setenv("IPYTHONDIR", str(own / "ipython"))
        patch.delenv("MPLBACKEND", raising=False)

        def client(folder):
            cells = nbformat.reads((folder / "backprop.ipynb").read_text(), as_version=4)
            resources = {"metadata": {"path": str(folder)}}
            return NotebookClient(cells, timeout=60, kernel_name="python3", allow_errors=True, resources=resources)

        yield client


@pytest.fixture(scope="module")
def finished(lay_out, open_notebook):
    """(folder, cells) after a run with the solution."""
    folder = lay_out(SOLVED)
    client = open_notebook(folder)
    client.nb.cells.append(new_code_cell("import sys; print(sys.executable)"))
    return folder, client.execute().cells


@pytest.fixture(scope="module")
def empty(lay_out, open_notebook):
    """(folder, cells) after a run with nothing written yet."""
    folder = lay_out({})
    return folder, open_notebook(folder).execute().cells


def outputs(cells, kind):
    return [output for cell in cells if cell.cell_type == "code" for output in cell.outputs if output.output_type == kind]


def text(*cells):
    return "".join(output.text for output in outputs(cells, "stream") if output.name == "stdout")


def pictures(cell):
    return [base64.b64decode(o.data["image/png"]) for o in outputs([cell], "display_data") if "image/png" in o.data]


def cell_with(cells, words):
    (found,) = [cell for cell in cells if cell.cell_type == "code" and words in cell.source]
    return found


def draws(cell):
    """Return how many pictures a cell should have."""
    calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    own = ("lab.draw_gradient_check", "lab.watch_training") if "def " not in cell.source else ()
    return sum(calls.count(call) for call in ("gradient_check", "plt.subplots", *own))


def test_solution_runs_without_an_error_in_the_python_of_the_tests(finished):
    _, cells = finished
    assert not outputs(cells, "error")
    assert not [output.text for output in outputs(cells, "stream") if "Warning" in output.text]
    assert not outputs(cells, "execute_result")
    assert "Still to do" not in text(*cells)
    assert text(cells[-1]).strip() == sys.executable


def test_every_drawing_is_there(finished):
    _, cells = finished
    drawing = [cell for cell in cells if cell.cell_type == "code" and "%autoreload" not in cell.source and draws(cell)]
    assert [draws(cell) for cell in drawing] == [1, 1, 1, 1, 2, 1, 1, 1, 1, 3, 1, 1, 1]
    for cell in drawing:
        assert [picture[:4] for picture in pictures(cell)] == [b"\x89PNG"] * draws(cell), cell.source


def test_table_of_the_cache_and_the_training(finished):
    _, cells = finished
    table = text(cell_with(cells, "cache.items()")).splitlines()
    assert len(table) == 13
    assert {"A0  (2, 7)", "W1  (3, 2)", "B1  (3, 1)", "Z3  (1, 7)"} <= set(table)
    assert text(cell_with(cells, "two_moons(samples=200")) == "100.0% of the samples are classified correctly.\n"


def size(picture):
    """Return the width and height of a PNG, in pixels."""
    return tuple(int.from_bytes(picture[start : start + 4], "big") for start in (16, 20))


def test_gradients_that_agree_take_one_row(finished):
    _, cells = finished
    rows = [
        picture
        for words in ("gradient_check(net, X, Y)", '"GeneralDNN")', '"notes_gradients")')
        for picture in pictures(cell_with(cells, words))
    ]
    assert len(rows) == 5
    assert all(height < 80 < width for width, height in map(size, rows))
    said = text(cell_with(cells, '"GeneralDNN")')).splitlines()
    assert said[0] == "SoftmaxDNN: All 4 gradients agree with the numerical ones."


def test_forward_and_backward_passes_are_counted(finished):
    _, cells = finished
    differences, backpropagation = text(cell_with(cells, "lab.draw_cost")).splitlines()
    assert differences.startswith(
        "Finite differences for 1,185 weights and biases: 2,370 forward passes and 0 backward passes, "
    )
    assert backpropagation.startswith("Backpropagation for 1,185 weights and biases: 1 forward pass and 1 backward pass, ")


def test_the_gradient_vanishes_with_sigmoid_and_not_with_relu(finished):
    _, cells = finished
    norms = {
        name: float(last) for name, last in re.findall(r"(\w+): .* dZ1 is (.*)\.", text(cell_with(cells, "grads_of_nets = {}")))
    }
    assert norms.keys() == {"sigmoid", "tanh", "relu"}
    assert norms["sigmoid"] < 1e-3 * norms["relu"]


@pytest.fixture(scope="module")
def run_with(lay_out, open_notebook):
    """Runs the notebook on the solution with a mistake from the catalog; returns its cells."""

    @cache
    def run(mistake):
        parts = {part: source.decode() for part, source in with_mistakes(mistake).items()}
        return open_notebook(lay_out(parts)).execute().cells

    return run


def test_a_missing_division_is_named_as_a_factor_and_training_says_that_it_failed(run_with):
    cells = run_with("dw-and-db-summed")
    said = text(cell_with(cells, "gradient_check(net, X, Y)")).splitlines()
    assert said[1] == "Every entry of dW1, dB1, dW2, dB2, dW3 and dB3 is 7.00 times the numerical one."
    for words in ("moons = ", "arms = "):
        training = cell_with(cells, words)
        assert text(training).startswith("Training failed: the loss went up from ")
        assert "classified correctly" not in text(training)
        assert size(pictures(training)[0])[1] < 400, "the loss alone"


def test_an_orange_picture_below_passing_public_checks_is_explained(run_with):
    cells = run_with("dw-and-db-summed")
    assert "8 of 8 public checks passed" in text(cell_with(cells, 'check.main(["extension"])'))
    said = text(cell_with(cells, '"SoftmaxDNN")')).splitlines()
    assert said[0] == "SoftmaxDNN: 4 of 4 gradients don't agree with the numerical ones."
    explanation = "The public checks can pass anyway, because they don't test every gradient. The hidden checks do."
    assert said[2] == explanation
    assert said.count(explanation) == 1, "not below the two that agree"


def test_a_missing_transpose_draws_both_factors_instead_of_a_traceback(run_with):
    cells = run_with("da-without-transpose")
    assert not outputs(cells, "error")
    for words, left, right in (
        ("gradient_check(net, X, Y)", (1, 3), (1, 7)),
        ("lab.draw_circuit", (1, 3), (1, 7)),
        ("moons = ", (1, 8), (1, 200)),
    ):
        cell = cell_with(cells, words)
        assert re.match(r"dnn\.py, line \d+: the shapes in `.*` don't match: ", text(cell))
        assert f'`cache["W3"]` is {left} and `dZ` is {right}. In a matrix product' in text(cell)
        assert len(pictures(cell)) == 1, "and no empty axes of the picture that was not finished"


def test_a_wrong_formula_has_no_common_factor(run_with):
    cell = cell_with(run_with("da-from-z"), "gradient_check(net, X, Y)")
    assert text(cell).splitlines()[0] == "4 of 6 gradients don't agree with the numerical ones."
    assert "Every entry" not in text(cell)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("run", ["finished", "empty"])
def test_public_checks_say_what_check_py_says(request, run, part):
    folder, cells = request.getfixturevalue(run)
    alone = subprocess.run([sys.executable, "check.py", part], cwd=folder, capture_output=True, text=True)
    assert text(cell_with(cells, f'check.main(["{part}"])')) == alone.stdout
    statuses = {line[2:9].strip() for line in alone.stdout.splitlines() if "/" in line[:14]}
    assert statuses == {"passed" if run == "finished" else "to do"}


def test_nothing_written_yet_is_said_kindly(empty):
    _, cells = empty
    assert not outputs(cells, "error")
    assert not [output.text for output in outputs(cells, "stream") if "Warning" in output.text]
    said = [line for line in text(*cells).splitlines() if line.startswith("Still to do - ")]
    for piece in ("Warm-up 2: complete reciprocal_exp_square", "Task 3: complete forward,", "Extension 1: complete softmax,"):
        assert any(line.startswith(f"Still to do - {piece}") for line in said), piece
    assert [len(pictures(cell)) for cell in cells if pictures(cell)] == [1], "only the network can be drawn"


def test_a_finished_forward_pass_is_enough_to_see_what_mistakes_look_like(lay_out, open_notebook):
    cells = open_notebook(lay_out(FORWARD_ONLY)).execute().cells
    assert not outputs(cells, "error")
    assert len(pictures(cell_with(cells, "Division by m missing"))) == 2
    assert text(cell_with(cells, "gradient_check(net, X, Y)")) == "Still to do - Task 4: later.\n"


def test_a_bug_still_shows_its_traceback(lay_out, open_notebook):
    cells = open_notebook(lay_out(SLIP)).execute().cells
    for words in ("gradient_check(net, X, Y)", "moons = ", "arms = "):
        (error,) = outputs([cell_with(cells, words)], "error")
        assert (error.ename, error.evalue) == ("ValueError", "a slip of the pen")
        assert "dnn.py" in "".join(error.traceback)


def test_a_saved_file_counts_without_a_restart(lay_out, open_notebook):
    folder, count = lay_out({}), len(LOCAL_CHECKS["dnn"])
    client = open_notebook(folder)

    def run(words):
        cell = cell_with(client.nb.cells, words)
        return text(client.execute_cell(cell, client.nb.cells.index(cell)))

    with client.setup_kernel():
        run("%autoreload")
        run("layer_sizes =")
        assert f"0 of {count} public checks passed" in run('["dnn"]')
        assert "Task 3" in run("cache.items()")
        (folder / "dnn.py").write_text(SOLVED["dnn"])
        assert f"{count} of {count} public checks passed" in run('["dnn"]')
        assert "A3  (1, 7)" in run("cache.items()")


def test_notebook_is_the_same_bytes_every_time():
    assert notebook(TEXT) == notebook(TEXT) == starter_files(ASSIGNMENT)["backprop.ipynb"]


def test_notebook_is_plain_and_valid():
    raw = notebook(TEXT)
    whole = json.loads(raw)
    nbformat.validate(nbformat.reads(raw, as_version=4))
    assert raw.endswith("}\n")
    assert whole["metadata"].keys() == {"kernelspec", "language_info"}
    assert "jupytext" not in raw
    code = [cell for cell in whole["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert len({cell["id"] for cell in whole["cells"]}) == len(whole["cells"])
    assert {"%load_ext autoreload\n", "%autoreload 2\n", "%matplotlib inline\n"} <= set(code[0]["source"])


def test_notebook_and_lab_give_no_solution_away():
    given = {line.strip() for source in SOURCES.values() for line in skeleton(source).splitlines()}
    solution = {line.strip() for source in SOLVED.values() for line in source.splitlines()} - given
    assert len(solution) > 70
    for shipped in (TEXT, *((ROOT / f"solution/{name}.py").read_text() for name in ("lab", "problems"))):
        assert not solution & {line.strip("# ") for line in shipped.splitlines()}
        assert not [line for line in solution if len(line) > 20 and line in shipped]


WANTED = {"W1": np.array([[1.0, -2.0], [0.5, 4.0]]), "B1": np.array([[0.0], [3.0]])}


def test_right_gradients_agree():
    for comparison in lab.compare(WANTED, WANTED).values():
        assert comparison.agrees
        assert not comparison.errors.any()


def test_the_wrong_cell_is_found():
    wrong = {**WANTED, "W1": WANTED["W1"] + [[0, 0], [0.1, 0]]}
    comparisons = lab.compare(wrong, WANTED)
    np.testing.assert_allclose(comparisons["W1"].errors, [[0, 0], [0.1 / 4, 0]])
    assert comparisons["W1"].error == pytest.approx(0.1 / np.sqrt(1 + 4 + 0.25 + 16))
    assert (comparisons["W1"].agrees, comparisons["B1"].agrees) == (False, True)


def test_a_forgotten_division_is_wrong_by_the_same_factor_everywhere():
    comparisons = lab.compare({key: 7 * want for key, want in WANTED.items()}, WANTED)
    assert [comparison.error for comparison in comparisons.values()] == pytest.approx([6, 6])
    np.testing.assert_allclose(comparisons["W1"].errors, 6 * np.abs(WANTED["W1"]) / 4)


@pytest.mark.parametrize(
    ("factor", "named"),
    [(7, "7.00"), (1 / 7, "0.143"), (-1, "-1.00"), (0, "0"), (1.003, "1.003"), (2.5, "2.50")],
)
def test_a_constant_ratio_is_named(factor, named):
    comparisons = lab.compare({key: factor * want for key, want in WANTED.items()}, WANTED)
    assert comparisons["W1"].verdict == f"{named} times expected"
    assert lab.explain(comparisons) == [
        "2 of 2 gradients don't agree with the numerical ones.",
        f"Every entry of dW1 and dB1 is {named} times the numerical one.",
    ]


def test_a_ratio_needs_more_than_one_entry_and_every_entry():
    wanted = {"W1": WANTED["W1"], "B1": np.array([[2.0]])}
    comparisons = lab.compare({"W1": WANTED["W1"] * [[3, 3], [3, 3.01]], "B1": np.array([[5.0]])}, wanted)
    assert comparisons["W1"].ratio is None
    assert lab.explain(comparisons) == ["2 of 2 gradients don't agree with the numerical ones."]


def test_gradients_that_are_no_dict_are_named():
    with pytest.raises(NotImplementedError, match="`gradients` should return a dict, but what it returned is None"):
        lab.compare(None, WANTED)


def test_a_transposed_matrix_is_right_on_its_diagonal():
    errors = lab.compare({**WANTED, "W1": WANTED["W1"].T}, WANTED)["W1"].errors
    np.testing.assert_allclose(errors, [[0, 2.5 / 4], [2.5 / 4, 0]])


@pytest.mark.parametrize(
    ("grads", "trouble"),
    [
        ({}, "missing"),
        ({"dB1": WANTED["B1"]}, "missing"),
        ({"B1": None}, "missing"),
        ({"B1": np.zeros(2)}, "got (2,)\nexpected (2, 1)"),
        ({"B1": 3.0}, "got ()\nexpected (2, 1)"),
    ],
)
def test_a_missing_key_and_a_wrong_shape_are_named(grads, trouble):
    comparison = lab.compare({"W1": WANTED["W1"], **grads}, WANTED)["B1"]
    assert (comparison.trouble, comparison.errors, comparison.agrees) == (trouble, None, False)


@pytest.mark.parametrize(
    ("got", "want", "agrees"),
    [
        (1 + 0.9e-4, 1, True),
        (1 + 1.1e-4, 1, False),
        (0, 0, True),
        (0, 1e-11, True),
        (0, 1e-6, False),
        (1e-6, 0, False),
        (np.inf, 1, False),
        (np.nan, 1, False),
        (1, np.nan, False),
    ],
)
def test_tolerance(got, want, agrees):
    comparison = lab.compare({"W1": np.array([[got]])}, {"W1": np.array([[want]])})["W1"]
    assert comparison.agrees == agrees
    assert (comparison.errors > lab.TOLERANCE).all() == (not agrees)


@pytest.fixture
def figure():
    """Yield the figure a test has drawn last."""
    before = plt.get_backend()
    plt.switch_backend("Agg")
    yield plt.gcf
    plt.close("all")
    plt.switch_backend(before)


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def test_heat_map_says_in_words_and_frames_what_is_wrong(figure):
    wrong = {"W1": WANTED["W1"].T, "B1": WANTED["B1"].ravel(), "B2": WANTED["B1"]}
    lab.draw_gradient_check(wrong, {**WANTED, "W2": WANTED["W1"], "B2": WANTED["B1"]})
    assert titles(figure()) == ["dW1\nerror 0.77", "dB1\ngot (2,)\nexpected (2, 1)", "dW2\nmissing", "dB2\nagrees"]
    panel = figure().axes[0]
    assert [frame.get_x() > 1 for frame in panel.patches] == [True, False]
    assert [number.get_text() for number in panel.texts] == ["0", "0.62", "0.62", "0"]


def test_all_right_is_a_row_of_tiles(figure, capsys):
    assert lab.draw_gradient_check(WANTED, WANTED) is True
    assert [tile.get_text() for tile in figure().axes[0].texts] == ["dW1 ✓\n0", "dB1 ✓\n0"]
    assert figure().get_size_inches()[1] < 0.6
    assert lab.draw_gradient_check({**WANTED, "B1": None}, WANTED, "Mine") is False
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "All 2 gradients agree with the numerical ones.",
        "Mine: 1 of 2 gradients doesn't agree with the numerical ones.",
    ]


def test_heat_map_marks_the_cells_of_a_large_matrix(figure):
    want = {"W1": np.ones((30, 20))}
    lab.draw_gradient_check({"W1": want["W1"] + np.eye(30, 20)}, want)
    assert [mark.get_text() for mark in figure().axes[0].texts].count("x") == 20


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (0, "0"),
        (3.2e-9, "3e-9"),
        (9.99e-5, "1e-4"),
        (0.5712, "0.57"),
        (6.0, "6"),
        (123.4, "123"),
        (12345, "1e4"),
        (np.inf, "inf"),
    ],
)
def test_errors_are_short(error, words):
    assert lab.shorten(error) == words


@pytest.mark.parametrize(("sizes", "circles"), [((2, 3, 3, 1), [2, 3, 3, 1]), ((2, 1), [2, 1]), ((9, 8, 100), [6, 8, 6])])
def test_network_shows_every_unit_or_dots_and_every_shape(figure, sizes, circles):
    axes = figure().add_subplot()
    lab.draw_network(axes, sizes)
    words = "\n".join(text.get_text() for text in axes.texts)
    across = [patch.center[0] for patch in axes.patches if patch.radius == lab.RADIUS]
    assert [across.count(x) for x in sorted(set(across))] == circles
    assert sum(patch.radius < lab.RADIUS for patch in axes.patches) == 3 * sum(size > 8 for size in sizes)
    for layer in range(1, len(sizes)):
        assert f"$W_{{{layer}}}$ ({sizes[layer]}, {sizes[layer - 1]})\n$B_{{{layer}}}$ ({sizes[layer]}, 1)" in words
    assert [f"({units}, m)" in words for units in sizes] == [True] * len(sizes)


def test_rows_of_the_last_units_are_counted_from_the_end():
    assert [unit.row for unit in lab.place_units((9, 20)) if unit.layer] == [0, 1, 2, 17, 18, 19]


def test_network_has_the_layout_and_the_colors_of_the_feedback_page():
    """The page is drawn without matplotlib and at the width of a phone; apart from the scale, the drawing is the same."""
    page = [
        ((unit.x - feedback.MARGIN) / feedback.STEP, (feedback.MIDDLE - unit.y) / feedback.SPACING)
        for unit in feedback.units("")
    ]
    ours = [((unit.x - lab.MARGIN) / lab.STEP, unit.y / lab.SPACING) for unit in lab.place_units(feedback.LAYER_SIZES)]
    assert sorted(page) == sorted(ours)
    style = (ROOT / "autograder/report/templates/page.css").read_text()
    colors = {"soft": lab.SOFT, "line": lab.LINE, "agrees": lab.AGREES, "bad": lab.WRONG}
    assert [name for name, color in colors.items() if f"--{name}: {color};" not in style] == []


def test_circuit_has_the_value_above_and_the_gradient_below_each_unit(figure):
    axes = figure().add_subplot()
    cache = {"A0": np.array([[1.0, 2.5], [3.0, 4.0]]), "A1": np.array([[0.1, 0.75]])}
    lab.draw_circuit(axes, (2, 1), cache, {"Z1": np.array([[9.0, -0.25]])}, sample=1)
    shown = {text.get_text(): text for text in axes.texts}
    assert {"2.5", "4", "0.75", "-0.25"} < shown.keys()
    assert shown["0.75"].get_position()[1] > 0 > shown["-0.25"].get_position()[1]
    assert (shown["0.75"].get_color(), shown["-0.25"].get_color()) == (lab.FORWARD, lab.BACKWARD)


@pytest.mark.parametrize("grads", [{}, {"Z1": None}, {"Z1": np.zeros(1)}, {"Z1": np.zeros((1, 1))}, None])
def test_circuit_has_a_question_mark_for_what_is_missing(figure, grads):
    axes = figure().add_subplot()
    lab.draw_circuit(axes, (2, 1), {"A0": np.zeros((2, 2)), "A1": np.zeros((1, 2))}, grads, sample=1)
    assert [text.get_text() for text in axes.texts].count("?") == 1


def test_responses_are_drawn_inside_the_circles(figure):
    axes = figure().add_subplot()
    cache = {"A0": np.array([[0.0, 1, 0, 1], [0, 0, 1, 1]]), "A1": np.array([[0.1, 0.2, 0.3, 0.4]])}
    lab.draw_responses(axes, (2, 1), cache)
    expected = [[[0, 1], [0, 1]], [[0, 0], [1, 1]], [[0.1, 0.2], [0.3, 0.4]]]
    np.testing.assert_array_equal([picture.get_array() for picture in axes.images], expected)
    assert axes.images[-1].get_clim() == (0, 1)
    for picture, unit in zip(axes.images, lab.place_units((2, 1)), strict=True):
        left, right, bottom, top = picture.get_extent()
        assert ((left + right) / 2, (bottom + top) / 2) == (unit.x, unit.y)
        assert picture.get_clip_path() is not None
    with pytest.raises(NotImplementedError, match="this picture needs `A1` in the cache"):
        lab.draw_responses(axes, (2, 1), {"A0": cache["A0"]})


def test_norms_are_those_of_dZ_in_each_layer(figure, capsys):
    axes = figure().add_subplot()
    lab.draw_norms(axes, {"tanh": {"Z1": np.array([[3.0, 4.0]]), "Z2": np.array([[0.5]])}}, 2)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [5, 0.5])
    assert axes.get_yscale() == "log"
    assert capsys.readouterr().out == "tanh: the norm of dZ2 is 0.5, the norm of dZ1 is 5.\n"


def test_the_boundary_is_where_the_output_is_one_half(figure):
    X, Y = np.array([[-1.0, 1.0, 2.0], [0.0, 1.0, -1.0]]), np.array([[0.0, 1.0, 1.0]])
    axes = figure().add_subplot()
    points = lab.plane(X)[2]
    lab.draw_plane(axes, 1 / (1 + np.exp(-3 * (points[:1] - 0.4))), X, Y)
    _, line, *classes = axes.collections
    np.testing.assert_allclose(line.get_paths()[0].vertices[:, 0], 0.4, atol=1e-3)
    assert [scatter.get_offsets().tolist() for scatter in classes] == [[[-1, 0]], [[1, 1], [2, -1]]]
    assert len({scatter.get_paths()[0].vertices.tobytes() for scatter in classes}) == 2, "each class has its own marker"


def test_regions_are_those_of_the_largest_output(figure):
    X, Y = np.array([[-1.0, 0.0, 1.0], [1.0, 0.0, 1.0]]), np.eye(3)
    axes = figure().add_subplot()
    points = lab.plane(X)[2]
    lab.draw_plane(axes, np.vstack([-points[0], 0.5 - np.abs(points[0]), points[0]]), X, Y)
    regions, *lines = axes.collections
    across = np.linspace(-1.25, 1.25, 200)
    np.testing.assert_array_equal(
        np.reshape(regions.get_array(), (200, 200))[7], np.select([across < -0.25, across > 0.25], [0, 2], 1)
    )
    assert len(lines) == 6


class Net:
    """A network whose losses and outputs a test chooses; each call of fit asks for some epochs."""

    def __init__(self, losses, output=lambda X, epochs: 1 / (1 + np.exp(-X[:1]))):
        self.losses, self.output, self.asked = list(losses), output, []

    def fit(self, X, Y, learning_rate, epochs):
        start = sum(self.asked)
        self.asked.append(epochs)
        return self.losses[start : start + epochs]

    def forward(self, X):
        return self.output(X, sum(self.asked)), {}


DOTS = np.array([[-1.0, 1.0, 2.0], [0.0, 1.0, -1.0]]), np.array([[0.0, 1.0, 0.0]])


def test_training_is_drawn_at_five_epochs(figure, capsys):
    net = Net(np.linspace(1, 0.5, 40))
    lab.watch_training(net, *DOTS, learning_rate=1, epochs=40)
    assert net.asked == [1, 4, 8, 27]
    after = ["after 40 epochs", "after 0 epochs", "after 1 epoch", "after 5 epochs", "after 13 epochs"]
    assert titles(figure()) == ["J from 1 to 0.5", *after]
    assert capsys.readouterr().out == "66.7% of the samples are classified correctly.\n"


def test_training_that_stops_early_says_after_how_many_epochs(figure):
    net = Net([0.9, 0.8, 0.7])
    lab.watch_training(net, *DOTS, learning_rate=1, epochs=40)
    assert titles(figure())[1:] == ["after 3 epochs", "after 0 epochs", "after 1 epoch"]
    assert net.asked == [1, 4]


@pytest.mark.parametrize(
    ("losses", "output", "sentence"),
    [
        ([0.7, 0.9, np.nan, np.nan], lambda X, epochs: X[:1], "Training diverged: the loss is nan from epoch 2 on."),
        ([0.7, 0.9, 0.8, np.inf], lambda X, epochs: X[:1], "Training diverged: the loss is inf from epoch 3 on."),
        (
            [0.7, 0.6, 0.5, 0.4],
            lambda X, epochs: X[:1] * (np.nan if epochs > 1 else 1),
            "Training diverged: after 4 epochs, the output of the network contains nan or inf.",
        ),
        ([0.7, 0.6, 0.8, 8.92], lambda X, epochs: X[:1], "Training failed: the loss went up from 0.7 to 8.92."),
        (
            [0.7, 0.6, 0.6, 0.6],
            lambda X, epochs: 0.4 + 0 * X[:1],
            "Training failed: the network gives every point of the plane the same class.",
        ),
    ],
)
def test_training_that_diverged_says_so_and_draws_no_regions(figure, capsys, losses, output, sentence):
    lab.watch_training(Net(losses, output), *DOTS, learning_rate=1, epochs=4)
    assert capsys.readouterr().out == f"{sentence} {lab.ADVICE}\n"
    (axes,) = figure().axes
    drawn = axes.lines[0].get_ydata()
    np.testing.assert_array_equal(drawn, np.where(np.isfinite(losses), losses, np.nan))


def test_training_without_a_finite_loss_draws_nothing(figure):
    lab.watch_training(Net([np.nan] * 4), *DOTS, learning_rate=1, epochs=4)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(("losses", "words"), [(None, "None"), ([], "empty"), (0.7, "of type float")])
def test_fit_has_to_return_losses(losses, words):
    net = Net([])
    net.fit = lambda X, Y, learning_rate, epochs: losses
    with pytest.raises(NotImplementedError, match=f"one loss per epoch, but what it returned is {words}"):
        lab.watch_training(net, *DOTS, learning_rate=1, epochs=4)


def test_loss_is_drawn_on_a_logarithmic_scale(figure):
    axes = figure().add_subplot()
    lab.draw_loss(axes, [0.7, 0.07, 0.007])
    assert (axes.get_yscale(), bool(axes.get_xlabel()), bool(axes.get_ylabel())) == ("log", True, True)
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [0.7, 0.07, 0.007])


def test_data_are_columns_and_the_same_every_time():
    X, Y = lab.two_moons(samples=50, seed=4)
    assert (X.shape, Y.shape, set(Y[0])) == ((2, 50), (1, 50), {0, 1})
    np.testing.assert_array_equal(X, lab.two_moons(samples=50, seed=4)[0])
    X, Y = lab.three_arms(samples=50, seed=4)
    assert (X.shape, Y.shape) == ((2, 50), (3, 50))
    assert (Y.sum(axis=0) == 1).all()
    np.testing.assert_array_equal(X, lab.three_arms(samples=50, seed=4)[0])


def test_only_what_is_missing_is_forgiven(capsys):
    with problems.explain_problems():
        raise NotImplementedError("Task 3: complete forward later.")
    assert capsys.readouterr().out == "Still to do - Task 3: complete forward later.\n"
    with pytest.raises(ValueError, match="slip"), problems.explain_problems():
        raise ValueError("a slip of the pen")


def test_a_picture_that_was_not_finished_is_closed_and_those_before_are_not(figure):
    plt.figure()
    before = plt.get_fignums()
    with problems.explain_problems():
        plt.subplots()
        raise NotImplementedError
    assert plt.get_fignums() == before


def test_each_kind_of_warning_is_one_sentence(capsys):
    with problems.explain_problems():
        for _ in range(3):
            np.exp(np.array([1000.0]))
            np.log(np.array([0.0]))
        np.exp(np.array([2000.0]))
    lines = capsys.readouterr().out.splitlines()
    assert [re.sub(r"line \d+", "line 1", line) for line in lines] == [
        "Warning from test_notebook.py, line 1: overflow encountered in exp. "
        "A result was too large for a floating-point number and became inf.",
        "Warning from test_notebook.py, line 1: divide by zero encountered in log. "
        "A division by 0, or the log of 0, gives inf.",
    ]


def raised(function):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - numpy's words differ between operations
        function()
    return caught.value


W, Z, b, COLUMNS, ITEMS = np.zeros((1, 3)), np.zeros((1, 7)), np.zeros(4), np.zeros((3, 7)), {"W3": np.zeros((1, 3))}


def subtract_in_place():
    bias = np.zeros((3, 1))
    bias -= 0.5 * COLUMNS


def multiply_in_a_loop():
    for layer in (3,):
        ITEMS[f"W{layer}"] @ Z


@pytest.mark.parametrize(
    ("function", "codes", "shapes", "edges"),
    [
        (lambda: W @ Z, ("W", "Z"), ((1, 3), (1, 7)), ((1,), (0,))),
        (lambda: np.dot(W, Z), ("W", "Z"), ((1, 3), (1, 7)), ((1,), (0,))),
        (lambda: W.dot(Z), ("W", "Z"), ((1, 3), (1, 7)), ((1,), (0,))),
        (lambda: np.matmul(W, Z.T @ W.T) if W.size else 0, ("Z.T", "W.T"), ((7, 1), (3, 1)), ((1,), (0,))),
        (lambda: (W + Z) * 2, ("W", "Z"), ((1, 3), (1, 7)), ([1], [1])),
        (lambda: W.T * (Z.T - W.T), ("Z.T", "W.T"), ((7, 1), (3, 1)), ([0], [0])),
        (lambda: W @ b, ("W", "b"), ((1, 3), (4,)), ((1,), (0,))),
        (lambda: b @ W, ("b", "W"), ((4,), (1, 3)), ((1,), (0,))),
        (subtract_in_place, ("bias", "0.5 * COLUMNS"), ((3, 1), (3, 7)), ([1], [1])),
        (multiply_in_a_loop, ('ITEMS["W3"]', "Z"), ((1, 3), (1, 7)), ((1,), (0,))),
    ],
)
def test_operands_that_do_not_fit_are_found(figure, function, codes, shapes, edges):
    misfit = problems.find_misfit(raised(function))
    assert (misfit.operands, misfit.shapes, problems.find_edges(misfit)) == (codes, shapes, edges)
    problems.draw_misfit(misfit)
    (axes,) = figure().axes
    assert sum(line.get_color() == problems.ORANGE for line in axes.lines) == 2
    assert set(codes) <= {text.get_text() for text in axes.texts}


def test_a_mismatch_is_told_in_a_sentence_as_check_py_does(figure, capsys):
    with problems.explain_problems():
        W @ Z
    assert re.sub(r"line \d+", "line 1", capsys.readouterr().out) == (
        "test_notebook.py, line 1: the shapes in `W @ Z` don't match: `W` is (1, 3) and `Z` is (1, 7). In a matrix product, "
        "the number of columns on the left (3) must equal the number of rows on the right (1).\n"
    )
    assert len(figure().axes) == 1


def test_operands_in_three_dimensions_are_told_but_not_drawn(capsys):
    cube = np.zeros((2, 3, 7))
    with problems.explain_problems():
        cube + cube[:, :, :5]
    assert "is (2, 3, 7)" in capsys.readouterr().out
    assert plt.get_fignums() == []


def test_a_vector_on_the_right_of_a_product_is_a_column():
    assert problems.find_sizes(problems.find_misfit(raised(lambda: W @ b))) == [(1, 3), (4, 1)]


def test_no_function_of_the_student_runs_again():
    calls = []

    def make():
        calls.append(1)
        return W

    assert problems.find_misfit(raised(lambda: make() @ Z)) is None
    assert len(calls) == 1


def test_other_errors_have_no_mismatch():
    assert problems.find_misfit(raised(lambda: int("x"))) is None
    assert problems.find_misfit(raised(lambda: W.reshape(2, 2))) is None

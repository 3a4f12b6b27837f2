"""The lab notebook: it runs from top to bottom on finished and unfinished files, and its drawings show what is wrong."""

import ast
import base64
import json
import subprocess
import sys

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from autograder.files import ROOT
from autograder.packaging.handout import starter_files
from autograder.packaging.notebook import notebook, notebook_text
from autograder.packaging.regions import skeleton, solved
from solution import lab
from tests.course import ASSIGNMENT, PARTS

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
    """How many pictures a cell should have."""
    calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    checks = calls.count("gradient_check") + calls.count("lab.draw_gradient_check") * ("def " not in cell.source)
    return checks + calls.count("plt.subplots")


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
    assert [draws(cell) for cell in drawing] == [1, 1, 1, 2, 1, 1, 1, 1, 1, 1]
    for cell in drawing:
        assert [picture[:4] for picture in pictures(cell)] == [b"\x89PNG"] * draws(cell), cell.source


def test_table_of_the_cache_and_the_training(finished):
    _, cells = finished
    table = text(cell_with(cells, "cache.items()")).splitlines()
    assert len(table) == 13
    assert {"A0  (2, 7)", "W1  (3, 2)", "B1  (3, 1)", "Z3  (1, 7)"} <= set(table)
    assert text(cell_with(cells, "two_moons(samples=200")).startswith("100.0% of the samples")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("run", ["finished", "empty"])
def test_public_checks_say_what_check_py_says(request, run, part):
    folder, cells = request.getfixturevalue(run)
    alone = subprocess.run([sys.executable, "check.py", part], cwd=folder, capture_output=True, text=True)
    assert text(cell_with(cells, f'check.main(["{part}"])')) == alone.stdout
    statuses = {line[2:7] for line in alone.stdout.splitlines() if "/" in line[:12]}
    assert statuses == {"right" if run == "finished" else "to do"}


def test_nothing_written_yet_is_said_kindly(empty):
    _, cells = empty
    assert not outputs(cells, "error")
    assert not [output.text for output in outputs(cells, "stream") if "Warning" in output.text]
    said = [line for line in text(*cells).splitlines() if line.startswith("Still to do - ")]
    for piece in ("Warm-up 2: let reciprocal_exp_square", "Task 3: let forward", "Task 4: let fit", "Extension 1: let softmax"):
        assert any(line.startswith(f"Still to do - {piece} ") for line in said), piece
    assert [len(pictures(cell)) for cell in cells if pictures(cell)] == [1], "only the network can be drawn"


def test_a_finished_forward_pass_is_enough_to_see_what_mistakes_look_like(lay_out, open_notebook):
    cells = open_notebook(lay_out(FORWARD_ONLY)).execute().cells
    assert not outputs(cells, "error")
    assert len(pictures(cell_with(cells, "The division by m is forgotten"))) == 2
    assert text(cell_with(cells, "gradient_check(net, X, Y)")) == "Still to do - Task 4: later.\n"


def test_a_bug_still_shows_its_traceback(lay_out, open_notebook):
    cells = open_notebook(lay_out(SLIP)).execute().cells
    for words in ("gradient_check(net, X, Y)", "moons.fit(", "arms.fit("):
        (error,) = outputs([cell_with(cells, words)], "error")
        assert (error.ename, error.evalue) == ("ValueError", "a slip of the pen")
        assert "dnn.py" in "".join(error.traceback)


def test_a_saved_file_counts_without_a_restart(lay_out, open_notebook):
    folder = lay_out({})
    client = open_notebook(folder)

    def run(words):
        cell = cell_with(client.nb.cells, words)
        return text(client.execute_cell(cell, client.nb.cells.index(cell)))

    with client.setup_kernel():
        run("%autoreload")
        run("layer_sizes =")
        assert "0 of 9 public checks passed" in run('["dnn"]')
        assert "Task 3" in run("cache.items()")
        (folder / "dnn.py").write_text(SOLVED["dnn"])
        assert "9 of 9 public checks passed" in run('["dnn"]')
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
    for shipped in (TEXT, (ROOT / "solution/lab.py").read_text()):
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


def test_a_transposed_matrix_is_right_on_its_diagonal():
    errors = lab.compare({**WANTED, "W1": WANTED["W1"].T}, WANTED)["W1"].errors
    np.testing.assert_allclose(errors, [[0, 2.5 / 4], [2.5 / 4, 0]])


@pytest.mark.parametrize(
    ("grads", "trouble"),
    [
        ({}, "missing"),
        ({"dB1": WANTED["B1"]}, "missing"),
        ({"B1": None}, "missing"),
        ({"B1": np.zeros(2)}, "got (2,)\nwant (2, 1)"),
        ({"B1": 3.0}, "got ()\nwant (2, 1)"),
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
    """The figure a test has drawn last."""
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
    assert titles(figure()) == ["W1\nerror 0.77", "B1\ngot (2,)\nwant (2, 1)", "W2\nmissing", "B2\nagrees"]
    panel = figure().axes[0]
    assert [frame.get_x() > 1 for frame in panel.patches] == [True, False]
    assert [number.get_text() for number in panel.texts] == ["0", "0.62", "0.62", "0"]


def test_heat_map_marks_the_cells_of_a_large_matrix(figure):
    want = {"W1": np.ones((30, 20))}
    lab.draw_gradient_check({"W1": want["W1"] + np.eye(30, 20)}, want)
    assert [mark.get_text() for mark in figure().axes[0].texts].count("x") == 20


@pytest.mark.parametrize(
    ("error", "words"),
    [(0, "0"), (3.2e-9, "3e-9"), (9.99e-5, "1e-4"), (0.5712, "0.57"), (6.0, "6"), (12345, "1e4"), (np.inf, "inf")],
)
def test_errors_are_short(error, words):
    assert lab.short(error) == words


@pytest.mark.parametrize(("sizes", "circles"), [((2, 3, 3, 1), [2, 3, 3, 1]), ((2, 1), [2, 1]), ((9, 8, 100), [6, 3, 8, 6, 3])])
def test_network_shows_every_unit_or_dots_and_every_shape(figure, sizes, circles):
    axes = figure().add_subplot()
    lab.draw_network(axes, sizes)
    words = "\n".join(text.get_text() for text in axes.texts)
    groups = [
        scatter.get_offsets() for scatter in axes.collections if len(scatter.get_offsets()) and hasattr(scatter, "get_sizes")
    ]
    assert [len(points) for points in groups if len(points)] == circles
    for layer in range(1, len(sizes)):
        assert f"$W_{{{layer}}}$ ({sizes[layer]}, {sizes[layer - 1]})\n$B_{{{layer}}}$ ({sizes[layer]}, 1)" in words
    assert [f"({units}, m)" in words for units in sizes] == [True] * len(sizes)


def test_boundary_lies_where_the_output_is_one_half(figure):
    X, Y = np.array([[-1.0, 1.0, 2.0], [0.0, 1.0, -1.0]]), np.array([[0.0, 1.0, 1.0]])
    axes = figure().add_subplot()
    lab.draw_boundary(axes, lambda points: 1 / (1 + np.exp(-3 * (points[:1] - 0.4))), X, Y)
    _, line, *classes = axes.collections
    np.testing.assert_allclose(line.get_paths()[0].vertices[:, 0], 0.4, atol=1e-3)
    assert [scatter.get_offsets().tolist() for scatter in classes] == [[[-1, 0]], [[1, 1], [2, -1]]]
    assert len({scatter.get_paths()[0].vertices.tobytes() for scatter in classes}) == 2, "each class has its own marker"


def test_regions_are_those_of_the_largest_output(figure):
    X, Y = np.array([[-1.0, 0.0, 1.0], [1.0, 0.0, 1.0]]), np.eye(3)
    axes = figure().add_subplot()
    lab.draw_regions(axes, lambda points: np.vstack([-points[0], 0.5 - np.abs(points[0]), points[0]]), X, Y)
    regions, *lines = axes.collections
    across = np.linspace(-1.25, 1.25, 200)
    np.testing.assert_array_equal(
        np.reshape(regions.get_array(), (200, 200))[7], np.select([across < -0.25, across > 0.25], [0, 2], 1)
    )
    assert len(lines) == 6


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
    with lab.still_to_do():
        raise NotImplementedError("Task 3: let forward do it.")
    assert capsys.readouterr().out == "Still to do - Task 3: let forward do it.\n"
    with pytest.raises(ValueError, match="slip"), lab.still_to_do():
        raise ValueError("a slip of the pen")

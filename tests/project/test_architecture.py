"""The rules of docs/architecture.md: who may import whom, what an import may do, and how long a module may be.

Each rule is a function from sources to the sentences that name its violations, so that a test can show it a small wrong engine.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from autograder.files import ROOT

MAX_LINES = 433  # of the longest module today, sandbox/session.py; lower it when you can
TEXTS = {".css", ".html", ".js", ".py", ".sh", ".toml", ""}  # suffixes of sources and templates
ASSIGNMENT = "autograder.backprop"
REGISTERED = {"autograder.settings"}  # where a string may name the assignment
CHECKED = {"autograder.backprop.assignment"}  # where strings may name the modules of the checks
WORDS = re.compile(r"dnn|softmax|warmup", re.IGNORECASE)

IMPORT_ALL = """
import importlib, sys
import numpy.random

def sample(*arguments, **named):
    raise AssertionError("An import draws random numbers.")

for module in ("dask", "matplotlib", "nbgrader", "otter"):  # libraries may draw numbers when they are loaded
    try:
        importlib.import_module(module)
    except ImportError:
        pass
for name in ("default_rng", "normal", "random", "RandomState", "seed", "uniform"):
    setattr(numpy.random, name, sample)
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def read_sources() -> dict[str, str]:
    """Return the source of every module of the engine and the assignment, by its dotted name."""
    paths = sorted((ROOT / "autograder").rglob("*.py"))
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path.read_text() for path in paths
    }


def in_assignment(module: str) -> bool:
    return f"{module}.".startswith(f"{ASSIGNMENT}.")


def runtime_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node but those below `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from runtime_nodes(node)


def imported_names(source: str) -> Iterator[str]:
    """Yield what a source imports at any level, "package.name" for each name that is imported from a package."""
    for node in runtime_nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted_strings(source: str) -> Iterator[str]:
    """Yield the strings of a source that look like the name of a module: importlib could load them."""
    for node in runtime_nodes(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"\w+(\.\w+)+", node.value):
            yield node.value


def imports_of_the_assignment(sources: Mapping[str, str]) -> list[str]:
    found = []
    for module, source in sources.items():
        if not in_assignment(module):
            names = [*imported_names(source), *(() if module in REGISTERED else dotted_strings(source))]
            found += [f"{module} loads {name}" for name in names if in_assignment(name)]
    return found


def imports_of_tests(sources: Mapping[str, str]) -> list[str]:
    found = []
    for module, source in sources.items():
        names = [*imported_names(source), *(() if module in CHECKED else dotted_strings(source))]
        found += [f"{module} loads {name}" for name in names if name.startswith("tests.") or name == "tests"]
    return found


def words_of_the_assignment(texts: Mapping[str, str]) -> list[str]:
    return [
        f"{name}:{number} says {word[0]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if (word := WORDS.search(line))
    ]


def reachable(start: str, loads: Mapping[str, set[str]]) -> set[str]:
    """Return everything that a package or module loads, directly or through others."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = loads.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def cycles(sources: Mapping[str, str]) -> list[str]:
    """Return a sentence for each import between top-level packages or modules that closes a cycle."""
    loads: dict[str, set[str]] = {}
    for module, source in sources.items():
        top = "".join(module.split(".")[1:2])
        targets = {name.split(".")[1] for name in imported_names(source) if name.startswith("autograder.")}
        loads.setdefault(top, set()).update(targets - {top})
    return [
        f"autograder.{top} loads autograder.{other}, which loads autograder.{top}"
        for top, others in loads.items()
        for other in sorted(others)
        if top in reachable(other, loads)
    ]


def long_modules(sources: Mapping[str, str]) -> list[str]:
    lines = {module: len(source.splitlines()) for module, source in sources.items()}
    return [f"{module} has {count} lines, more than {MAX_LINES}" for module, count in lines.items() if count > MAX_LINES]


@pytest.mark.parametrize("rule", [imports_of_the_assignment, imports_of_tests, cycles, long_modules])
def test_rule_holds(rule):
    assert rule(read_sources()) == []


def test_engine_speaks_of_no_assignment():
    files = [path for path in (ROOT / "autograder").rglob("*") if path.is_file() and path.suffix in TEXTS]
    texts = {path.relative_to(ROOT).as_posix(): path.read_text() for path in files if "__pycache__" not in path.parts}
    assert words_of_the_assignment({n: text for n, text in texts.items() if not n.startswith("autograder/backprop/")}) == []


@pytest.mark.parametrize(
    ("rule", "sources", "violations"),
    [
        (imports_of_the_assignment, {"autograder.judge": "from autograder.backprop import rubric"}, 1),
        (imports_of_the_assignment, {"autograder.judge": "def late():\n    import autograder.backprop.rubric"}, 1),
        (imports_of_the_assignment, {"autograder.judge": "from autograder import backprop"}, 1),
        (imports_of_the_assignment, {"autograder.judge": "load('autograder.backprop.rubric')"}, 1),
        (imports_of_the_assignment, {"autograder.settings": "ASSIGNMENT = 'autograder.backprop.assignment'"}, 0),
        (imports_of_the_assignment, {"autograder.backprop.figure": "from autograder.backprop import rubric"}, 0),
        (imports_of_tests, {"autograder.backprop.cases": "from tests.hidden import steps"}, 1),
        (imports_of_tests, {"autograder.backprop.cases": "load('tests.hidden.steps')"}, 1),
        (imports_of_tests, {"autograder.backprop.assignment": "CHECKS = ('tests.hidden.steps',)"}, 0),
        (words_of_the_assignment, {"a.py": "# of a DNN"}, 1),
        (words_of_the_assignment, {"a.html": "<p>The\nSoftmax of warmup</p>"}, 1),
        (words_of_the_assignment, {"a.py": "# of a network"}, 0),
        (cycles, {"autograder.a": "import autograder.b", "autograder.b.c": "from autograder import a"}, 2),
        (cycles, {"autograder.a": "import autograder.b", "autograder.b": "def f():\n    from autograder.a import g"}, 2),
        (cycles, {f"autograder.{a}": f"import autograder.{b}" for a, b in ("ab", "bc", "cd", "da")}, 4),
        (cycles, {"autograder.a": "import autograder.b", "autograder.b": "if TYPE_CHECKING:\n    import autograder.a"}, 0),
        (cycles, {"autograder.a": "import autograder.b.d", "autograder.b.d": "import autograder.c", "autograder.c": ""}, 0),
        (long_modules, {"autograder.a": "x = 1\n" * (MAX_LINES + 1)}, 1),
        (long_modules, {"autograder.a": "x = 1\n" * MAX_LINES}, 0),
    ],
)
def test_rule_finds_what_breaks_it(rule, sources, violations):
    assert len(rule(sources)) == violations


def test_map_names_what_there_is_and_every_module():
    named = set(re.findall(r"`([\w/]+/|[\w/]+\.\w+)`", (ROOT / "docs/architecture.md").read_text()))
    paths = {name for name in named if "/" in name and "NAME" not in name}
    assert sorted(name for name in paths if not (ROOT / name).exists()) == []
    modules = [name.split(".")[1:] for name in read_sources() if not name.endswith("__main__")]
    known = {f"autograder/{parts[0]}" for parts in modules if parts}
    assert sorted(known - {path.rstrip("/").removesuffix(".py") for path in paths}) == []


def import_all(names, folder):
    """Import modules in a fresh interpreter that has no course file and may not draw random numbers."""
    environment = {
        **os.environ,
        "COURSE": str(folder / "missing.toml"),
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
    }
    return subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *names], env=environment, cwd=folder, capture_output=True, text=True
    )


def test_imports_have_no_side_effects(tmp_path):
    names = [name for name in read_sources() if not name.endswith("__main__")]
    done = import_all(names, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("planted", "error"),
    [
        ("from autograder.settings import read_secret\nSECRET = read_secret()", "missing.toml"),
        ("import numpy as np\nCASE = np.random.default_rng(1).normal()", "An import draws random numbers."),
    ],
)
def test_side_effects_of_an_import_are_found(tmp_path, planted, error):
    (tmp_path / "planted.py").write_text(planted)
    done = import_all(["planted"], tmp_path)
    assert done.returncode == 1
    assert error in done.stderr

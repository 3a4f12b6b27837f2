"""Files whose statements fail, exit, wait or take too long: which ones are skipped, in the grader and at home."""

import json
import os
import subprocess
import sys

import pytest

from autograder.checking import StudentError
from autograder.packaging.handout import check_files
from autograder.sandbox.first_load import load_statements
from autograder.sandbox.session import Sandbox
from tests.course import ASSIGNMENT
from tests.golden.programs import edited, solutions
from tests.limits import QUICK

NOT_THERE = "is not available in the grader"
NOTEBOOK = "only works in a notebook"
LATE = "takes too long"
EXIT = "ends the program"
# One or more lines of a file, and what is said of those that are skipped, by their lines.
FILES = {
    "plot": ("import matplotlib.pyplot as plt\nx = 1", {1: NOT_THERE}),
    "several": ("import os, seaborn, json as j\nx = j.dumps(os.sep)", {1: "`seaborn` is not available"}),
    "parts": ("from math import (\n    sin,\n    sine,\n)\nx = sin(0)", {1: "this `math` has no `sine`"}),
    "progress": ("from tqdm import trange\nfor i in trange(3):\n    x = i", {1: NOT_THERE, 2: "needs `trange` from line 1"}),
    "everything": ("from sklearn.metrics import *", {1: NOT_THERE}),
    "helper": ("import my_helper\nfrom my_helper import relu", {1: NOT_THERE, 2: NOT_THERE}),
    "parent": (
        "from .raises import z\nfrom hw4.raises import z as a\nfrom hw4 import raises\n"
        "from .nothing import x\nfrom os.path import join\nassert a == z == raises.z",
        {1: "`from raises import z` is run", 2: "z as a` is run", 3: "`import raises` is run", 4: "no known parent package"},
    ),
    "raises": ("x = 1 / 0\ny = x + 1\nz = 2", {1: "raises ZeroDivisionError: division by zero", 2: "needs `x` from line 1"}),
    "decorated": (
        "from numba import njit\nimport pandas as pd\n@njit(cache=True)\ndef f(x: pd.Series) -> pd.Series:\n    y: int = x\n"
        "    return y\nclass C:\n    z: pd.Series = 2\n    @property\n    def w(self):\n        return f(self.z)\n"
        "assert f(1) == 1 and C().w == 2\n@property\n@njit\n@undefined\ndef g(): pass",
        {
            1: NOT_THERE,
            2: NOT_THERE,
            3: "needs `njit` from line 1",
            4: "`pd` from line 2",
            8: "`pd` from line 2",
            16: "'undefined'",
        },
    ),
    "asserts": ("assert 2 + 2 == 5\nx = 1", {1: "raises AssertionError"}),
    "unknown": ("print(undefined)", {1: "raises NameError: name 'undefined' is not defined"}),
    "exits": ("import sys\nsys.exit()\nx = 1", {2: EXIT}),
    "quits": ("quit()", {1: EXIT}),
    "leaves": ("import os\nos._exit(3)\nx = 1", {2: EXIT}),
    "system_exit": ("raise SystemExit('done')", {1: EXIT}),
    "asks": ("name = input('Name? ')\nprint(name)", {1: "waits for input", 2: "needs `name` from line 1"}),
    "sleeps": ("import time\ntime.sleep(3600)\nx = 1", {}),
    "loops": ("while True:\n    pass\nx = 1", {1: LATE}),
    "trains": ("n = 0\nfor epoch in range(10**12):\n    n += 1\nx = n", {2: LATE}),
    "stubborn": ("while True:\n    try:\n        while True: pass\n    except Exception:\n        pass", {1: LATE}),
    "magic": ("%matplotlib inline\n%load_ext autoreload\nx = 1", {1: NOTEBOOK, 2: NOTEBOOK}),
    "shell": ("!pip install numpy\nfiles = !ls\nx = 1", {1: NOTEBOOK, 2: NOTEBOOK}),
    "cell": ("%%writefile cell.py\nx = 1", {1: NOTEBOOK}),
    "timed": ("def f():\n    return 1\n%timeit f()\nif f():\n    %time f()\nx = 1", {3: NOTEBOOK, 5: NOTEBOOK}),
    "bash": ("%%bash\nls -l | grep py\n# In[2]:\nx = 1", {1: NOTEBOOK}),
    "asked": ("import math\nmath.sin?\n?math\nx = 1", {2: NOTEBOOK, 3: NOTEBOOK}),
    "ipython": ("get_ipython().run_line_magic('matplotlib', 'inline')\ndisplay(1)", {1: NOTEBOOK, 2: NOTEBOOK}),
    "mounts": ("from google.colab import drive\ndrive.mount('/content')", {1: NOT_THERE, 2: "needs `drive` from line 1"}),
    "reads": ("import numpy as np\ndata = np.loadtxt('data.csv')", {2: "opens `data.csv`, which the grader does not have"}),
    "opens": ("lines = open('notes.txt').read()", {1: "opens `notes.txt`"}),
    "writes": ("with open('log.txt', 'w') as file:\n    file.write('x')", {1: "writes `log.txt`"}),
    "folder": ("import os\nos.mkdir('plots')", {2: "writes `plots`"}),
    "thread": ("import threading\nt = threading.Thread(target=print)\nt.start()", {3: "starts a process or a thread"}),
    "system": ("import os\nos.system('clear')\nx = 1", {2: "starts a process or a thread"}),
    "program": ("import subprocess\nsubprocess.run(['ls'])", {2: "starts a process or a thread"}),
    "typed": ("from __future__ import annotations\ndef f(x: Matrix) -> Matrix:\n    return x\nx = 1", {}),
    "documented": ('"""What it is."""\nx = __doc__\n"""A note."""\nassert __doc__ == x', {}),
    "one_line": ("x = 1; y = 1 / 0; z = x", {1: "raises ZeroDivisionError"}),
    "returns": ("x = 1\r\ny = x +\r\n", None),
    "broken": ("x = (1\ny = 2", None),
    "late_future": ("x = 1\nfrom __future__ import annotations", None),
    "outside": ("return 1", None),
}
AT_HOME = """
import json, sys
from checks.at_home import LocalStudent
student, errors = LocalStudent(sys.argv[1:]), []
for name in sys.argv[1:]:
    try:
        student.module(name)
    except SyntaxError:
        errors.append(name)
print(json.dumps([list(map(str, student.skipped)), errors]))
"""


@pytest.fixture(scope="module")
def in_the_grader():
    """Return each skipped statement in the sandbox, as it is told, by the file; None for a file that is not loaded."""
    sources = {name: source.encode() for name, (source, _) in FILES.items()}
    with Sandbox(QUICK) as sandbox:
        return {name: load(sandbox, sources, name) for name in FILES}


def load(sandbox, sources, name):
    with sandbox.session(sources) as session:
        try:
            return [one for one in load_statements(session, name) if one.file == name]
        except StudentError as error:
            return None if "SyntaxError" in str(error) else str(error)


@pytest.fixture(scope="module")
def at_home(tmp_path_factory):
    """Return the same with what students download."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "checks").mkdir()
    for name, source in check_files(ASSIGNMENT).items():
        (folder / "checks" / name).write_text(source)
    for name, (source, _) in FILES.items():
        (folder / f"{name}.py").write_bytes(source.encode())
    (folder / "my_helper.py").write_text("relu = abs\n")
    (folder / "home.py").write_text(AT_HOME)
    (folder / "data.csv").write_text("1\n")
    run = subprocess.run(
        [sys.executable, "home.py", *FILES], cwd=folder, capture_output=True, text=True, input="Ada\n" * 9, timeout=300
    )
    assert run.returncode == 0, run.stderr
    told, errors = json.loads(run.stdout.splitlines()[-1])
    assert not (folder / "log.txt").exists()
    return {name: None if name in errors else [line for line in told if line.startswith(f"{name}.py,")] for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_what_is_skipped(in_the_grader, name):
    found, (_, wanted) = in_the_grader[name], FILES[name]
    if wanted is None:
        assert found is None
        return
    assert sorted(one.line for one in found) == sorted(wanted)
    for one in found:
        assert wanted[one.line] in one.reason


@pytest.mark.parametrize("name", FILES)
def test_the_checker_says_the_same_at_home(in_the_grader, at_home, name):
    found = in_the_grader[name]
    assert at_home[name] == (None if found is None else list(map(str, found)))


@pytest.mark.parametrize(
    "end",
    ["ctypes.string_at(0)", "os.abort()", "os.kill(os.getpid(), 9)", "sum(range(10**13))", "signal.pause()"],
)
def test_a_statement_that_takes_the_process_with_it_is_skipped_by_the_next_one(end):
    source = f"import ctypes, os, signal\nx = 1\n{end}\ny = x + 1".encode()
    with Sandbox(QUICK) as sandbox, sandbox.session({"file": source}) as session:
        (skipped,) = load_statements(session, "file")
        assert (skipped.line, skipped.text) == (3, end)
        assert session.fetch(session.module("file").y) == 2


def test_what_runs_no_statement_to_its_end_is_given_up():
    source = b"import os\n" + b"os.abort()\n" * 20
    with Sandbox(QUICK) as sandbox, sandbox.session({"file": source}) as session, pytest.raises(StudentError) as caught:
        load_statements(session, "file")
    assert str(caught.value).startswith("Loading file.py ended the program")


def test_files_that_import_each_other():
    sources = {"first": b"from second import g\ndef f(): return 1", "second": b"from first import f\ndef g(): return f()"}
    with Sandbox(QUICK) as sandbox, sandbox.session(sources) as session:
        (skipped,) = load_statements(session, "first")
        assert str(skipped) == "first.py, line 1, `from second import g`: imports a file that imports this one; skipped."
        assert load_statements(session, "second") == [skipped]
        assert session.fetch(session.module("second").g()) == 1


UNUSED = "import pandas as pd\nimport numpy as np\n"


TRAINING = """
n, total = 0, 0.0
while time.process_time() < START + 10:
    n += 1
    total += np.sin(n)
print(total)
"""


def test_a_busy_machine_changes_no_score(grade):
    """A file that trains for ten seconds gets the same result when twice as many programs run as there are processors."""
    source = solutions()["dnn"] + b"\nimport time\nSTART = time.process_time()\n" + TRAINING.encode()
    idle = grade({**solutions(), "dnn": source})
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        loaded = grade({**solutions(), "dnn": source})
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert loaded == idle
    assert (idle.score, idle.printed[0]) == (100, "0.0\n")
    assert ["`while time.process_time() < START + 10:`" in warning for warning in idle.warnings] == [True]


def test_an_unused_line_costs_nothing_and_is_told(grade):
    result = grade({**solutions(), "dnn": edited(("import numpy as np\n", UNUSED))})
    assert (result.score, result.notes) == (100, ())
    (warning,) = result.warnings
    assert warning.startswith("dnn.py, line ")
    assert "`import pandas as pd`: `pandas` is not available in the grader" in warning


def test_what_uses_a_skipped_name_says_so(grade):
    source = edited(
        ("import numpy as np\n", f"{UNUSED}OFFSET = pd.Series([0])[0]\n"), ("return 1 / (", "return OFFSET + 1 / (")
    )
    result = grade({**solutions(), "dnn": source})
    said = next(check.got for check in result.checks if check.id == "dnn.example_output")
    assert "name 'OFFSET' is not defined" in said
    assert "`OFFSET = pd.Series([0])[0]`, was skipped: needs `pd` from line" in said
    assert result.part_score("warmup") > 0


def test_a_class_that_is_skipped_explains_why_it_is_missing(grade):
    result = grade({**solutions(), "dnn": edited(("class DNN:", "class DNN(unknown.Base):"))})
    said = next(check.got for check in result.checks if check.id == "dnn.example_output")
    assert said.startswith("dnn.py defines no `DNN`. dnn.py, line ")
    assert "was skipped: raises NameError: name 'unknown' is not defined" in said


def test_what_is_printed_while_files_are_loaded_is_told_once(grade):
    source = edited(("import numpy as np\n", "import numpy as np\nprint('loaded')\nimport pandas\nprint('on')\n"))
    assert grade({**solutions(), "dnn": source}).printed[0].splitlines() == ["loaded", "on"]


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("def first[T](x: list[T]) -> T: ...", "3.12"),
        ("type Array = list", "3.12"),
        ("try: pass\nexcept ValueError, TypeError: pass", "3.14"),
        ("""print(f"{x["a"]}")""", "3.12"),
    ],
)
def test_newer_syntax_is_named_with_its_version(line, version):
    if sys.version_info >= tuple(map(int, version.split("."))):
        return  # nothing is wrong with it here
    with Sandbox(QUICK) as sandbox, sandbox.session({"file": line.encode()}) as session, pytest.raises(StudentError) as caught:
        load_statements(session, "file")
    assert f"Python {version} accepts this, but the grader has Python {sys.version_info.major}." in str(caught.value)


def test_at_home_everything_works_again_after_the_checks(tmp_path):
    """Only while its checks run does a file miss what the grader lacks: training with plots at home goes on."""
    (tmp_path / "checks").mkdir()
    for name, source in check_files(ASSIGNMENT).items():
        (tmp_path / "checks" / name).write_text(source)
    (tmp_path / "part.py").write_text("def save():\n    import other\n    open('saved.txt', 'w').close()\n    return other.x\n")
    (tmp_path / "other.py").write_text("x = 1\n")
    script = "from checks.at_home import LocalStudent\nprint(LocalStudent(['part']).module('part').save())"
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert run.stdout == "1\n", run.stderr
    assert (tmp_path / "saved.txt").exists()

"""The documentation: its commands, links, paths and numbers are correct."""

import functools
import importlib.util
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from autograder import cluster, pool
from autograder.adjust import PATIENCE
from autograder.explain.command import find_check
from autograder.files import ROOT
from autograder.gradebook.book import SECONDS
from autograder.intake.entries import MAX_DEPTH
from autograder.report.worksheet import OTHERS
from autograder.sandbox.layers import MINIMUM
from autograder.sandbox.limits import Limits
from autograder.sandbox.timeouts import FASTER, GENEROUS, REPEATED
from autograder.settings import read_settings
from autograder.similarity.compare import MAX_EXPLAINED
from autograder.similarity.fingerprints import GRAM, MAX_TOKENS
from autograder.similarity.pairs import MAX_PAIRS, MIN_SCORE
from tests.course import ASSIGNMENT, CHECKS
from tests.golden.attacks import ATTACKS
from tests.golden.test_attacks import BATCHES
from tests.golden.test_mutants import EACH_PUSH
from tests.memory import MAX_JUDGE
from tests.project.grading import build_package, command
from tests.project.test_makefile import make
from tests.regression.assignment import ASSIGNMENT as SECOND
from tests.regression.mistakes import MISTAKES as MISTAKES_OF_SECOND
from tests.shares import SHARES

PAGES = {path.relative_to(ROOT).as_posix(): path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))}
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SHELLS = ("", "sh", "bash", "console", "shell")
EXAMPLES = [path.name for path in (ROOT / "examples").iterdir()]
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
OURS = {path.partition("/")[0] for path in TRACKED}


def blocks(page, *languages):
    """Return the fenced blocks of a page in one of these languages."""
    return [text for _, language, text in FENCE.findall(PAGES[page]) if language in languages]


def spans(page):
    """Return the inline code of a page."""
    return re.findall(r"(?<!`)`([^`]+)`(?!`)", FENCE.sub("", PAGES[page]))


# Commands ---------------------------------------------------------------------------------------------------------------

TOOLS = {"make", "python", "python3", ".venv/bin/python", "otter", ".venv/bin/otter", "nbgrader", "sqlite3"}
TOOLS |= {"cd", "env", "git", "grep", "export", "openssl", "pip", "printf", "sha256sum", "docker"}
ASSIGNED = re.compile(r"(\[?[A-Z_]+)=(.*)", re.DOTALL)


def simple_commands(line):
    """Return the commands of a line of shell, each as its variables and its words, without a comment and a prompt."""
    tokens = shlex.split(line.removeprefix("$ "), comments=True)
    for at in [place for place, token in enumerate(tokens) if token in ("&&", "|", ";")][::-1]:
        yield from split_variables(tokens[at + 1 :])
        del tokens[at:]
    yield from split_variables(tokens)


def split_variables(words):
    """Yield the variables in front of a command, and its words, if it is one of TOOLS that is called with something."""
    words = words[3:] if words[:2] == ["env", "-u"] else words
    count = next((place for place, word in enumerate(words) if not ASSIGNED.match(word)), len(words))
    if words[count:] and words[count] in TOOLS and len(words) > 1:
        yield [word.partition("=")[0] for word in words[:count]], words[count:]


def lines_of(page):
    """Yield every line of a page that may be a command: of its blocks, and its inline code."""
    for block in blocks(page, *SHELLS):
        yield from re.sub(r"(\\|\|)\n *", r"\1 ", block).replace("\\ ", "").splitlines()
    yield from (re.sub(r"\s+", " ", span) for span in spans(page))


def is_command(line):
    first = [word for word in line.removeprefix("$ ").split() if not ASSIGNED.match(word)][:1]
    return first != [] and first[0] in TOOLS


COMMANDS = sorted({line.strip() for page in PAGES for line in lines_of(page) if is_command(line.strip())})


@functools.cache
def help_of(*words):
    """Return what a program says about itself."""
    done = subprocess.run([*words, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_options(options, text):
    for option in (word.partition("=")[0] for word in options if word.startswith("-")):
        assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text), f"{option} is no option:\n{text}"


def check_make(words):
    given = [word.strip("[]") for word in words if "…" not in word and "..." not in word]
    done = make("--dry-run", "JOBS=1", *given[1:])
    assert done.returncode == 0, done.stderr
    assert "no benchmark named" not in done.stdout
    for check in (word.removeprefix("CHECK=") for word in given if word.startswith("CHECK=")):
        assert find_check(CHECKS, check)


def check_python(words):
    if words[1] == "-c":
        assert subprocess.run([sys.executable, *words[1:]], capture_output=True).returncode == 0
    elif words[1] == "-m":
        check_module(words)
    else:
        assert any(Path(path).name == words[1] for path in TRACKED), f"there is no {words[1]}"


def check_module(words):
    module, *rest = words[2:]
    if module.partition(".")[0] in OURS or module == "pytest":
        assert words[0] == ".venv/bin/python", f"the environment of the project is needed: .venv/bin/python -m {module}"
    found = importlib.util.find_spec(module)
    assert found is not None, f"there is no {module}"
    if any(word.startswith("-") for word in rest) or module == "autograder":
        package = found.submodule_search_locations  # a package is run by its __main__
        source = Path(package[0], "__main__.py") if package else Path(found.origin)
        assert re.search("argparse|click|pytest|cli", source.read_text()), f"{module} takes no options"
        check_options(rest, help_of(sys.executable, "-m", module, *(rest[:1] if module == "autograder" else [])))
    for path in (word for word in rest if word.partition("/")[0] in OURS):
        assert (ROOT / path).exists(), f"there is no {path}"


@functools.cache
def options_of(tool):
    """Return the commands of otter or nbgrader, each with its options."""
    if tool == "otter":
        commands = pytest.importorskip("otter.cli").cli.commands
        return {name: [option for one in found.params for option in one.opts] for name, found in commands.items()}
    commands = pytest.importorskip("nbgrader.apps.nbgraderapp").NbGraderApp.subcommands
    return {name: [f"--{option}" for option in (*found.flags, *found.aliases)] for name, (found, _) in commands.items()}


def check_tool(words):
    options = options_of(Path(words[0]).name)[words[1]]
    assert {word for word in words[2:] if word.startswith("-")} <= {*options}


def check_paths(words):
    for path in (word for word in words[1:] if word.partition("/")[0] in OURS):
        assert (ROOT / path).exists(), f"there is no {path}"
    if words[0] == "grep" and any((ROOT / word).is_file() for word in words[1:]):
        assert subprocess.run(words, cwd=ROOT, capture_output=True).returncode == 0, "nothing is found"


CHECKED = {"make": check_make, **dict.fromkeys(("otter", "nbgrader", ".venv/bin/otter"), check_tool)}
CHECKED |= dict.fromkeys(("python", "python3", ".venv/bin/python"), check_python)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_can_be_typed(line):
    """Its program, target and module exist, its options and variables are known, and its paths are there."""
    for variables, words in simple_commands(line):
        if variables and words[0] == "make":
            assert make("--dry-run", "JOBS=1", words[1], *(f"{name}=x" for name in variables)).returncode == 0
        CHECKED.get(words[0], check_paths)(words)


def test_commands_in_the_code_name_the_environment():
    """`python -m` alone is the machine's Python, which lacks what the tests and benchmarks need."""
    found = re.findall(r"(?<![\w/.])python3? -m (?:tests|benchmarks)[\w.]*", sources())
    assert found == []


def test_commands_are_found():
    assert {line.split()[0] for line in COMMANDS} >= {"make", ".venv/bin/python", "sqlite3", "nbgrader"}
    assert len(COMMANDS) >= 80


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """One submission, graded."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "examples/ada", folder / "submissions/ada")
    assert command("grade", folder / "submissions", "--out", folder / "out").returncode == 0
    return folder / "out"


@pytest.mark.parametrize("line", [line for line in COMMANDS if re.match(r"make (explain .|adjust .|adjustments|doctor)", line)])
def test_a_command_does_what_it_should(line, out):
    """What its recipe calls, for a class of one."""
    ((_, words),) = simple_commands(line)
    planned = make("--dry-run", *words[1:], *([] if "doctor" in words else [f"OUT={out}"])).stdout
    recipe = planned[planned.index(".venv/bin/python -m autograder") :].replace(".venv/bin/python", sys.executable)
    done = subprocess.run(recipe, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("sqlite3")])
def test_a_query_finds_rows(line, out):
    ((_, words),) = simple_commands(line)
    with sqlite3.connect(out.parent / words[1]) as book:
        assert len(book.execute(words[2]).fetchall()) == 1


@pytest.mark.parametrize("line", [line for line in COMMANDS if re.search(r"python3? check\.py", line)])
def test_check_py_can_be_typed(line, tmp_path):
    starter = next((words[1] for _, words in simple_commands(line) if words[0] == "cd"), "assignment")
    shutil.copytree(ROOT / starter, tmp_path / "starter")
    words = next(words for _, words in simple_commands(line) if words[0] != "cd")
    done = subprocess.run([sys.executable, *words[1:]], cwd=tmp_path / "starter", capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    assert "to do" in done.stdout


SHOWN = [block for block in blocks("README.md", *SHELLS) if block.startswith("$ ")]


@pytest.mark.parametrize("block", SHOWN, ids=[block.splitlines()[0].removeprefix("$ ") for block in SHOWN])
def test_output_in_the_readme_is_what_is_printed(block, tmp_path, out):
    """What is left out stands as a line of its own; each other line is one that the command prints."""
    line, *expected = block.splitlines()
    (_, words), *_ = simple_commands(line)
    if "check.py" in words:
        download = shutil.copytree(ROOT / "assignment", tmp_path / "download")
        shutil.copy(ROOT / "examples/ada/dnn.py", download)
        printed = subprocess.run([sys.executable, *words[1:]], cwd=download, capture_output=True, text=True).stdout
    elif "explain" in words:
        printed = command("explain", "ada", words[-1].partition("=")[2], "--out", out).stdout
    else:
        examples = shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("README.md"))
        printed = command("grade", examples, "--out", tmp_path / "out").stdout
    lines = {" ".join(line.split()) for line in printed.splitlines()}  # the columns are as wide as the longest name
    assert [line for line in expected if line != "…" and " ".join(line.split()) not in lines] == []


IN_PYTHON = [(page, text) for page in PAGES for text in blocks(page, "python") if re.match("(from|import) autograder", text)]


@pytest.mark.parametrize(("page", "text"), IN_PYTHON)
def test_a_program_runs(page, text, out):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", text], cwd=out.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", blocks("docs/new-assignment.md", "python"))
def test_code_of_the_second_assignment_is_quoted(text):
    assert any(text in (ROOT / path).read_text() for path in TRACKED if re.match(r"tests/regression/.*\.py", path))


@pytest.mark.parametrize(("page", "text"), [(page, text) for page in PAGES for text in blocks(page, "toml")])
def test_lines_for_the_course_file_are_read(page, text, tmp_path, monkeypatch):
    (tmp_path / "course.toml").write_text(text)
    monkeypatch.setenv("COURSE", str(tmp_path / "course.toml"))
    assert read_settings()


# Links and paths --------------------------------------------------------------------------------------------------------


def anchors(page):
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ +(.+)$", FENCE.sub("", PAGES[page]), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", text).lower()).replace(" ", "-") for text in headings}


LINKS = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", PAGES[page]))]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for link in (link for name, link in LINKS if name == page and "://" not in link):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.resolve().relative_to(ROOT).as_posix()), link
    for name in re.findall(r"\[([^\]]+)\]\[\]", PAGES[page]):
        assert f"\n[{name}]: http" in PAGES[page]


def test_every_page_is_linked():
    """From README.md, or from a page that is linked there."""
    linked = {((ROOT / page).parent / link.partition("#")[0]).resolve() for page, link in LINKS if "://" not in link}
    assert {ROOT / page for page in PAGES} - linked - {ROOT / "README.md"} == set()


SUFFIXES = "py|md|toml|txt|html|csv|db|zip|json|whl|diff|png|sh"
# Names that show what a student's file or a platform's download may be called.
MADE_UP = {"ada_dnn.py", "bob_dnn.py", "warm_up.py", "slurm.py", "lovelaceada_LATE_101_5001_dnn.py", "submissions.zip"}
MADE_UP |= {Path(path).name for path in OTHERS} | {f"{name}.{suffix}" for name in EXAMPLES for suffix in ("html", "json")}


@functools.cache
def sources():
    """Return the text of everything that is no page: what is made must be named in it."""
    paths = [ROOT / path for path in TRACKED if not path.startswith(("docs/", "README", "assignment/figures"))]
    return "\n".join(path.read_text(errors="replace") for path in paths if path.is_file() and path.suffix != ".png")


def is_there(path):
    """Return whether a path is one of the project, or its last name is one that the project gives to what it makes."""
    name = path.rstrip("/").rpartition("/")[2].replace("ada-dnn.gradient_numerical_W.py", "ada.html")  # of make explain
    if (ROOT / path).exists() or any(f"/{one}".endswith(f"/{path}") or f"/{path}" in f"/{one}/" for one in TRACKED):
        return True
    made = path.partition("/")[0] not in OURS or path.startswith("docs/pictures")
    return made and (name in MADE_UP or name in sources())


@pytest.mark.parametrize("page", PAGES)
def test_paths_are_there(page):
    shape = re.compile(rf"[\w./-]+/|[\w./-]*\w\.({SUFFIXES})")
    named = {span for span in spans(page) if shape.fullmatch(span) and not re.search("NAME|PART|DATE", span)}
    assert sorted(path for path in named if not is_there(path)) == []


# Numbers ----------------------------------------------------------------------------------------------------------------

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
LIMITS = Limits()
IN_PARTS = {part.name: part.points for part in ASSIGNMENT.parts}
MISTAKES_HERE = sum(map(len, MISTAKES_OF_SECOND.values()))
OF_SECOND = [check for part in SECOND.parts for task in part.tasks for check in (*task.public, *task.hidden)]


def locked(package):
    """Return the version of a package that the tests use."""
    return re.findall(rf"^{package}==([\d.]+)", (ROOT / "requirements/test.txt").read_text(), re.MULTILINE)[0]


SENTENCES = [
    ("adapting.md", f"In this example there are {IN_PARTS['warmup'] + IN_PARTS['dnn']:g} points"),
    ("adapting.md", f"the points of this repository: {ASSIGNMENT.max_score:g} in total"),
    ("class.md", f"waits up to {SECONDS:.0f} seconds"),
    ("class.md", f"`make adjust` first waits {PATIENCE:.0f} seconds"),
    ("class.md", f"handed out {WORDS[pool.AHEAD]} per worker"),
    ("cluster.md", f"{WORDS[cluster.AHEAD]} at a time for each thread"),
    ("copies.md", f"A passage is a sequence of {GRAM} tokens"),
    ("copies.md", f"the first {MAX_EXPLAINED} pairs"),
    ("copies.md", f"pairs with scores of {MIN_SCORE:.0f} or more"),
    ("copies.md", f"the first {MAX_TOKENS:,} tokens"),
    ("copies.md", f"At most {MAX_PAIRS:,} pairs"),
    (
        "new-assignment.md",
        f"{WORDS[len(SECOND.parts)]} parts, {WORDS[len(OF_SECOND)]} checks and {WORDS[MISTAKES_HERE]} mistakes",
    ),
    ("exports.md", f"up to {WORDS[MAX_DEPTH]} folders deep"),
    ("nbgrader.md", f"nbgrader {locked('nbgrader')} and"),
    ("otter.md", f"`otter assign` of otter-grader {locked('otter-grader')},"),
    ("sandbox.md", f"A child may use {LIMITS.memory_bytes >> 20} MB of address space"),
    ("sandbox.md", f"a call takes longer than {LIMITS.call_seconds:.0f} seconds"),
    ("sandbox.md", f"loading a file takes longer than {LIMITS.import_seconds:.0f}"),
    ("sandbox.md", f"has used {LIMITS.submission_seconds:.0f} in total"),
    ("sandbox.md", f"A function that does not return {WORDS[LIMITS.strikes]} times"),
    ("sandbox.md", f"by {WORDS[FASTER]}, down to {LIMITS.least_seconds:g} seconds, or to {LIMITS.least_seconds / REPEATED:g}"),
    ("sandbox.md", f"every call gets {WORDS[GENEROUS]} times as long"),
    ("sandbox.md", f"ends a child after {LIMITS.child_seconds:.0f} seconds"),
    ("sandbox.md", f"A statement has {WORDS[int(LIMITS.statement_seconds)]} seconds of processor time"),
    ("sandbox.md", f"below {MAX_JUDGE >> 20} MB of resident memory"),
    ("sandbox.md", f"ACCEPT={','.join(MINIMUM)}"),
    ("grading.md", ", ".join(f"`{danger}`" for danger in MINIMUM)),
    ("tests.md", f"{EACH_PUSH} of a sample of {EACH_PUSH * SHARES}"),
    ("tests.md", f"and 1/{SHARES} of the others"),
    ("tests.md", f"in {BATCHES} batches"),
]


@pytest.mark.parametrize(("page", "sentence"), SENTENCES)
def test_a_sentence_has_the_number_of_the_code(page, sentence):
    assert sentence in " ".join(PAGES[f"docs/{page}"].split())


def test_the_attacks_are_counted():
    counts = [int(count) for text in PAGES.values() for count in re.findall(r"\b(\d+)\s+hostile\s+submissions", text)]
    assert set(counts) <= {len(ATTACKS)}


def test_the_speed_in_the_readme_is_that_of_the_benchmark():
    pattern = r"^\| (`make grade`, [\d,]+ correct|`otter run`).*? \| ([^|]+) \| [^|]+ \| ([^|]+) \| (.+) \|$"
    rows = re.findall(pattern, PAGES["docs/class.md"], re.MULTILINE)
    (_, milliseconds, ratio, _), (*_, otter) = rows
    speed = f"takes {float(milliseconds):.0f} ms of processor time, {float(ratio):.1f} times that of its checks alone"
    assert f"{speed}; `otter run` takes {float(otter):.0f} times" in " ".join(PAGES["README.md"].split())


def test_the_size_of_the_package_for_gradescope(tmp_path):
    """In files and megabytes, to a tenth: a page need not change with every module."""
    said = re.search(r"([\d.]+) files\s+and ([\d.]+) MB, of which pip takes ([\d.]+) MB", PAGES["docs/gradescope.md"])
    build_package("gradescope", tmp_path)
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        size = (tmp_path / "autograder.zip").stat().st_size / 1e6
        found = [len(archive.infolist()), size, archive.getinfo("pip.whl").compress_size / 1e6]
    assert [float(number) for number in said.groups()] == pytest.approx(found, rel=0.1)


@pytest.mark.parametrize(
    ("lock", "row"),
    [("grade", "make grade`"), ("judge", "Gradescope"), ("otter", "otter run"), ("nbgrader", "nbgrader auto")],
)
def test_the_packages_of_an_integration_are_counted(lock, row):
    """Two more or fewer are for other versions of Python."""
    lines = re.findall(r"^([A-Za-z][^\\\n]*)", (ROOT / f"requirements/{lock}.txt").read_text(), re.MULTILINE)
    needed = {one.name for one in map(Requirement, lines) if one.marker is None or one.marker.evaluate()}
    (count,) = re.findall(rf"^\| `?{row}.*\| (\d+) \| \d+ \|$", PAGES["docs/grading.md"], re.MULTILINE)
    assert abs(int(count) - len(needed)) <= 2


def test_the_errors_in_quotes_are_those_of_the_code():
    """In the table of what to do about them."""
    table = PAGES["docs/grading.md"].partition("## Troubleshooting")[2].partition("\n## ")[0]
    quoted = re.findall(r'^\| "(.*?)"', table, re.MULTILINE)
    assert len(quoted) >= 3
    assert [text for text in quoted if text not in sources()] == []

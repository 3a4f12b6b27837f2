"""Grade golden submissions through all four integrations and compare the scores check by check.

`.venv/bin/python -m tests.golden.doors --count 40` uses each integration as its users do: the command, the scripts of the
Gradescope zip, otter with its zip, nbgrader with its course. Every difference from `autograder.grade` is printed; the exit code
is then 1. Without --count it grades every submission, which takes some seconds each.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from autograder import grade
from autograder.build import build
from autograder.files import ROOT
from autograder.intake.find import find
from autograder.marks import mark_of
from autograder.platforms.nbgrader import grade_id
from autograder.report.gradescope import results_json
from autograder.settings import read_assignment
from tests.course import GRADED_FILES
from tests.golden.attacks import ATTACKS, CANARY, World
from tests.golden.differences import DNN, EXTENSION
from tests.golden.idle import IDLE
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import files_of
from tests.golden.variants import VARIANTS
from tests.project.grading import build_package

Marks = Mapping[str, float]  # the points of each check, and of each task
Class = Mapping[str, Path]  # the folder of each submission, by a name that every platform takes for a student's
Door = Callable[[Class, Path, Path], dict[str, Marks]]  # grades a class in an empty folder, with the packages in another one
QUICK = [name for name, attack in ATTACKS.items() if attack.status == "graded" and not attack.lay]


def golden(folder: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield every golden submission, laid down in an empty folder: what it is, and its files."""
    build("examples", folder / "examples")
    for example in sorted((folder / "examples").iterdir()):
        yield f"example: {example.name}", files_of(example)
    programs = {f"wrong: {name}": mistake.sources for name, mistake in MISTAKES.items()}
    programs |= {f"right: {name}": sources for name, sources in VARIANTS.items()}
    programs |= {f"idle: {name}": sources for name, (sources, _) in IDLE.items()}
    programs |= {f"by differences: {name}": {"dnn": one.source} for name, one in DNN.items()}
    programs |= {f"by differences: {name}": {"extension": one.source} for name, one in EXTENSION.items()}
    for name, sources in programs.items():
        yield name, {f"{part}.py": source for part, source in sources.items()}
    world = World(f"{CANARY}0", folder / "secret.txt", folder / "open", folder / "results", 1)
    for number, name in enumerate(QUICK):
        ATTACKS[name].put(folder / f"attack{number}", world)
        yield f"hostile: {name}", files_of(folder / f"attack{number}")


# The doors --------------------------------------------------------------------------------------------------------------


def marks(document: Mapping) -> Marks:
    """Return the marks in a results.json."""
    found: dict[str, float] = defaultdict(float)
    for test in document["tests"]:
        if test["extra_data"]["id"].endswith(".all checks"):  # a text, and no points
            continue
        found[test["extra_data"]["id"]] = test["score"]
        found[grade_id(test["extra_data"]["part"], test["extra_data"]["task"])] += test["score"]
    return {name: round(score, 2) for name, score in found.items()}


def by_function(students: Class, *_: Path) -> dict[str, Marks]:
    """`from autograder import grade`."""
    return {student: marks(json.loads(results_json(mark_of(grade(folder))))) for student, folder in students.items()}


def by_command(students: Class, work: Path, _: Path) -> dict[str, Marks]:
    """`make grade`."""
    (submissions,) = {folder.parent for folder in students.values()}
    run(sys.executable, "-m", "autograder", "grade", submissions, "--out", work, cwd=ROOT)
    return {student: marks(json.loads((work / f"results/{student}.json").read_text())) for student in students}


def by_gradescope(students: Class, work: Path, packages: Path) -> dict[str, Marks]:
    """run_autograder, in the environment that is here: setup.sh has a test of its own."""
    with zipfile.ZipFile(packages / "gradescope/autograder.zip") as archive:
        archive.extractall(work / "source")
    (work / "source/.venv").symlink_to(sys.prefix)
    found = {}
    for student, folder in students.items():
        shutil.rmtree(work / "submission", ignore_errors=True)
        shutil.copytree(folder, work / "submission")
        run("env", f"AUTOGRADER_ROOT={work}", "bash", work / "source/run_autograder", cwd=work)
        found[student] = marks(json.loads((work / "results/results.json").read_text()))
    return found


def by_otter(students: Class, work: Path, packages: Path) -> dict[str, Marks]:
    """Return what `otter run` does, by otter's own interface."""
    from otter.api import grade_submission

    found = {}
    for student, folder in students.items():
        archive = shutil.make_archive(str(work / student), "zip", folder)
        results = grade_submission(archive, str(packages / "otter/autograder.zip"), quiet=True)
        tests = [{"score": one.score, "extra_data": extra_data(name)} for name, one in results.results.items()]
        found[student] = marks({"tests": tests})
    return found


def extra_data(check: str) -> dict[str, str]:
    """Return what results.json says of where a check belongs, which otter does not keep."""
    part, _, name = check.partition(".")
    tasks = read_assignment().part(part).tasks
    known = (task.name for task in tasks if name in {**task.public, **task.hidden, f"{task.name} taken": 0})
    return {"id": check, "part": part, "task": next(known, "")}


def by_nbgrader(students: Class, work: Path, packages: Path) -> dict[str, Marks]:
    """`nbgrader autograde`: the points of the tasks are those of its gradebook."""
    from nbgrader.api import Gradebook

    course, name = work / "course", read_assignment().name
    shutil.copytree(packages / "nbgrader", course)
    for student, folder in students.items():
        shutil.copytree(folder, course / "submitted" / student / name)
    run(sys.executable, "-m", "nbgrader", "autograde", name, cwd=course)
    found = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        for student in students:
            checks = marks(json.loads((course / f"results/{student}/{name}/results.json").read_text()))
            cells = gradebook.find_submission_notebook(name, name, student).grades
            found[student] = {**checks, **{cell.name: round(cell.auto_score, 2) for cell in cells}}
    return found


DOORS: dict[str, Door] = {
    "make grade": by_command,
    "Gradescope": by_gradescope,
    "otter": by_otter,
    "nbgrader": by_nbgrader,
}


def run(*command: str | Path, cwd: Path) -> None:
    """Run a command to its end; RuntimeError, with what it said, if it fails. What is in a package has its own course file."""
    given = {name: value for name, value in os.environ.items() if cwd == ROOT or name not in ("COURSE", "ASSIGNMENT")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    finished = subprocess.run([*map(str, command)], cwd=cwd, env={**given, "PATH": path}, capture_output=True, text=True)
    if finished.returncode:
        raise RuntimeError(f"{command} ended with {finished.returncode}:\n{finished.stdout}{finished.stderr}")


# The comparison ---------------------------------------------------------------------------------------------------------


def sample(submissions: Mapping[str, dict[str, bytes]], count: int, turn: int) -> list[str]:
    """Return so many of the submissions, the same ones for the same turn: first one of each kind, the examples, then any."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in submissions:
        kinds[name.partition(":")[0]].append(name)
    rng = random.Random(f"doors {turn}")
    chosen = [rng.choice(names) for names in rng.sample(list(kinds.values()), len(kinds))] + kinds["example"]
    rest = [name for name in submissions if name not in chosen]
    return list(dict.fromkeys([*chosen, *rng.sample(rest, len(rest))]))[:count]


def differences(count: int, work: Path, packages: Path, turn: int = 0) -> Iterator[str]:
    """Yield a line for each mark of so many golden submissions that one of the doors gives otherwise than `autograder.grade`."""
    (work / "world").mkdir()
    submissions = dict(golden(work / "world"))
    names = {f"student{number:03d}": name for number, name in enumerate(sample(submissions, count, turn))}
    students = {student: work / "submissions" / student for student in names}
    for student, name in names.items():
        for path, data in submissions[name].items():
            place = students[student] / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    assert len(find(work / "submissions", GRADED_FILES).submissions) == len(names)
    wanted = by_function(students, work)
    for door, graded in DOORS.items():
        (work / door).mkdir()
        found = graded(students, work / door, packages)
        for student, name in names.items():
            for mark in wanted[student].keys() | found[student].keys():
                want, got = wanted[student].get(mark), found[student].get(mark)
                if want != got:
                    yield f"{name}: {mark} earns {got} through {door}, and {want} by the function"


def main() -> int:
    """Build the packages, compare, and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=sys.maxsize)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as packages:
        build_package("package", Path(packages))
        found = list(differences(count, Path(work), Path(packages)))
    print("\n".join([*found, f"{len(found)} marks differ."]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

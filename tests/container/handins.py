"""The class that a container grades: the bundled examples and a sample of the hostile submissions, and what they must get."""

import tempfile
from pathlib import Path
from typing import NamedTuple

from autograder.build import build
from autograder.files import ROOT
from autograder.intake.read import read
from autograder.judge.judge import Judge
from autograder.marks import mark_of
from autograder.report.gradescope import build_results
from tests.course import GRADED_FILES, PARTS
from tests.golden.attacks import ATTACKS, SECTIONS, Attack, World
from tests.golden.programs import files_of

STRANGE = World("canary-of-nobody", Path("/nowhere/secret.txt"), Path("/nowhere/open"), Path("/autograder/results"), 9)

# Takes all the memory that it may have, and keeps it.
FILL = """
import builtins
import numpy as np

builtins.KEPT = []
try:
    while True:
        builtins.KEPT.append(np.ones(1_000_000))
except MemoryError:
    builtins.KEPT.pop()
"""
FULL = Attack(
    "takes all the memory there is in all of its processes, which are alive at once",
    {"dnn.py": FILL + 'raise RuntimeError("full")\n', "warmup.py": FILL, "extension.py": FILL},
)
# Of those that read secrets all are taken, and of the others these.
OTHERS = (
    *("planted conftest", "planted settings", "start-up files", "planted modules", "shadowed grader", "overwritten grader"),
    *("watched results", "results written twice", "forging daemon", "forged results", "exit with success", "patched wire"),
    *("fork bomb", "processes of other makes", "programs", "another program", "threads", "double daemon", "outliving"),
    *("death of the parent", "death of everybody", "stopped by itself"),
    *("memory by numpy", "memory by lists", "memory on loading", "kept memory", "deep recursion", "lifted limits"),
    *("full disk", "files by other calls", "shared memory", "posix queues", "namespaces", "surface of the kernel"),
)
SAMPLE = {**SECTIONS["Reading secrets"], **{name: ATTACKS[name] for name in OTHERS}, "memory in all processes": FULL}


class Expected(NamedTuple):
    """What a submission must get: its status, and the score of each check by its name."""

    status: str
    scores: dict[str, float]


class Due(NamedTuple):
    """What each submission must get, and the layers that hold it on this machine."""

    results: dict[str, Expected]
    layers: tuple[str, ...]


def examples() -> dict[str, dict[str, bytes]]:
    """Return the files of each bundled example as on Gradescope: unpacked, and a single file under the expected name."""
    return {path.stem: files_of(path) for path in sorted((ROOT / "build/examples").iterdir())}


def put(name: str, place: Path, world: World, known: dict[str, dict[str, bytes]]) -> None:
    """Write the files of an example or of an attack to a folder."""
    place.mkdir()
    if name in SAMPLE:
        SAMPLE[name].put(place, world)
    for file, content in known.get(name, {}).items():
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).write_bytes(content)


def expected() -> Due:
    """Return the score of each from a judge with the same limits here; raise AssertionError if an attack succeeds."""
    build("examples")
    known, found = examples(), {}
    with Judge() as judge:
        for name in [*known, *SAMPLE]:
            with tempfile.TemporaryDirectory() as folder:
                put(name, Path(folder, "submission"), STRANGE, known)
                result = judge.grade(read("submission", Path(folder, "submission"), GRADED_FILES))
            if name in SAMPLE:
                marks = tuple(result.part_score(part) for part in PARTS)
                assert marks == SAMPLE[name].marks, f"{name} gets {marks} on this machine"
            tests = build_results(mark_of(result))["tests"]
            found[name] = Expected(result.status, {test["extra_data"]["id"]: test["score"] for test in tests})
        return Due(found, judge.sandbox.zygote.layers)

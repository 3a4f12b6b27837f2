"""Test the Gradescope package in four kinds of containers and print the results as a table: `make container`.

Each submission is graded in one kind, which the commit chooses, or in all of them if SHARE is "all". The exit code is 1 if any
result is wrong, and 2 if this machine cannot make containers.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.files import ROOT
from tests.container.cgroups import cgroup, remove_left_over
from tests.container.docker import LANDLOCK
from tests.container.handins import SAMPLE, Due, Expected, examples, expected
from tests.container.roots import Root, RootError, folders_named, libraries, pip_settings, roots
from tests.golden.attacks import CANARY
from tests.project.grading import SCHEMA, build_package
from tests.shares import next_in_turn

MEGABYTES, CORES = 768, 0.5  # Gradescope's default container
TOO_LITTLE = 24  # megabytes, in which not even the grader finds room
SPACES = ("--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--propagation", "private")
DOCKER = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
NAMESPACES = ("network", "ipc", "pid")  # the layers that take a right which Docker does not leave
STOPPED = 130
COLUMNS = (
    "Python",
    "numpy",
    "kernel",
    "layers",
    "submissions",
    "median s",
    "max s",
    "peak MB",
    "killed",
    "packages",
    "their MB",
)
SOURCE = "/autograder/source"
PACKAGE = ROOT / "build/container/package"  # not in dist/, for its secret is that of the tests


@dataclass
class Image:
    """What `docker build` leaves: the layers of the file system, top first, and what setup.sh said."""

    root: Root
    layers: list[str]
    binds: list[tuple[str, str]]
    said: dict[str, Any]


@dataclass
class Outcome:
    """What came of one way: a row of the table, and a sentence for everything that is not as it must be."""

    row: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Engine:
    """Starts containers in a folder that is mounted for it alone, and ends them all."""

    def __init__(self, work: Path) -> None:
        self.work, self.running, self.count = work, [], 0

    def run(self, layers: Sequence[str], do: str, *, network: bool = False, group: Any = None, **more: Any) -> Iterator[dict]:
        """Run a container and give what it says, as it says it; CalledProcessError if it breaks."""
        self.count += 1
        place = self.work / f"container-{self.count}"
        asked = {"do": do, "layers": list(layers), "place": f"{place}/root", "upper": f"{place}/upper", "network": network}
        asked |= {"absent": [], "binds": [], "doors": group.doors if group else []} | more
        command = ["unshare", *SPACES, *([] if network else ["--net"]), sys.executable, "-m", "tests.container.inside"]
        environment = DOCKER | {"AUTHENTICATION_TOKEN": CANARY + secrets.token_hex(16)} | asked.pop("environment", {})
        environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.running.append(process)
        with process:
            process.stdin.write(json.dumps(asked))
            process.stdin.close()
            yield from map(json.loads, process.stdout)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)

    def close(self) -> None:
        """End what still runs."""
        for process in self.running:
            process.kill()


def unpack(folder: Path) -> str:
    """Return the layer with the zip in it, as Gradescope lays it out."""
    with zipfile.ZipFile(PACKAGE / "autograder.zip") as archive:
        archive.extractall(f"{folder}{SOURCE}")
    for name in ("submission", "results"):
        Path(f"{folder}/autograder/{name}").mkdir()
    shutil.copy(f"{folder}{SOURCE}/run_autograder", f"{folder}/autograder/run_autograder")
    Path(f"{folder}/autograder/run_autograder").chmod(0o755)
    return str(folder)


def python_layer(root: Root, folder: Path) -> str:
    """Return the layer with what a Python of this machine needs and the root has not."""
    for library in libraries(root.python, root.folder) if root.python else []:
        (folder / "usr/lib").mkdir(parents=True, exist_ok=True)
        shutil.copy(library, folder / "usr/lib")
    folder.mkdir(exist_ok=True)
    return str(folder)


def image(engine: Engine, root: Root) -> Image:
    """Return what setup.sh makes of a root, with a network and without limits, as `docker build` runs it."""
    folder = engine.work / f"image-{root.name}"
    layers = [unpack(folder / "zip"), python_layer(root, folder / "python"), str(root.folder)]
    binds = [(str(root.python), "/usr/local")] if root.python else []
    upper, said = str(folder / "setup"), set_up(engine, layers, binds, upper=str(folder / "setup"))
    return Image(root, [upper, *layers], binds, said)


def set_up(engine: Engine, layers: Sequence[str], binds: Sequence[tuple[str, str]], **more: Any) -> dict[str, Any]:
    """Return what setup.sh says and how it ends; pip finds the package index that it finds on this machine."""
    settings = pip_settings()
    shared = [(name, name) for name in ("/etc/resolv.conf", "/etc/hosts", *map(str, folders_named(settings)))]
    command = ["bash", "-c", f"ldconfig; exec bash {SOURCE}/setup.sh"]
    defaults = {"network": True, "environment": settings, "command": command, "cwd": SOURCE}
    (said,) = engine.run(layers, "script", binds=[*binds, *shared], **(defaults | more))
    return said


def size_of(upper: str) -> tuple[int, float]:
    """Return how many packages are installed in an image, and how many megabytes they take on the disk."""
    (folder,) = Path(f"{upper}{SOURCE}/.venv/lib").glob("python3*/site-packages")
    blocks = sum(path.lstat().st_blocks for path in folder.rglob("*"))
    return len(list(folder.glob("*.dist-info"))), blocks * 512 / 1024**2


def one_way(engine: Engine, made: Image, landlock: bool, due: Due, names: Sequence[str]) -> Outcome:
    """Grade these submissions in one container and compare."""
    outcome, label = Outcome(), f"{made.root.name}, Landlock {'answers' if landlock else 'ENOSYS'}"
    layers = [layer for layer in due.layers if layer not in NAMESPACES and (landlock or layer != "landlock")]
    with cgroup(f"{made.root.name}-{landlock}", MEGABYTES, CORES) as group:
        versions = "import numpy, platform; print(platform.python_version(), numpy.__version__)"
        asked = ["bash", "-c", f"{SOURCE}/.venv/bin/python -c '{versions}'"]
        (said,) = engine.run(made.layers, "script", binds=made.binds, command=asked, cwd="/")
        absent = [] if landlock else LANDLOCK
        reports = list(engine.run(made.layers, "class", binds=made.binds, group=group, absent=absent, names=names, cwd="/"))
        outcome.wrong = [
            f"{label}: {report['name']}: {what}" for report in reports for what in differences(report, due.results, layers)
        ]
        outcome.wrong += [f"{label}: {group.kills} processes were ended for lack of memory"] * bool(group.kills)
        outcome.wrong += [f"{label}: {len(reports)} of {len(names)} were graded"] * (len(reports) != len(names))
        seconds = [report["seconds"] for report in reports]
        python, numpy = said["stdout"].split()
        packages, megabytes = size_of(made.layers[0])
        values = (python, numpy, "Landlock" if landlock else "no Landlock", " ".join(layers), f"{len(reports)}")
        values += (f"{statistics.median(seconds):.1f}", f"{max(seconds):.1f}", f"{group.peak:.0f}", f"{group.kills}")
        outcome.row = dict(zip(COLUMNS, (*values, f"{packages}", f"{megabytes:.0f}"), strict=True)) | group.limits
    return outcome


def differences(report: dict[str, Any], due: dict[str, Expected], layers: list[str]) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with the results of one submission."""
    yield from report["found"]
    want, attack = due[report["name"]], SAMPLE.get(report["name"])
    try:
        document = json.loads(report["results"])
        SCHEMA.validate(document)
    except Exception as error:
        yield f"results.json is not valid: {error}; on stdout: {report['stdout'][-500:]!r}"
        return
    extra, tests = document.get("extra_data", {}), document.get("tests", [])
    status = extra.get("status")
    if status != want.status:
        yield f"the status is {status} and not {want.status}; on stdout: {report['stdout'][-500:]!r}"
    if extra.get("layers") not in ([], layers):  # none where nothing could be read and so nothing ran
        yield f"the layers are {extra.get('layers')} and not {layers}"
    scores = {test["extra_data"]["id"]: test["score"] for test in tests}
    for name in sorted({*scores, *want.scores}):
        if scores.get(name) != want.scores.get(name):
            yield f"{name} earns {scores.get(name)} here and {want.scores.get(name)} on this machine"
    if attack and document["score"] != sum(attack.marks):
        yield f"the score is {document['score']} and not {sum(attack.marks)}"


BROKEN_OFF = {  # how it ends: whom we end, after how many seconds of the harness, with how many megabytes
    "the grader is killed": ("grader", 60, MEGABYTES),
    "the harness's clock runs out": ("nobody", 0.2, MEGABYTES),
    "there is no memory for the grader": ("nobody", 60, TOO_LITTLE),
}


def broken_off(engine: Engine, made: Image) -> Iterator[str]:
    """Yield a sentence for each way in which a grading is broken off and leaves no valid results."""
    for name, (end, seconds, megabytes) in BROKEN_OFF.items():
        with cgroup(f"end-{end}-{megabytes}", megabytes, CORES) as group:
            if megabytes == TOO_LITTLE and not group.bounds("memory"):
                continue
            asked = {"end": end, "seconds": seconds, "binds": made.binds, "group": group}
            (report,) = engine.run(made.layers, "broken off", **asked)
        try:
            document = json.loads(report["results"])
            SCHEMA.validate(document)
            if (document["score"], document["extra_data"]["status"]) != (0, "error"):
                yield f"when {name}, results.json says that it is a mark: {document['score']}"
        except Exception as error:
            yield f"when {name}, results.json is not valid: {error}"


OTHER_HASHES = "sed -i 's/sha256:......../sha256:00000000/' requirements.txt"
FAILURES: dict[str, tuple[str, dict[str, Any], str]] = {  # what is done to the image first, how it runs, what setup.sh must say
    "no package index can be reached": (
        "true",
        {"network": False, "environment": {"PIP_RETRIES": "0"}},
        "could not be installed",
    ),
    "a package is not the one that was pinned": (OTHER_HASHES, {}, "could not be installed"),
    "there is no Python": ("rm -f /usr/bin/python3*", {}, "Python 3.10 or newer is needed"),
    "Python lacks its venv": ("rm -rf /usr/lib/python3*/venv", {}, "the environment could not be created"),
    "the machine is not fit": ("true", {"absent": ["prctl"]}, "the grader does not work on this machine"),
    "the assignment file says nothing": (
        "echo secret >course.toml",
        {},
        "the grader does not work on this machine",
    ),
}


def loud_failures(engine: Engine, made: Image) -> Iterator[str]:
    """Yield a sentence for each failure of setup.sh that does not stop the building of the image, or does without a word."""
    for name, (first, more, words) in FAILURES.items():
        command = ["bash", "-c", f"{first}; exec bash {SOURCE}/setup.sh"]
        said = set_up(engine, made.layers[1:], [], command=command, **more)
        last = said["stderr"].strip().splitlines()[-1:]
        if said["code"] == 0 or not any(line.startswith("setup.sh: ") and words in line for line in last):
            yield f"when {name}, setup.sh ends with {said['code']} and says last: {last}"
        else:
            print(f"setup.sh, when {name}: {last[0]}")


def impossible() -> str:
    """Why no container can be made here, as a sentence; nothing if one can."""
    if os.geteuid() != 0:
        return "only root can make containers"
    if lacking := [name for name in ("debootstrap", "unshare", "mount", "apt-get") if not shutil.which(name)]:
        return f"{' and '.join(lacking)} is not here"
    tried = subprocess.run(["unshare", *SPACES, "--net", "true"], capture_output=True, text=True)
    return tried.stderr.strip() if tried.returncode else ""


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """Yield a folder in memory, which is gone with this process's mount namespace."""
    with tempfile.TemporaryDirectory(prefix="gradescope-container-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def main() -> int:
    """Make the images, grade the class in four containers side by side, print what came of it."""
    if why := impossible():
        print(f"The Gradescope container is not tried here: {why}.", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(STOPPED))
    remove_left_over()
    print(build_package("gradescope", PACKAGE))
    due = expected()
    print(f"{len(examples())} examples and {len(SAMPLE)} hostile submissions, {MEGABYTES} MB and {CORES} of a core each way")
    with workspace() as work:
        engine = Engine(work)
        try:
            return report(engine, due)
        except (RootError, subprocess.CalledProcessError) as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            engine.close()


def report(engine: Engine, due: Due) -> int:
    """Try everything, print the table and what is wrong."""
    images = [image(engine, root) for root in roots()]
    wrong = [f"setup.sh fails with {made.root.name}: {made.said['stderr']}" for made in images if made.said["code"]]
    if wrong:
        print(*wrong, sep="\n")
        return 1
    wrong += loud_failures(engine, images[0])
    wrong += broken_off(engine, images[0])
    ways = [(made, landlock) for made in images for landlock in (True, False)]
    classes: list[list[str]] = [[] for _ in ways]
    for place, name in enumerate(due.results):
        for names in next_in_turn(classes, place):
            names.append(name)
    with ThreadPoolExecutor(len(ways)) as pool:
        try:
            outcomes = list(pool.map(lambda way, names: one_way(engine, *way, due, names), ways, classes))
        except BaseException:
            engine.close()  # or the pool would wait for what they do
            raise
    columns = [*COLUMNS, "memory", "processor"]
    print("\n|", " | ".join(columns), "|")
    print("|", " | ".join("---" for _ in columns), "|")
    for outcome in outcomes:
        print("|", " | ".join(outcome.row[name] for name in columns), "|")
    wrong += [what for outcome in outcomes for what in outcome.wrong]
    print("", *(wrong or ["Everything is as it must be."]), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""`make bench WHAT=scale`: large classes, and what a Dask cluster adds to each submission.

The first table has classes of several sizes, which are graded on all cores, and then once more with every result known: what is
left is to read the submissions, look up the results, and compare each file with what it was written from. The others have
`make copies` on students who worked alone (`tests/golden/classmates.py`), and two workers with and without Dask. Memory is that
of the whole tree of processes. Processor time of a class includes the start; that of the last table is the difference between a
large class and a small one, divided by the number of additional submissions.
"""

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from autograder.files import ROOT
from benchmarks.classes import lay_class, lay_classmates
from benchmarks.commands import TOOLS, Spent, children_seconds, grade_command, run
from benchmarks.memory import Peak, tree
from tests.project.clusters import Cluster, encrypted

WORKERS = 2
FEW = 20  # submissions of the small class


def grade_sizes(sizes: Iterable[int], jobs: int) -> None:
    """Grade classes of several sizes, each of them twice, and print a row for each."""
    print(f"`make grade JOBS={jobs}`\n")
    print("| submissions | wall time, ms each | processor time, ms each | all known: processor time, ms each | ", end="")
    print("MB (PSS) | MB (RSS) | processes |\n|---|---|---|---|---|---|---|")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder, Peak() as peak:
            lay_class(Path(folder, "class"), size)
            first, again = (run(*grade_command(Path(folder, "class"), Path(folder, "out"), jobs), cwd=ROOT) for _ in range(2))
            assert len(Path(folder, "out/grades.csv").read_text().splitlines()) == size + 1
        times = (1000 * each / size for each in (first.wall, first.processor, again.processor))
        print(f"| {size:,} |", *(f"{each:.1f} |" for each in times), *memory(peak), flush=True)


def memory(peak: Peak) -> tuple[str, ...]:
    """Return the last cells of a row."""
    return f"{peak.pss / 1e6:.0f} |", f"{peak.rss / 1e6:.0f} |", f"{peak.processes} |"


def compare_sizes(sizes: Iterable[int], jobs: int) -> None:
    """Search classes of several sizes for copies, and print a row for each."""
    print(f"\n`make copies JOBS={jobs}`\n")
    print("| students who worked alone | wall time, s | processor time, s | MB (PSS) | MB (RSS) | processes |")
    print("|---|---|---|---|---|---|")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder, Peak() as peak:
            lay_classmates(Path(folder, "class"), size)
            command = TOOLS / "python", "-m", "autograder", "copies", Path(folder, "class"), "--out", Path(folder, "out")
            spent = run(*command, "--jobs", str(jobs), cwd=ROOT)
        print(f"| {size:,} | {spent.wall:.1f} | {spent.processor:.1f} |", *memory(peak), flush=True)


def grade_with_two(count: int) -> None:
    """Grade a small and a large class with two workers, of this machine and of a Dask cluster, and print a row for each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in (FEW, FEW + count):
            lay_class(folder / str(size), size)
        print(
            f"\n{WORKERS} workers; {FEW + count:,} submissions less {FEW}\n\n| ms per submission | wall time | processor time |"
        )
        print("|---|---|---|")
        alone = measure_rest(folder, count, f"`make grade JOBS={WORKERS}`", grade_alone)
        with encrypted(folder), Cluster(folder) as cluster:
            for _ in range(WORKERS):
                cluster.work()
            cluster.ready(WORKERS)
            shared = measure_rest(folder, count, "Dask", partial(grade_on_cluster, cluster))
        print_times("added by Dask", Spent(shared.processor - alone.processor, shared.wall - alone.wall))


def measure_rest(folder: Path, count: int, title: str, grade: Callable[[Path, Path], Spent]) -> Spent:
    """Return the time per submission of a large class beyond that of a small one, and print it."""
    with tempfile.TemporaryDirectory() as out:
        grade(folder / str(FEW), Path(out, "first"))  # which starts the judges of a cluster
        few, many = (grade(folder / str(size), Path(out, str(size))) for size in (FEW, FEW + count))
    rest = Spent(many.processor - few.processor, many.wall - few.wall).per(count)
    print_times(title, rest)
    return rest


def print_times(title: str, spent: Spent) -> None:
    """Print a row."""
    print(f"| {title} | {1000 * spent.wall:.1f} | {1000 * spent.processor:.1f} |", flush=True)


def grade_alone(submissions: Path, out: Path) -> Spent:
    """Grade a class on this machine."""
    return run(*grade_command(submissions, out, WORKERS), cwd=ROOT)


def grade_on_cluster(cluster: Cluster, submissions: Path, out: Path) -> Spent:
    """Grade a class on a cluster, whose processes still run afterwards."""
    command = *grade_command(submissions, out), "--scheduler", cluster.address
    started = time.perf_counter(), children_seconds() + running_seconds()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    wall, processor = time.perf_counter(), children_seconds() + running_seconds()
    return Spent(processor - started[1], wall - started[0])


def running_seconds() -> float:
    """Return the processor time of everything below this process that still runs, and of what that has waited for."""
    ticks = 0
    for pid in tree(os.getpid()) - {os.getpid()}:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure large classes, copies and a cluster."""
    parser = argparse.ArgumentParser(prog="benchmarks.scale", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=(100, 1_000, 10_000), help="classes to grade")
    parser.add_argument("--copies", type=int, nargs="*", default=(1_000, 4_000), help="classes to search for copies")
    parser.add_argument("--cluster", type=int, default=300, help="submissions to grade on a cluster; 0 for none")
    given = parser.parse_args()
    jobs = os.cpu_count() or 1
    if given.sizes:
        grade_sizes(given.sizes, jobs)
    if given.copies:
        compare_sizes(given.copies, jobs)
    if given.cluster:
        grade_with_two(given.cluster)


if __name__ == "__main__":
    main()

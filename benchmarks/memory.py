"""Measure the peak memory of a command, including every process it starts."""

import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

EVERY = 1.0  # seconds: to look takes time from what is looked at


class Peak:
    """A command, and the most that its tree of processes had in memory, looked at once in a second; Linux alone.

    pss counts a page that several processes share once, rss once for each of them; both in bytes.
    """

    def __init__(self, command: Sequence[str], cwd: Path) -> None:
        self.command, self.cwd = command, cwd
        self.pss = self.rss = self.processes = 0
        self.said = ""
        self.over = threading.Event()

    def run(self) -> None:
        """Run it to its end."""
        process = subprocess.Popen(self.command, cwd=self.cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        watch = threading.Thread(target=self.watch, args=(process.pid,))
        watch.start()
        self.said, _ = process.communicate()
        self.over.set()
        watch.join()

    def watch(self, root: int) -> None:
        """Look at the tree until the command is over."""
        while not self.over.wait(EVERY):
            found = [rollup(pid) for pid in tree(root)]
            self.processes = max(self.processes, len(found))
            self.pss = max(self.pss, sum(pss for pss, _ in found))
            self.rss = max(self.rss, sum(rss for _, rss in found))


def tree(root: int) -> set[int]:
    """Return a process and all that come from it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it has just ended
                continue
    found, more = set(), {root}
    while more:
        found |= more
        more = {pid for pid, parent in parents.items() if parent in more} - found
    return found


def rollup(pid: int) -> tuple[int, int]:
    """Return the bytes of a process, shared ones in part and in full; nothing for one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0, 0
    sizes = {name: int(value.split()[0]) * 1024 for name, _, value in (line.partition(":") for line in lines[1:])}
    return sizes.get("Pss", 0), sizes.get("Rss", 0)

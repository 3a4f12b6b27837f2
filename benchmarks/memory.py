"""Measure the peak memory of everything that this process starts."""

import os
import threading
from pathlib import Path

EVERY = 1.0  # seconds: looking takes time from what is looked at


class Peak:
    """The most that all processes started by this one had in memory, looked at once in a second; Linux alone.

    Use as a context manager. pss counts a page that several processes share once, rss once for each of them; both in bytes.
    """

    def __init__(self) -> None:
        self.pss = self.rss = self.processes = 0
        self.over = threading.Event()
        self.watcher = threading.Thread(target=self.watch)

    def __enter__(self) -> "Peak":
        self.watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.watcher.join()

    def watch(self) -> None:
        """Look at the processes until the end."""
        while not self.over.wait(EVERY):
            found = [rollup(pid) for pid in tree(os.getpid()) - {os.getpid()}]
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

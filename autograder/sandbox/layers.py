"""The isolation layers around a submission, by name, and which of them are required for grading.

The layers are independent: without any one of them, the others still stop every attack in `tests/golden/attacks`. `jail` enters
them. Which of them are available on a machine is tested once, when a zygote starts.
"""

from collections.abc import Collection, Sequence

from autograder.errors import AutograderError

# What each layer restricts a submission to.
LAYERS = {
    "limits": "limits on memory, processor time and file sizes; no new process or thread",
    "descriptors": "no open file except its pipe",
    "root": "an empty root directory",
    "user": "a separate user and group, and no other groups",
    "capabilities": "no privileges beyond those of an ordinary user, and no way to gain any",
    "landlock": "no access to files; on newer kernels, no TCP ports and no signals to processes outside",
    "filter": "only the system calls that it needs to compute and to reply",
    "network": "a separate network without any connection",
    "ipc": "separate shared memory, queues and semaphores",
    "pid": "a separate PID namespace; all processes in it end together",
    "deadline": "a time limit for every call",
}
# What must be protected from submissions before hidden checks are graded, each by at least one of these layers.
MINIMUM: dict[str, tuple[str, ...]] = {
    "files": ("root", "landlock", "filter"),
    "network": ("network", "filter"),
    "processes": ("pid", "user", "filter"),
}


class WeakSandboxError(AutograderError):
    """The machine lacks a required protection."""


def parse_dangers(text: str, *others: str) -> tuple[str, ...]:
    """Return the names in a comma-separated text, by default of protections; raise ValueError for an unknown name."""
    names, known = tuple(name.strip() for name in text.split(",") if name.strip()), [*MINIMUM, *others]
    if unknown := set(names).difference(known):
        raise ValueError(f"ACCEPT names {', '.join(sorted(unknown))}; it may name {', '.join(known)}")
    return names


def lacking(live: Collection[str], accepted: Collection[str]) -> list[str]:
    """Return what no layer of this machine protects, unless it was accepted by name."""
    return [danger for danger, layers in MINIMUM.items() if danger not in accepted and not set(layers) & set(live)]


def refusal(dangers: Sequence[str]) -> str:
    """Return the message for a machine that lacks a required protection."""
    needed = "; ".join(f"{danger}: {' or '.join(MINIMUM[danger])}" for danger in dangers)
    return (
        f"Nothing on this machine protects the grader's {' and '.join(dangers)} from submissions, so no hidden check is graded "
        f"here. One layer is needed for each ({needed}); `make doctor` shows why it is missing. "
        f"To grade anyway, accept this by name: ACCEPT={','.join(dangers)}"
    )

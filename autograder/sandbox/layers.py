"""The layers around a submission, by name; what can be without which; and what must be there before anything is graded.

The layers are independent of each other: with any one of them left out, the others still hold every attack in
`tests/golden/attacks`. `jail` enters them; which of them are live on a machine is tried once, when a zygote starts.
"""

from collections.abc import Collection, Sequence

from autograder.errors import AutograderError

# What each one holds a submission to.
LAYERS = {
    "limits": "bounded memory and processor time, no process, no thread, no file that grows",
    "descriptors": "no open file but its pipe",
    "root": "an empty directory for the root of all files",
    "user": "a user and a group of its own, without any other group",
    "capabilities": "no right that goes beyond an ordinary user's, and none to be won",
    "landlock": "no file to open; where the kernel is newer, no TCP port and no process outside to signal",
    "filter": "only the system calls it takes to compute and to answer",
    "network": "a network of its own without any connection",
    "ipc": "shared memory, queues and semaphores of its own",
    "pid": "a table of processes in which it is alone, and with which everything in it ends",
    "deadline": "an end by the clock for every call",
}
# What a submission must be kept from before hidden checks are graded, each by at least one of these layers.
MINIMUM: dict[str, tuple[str, ...]] = {
    "files": ("root", "landlock", "filter"),
    "network": ("network", "filter"),
    "processes": ("pid", "user", "filter"),
}


class WeakSandboxError(AutograderError):
    """The machine does not keep a submission from what it must be kept from."""


def parse_dangers(text: str, *others: str) -> tuple[str, ...]:
    """Return the dangers, or others, that a text names between commas; raise ValueError for any other word."""
    names, known = tuple(name.strip() for name in text.split(",") if name.strip()), [*MINIMUM, *others]
    if unknown := set(names).difference(known):
        raise ValueError(f"ACCEPT names {', '.join(sorted(unknown))}; it may name {', '.join(known)}")
    return names


def lacking(live: Collection[str], accepted: Collection[str]) -> list[str]:
    """Return what nothing here protects from a submission, unless it was accepted by name."""
    return [danger for danger, layers in MINIMUM.items() if danger not in accepted and not set(layers) & set(live)]


def refusal(dangers: Sequence[str]) -> str:
    """Return the sentences for a machine that lacks the minimum."""
    needed = "; ".join(f"{danger}: {' or '.join(MINIMUM[danger])}" for danger in dangers)
    return (
        f"Nothing on this machine keeps a submission from the grader's {' and '.join(dangers)}, so no hidden check is graded "
        f"here. One layer is needed for each ({needed}); `make doctor` says why it is not there. "
        f"To grade all the same, accept it by name: ACCEPT={','.join(dangers)}"
    )

"""How long a step may take: less, the more often the submission has not finished in time."""

import time
from collections import Counter
from collections.abc import Sequence

from autograder.sandbox import wire
from autograder.sandbox.conversation import Request
from autograder.sandbox.host import Child
from autograder.sandbox.limits import Limits

FASTER = 4  # each timeout divides the time for later steps by this
GENEROUS = 10  # times the longest step so far: what every step gets, because some programs are slow and correct
REPEATED = 4  # a function that has timed out before may get this many times less than others
BUSY = 2  # times its limit: how long a step may take together with other programs on the same processor
LAPS = 2 * REPEATED  # how often the time is read, at least, during `Limits.least_seconds`


class Usage:
    """What one submission has used so far, in all of its sessions: data, and time."""

    def __init__(self) -> None:
        self.budget = wire.Budget()
        self.timeouts: Counter[str] = Counter()  # by the label of the step
        self.longest = 0.0  # of the steps that finished, as a share of the full limit

    def share(self, label: str, limits: Limits) -> float:
        """Return which share of the full limit a step gets."""
        least = limits.least_seconds / limits.call_seconds / (REPEATED if label in self.timeouts else 1)
        return max(float(FASTER) ** -self.timeouts.total(), least, GENEROUS * self.longest)


class Stopwatch:
    """Measures how much of its time a child has used for the step that it says it is running.

    On Linux, the time in which other programs use the processor does not count: a function is not slow because the machine is
    busy. A file may compute for longer than a call while it is loaded, but not wait for longer.
    """

    def __init__(self, child: Child, requests: Sequence[Request], usage: Usage, seconds: float, limits: Limits) -> None:
        self.child, self.requests, self.usage, self.seconds, self.limits = child, requests, usage, seconds, limits
        self.full = max(seconds, limits.call_seconds)
        self.at, self.ran, self.now = child.running(), child.processor_time(), time.monotonic()
        self.began, self.used = self.now, 0.0
        self.pause = self.lap = limits.least_seconds / LAPS  # after which the time is read again

    @property
    def limit(self) -> float:
        """How long the step may take, in seconds."""
        if self.ran is None:
            return self.seconds
        request, number = self.at
        step = self.requests[request].conversation.step(number) if request < len(self.requests) else None
        return min(self.seconds, self.full * self.usage.share(step.label if step else "", self.limits))

    def is_over(self) -> bool:
        """Return whether the step has used its time."""
        at, ran, then = self.at, self.ran, self.now
        self.at, self.ran, self.now = self.child.running(), self.child.processor_time(), time.monotonic()
        if self.at != at:
            self.finish()
            self.began, self.used = self.now, 0.0
        elif ran is None or self.ran is None or self.child.is_waiting():
            self.used += (self.now - then) * self.full / self.limits.call_seconds
        else:
            self.used += self.ran - ran
        limit = self.limit
        self.pause = max(min(limit - self.used, self.lap), self.lap / LAPS)
        return self.used >= limit or self.now - self.began >= max(BUSY * limit, self.full)

    def finish(self) -> None:
        """Record how long the step has taken."""
        self.usage.longest = max(self.usage.longest, self.used / self.full)

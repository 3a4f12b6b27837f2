"""Run the checks of a submission interleaved, so that the requests of all of them are sent to the child together.

A check is a plain function that waits whenever it fetches a value. If each value were fetched separately, judge and child would
alternate on the processor, each time with a cold cache, and the 150 values of a submission would take nearly twice as long. So
each check runs in a separate greenlet until it requests something. When all of them have, the requests are sent together.

Three rules keep checks from disturbing each other:

- A check yields only in `Session.fetch` and when it enters `Session.single_flight`. In between, no other check runs, so it
needs
  no locks.
- A check calls `begin_check` first. `Session.conversation` is that of the check whose turn it is.
- What several checks share and a fetch fills, such as `Session.memory`, is filled inside `single_flight`, or before the checks
  begin. Otherwise two of them would find it empty, one while the other waits.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, TypeVar

from greenlet import getcurrent, greenlet

from autograder.sandbox.conversation import Conversation, Request

T = TypeVar("T")


class Exchange(Protocol):
    """A session, as the scheduler sees it: something that executes requests together."""

    conversation: Conversation
    scheduler: "Scheduler | None"
    forget: bool

    def exchange(self, requests: Sequence[Request]) -> None:
        """Execute requests; all of them are finished afterwards."""
        ...


class Scheduler:
    """Schedules functions that run interleaved."""

    def __init__(self) -> None:
        self.hub = getcurrent()
        self.ready: list[greenlet] = []  # functions that are ready to run
        self.asked: list[tuple[Exchange, Request, greenlet]] = []
        self.in_flight: dict[Hashable, list[greenlet]] = {}  # functions waiting until the holder of a key is done

    def wait_for(self, session: Exchange, request: Request) -> None:
        """Let other functions run until the request is finished."""
        self.asked.append((session, request, getcurrent()))
        self.pause(session)

    def pause(self, session: Exchange) -> None:
        """Let other functions run until this one is ready again, and then restore its conversation."""
        conversation = session.conversation
        self.hub.switch()
        session.conversation = conversation

    def run(self, tasks: Sequence[Callable[[], Any]]) -> list[Any]:
        """Return the result of each function; an exception in one of them ends all of them."""
        numbers = {greenlet(task): number for number, task in enumerate(tasks)}
        results: list[Any] = [None] * len(tasks)
        self.ready = list(numbers)
        while self.ready or self.asked:
            while self.ready:
                one = self.ready.pop(0)
                result = one.switch()
                if one.dead:
                    results[numbers.pop(one)] = result
            asked, self.asked = self.asked, []
            requests: dict[Exchange, list[Request]] = {}
            for session, request, _ in asked:
                requests.setdefault(session, []).append(request)
            for session, together in requests.items():
                session.exchange(together)
            self.ready = [one for _, _, one in asked]
        if numbers:
            raise RuntimeError("a check waits for a key that no other check holds")
        return results


class SingleFlight:
    """Holds a key of a session; others that request the same key wait until the first one is done."""

    def __init__(self, scheduler: Scheduler, session: Exchange, key: Hashable) -> None:
        self.scheduler, self.session, self.key = scheduler, session, (id(session), key)
        self.is_first = False

    def __enter__(self) -> None:
        self.is_first = self.key not in self.scheduler.in_flight
        if self.is_first:
            self.scheduler.in_flight[self.key] = []
        else:
            self.scheduler.in_flight[self.key].append(getcurrent())
            self.scheduler.pause(self.session)

    def __exit__(self, *_: object) -> None:
        if self.is_first:
            self.scheduler.ready += self.scheduler.in_flight.pop(self.key)


def interleave(sessions: Sequence[Exchange], tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run functions interleaved on these sessions, and return their results in order.

    Nothing else may use the sessions meanwhile.
    """
    scheduler = Scheduler()
    for session in sessions:
        session.scheduler = scheduler
        session.forget = True
    try:
        return scheduler.run(tasks)
    finally:
        for session in sessions:
            session.scheduler = None
            session.forget = True

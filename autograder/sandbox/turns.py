"""Runs the checks of a submission side by side, so that what all of them ask of the child crosses the pipe together.

A check is a plain function that stops wherever it fetches a value. Judge and child work in turns, and after each turn the
processor has forgotten what it knew of the other: fetched one by one, the 150 values of a submission take nearly twice as long.
So each check runs in a greenlet of its own until it asks for something. When all of them have, the child is asked once.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from greenlet import getcurrent, greenlet

if TYPE_CHECKING:
    from autograder.sandbox.session import Request, Session

T = TypeVar("T")


class Turns:
    """Whose turn it is among functions that go on side by side."""

    def __init__(self) -> None:
        self.hub = getcurrent()
        self.ready: list[greenlet] = []  # those whose turn it is
        self.asked: list[tuple[Session, Request, greenlet]] = []
        self.in_hand: dict[Hashable, list[greenlet]] = {}  # what somebody is at, and who waits for it

    def wait_for(self, session: "Session", request: "Request") -> None:
        """Let the others have their turns until the request is over."""
        self.asked.append((session, request, getcurrent()))
        self.hub.switch()

    def run(self, tasks: Sequence[Callable[[], Any]]) -> list[Any]:
        """What each function returns; what one of them raises ends them all."""
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
            for session in dict.fromkeys(session for session, _, _ in asked):
                session.exchange_all([request for owner, request, _ in asked if owner is session])
            self.ready = [one for _, _, one in asked]
        if numbers:
            raise RuntimeError("a check waits for what nobody is at")
        return results


class OnlyOne:
    """Keeps the others waiting who come with the same key while the first one is here; they enter when it is gone."""

    def __init__(self, turns: Turns, session: "Session", key: Hashable) -> None:
        self.turns, self.session, self.key = turns, session, (id(session), key)
        self.is_first = False

    def __enter__(self) -> None:
        self.is_first = self.key not in self.turns.in_hand
        if self.is_first:
            self.turns.in_hand[self.key] = []
            return
        conversation = self.session.conversation
        self.turns.in_hand[self.key].append(getcurrent())
        self.turns.hub.switch()
        self.session.conversation = conversation

    def __exit__(self, *_: object) -> None:
        if self.is_first:
            self.turns.ready += self.turns.in_hand.pop(self.key)


def side_by_side(sessions: "Sequence[Session]", tasks: Sequence[Callable[[], T]]) -> list[T]:
    """What each function returns that uses these sessions, in the order of the functions."""
    turns = Turns()
    for session in sessions:
        session.turns = turns
        session.forget = True
    try:
        return turns.run(tasks)
    finally:
        for session in sessions:
            session.turns = None
            session.forget = True

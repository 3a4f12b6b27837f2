"""The steps that a check has requested from the child; this state survives the loss of a child."""

from typing import Any, NamedTuple

from autograder.checking import StudentError
from autograder.sandbox import wire
from autograder.sandbox.host import Child
from autograder.sandbox.sentences import last_of


class Step(NamedTuple):
    """One operation of the child; `label` names the function it calls, for the message if it doesn't finish."""

    number: int
    operation: str
    arguments: tuple[Any, ...]
    named: dict[str, Any]
    label: str

    @property
    def runs_student_code(self) -> bool:
        """Return whether the child reports that this step has begun."""
        return self.operation in wire.RUNS_STUDENT_CODE

    @property
    def name(self) -> str:
        """Return the name of what the step runs, as the student knows it."""
        return f"Loading {self.label}.py" if self.loads else last_of(self.label)

    @property
    def loads(self) -> bool:
        """Return whether the step loads a file."""
        return self.operation in ("module", "load")


class Printed(NamedTuple):
    """What a student's code printed, up to a limit."""

    output: str = ""
    errors: str = ""

    def and_then(self, output: str, errors: str) -> "Printed":
        """Return this followed by what was printed later."""
        if not output and not errors:
            return self
        return Printed((self.output + output)[: wire.MAX_PRINTED], (self.errors + errors)[: wire.MAX_PRINTED])


class Conversation:
    """The steps of one check, or of another caller, on the student's side.

    done are the steps that the child has executed, and steps those that have not been sent yet; a new child executes all of
    them. refused maps steps to the reason why they, or steps they depend on, are not executed. lost is the error that ended the
    child while it worked on this conversation; earlier results cannot be used after that.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.generation = object()  # of the results: those from before a loss are invalid
        self.count = 0
        self.done: list[Step] = []
        self.steps: list[Step] = []
        self.refused: dict[int, StudentError] = {}
        self.modules: dict[str, int] = {}  # file -> number of the step that loads it
        self.child: Child | None = None  # the child that has executed the steps in `done`
        self.lost: StudentError | None = None
        self.printed = Printed()

    def step(self, number: int) -> Step | None:
        """Return the step with this number, if it exists."""
        return next((step for step in (*self.done, *self.steps) if step.number == number), None)

    def invalidate(self, error: StudentError) -> None:
        """Invalidate all results; using one of them raises the error from now on."""
        self.generation = object()
        self.done, self.steps, self.modules, self.lost = [], [], {}, error


class Request:
    """A request of a conversation: steps to execute and results to return; and its outcome."""

    def __init__(self, conversation: Conversation, wanted: list[int]) -> None:
        self.conversation, self.wanted = conversation, wanted
        self.over = False
        self.replies: tuple[Any, ...] = ()
        self.error: Exception | None = None

    def steps_for(self, child: Child) -> list[Step]:
        """Return the steps that this child has not executed yet."""
        here = self.conversation
        return here.steps if here.child is child else [*here.done, *here.steps]

    def answered(self, child: Child, replies: tuple[Any, ...], printed: list[str]) -> None:
        """Record that this child has executed the request."""
        here = self.conversation
        self.over, self.replies = True, replies
        here.done += here.steps
        here.steps, here.child = [], child
        here.printed = here.printed.and_then(*printed)

    def failed(self, error: Exception) -> None:
        """Record why the request is not executed."""
        self.over, self.error = True, error

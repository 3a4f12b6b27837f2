"""What a check has asked of the child, step by step: the state that outlives any one child."""

from typing import Any, NamedTuple

from autograder.checking import StudentError
from autograder.sandbox import wire
from autograder.sandbox.host import Child
from autograder.sandbox.sentences import last_of


class Step(NamedTuple):
    """One operation of the child: `label` says which function it calls, for the sentence if it does not come back."""

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
        """Return what the step runs, as the student calls it."""
        return f"Loading {self.label}.py" if self.loads else last_of(self.label)

    @property
    def loads(self) -> bool:
        """Return whether the step loads a file."""
        return self.operation in ("module", "load")


class Printed(NamedTuple):
    """What a student's code printed, as much of it as is kept."""

    output: str = ""
    errors: str = ""

    def and_then(self, output: str, errors: str) -> "Printed":
        """Return this followed by what was printed later."""
        return Printed((self.output + output)[: wire.MAX_PRINTED], (self.errors + errors)[: wire.MAX_PRINTED])


class Conversation:
    """What one check, or whoever asks, has done on the student's side.

    done are the steps that the child has carried out, steps those that it has not been sent; a child that takes the place of
    one that is gone carries out all of them. refused says why a step, or one that it builds on, is not carried out. lost says
    what ended the child while it worked for this conversation; results from before are no use then.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.generation = object()  # of the results: those from before a loss are not used
        self.count = 0
        self.done: list[Step] = []
        self.steps: list[Step] = []
        self.refused: dict[int, StudentError] = {}
        self.modules: dict[str, int] = {}  # the numbers of the steps that load them
        self.child: Child | None = None  # the one that has carried out what is done
        self.lost: StudentError | None = None
        self.printed = Printed()

    def step(self, number: int) -> Step | None:
        """Return the step of this number, if there is one."""
        return next((step for step in (*self.done, *self.steps) if step.number == number), None)

    def invalidate(self, error: StudentError) -> None:
        """Drop every result there is; using one raises the error from now on."""
        self.generation = object()
        self.done, self.steps, self.modules, self.lost = [], [], {}, error


class Request:
    """What a conversation asks of the child, to carry out its steps and answer with some results; and what came of it."""

    def __init__(self, conversation: Conversation, wanted: list[int]) -> None:
        self.conversation, self.wanted = conversation, wanted
        self.over = False
        self.replies: tuple[Any, ...] = ()
        self.error: Exception | None = None

    def steps_for(self, child: Child) -> list[Step]:
        """Return the steps that this child has not carried out yet."""
        here = self.conversation
        return here.steps if here.child is child else [*here.done, *here.steps]

    def answered(self, child: Child, replies: tuple[Any, ...], printed: list[str]) -> None:
        """Record that this child has carried it out."""
        here = self.conversation
        self.over, self.replies = True, replies
        here.done, here.steps, here.child = here.done + here.steps, [], child
        here.printed = here.printed.and_then(*printed)

    def failed(self, error: Exception) -> None:
        """Record why it is not carried out."""
        self.over, self.error = True, error

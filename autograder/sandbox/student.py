"""The interface to a student's code for the grader, with more methods than public checks use."""

from typing import Any, Protocol

from autograder.student import Student


class SandboxedStudent(Student, Protocol):
    """A student whose code runs in the sandbox, for hidden checks and the diagnosis."""

    def begin_check(self, *, hidden: bool = False) -> None:
        """Start over with no results; from the first hidden check on, quote the student's code with care."""
        ...

    def counted(self, function: Any, *arguments: Any) -> tuple[Any, Any]:
        """Return the result of a call, and the number of Python instructions it executed."""
        ...

    def random_state(self) -> Any:
        """Return the current global random state of numpy and Python."""
        ...

    def stirred_random_state(self) -> Any:
        """Return the global random state after a draw, so that a seed set by the next call shows."""
        ...

"""The base of every error that a user can cause and fix."""

CALLED_WRONGLY = 2  # the exit code of a command that cannot do what it was asked for


class AutograderError(Exception):
    """A command cannot do what it was asked for; the text is one sentence that says why, for whoever typed it.

    A fault of the grader itself, such as `SandboxError`, is none of these: its traceback is needed.
    """

    exit_code: int = CALLED_WRONGLY

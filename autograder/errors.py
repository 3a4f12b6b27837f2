"""The base of every error that a user can cause and fix."""

CALLED_WRONGLY, STOPPED = 2, 130  # the exit codes of a command that cannot run as requested, and of one that Ctrl-C ended


class AutograderError(Exception):
    """A command cannot run as requested; the text is one sentence that tells the user why.

    Faults of the grader itself, such as `SandboxError`, are not subclasses, because their tracebacks are needed.
    """

    exit_code: int = CALLED_WRONGLY

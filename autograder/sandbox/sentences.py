"""The sentences for what goes wrong in a student's code."""

import signal

from autograder.checking import StudentError
from autograder.text import clean


def last_of(label: str) -> str:
    """The name a student knows: `forward` for dnn.DNN.forward, `SoftmaxDNN.forward` for that of the extension."""
    return label.partition(".")[2].removeprefix("DNN.") or label


def how_it_ended(status: int) -> str:
    """A few words on an exit status."""
    if status >= 0:
        return f" with exit code {status}"
    reasons = {
        -signal.SIGSEGV: " by a segmentation fault",
        -signal.SIGXCPU: ": it used up its processor time",
        -signal.SIGKILL: " or closed its connection",
        -signal.SIGSYS: ": it asked the system for what submissions may not have (a process, a thread, a connection, ...)",
    }
    return reasons.get(status, f" by signal {-status}")


PHRASES = {
    "call": "{name} raised",
    "counted": "{name} raised",
    "get": "Reading `{name}` raised",
    "set": "Setting an attribute of `{name}` raised",
    "item": "Reading from {name} raised",
    "put": "Writing into what {name} returned raised",
    "copy": "Copying what {name} returned raised",
}


def failure(operation: str, label: str, kind: str, message: str, where: str, trace: str) -> StudentError:
    """The sentence for an exception of this kind, raised where an operation was carried out on what the label names."""
    kind, message, where, trace = clean(kind, 60), clean(message), clean(where, 200), clean(trace, 2000)
    place = f" ({where})" if where else ""
    module, _, inside = label.partition(".")
    if kind == "NotImplementedError" and message:
        return StudentError(message, trace)
    if kind == "ModuleNotFoundError":
        return StudentError(f"{message}: submissions may use numpy and the standard library{place}.", trace)
    if operation == "module":
        return StudentError(f"{module}.py could not be loaded: {kind}: {message}{place}", trace)
    if operation == "get" and kind == "AttributeError" and not where:
        return StudentError(f"{module}.py defines no `{inside}`.", trace)
    phrase = PHRASES.get(operation, "The result of {name} could not be read:")
    return StudentError(f"{phrase.format(name=last_of(label))} {kind}: {message}{place}", trace)

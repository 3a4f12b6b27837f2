"""Write the steps that lead to a value as a Python script that needs only numpy and the student's files, not the grader."""

import inspect
import pprint
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgpack  # type: ignore[import-untyped]
import numpy as np

from autograder import student
from autograder.checking import MAX_DEPTH, holds_numbers
from autograder.explain import comparison
from autograder.explain.recording import Located
from autograder.explain.replay import needs_of, references_in
from autograder.sandbox import child, wire
from autograder.sandbox.conversation import Step
from autograder.sandbox.zygote import START
from autograder.text import clean

WIDTH = 120
# How each operation of the child is written; the others are functions with the operation's name.
FORMS = {
    "module": "{name} = load({first})",
    "get": "{name} = {first}.{word}",
    "set": "{first}.{word} = {last}",
    "call": "{name} = {first}({rest})",
    "item": "{name} = {first}[{rest}]",
    "copy": "{name} = copy.copy({first})",
    "place": "{name} = {first}",
}
HELPERS: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "with_base_results": (student.with_base_results, student.method_with_result, student.holds, student.replaced),
    "counted": (child.counted,),
    "random_state": (child.random_state,),
    "stirred_random_state": (child.random_state, child.stirred_random_state),
}
COMPARISON: tuple[Callable[..., Any], ...] = (
    holds_numbers,
    comparison.as_numbers,
    comparison.describe_value,
    comparison.describe_key,
    comparison.describe_kind,
    comparison.measure,
    comparison.describe_comparison,
)
TEMPLATE = '''\
# Careful: this script runs the student's code WITHOUT the sandbox. Read that code first, or run this in a container.
# {title}
#
# Usage: python {name} PATH
# PATH is a folder with the student's files, or {module}.py itself; the other files must then be next to it.

from __future__ import annotations

import contextlib
import copy
import importlib.util
import numbers
import pathlib
import random
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy import inf, nan

TOLERANCE, ZERO, MAX_DEPTH = {tolerance!r}, {zero!r}, {max_depth!r}
if len(sys.argv) != 2:
    sys.exit(f"Usage: python {{sys.argv[0]}} PATH, a folder with the student's files or {module}.py itself")
path = pathlib.Path(sys.argv[1]).resolve()
sys.dont_write_bytecode = True
sys.path.insert(0, str(path if path.is_dir() else path.parent))


def load(name):
    """Load one of the student's modules, from the given file or from the same folder."""
    if path.is_dir() or name != {module!r} or name in sys.modules:
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


{helpers}


def look_up(value, *keys):
    """Return the value at these keys and indexes in nested containers."""
    for key in keys:
        value = next(item for name, item in value.items() if str(name) == key) if isinstance(key, str) else value[key]
    return value


def reproduce():
    """Return the value that the check compared."""
{body}


REFERENCES = {references}

np.random.seed({seed})
random.seed({seed})
with np.errstate(all="ignore"):
    try:
        returned = reproduce()
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame for frame in frames if pathlib.Path(frame.filename).parent == pathlib.Path(sys.path[0])]
        where = f" ({{pathlib.Path(lines[-1].filename).name}}, line {{lines[-1].lineno}}: {{lines[-1].line}})" if lines else ""
        print(f"raised: {{type(error).__name__}}: {{error}}{{where}}")
    else:
        print("\\n".join(describe_comparison(returned, REFERENCES, sys.maxsize)))
'''


class Target(NamedTuple):
    """What a script reproduces: the steps, the place of the value in the last result, and its references."""

    steps: Sequence[Step]
    located: Located
    references: tuple[Any, ...]


def write_script(target: Target, name: str, title: str, module: str) -> str:
    """Return the text of a script.

    name is the file's name, title a sentence on what it reproduces, and module the student's file under test.
    """
    operations = dict.fromkeys(step.operation for step in target.steps)
    used: list[Callable[..., Any]] = [function for name in operations for function in HELPERS.get(name, ())]
    helpers = [inspect.getsource(function) for function in [*used, *COMPARISON]]
    references = [f"    {indent(literal(want), 4)}," for want in target.references]
    return TEMPLATE.format(
        title=one_line(title),
        name=name,
        module=module,
        tolerance=comparison.TOLERANCE,
        zero=comparison.ZERO,
        max_depth=MAX_DEPTH,
        helpers="\n\n".join(dict.fromkeys(helpers)).rstrip(),
        body="\n".join(f"    {indent(line, 4)}" for line in (*write_steps(target.steps, literal), write_return(target))),
        references="\n".join(["[", *references, "]"]) if references else "[]",
        seed=START,
    )


def one_line(text: str) -> str:
    """Return a text as one line for a comment."""
    return " ".join(clean(text).split())


def indent(text: str, spaces: int) -> str:
    """Return a text with every line but the first indented."""
    return text.replace("\n", "\n" + " " * spaces)


def write_return(target: Target) -> str:
    """Return the statement that ends `reproduce`."""
    name = names_of(target.steps)[target.located.step]
    path = "".join(f", {key!r}" for key in target.located.path)
    value = f"look_up({name}{path})" if path else name
    return f"return as_numbers({value}){target.located.form}" if target.located.form else f"return {value}"


def write_steps(steps: Sequence[Step], write: Callable[[Any], str]) -> Iterator[str]:
    """Yield the steps as statements; write gives the text of a value."""
    names = names_of(steps)
    for step in steps:
        if step.operation == "fill":
            container, values = step.arguments
            for key, value in values.items():
                yield f"{expression(container, names, write)}[{key!r}] = {expression(value, names, write)}"
        elif step.operation != "get" or is_statement(step, steps):
            yield write_step(step, names, write)


def write_step(step: Step, names: Mapping[int, str], write: Callable[[Any], str]) -> str:
    """Return a step as one statement."""
    values = [expression(value, names, write) for value in step.arguments]
    first, rest = (values or [""])[0], [*values[1:], *(f"{key}={expression(v, names, write)}" for key, v in step.named.items())]
    form = FORMS.get(step.operation, "{name} = {operation}({all})")
    filled = {"first": first, "rest": ", ".join(rest), "all": ", ".join([*values[:1], *rest])}
    word = step.arguments[1] if step.operation in ("get", "set") else ""
    return form.format(name=names[step.number], operation=step.operation, word=word, last=(values or [""])[-1], **filled)


def is_statement(step: Step, steps: Sequence[Step]) -> bool:
    """Return whether an attribute needs a statement of its own: it is neither called nor the start of another attribute."""
    return not any(later.operation in ("get", "call") and step.number in references_in(later.arguments[0]) for later in steps)


def names_of(steps: Sequence[Step]) -> dict[int, str]:
    """Return the expression for the result of each step: a variable or, if it is used immediately, an attribute of one."""
    names: dict[int, str] = {}
    count: Counter[str] = Counter()
    for step in steps:
        needs = sorted(needs_of(step))
        if step.operation in ("module", "load"):
            names[step.number] = step.arguments[0]
        elif step.operation == "get" and not is_statement(step, steps):
            names[step.number] = f"{names[needs[0]]}.{step.arguments[1]}"
        else:
            word = re.sub(r"\W", "", step.label.rpartition(".")[2]).lower() or step.operation
            count[word] += 1
            names[step.number] = f"{word}_{count[word]}"
    return names


def expression(value: Any, names: Mapping[int, str], write: Callable[[Any], str]) -> str:
    """Return a packed argument as Python; write gives the text of everything that is not the result of an earlier step."""
    if isinstance(value, msgpack.ExtType):
        return names[next(references_in(value))]
    if type(value) is bytes:
        return write(wire.unpack_array(value))
    if isinstance(value, dict):
        items = [f"{key!r}: {expression(item, names, write)}" for key, item in value.items()]
        inside = ", ".join(items)
        if len(inside) < WIDTH - 40 and "\n" not in inside:
            return "{" + inside + "}"
        return "{\n" + "".join(f"    {indent(item, 4)},\n" for item in items) + "}"
    if isinstance(value, (tuple, list)):
        items = [expression(item, names, write) for item in value]
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    return write(value)


def literal(value: Any) -> str:
    """Return Python code for exactly the same value, bit for bit."""
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray):
        return repr(value)
    text = pprint.pformat(value.tolist(), width=WIDTH - 30, compact=True)
    dtype = "" if value.dtype == float and value.size else f", dtype=np.{value.dtype.name}"
    shape = "" if value.size else f".reshape({value.shape})"
    return f"np.array({indent(text, 9)}{dtype}){shape}"


def outline(value: Any) -> str:
    """Return a short text for a value in an overview: an array as its shape."""
    return f"<array {value.shape}>" if isinstance(value, np.ndarray) else clean(repr(value), 60)

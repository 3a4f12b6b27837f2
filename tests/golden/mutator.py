"""First-order mutants of the solution: each function that students write, with one small mistake in its body.

Mutmut, cosmic-ray and mutatest rewrite a file on disk and run a test suite that imports it. Here a mutant is a submission that
the judge grades in its sandbox, and many of the mistakes that matter are not among their operators: an axis, keepdims, a .T, a
key of the cache. A small mutator of our own is less code than a bridge to one of them.
"""

import ast
import copy
import difflib
import textwrap
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Any, NamedTuple

from tests.course import ASSIGNMENT, PARTS

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.MatMult, ast.Pow)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
NUMBERS = (0, 1, 2, -1, 0.5, 1e-3)
# Functions and methods of numpy, and what people write instead of them.
CONFUSED = {"sum": "mean", "mean": "sum", "max": "min", "maximum": "minimum", "exp": "log", "log": "exp", "dot": "multiply"}


class Mutant(NamedTuple):
    """A program with one mutation: its part, the function that is changed, its source, and the lines that differ."""

    part: str
    function: str
    source: bytes
    change: str
    diff: str


class Scope(NamedTuple):
    """What can be mistaken for each other in a function: its variables, the functions of its module, its strings."""

    variables: list[str]
    functions: list[str]
    strings: list[str]


def mutants() -> Iterator[Mutant]:
    """Yield every mutant of every part, always in the same order; those that compile to the same code only once."""
    for part in PARTS:
        text = ast.unparse(ast.parse((ASSIGNMENT.solution / f"{part}.py").read_text()))
        tree = ast.parse(text)
        for owner in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
            functions = [node for node in owner.body if isinstance(node, ast.FunctionDef) and is_written_by_students(node)]
            for function in functions:
                name = f"{owner.name}.{function.name}" if isinstance(owner, ast.ClassDef) else function.name
                yield from mutants_of(part, name, function, text.splitlines(), scope_of(function, tree))


def mutants_of(part: str, name: str, function: ast.FunctionDef, lines: list[str], scope: Scope) -> Iterator[Mutant]:
    """Yield the mutants of one function of a part, which has these lines."""
    above, below = lines[: function.lineno - 1], lines[function.end_lineno :]
    function.body = [statement for statement in function.body if not is_string(statement)]
    original = ast.unparse(function)
    seen = {compiled(original)}
    for mutated in mutate(function, scope):
        written = ast.unparse(mutated)
        try:
            code = compiled(written)
        except SyntaxError:  # such as a break outside a loop
            continue
        if code not in seen:
            seen.add(code)
            source = "\n".join([*above, textwrap.indent(written, " " * function.col_offset), *below, ""])
            yield Mutant(part, name, source.encode(), *differences(f"{part}.py: {name}", original, written))


def is_string(statement: ast.stmt) -> bool:
    """Return whether a statement is a docstring or a prompt."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_written_by_students(function: ast.FunctionDef) -> bool:
    """Return whether there is a prompt in a function, in the place of which a student writes code."""
    return any(is_string(statement) and "BEGIN PROMPT" in ast.unparse(statement) for statement in function.body)


def scope_of(function: ast.FunctionDef, tree: ast.Module) -> Scope:
    """Return what can be mistaken for each other in a function of a module."""
    nodes = [node for statement in function.body if not is_string(statement) for node in ast.walk(statement)]
    stored = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    given = [argument.arg for argument in function.args.args if argument.arg != "self"]
    imported = [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    functions = [*imported, *(node.name for node in tree.body if isinstance(node, ast.FunctionDef))]
    strings = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return Scope(*(list(dict.fromkeys(names)) for names in ([*given, *stored], functions, strings)))


def compiled(source: str | CodeType) -> tuple[Any, ...]:
    """Return what two sources have in common exactly when Python runs the same instructions for both."""
    code = compile(source, "mutant", "exec") if isinstance(source, str) else source
    constants = [compiled(one) if isinstance(one, CodeType) else (type(one), repr(one)) for one in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, *constants


def differences(title: str, original: str, written: str) -> tuple[str, str]:
    """Return the lines that a mutation changes, as `old -> new`, and the unified diff."""
    old, new = original.splitlines(), written.splitlines()
    diff = "\n".join(difflib.unified_diff(old, new, title, title, lineterm=""))
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    lines = textwrap.dedent("\n".join([*old, *new])).splitlines()
    return f"{'; '.join(lines[: len(old)])} -> {'; '.join(lines[len(old) :])}", diff


def mutate(function: ast.FunctionDef, scope: Scope) -> Iterator[ast.FunctionDef]:
    """Yield the function with one mutation after the other; it is changed in place, and in the end as it was."""
    for parent in [function, *(node for statement in function.body for node in ast.walk(statement))]:
        for field, value in list(ast.iter_fields(parent)):
            for new in alternatives_of_field(value, scope):
                setattr(parent, field, new)
                yield function
            setattr(parent, field, value)


def alternatives_of_field(value: Any, scope: Scope) -> Iterator[Any]:
    """Yield what may stand in a field of a node instead of a node, or of a list of nodes."""
    if isinstance(value, list):
        for place, child in enumerate(value):
            for new in alternatives_of_field(child, scope):
                yield [*value[:place], new, *value[place + 1 :]]
        if value and isinstance(value[0], ast.stmt):
            yield from rearranged(value)
    elif isinstance(value, ast.expr):
        yield from alternatives(value, scope)


def rearranged(body: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Yield a block with a statement dropped, exchanged with the next one, or moved out of a loop or into it."""
    for place, statement in enumerate(body):
        before, after = body[:place], body[place + 1 :]
        yield [*before, *after] or [ast.Pass()]
        if after and not are_independent(statement, after[0]):
            yield [*before, after[0], statement, *after[1:]]
        if isinstance(statement, ast.Break):
            yield [*before, ast.Continue(), *after]
        if isinstance(statement, (ast.For, ast.If)):
            yield [*before, *statement.body, *after]
        if isinstance(statement, ast.For):
            yield [*before, loop(statement, [*statement.body, ast.Break()]), *after]
            yield [*before, loop(statement, statement.body[:-1] or [ast.Pass()]), statement.body[-1], *after]
            if after:
                yield [*before, loop(statement, [*statement.body, after[0]]), *after[1:]]


def are_independent(first: ast.stmt, second: ast.stmt) -> bool:
    """Return whether two assignments may change places: neither of them reads or writes what the other one writes."""
    if not isinstance(first, ast.Assign) or not isinstance(second, ast.Assign):
        return False
    written, used = zip(*(written_and_used(one) for one in (first, second)), strict=True)
    return written[0].isdisjoint(used[1]) and written[1].isdisjoint(used[0])


def written_and_used(statement: ast.Assign) -> tuple[set[str], set[str]]:
    """Return the targets of an assignment, and all expressions in it."""
    used = [node for node in ast.walk(statement) if isinstance(node, ast.expr)]
    written = [node for node in used if isinstance(getattr(node, "ctx", None), ast.Store)]
    return {ast.unparse(node) for node in written}, {ast.unparse(node) for node in used}


def loop(statement: ast.For, body: list[ast.stmt]) -> ast.For:
    """Return a loop with another body."""
    changed = copy.copy(statement)
    changed.body = body
    return changed


def alternatives(node: ast.expr, scope: Scope) -> Iterator[ast.expr]:
    """Yield what may stand in the place of an expression by mistake."""
    match node:
        case ast.BinOp():
            yield from (ast.BinOp(node.left, other(), node.right) for other in ARITHMETIC if type(node.op) is not other)
            yield from (node.left, node.right, ast.UnaryOp(ast.USub(), node))
            if not isinstance(node.op, (ast.Add, ast.Mult)):
                yield ast.BinOp(node.right, node.op, node.left)
            if isinstance(node.op, ast.MatMult):
                yield ast.BinOp(transposed(node.left), node.op, node.right)
                yield ast.BinOp(node.left, node.op, transposed(node.right))
        case ast.UnaryOp():
            yield node.operand
        case ast.Compare():
            yield from (ast.Compare(node.left, [other()], node.comparators) for other in COMPARISONS)
            yield from (ast.Constant(True), ast.Constant(False))
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Constant(value=int() | float()):
            yield from (number(other) for other in (*NUMBERS, node.value + 1, node.value - 1) if other != node.value)
        case ast.Constant(value=str()):
            yield from (ast.Constant(other) for other in scope.strings)
        case ast.Name(ctx=ast.Load()):
            for names in (scope.variables, scope.functions):
                yield from (ast.Name(other, ast.Load()) for other in names if node.id in names)
        case ast.Attribute():
            if node.attr == "T":
                yield node.value
            if node.attr in CONFUSED:
                yield ast.Attribute(node.value, CONFUSED[node.attr], node.ctx)
        case ast.Call():
            yield from alternative_calls(node)
        case ast.FormattedValue():
            yield from (ast.FormattedValue(other, node.conversion) for other in off_by_one(node.value))
        case ast.Subscript(slice=ast.Name() | ast.BinOp()):
            yield from (ast.Subscript(node.value, other, node.ctx) for other in off_by_one(node.slice))
        case ast.Tuple() | ast.List():
            yield from (type(node)(elements, node.ctx) for elements in exchanged(node.elts))
        case ast.Dict():
            yield from (ast.Dict(node.keys, values) for values in exchanged(node.values))
            for place in range(len(node.keys)):
                yield ast.Dict(without(node.keys, place), without(node.values, place))


def alternative_calls(node: ast.Call) -> Iterator[ast.expr]:
    """Yield what may stand in the place of a call: an argument alone, other arguments, fewer of them."""
    receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    yield from (one for one in (*receiver, *node.args) if not isinstance(one, ast.Name) or one.id not in ("np", "self"))
    yield ast.UnaryOp(ast.USub(), node)
    yield from (ast.Call(node.func, arguments, node.keywords) for arguments in exchanged(node.args))
    for place in range(len(node.args)):
        yield ast.Call(node.func, without(node.args, place), node.keywords)
    for place in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, without(node.keywords, place))
    if isinstance(node.func, ast.Name) and node.func.id == "range":
        yield ast.Call(ast.Name("reversed", ast.Load()), [node], [])
        for place, argument in enumerate(node.args):
            for other in off_by_one(argument):
                yield ast.Call(node.func, [*node.args[:place], other, *node.args[place + 1 :]], [])
    if receiver and node.func.attr == "dot":  # type: ignore[attr-defined]
        for place, argument in enumerate(node.args):
            yield ast.Call(node.func, [*node.args[:place], transposed(argument), *node.args[place + 1 :]], [])


def number(value: float) -> ast.expr:
    """Return a number as it is parsed."""
    return ast.parse(repr(value), mode="eval").body


def off_by_one(node: ast.expr) -> Iterator[ast.expr]:
    """Yield a number that is larger and one that is smaller by 1."""
    yield from (ast.BinOp(node, operator, ast.Constant(1)) for operator in (ast.Add(), ast.Sub()))


def transposed(node: ast.expr) -> ast.expr:
    """Return the transpose of a matrix."""
    return ast.Attribute(node, "T", ast.Load())


def exchanged(items: Sequence[ast.expr]) -> Iterator[list[ast.expr]]:
    """Yield a list with two neighbors in each other's place."""
    for place in range(len(items) - 1):
        yield [*items[:place], items[place + 1], items[place], *items[place + 2 :]]


def without(items: Sequence[Any], place: int) -> list[Any]:
    """Return a list without one of its items."""
    return [*items[:place], *items[place + 1 :]]

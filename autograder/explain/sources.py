"""A student's files as they were graded, for a script to import: without the statements that the grader skips."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from autograder.skipped import IN_A_NOTEBOOK, Skipped, shorten
from autograder.statements import end_of_leftover, import_from_here, split_imports


def graded_files(sources: Mapping[str, bytes], skipped: Sequence[Skipped]) -> dict[str, str]:
    """Return the text of each file, with `pass` instead of skipped statements; line numbers do not change."""
    texts = {name: source.decode("utf-8-sig", "replace") for name, source in sources.items()}
    return {name: without_skipped(text, [one for one in skipped if one.file == name], texts) for name, text in texts.items()}


def without_skipped(text: str, skipped: Sequence[Skipped], files: Collection[str]) -> str:
    """Return a source without its skipped statements; unchanged if it is not valid Python."""
    if not skipped:
        return text
    lines = re.split("\r\n|\r|\n", text)
    for one in skipped:
        if one.number < 0 and one.reason == IN_A_NOTEBOOK:
            first = one.line - 1
            for number in range(first, end_of_leftover(lines, first)):
                lines[number] = re.sub(r"\S.*", "pass", lines[number])
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError):
        return text
    numbers = {one.number for one in skipped}
    number = 0
    for node in tree.body:
        parts = list(split_imports(ast.Module([node], [])))
        here = [import_from_here(part, files) or part for part in parts]
        kept = [part for place, part in enumerate(here, start=number) if place not in numbers]
        number += len(parts)
        if kept != parts:
            replace(lines, node, "; ".join(map(ast.unparse, kept)) or "pass")
    left_out = {(one.line, one.text) for one in skipped if one.number < 0}
    for expression, other in list_left_out(tree, left_out):
        replace(lines, expression, other)
    return "\n".join(lines)


def list_left_out(tree: ast.Module, left_out: Collection[tuple[int, str]]) -> Iterator[tuple[ast.expr, str]]:
    """Yield the decorators and annotations with these lines and texts, last ones first, and their replacements."""
    found: list[tuple[ast.expr, str]] = []
    for node in ast.walk(tree):
        for one in getattr(node, "decorator_list", ()):
            if (one.lineno, shorten(f"@{ast.unparse(one)}")) in left_out:
                one.col_offset -= 1
                found.append((one, ""))
        for one in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(one, ast.expr) and (one.lineno, shorten(ast.unparse(one))) in left_out:
                found.append((one, "object"))
    yield from sorted(found, key=lambda item: (item[0].lineno, item[0].col_offset), reverse=True)


def replace(lines: list[str], node: ast.stmt | ast.expr, text: str) -> None:
    """Replace a statement or an expression by a text on its last line, and leave its other lines empty."""
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))]) - 1
    last = (node.end_lineno or node.lineno) - 1
    start = node.col_offset if first == node.lineno - 1 else 0
    before = lines[first].encode()[:start].decode()
    after = lines[last].encode()[node.end_col_offset :].decode()
    lines[first : last + 1] = [*[""] * (last - first), before + text + after]

"""Classes made from the golden programs: students who worked alone, and others who copied and hid it.

The golden programs come from one solution and are copies of each other, so none of them is a student here. A student is put
together anew, function by function: each function is one version of it among those of all wrong and right programs (158 of
compute_gradients, 54 of forward), drawn at random, spelt in the student's own habits (operators or functions, f-strings or sums
of strings, one statement or two), with the student's own local names and comments. So two students often have a function or a
habit in common, as in a real class, and seldom many.
"""

import ast
import random
import re
import textwrap
from collections import defaultdict
from collections.abc import Callable
from difflib import ndiff
from functools import cache, partial

from tests.course import PARTS
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solution
from tests.golden.variants import VARIANTS

Sources = dict[str, bytes]
FEW = 2  # lines
GIVEN = {"DNN.__init__", "DNN.loss", "DNN.predict", "GeneralDNN.__init__"}  # functions that nobody has to write

# Ways to write the same thing; a student takes one of each row, and keeps to it.
HABITS: list[list[tuple[str, str]]] = [
    [(r"", ""), (r"\b([A-Za-z_]\w*) @ ([A-Za-z_]\w*)\b", r"np.dot(\1, \2)"), (r"\b(\w+) @ (\w+)\b", r"np.matmul(\1, \2)")],
    [(r"", ""), (r"f'([WBZA]){layer}'", r"'\1' + str(layer)"), (r"f'([WBZA]){layer}'", r"'\1%d' % layer"), (r"f'([WBZA]){layer}'", r"'\1{}'.format(layer)")],
    [(r"", ""), (r"range\((\S+), 0, -1\)", r"reversed(range(1, \1 + 1))"), (r"range\((\S+), 0, -1\)", r"range(1, \1 + 1)[::-1]")],
    [(r"", ""), (r"(\w+)\.sum\(axis=1, keepdims=True\) / m", r"np.sum(\1, axis=1, keepdims=True) / m"),
     (r"(\w+)\.sum\(axis=1, keepdims=True\) / m", r"1 / m * np.sum(\1, axis=1, keepdims=True)"), (r"(\w+)\.sum\(axis=1, keepdims=True\) / m", r"np.mean(\1, axis=1, keepdims=True)")],
    [(r"", ""), (r"\b([A-Za-z]\w*) \* \(1 - \1\)", r"(\1 - \1 ** 2)"), (r"\b([A-Za-z]\w*) \* \(1 - \1\)", r"np.multiply(\1, 1 - \1)"), (r"\b([A-Za-z]\w*) \* \(1 - \1\)", r"(1.0 - \1) * \1")],
    [(r"", ""), (r"(?m)^( +)return ([^\n]{20,})$", r"\1result = \2\n\1return result"), (r"(?m)^( +)return ([^\n]{20,})$", r"\1answer = (\2)\n\1return answer")],
    [(r"", ""), (r"\b(\w+)\.shape\[1\]", r"np.shape(\1)[1]"), (r"\b(\w+)\.shape\[1\]", r"len(\1[0])"), (r"\b(\w+)\.shape\[1\]", r"\1.shape[-1]")],
    [(r"", ""), (r"np\.exp\((\w+)\)", r"np.power(np.e, \1)"), (r"\b(\w+) \*\* 2\b", r"np.square(\1)"), (r"\b(\w+) \*\* 2\b", r"\1 * \1")],
    [(r"", ""), (r"(?m)^( +)(\w+), (\w+) = (\w+), ([^,\n]+)$", r"\1\2 = \4\n\1\3 = \5"), (r"(?m)^( +)(\w+), (\w+) = ([^,\n]+), ([^,\n]+)$", r"\1\3 = \5\n\1\2 = \4")],
    [(r"", ""), (r"(\w+) = \1 - ", r"\1 -= "), (r"/ m\b", r"* (1 / m)"), (r"/ m\b", r"/ float(m)")],
]  # fmt: skip
NAMES = {
    "layer": ["layer", "l", "i", "n", "k", "idx", "depth", "lay"],
    "A_previous": ["A_prev", "Aprev", "a_before", "A_in", "inp", "A_last", "below"],
    "dZ": ["dZ", "dz", "delta", "d", "err", "grad_z"],
    "dA": ["dA", "da", "back", "grad_a", "upstream"],
    "m": ["m", "batch", "samples", "N", "count"],
    "Z": ["Z", "z", "pre", "lin", "z_now"],
    "W": ["W", "w", "weight", "Wl", "mat"],
    "B": ["B", "b", "bias", "Bl", "shift"],
    "h1": ["h1", "u", "first", "inner", "s"],
    "h2": ["h2", "v", "second", "outer", "t"],
    "name": ["name", "key", "par", "p", "which"],
    "losses": ["losses", "history", "all_losses", "Js"],
}
REMARKS = ["now the {}", "{} comes from the lecture", "this is the {} of the slide", "need the {} here", "keep the {} for later", "shape of the {} ok", "{}"]
THINGS = ["chain rule", "gradient", "slope", "bias", "batch", "output layer", "forward pass", "transpose", "derivative", "loss", "mean over samples"]


def functions(source: str) -> dict[str, ast.FunctionDef]:
    """Return the functions of a program, and the methods of its classes, by their names."""
    found: dict[str, ast.FunctionDef] = {}
    for node in ast.parse(source).body:
        for inner in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(inner, ast.FunctionDef):
                found[f"{node.name}.{inner.name}" if inner is not node else inner.name] = inner
    return found


@cache
def versions() -> dict[tuple[str, str], list[str]]:
    """Return every version of each function among the golden programs that differs from the solution in a few lines, without decorators.

    Two students who worked alone do not both write the same ten lines that nobody else writes.
    """
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for sources in [*(mistake.sources for mistake in MISTAKES.values()), *VARIANTS.values()]:
        for part, source in sources.items():
            for name, node in functions(source.decode("latin-1").lstrip("\xef\xbb\xbf")).items():
                node.decorator_list = []
                found[part, name].setdefault(ast.dump(node), ast.unparse(node))
    return {key: [text for text in texts.values() if close(next(iter(texts.values())), text)] for key, texts in found.items()}


def close(first: str, other: str) -> bool:
    """Return whether two texts differ in at most FEW lines."""
    return sum(line[:2] in ("- ", "+ ") for line in ndiff(first.splitlines(), other.splitlines())) <= 2 * FEW


def rewritten(source: str, change: Callable[[str, str], str]) -> str:
    """Return the source with every function replaced by change(its name, its text without indentation)."""
    lines = source.splitlines()
    for name, node in sorted(functions(source).items(), key=lambda item: -item[1].lineno):
        text = textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno]))
        lines[node.lineno - 1 : node.end_lineno] = textwrap.indent(change(name, text), " " * node.col_offset).splitlines()
    return "\n".join(lines) + "\n"


def renamed(text: str, names: dict[str, str]) -> str:
    """Return a function with its local names replaced, those of arguments and attributes left alone."""
    node = ast.parse(text).body[0]
    local = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}
    local -= {argument.arg for argument in node.args.args}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id in local:
            inner.id = names.get(inner.id, inner.id)
    return ast.unparse(node)


def alone(seed: object) -> Sources:
    """Return what somebody hands in who worked alone: all three parts, as text that parses."""
    chance = random.Random(f"classmate {seed}")
    habits = [chance.choice(row) for row in HABITS]
    names = {name: chance.choice(others) for name, others in NAMES.items()}

    def own(part: str, name: str, text: str) -> str:
        if name not in GIVEN:
            text = ast.unparse(ast.parse(chance.choice(versions().get((part, name), [text]))))
            for pattern, instead in habits:
                text = kept(text, re.sub(pattern, instead, text) if pattern else text)
            text = commented(renamed(text, names), chance)
        return text

    return {part: rewritten(solution(part), partial(own, part)).encode() for part in PARTS}


def kept(text: str, changed: str) -> str:
    """Return the changed text, if it still parses."""
    try:
        ast.parse(changed)
    except SyntaxError:
        return text
    return changed


def commented(text: str, chance: random.Random) -> str:
    """Return a function with a comment here and there below its docstring."""
    lines, number = text.splitlines(), first_line(text)
    said = [f"# {chance.choice(REMARKS).format(chance.choice(THINGS))}" for _ in lines]
    return "\n".join(
        f"{line[: len(line) - len(line.lstrip())]}{remark}\n{line}" if n >= number and chance.random() < 0.15 else line
        for n, (line, remark) in enumerate(zip(lines, said, strict=True))
    )


def first_line(text: str) -> int:
    """Return the place of the first line of a function below its docstring, among its lines."""
    body = ast.parse(text).body[0].body
    return (body[1] if ast.get_docstring(ast.parse(text).body[0]) and len(body) > 1 else body[0]).lineno - 1


def disguised(sources: Sources, level: int, seed: object) -> Sources:
    """Return a copy that is harder to see the higher the level, from 1 on: hidden in what PLANTED says."""
    for disguise in PLANTED[level - 1]:
        sources = {part: disguise(source.decode(), random.Random(f"{seed} {part}")).encode() for part, source in sources.items()}
    return sources


def other_names(source: str, chance: random.Random) -> str:
    """Return every local name replaced by one that nobody has."""
    def change(name: str, text: str) -> str:
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        return renamed(text, {name: f"{chance.choice('abcdefgh')}{number}_{chance.randrange(1000)}" for number, name in enumerate(sorted(names))})

    return rewritten(source, change)


def other_comments(source: str, chance: random.Random) -> str:
    """Other docstrings and other comments, as somebody else would put them."""
    def change(name: str, text: str) -> str:
        node = ast.parse(text)
        if ast.get_docstring(node.body[0]):
            node.body[0].body[0].value.value = f"Does the {chance.choice(THINGS)}, see slide {chance.randrange(100)}."
        return commented(ast.unparse(node), chance)

    return rewritten(source, change)


def other_order(source: str, chance: random.Random) -> str:
    """Return the functions, and the methods of each class, in another order."""
    tree = ast.parse(source)
    shuffle(tree.body, chance)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            shuffle(node.body, chance)
    return ast.unparse(tree)


def shuffle(body: list[ast.stmt], chance: random.Random) -> None:
    """Change the order of the functions among some statements, in place."""
    places = [n for n, node in enumerate(body) if isinstance(node, ast.FunctionDef)]
    shuffled = [body[n] for n in chance.sample(places, len(places))]
    for place, node in zip(places, shuffled, strict=True):
        body[place] = node


def other_literals(source: str, chance: random.Random) -> str:
    """Return numbers and strings spelt in another way: 2 as 2.0, 'a' as \"a\"."""
    source = re.sub(r"(?<![\w.\[{'-])([2-9])(?![\w.\]}'])", r"\1.0", source)
    return re.sub(r"(?<!f)'(\w*)'", r'"\1"', source)


def statements_between(source: str, chance: random.Random) -> str:
    """Statements that do nothing, after about every third line of the functions."""
    def change(name: str, text: str) -> str:
        lines = []
        for n, line in enumerate(text.splitlines()):
            if n > first_line(text) and chance.random() < 0.34 and not line.strip().startswith(("elif", "else", "except", "finally")):
                lines.append(line[: len(line) - len(line.lstrip())] + chance.choice(["pass", "assert True", "print('ok')", "unused = 0", "checked = [None]"]))
            lines.append(line)
        return kept(text, "\n".join(lines))

    return rewritten(source, change)


def half(source: str, chance: random.Random) -> str:
    """Return every second of the functions that a student writes, from somebody who worked alone, whose name is drawn."""
    part = next(part for part in PARTS if functions(solution(part)).keys() & functions(source).keys())
    other = functions(alone(chance.random())[part].decode())
    replaced = sorted((other.keys() & functions(source).keys()) - GIVEN)[chance.randrange(2) :: 2]
    return rewritten(source, lambda name, text: ast.unparse(other[name]) if name in replaced else text)


DISGUISES = [other_names, other_comments, other_order, other_literals, statements_between, half]
# One disguise more each time; in the end half of the functions are another student's, and the others hidden in the first four.
PLANTED = [*(DISGUISES[:level] for level in range(1, 6)), [*DISGUISES[:4], half]]

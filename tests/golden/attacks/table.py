"""`python -m tests.golden.attacks.table` writes docs/attacks.md anew: what attacks come to, with and without each layer."""

import tempfile
from pathlib import Path

from autograder.package import ROOT
from autograder.judge.judge import Judge
from autograder.results import Result
from autograder.sandbox.layers import LAYERS
from tests.golden.attacks import ATTACKS, SECTIONS, Attack
from tests.golden.attacks.harness import Ground, breaches, grade_here, honest, how_it_ended, without, world

PAGE = ROOT / "docs/attacks.md"
SAME = "·"
HEAD = """# Attacks

Every row is a hostile submission in `tests/golden/attacks/`. All of them are graded for real whenever the tests run, each
between two honest submissions: none may gain a point, read a secret, leave a process or a file behind, reach a listener or
move the marks of the others. The same holds with any one layer of the sandbox switched off, which the second table of a
section shows: “{same}” where the attack ends as it does with all layers, and otherwise what stops it then. All layers were live on
the machine that wrote this page; where too few are, nothing is graded ([sandbox.md](sandbox.md)).

This page is generated: `python -m tests.golden.attacks.table`. The classes are those of the list at its end.
"""
CLASSES = {
    1: "patching the test runner",
    2: "patching assertions",
    3: "patching reports through conftest.py",
    4: "settings for the test runner",
    5: "skipping, or ending with success",
    6: "exit hooks",
    7: "forged results",
    8: "processes that write later",
    9: "objects that equal everything",
    10: "nan, infinity and nothing",
    11: "shadowed names",
    12: "files that run at start-up",
    13: "overwriting the grader",
    14: "environments of other processes",
    15: "watching for results",
    16: "walking up the frames",
    17: "objects of the grader in memory",
    18: "reading one's own memory",
    19: "hidden tests as files",
    20: "telling through output and exceptions",
    21: "the network",
    22: "telling through the words of checks",
    23: "telling through time and marks",
    24: "other submissions",
    25: "download of hidden tests",
    26: "endless loops",
    27: "processes and threads",
    28: "memory",
    29: "disk and descriptors",
    30: "floods",
    31: "crashes and signals",
    32: "exceptions beyond Exception",
    33: "debugging other processes",
    34: "namespaces and rights",
    35: "ways around the filter",
    36: "code in answers",
    37: "malformed frames",
    38: "strange arrays",
    39: "changed inputs",
    40: "state between calls",
    41: "archives and links",
    42: "encodings",
    43: "sources that take long to compile",
    44: "names and copies",
    45: "markup in reports",
    46: "control characters in terminals",
    47: "formulas in spreadsheets",
    48: "turned and invisible text",
    49: "answers by heart",
    50: "finite differences",
    51: "global state of numpy",
    52: "other libraries",
}
NO_ATTACK = """
Class 50 is policy and not an attack: whoever differentiates numerically within the tolerance has right gradients, and no check
asks how they came about. Class 49 is one as far as the hidden cases go, which nobody can know; the public ones are public.
"""


def main() -> None:
    """Run every attack with all layers and without each, and write the page."""
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as ground:
        endings = {None: run_all(ground), **{layer: run_all(ground, layer) for layer in LAYERS}}
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(endings), encoding="utf-8")


def run_all(ground: Ground, *layers: str) -> dict[str, str]:
    """How every attack ends without these layers."""
    with Judge(without(*layers)) as judge:
        before = (judge.grade(honest()),)
        ground.remember()
        return {name: ending(attack, ground, judge, before) for name, attack in ATTACKS.items()}


def ending(attack: Attack, ground: Ground, judge: Judge, before: tuple[Result, ...]) -> str:
    """How one attack ends; in capitals if it should not."""
    outcome = grade_here(attack, ground, judge)
    found = [sentence for sentence in breaches(attack, ground, outcome, before) if not sentence.startswith("lost points")]
    return f"SUCCEEDS: {'; '.join(found)}" if found else how_it_ended(attack, outcome.result)


def page(endings: dict) -> str:
    """The text of the page."""
    lines = [HEAD.format(same=SAME)]
    for title, section in SECTIONS.items():
        lines += [f"## {title}", "", "| attack | what it tries | class | how it ends |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {cell(attack.tries)} | {', '.join(map(str, attack.classes))} | {cell(endings[None][name])} |"
            for name, attack in section.items()
        ]
        lines += ["", f"| without | {' | '.join(LAYERS)} |", f"|---|{'---|' * len(LAYERS)}"]
        lines += [f"| {name} | {' | '.join(otherwise(endings, layer, name) for layer in LAYERS)} |" for name in section]
        lines.append("")
    lines += ["## The classes", "", *[f"{number}. {words}" for number, words in CLASSES.items()], NO_ATTACK.rstrip(), ""]
    return "\n".join(lines)


def otherwise(endings: dict, layer: str, name: str) -> str:
    """How an attack ends without a layer, where it is not the same."""
    ending = endings[layer][name]
    return SAME if ending == endings[None][name] else cell(ending)


def cell(text: str) -> str:
    """The text as a cell of a table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def names_in(text: str) -> tuple[list[str], list[str]]:
    """The attacks and the layers that a page names."""
    rows = [
        line.split(" | ")[0].removeprefix("| ")
        for line in text.splitlines()
        if line.startswith("| ") and line.count(" | ") >= 3
    ]
    layers = next((line for line in text.splitlines() if line.startswith("| without | ")), "").split(" | ")
    return [row for row in rows if row in ATTACKS], [layer.rstrip(" |") for layer in layers[1:]]


if __name__ == "__main__":
    main()

"""`make bench WHAT=attacks`: every attack with all layers and without each of them; writes docs/attacks.md.

Exits with 1 if an attack succeeds, and names it, or if the judge takes too much memory.
"""

import argparse
import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from autograder.judge.judge import Judge
from autograder.results import Result
from tests.golden.attacks import ATTACKS, SECTIONS, Attack
from tests.golden.attacks.harness import Ground, breaches, grade_here, honest, how_it_ended, without, world
from tests.golden.attacks.selection import MISSING, PAGE, SAME
from tests.memory import MAX_JUDGE, forget_peak, peak_memory
from tests.shares import SHARES

ALL_LIVE = "all layers"
SUCCEEDS = "SUCCEEDS"
HEAD = """# Attacks

Every row is a hostile submission in `tests/golden/attacks/`. None of them may gain a point, read a secret, leave a process or a
file behind, reach a listener, or change the score of another submission. This also holds with any one layer of the sandbox switched
off, and without all the layers that need namespaces (root, user, network, ipc and pid), as for an ordinary user on a system that
allows no user namespaces. The second table of each section shows how an attack ends then: “{same}” if it ends as it does with all
layers. All layers were live on the machine that generated this page. If too few are live, nothing is graded
([sandbox.md](sandbox.md)).

`make test` grades every attack with all layers, in batches between two honest submissions. Without a layer, it grades those
that end differently below, and one of {shares} shares of the others, which the commit chooses (`SHARE=3 make test` repeats
share 3). `make bench WHAT=attacks` grades all of them and writes this page. The classes are listed at the end.

The judge's process used {peak} MB of memory at its peak, over all attacks with and without layers, including the code of these
tests; `make test` fails if it uses more than {most} MB.
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
    10: "nan, infinity and empty arrays",
    11: "shadowed names",
    12: "files that run at start-up",
    13: "overwriting the grader",
    14: "environments of other processes",
    15: "watching for results",
    16: "walking up the frames",
    17: "objects of the grader in memory",
    18: "reading its own memory",
    19: "hidden tests as files",
    20: "leaks through output and exceptions",
    21: "the network",
    22: "leaks through the messages of checks",
    23: "leaks through time and scores",
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
    34: "namespaces and privileges",
    35: "ways around the filter",
    36: "code in return values",
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
    48: "bidirectional and invisible text",
    49: "hard-coded results",
    50: "finite differences",
    51: "global state of numpy",
    52: "other libraries",
}
NO_ATTACK = """
Class 50 is a policy question, not an attack: numerical derivatives within the tolerance are correct gradients, and no check tests
how they were computed. Class 49 concerns only the hidden cases, which no student can know; the public ones are public.
"""


def main() -> int:
    """Run every attack with all layers and without each, write the page, and name the attacks that succeed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1)
    jobs = parser.parse_args().jobs
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        found = dict(zip([ALL_LIVE, *MISSING], pool.map(endings_without, [(), *MISSING.values()]), strict=True))
    endings = {missing: column for missing, (column, _) in found.items()}
    peak = max(peak for _, peak in found.values())
    PAGE.write_text(page(endings, peak), encoding="utf-8")
    succeeded = [
        f"{name}, {missing}: {ending}"
        for missing, column in endings.items()
        for name, ending in column.items()
        if ending.startswith(SUCCEEDS)
    ]
    runs = sum(map(len, endings.values()))
    differ = sum(endings[missing][name] != endings[ALL_LIVE][name] for missing in MISSING for name in ATTACKS)
    print(*succeeded, f"{runs} runs; {len(succeeded)} succeed; {differ} end differently without a layer. See {PAGE}", sep="\n")
    print(f"The judge had {peak >> 20} MB in memory at its peak.")
    return bool(succeeded) or peak > MAX_JUDGE


def endings_without(layers: tuple[str, ...]) -> tuple[dict[str, str], int]:
    """Return how every attack ends without these layers, by its name, and the judge's memory at its peak, in bytes."""
    forget_peak()
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as ground, Judge(without(*layers)) as judge:
        before = (judge.grade(honest()),)
        ground.remember()
        return {name: ending(attack, ground, judge, before) for name, attack in ATTACKS.items()}, peak_memory()


def ending(attack: Attack, ground: Ground, judge: Judge, before: tuple[Result, ...]) -> str:
    """Return how one attack ends; in capitals if it should not."""
    outcome = grade_here(attack, ground, judge)
    found = [sentence for sentence in breaches(attack, ground, outcome, before) if not sentence.startswith("lost points")]
    return f"{SUCCEEDS}: {'; '.join(found)}" if found else how_it_ended(attack, outcome.results[0])


def page(endings: dict[str, dict[str, str]], peak: int) -> str:
    """Return the text of the page; peak is the judge's memory, in bytes."""
    lines = [HEAD.format(same=SAME, shares=SHARES, peak=peak >> 20, most=MAX_JUDGE >> 20)]
    for title, section in SECTIONS.items():
        lines += [f"## {title}", "", "| attack | what it tries | class | how it ends |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {cell(attack.tries)} | {', '.join(map(str, attack.classes))} | {cell(endings[ALL_LIVE][name])} |"
            for name, attack in section.items()
        ]
        lines += ["", f"| without | {' | '.join(MISSING)} |", f"|---|{'---|' * len(MISSING)}"]
        lines += [f"| {name} | {' | '.join(otherwise(endings, missing, name) for missing in MISSING)} |" for name in section]
        lines.append("")
    lines += ["## The classes", "", *[f"{number}. {words}" for number, words in CLASSES.items()], NO_ATTACK.rstrip(), ""]
    return "\n".join(lines)


def otherwise(endings: dict[str, dict[str, str]], missing: str, name: str) -> str:
    """Return how an attack ends without some layers, where it is not the same."""
    ending = endings[missing][name]
    return SAME if ending == endings[ALL_LIVE][name] else cell(ending)


def cell(text: str) -> str:
    """Return the text as a cell of a table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main())

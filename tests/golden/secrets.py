"""Grade every golden program under many secrets, because no score may depend on the secret.

`.venv/bin/python -m tests.golden.secrets --count 200` derives the secrets from their numbers, so a run can be repeated, also in
parts (`--first`). Each secret has its own process, because cases are drawn on import. Every difference from the record, or from
full marks, is printed; the exit code is then 1.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from autograder.files import ROOT
from autograder.intake.read import Submission
from autograder.judge.judge import Judge
from tests.course import PARTS
from tests.golden import record
from tests.golden.mistakes import MISTAKES
from tests.golden.variants import VARIANTS

LOST = {name: set(row["lost"]) for name, row in record.read()["mistakes"].items()}
# The files of every program: the wrong ones under their own names, the right ones behind a word.
PROGRAMS = {
    **{name: mistake.sources for name, mistake in MISTAKES.items()},
    **{f"right: {name}": sources for name, sources in VARIANTS.items()},
}


def secret(number: int) -> str:
    """Return the secret of this number."""
    return hashlib.sha256(f"secret {number}".encode()).hexdigest()


def part_of(name: str) -> str:
    """Return the part of a program that is looked at: the one that is wrong in it, or is written in another way."""
    if name in MISTAKES:
        return MISTAKES[name].part
    return next((part for part in PARTS if f": {part}" in name.replace(" alone", "")), "dnn")


def differences(judge: Judge, names: list[str]) -> Iterator[str]:
    """Yield a line for each of these programs whose hidden checks differ from the record, under the secret this process has read.

    The public checks hang on no secret.
    """
    hidden = [check for check in judge.checks if check.visibility == "hidden"]
    for name in names:
        checks = [check for check in hidden if check.part == part_of(name)]
        with judge.begin(Submission(name, PROGRAMS[name])) as grading:
            found = grading.outcomes(checks)
        lost = {check.name for check, result in found.items() if not result.passed}
        wanted = LOST.get(name, set()) & {check.name for check in checks}
        if lost != wanted:
            more, less = (", ".join(sorted(names)) or "nothing" for names in (lost - wanted, wanted - lost))
            yield f"{name}: loses {more} more and {less} less"


def differences_under(number: int, names: list[str]) -> list[str]:
    """Return the lines of a process that has read the secret of this number."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(f'[hidden_checks]\nsecret = "{secret(number)}"\n')
        file.flush()
        command = [sys.executable, "-m", "tests.golden.secrets", "--here"]
        environment = {**os.environ, "COURSE": file.name}
        finished = subprocess.run(command, cwd=ROOT, env=environment, input=json.dumps(names), capture_output=True, text=True)
    if finished.returncode:
        raise RuntimeError(f"secret {number}: {finished.stderr}")
    return json.loads(finished.stdout)


def spread(names: list[str], count: int) -> list[str]:
    """So many of the names, at equal distances."""
    return names if count >= len(names) else [names[number * len(names) // count] for number in range(count)]


def main() -> int:
    """Try the secrets out one after the other, or so many at a time, and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--wrong", type=int, default=len(MISTAKES), help="so many of the wrong programs, and all right ones")
    parser.add_argument("--here", action="store_true", help="grade the programs named on stdin under the secret in force")
    given = parser.parse_args()
    if given.here:
        with Judge() as judge:
            print(json.dumps(list(differences(judge, json.load(sys.stdin)))))
        return 0
    numbers, found = range(given.first, given.first + given.count), 0
    wrong = spread(list(MISTAKES), given.wrong)
    names = [name for name in PROGRAMS if name not in MISTAKES or name in wrong]
    with ThreadPoolExecutor(given.jobs) as pool:
        differing = pool.map(lambda number: differences_under(number, names), numbers)
        for done, (number, lines) in enumerate(zip(numbers, differing), start=1):
            found += len(lines)
            for line in lines:
                print(f"secret {number}: {line}", flush=True)
            print(f"{done} of {given.count} secrets", file=sys.stderr, flush=True)
    print(f"{len(wrong)} wrong and {len(VARIANTS)} right programs under {given.count} secrets: {found} differ.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

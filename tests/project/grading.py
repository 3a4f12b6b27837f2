"""How the tests call the command and read what it leaves."""

import csv
import json
import subprocess
import sys

import jsonschema

from autograder.files import ROOT

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "tests/golden/results.schema.json").read_text()))


def command(*arguments):
    return subprocess.run([sys.executable, "-m", "autograder", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)


def files(out):
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def rows(out):
    with (out / "grades.csv").open(newline="") as file:
        return list(csv.DictReader(file))

"""How the tests call the command and read what it leaves."""

import csv
import html
import json
import os
import re
import subprocess
import sys

import jsonschema
import pytest

from autograder.build import build
from autograder.files import ROOT
from autograder.settings import ACCEPT_PUBLIC

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "tests/golden/results.schema.json").read_text()))


# What builds packages with the same hidden inputs as those of the tests, and draws no secret.
WITH_PUBLIC_SECRET = {**os.environ, "ACCEPT": ACCEPT_PUBLIC}


def command(*arguments):
    return subprocess.run([sys.executable, "-m", "autograder", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)


def build_package(what, folder):
    """Build a package that accepts the public example secret, under which the tests grade, and return what the build says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCEPT", ACCEPT_PUBLIC)
        return build(what, folder)


def before_publication(document):
    """Return what a student may see of a results.json on Gradescope before hidden checks are shown: every field but these.

    A test is shown if its visibility, else the top-level one, is "visible", which is the default; where one is not shown, the
    total is not either; stdout is for instructors unless `stdout_visibility` says else. extra_data is "stored", which need not
    keep it from anybody. https://gradescope-autograders.readthedocs.io/en/latest/specs/
    """
    usual, tests = document.get("visibility", "visible"), document.get("tests", [])
    shown = [test for test in tests if test.get("visibility", usual) == "visible"]
    kept_back = {"score"} if len(shown) < len(tests) else set()
    return {key: value for key, value in document.items() if key not in kept_back} | {"tests": shown}


def later_text(document):
    """Return the text on all checks, which comes with the hidden ones."""
    return document["tests"][-1]["output"]


def files(out):
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def read_blocks(page):
    """Return the texts of a page, block by block, without code that stands on its own."""
    main = re.sub(r"<pre.*?</pre>", "<p>", page.partition("<main>")[2], flags=re.DOTALL)
    blocks = re.split(r"<[^>]*>", re.sub(r"</?(code|strong|a)\b[^>]*>", "", main))
    return [" ".join(html.unescape(block).split()) for block in blocks if block.strip()]


def rows(out):
    with (out / "grades.csv").open(newline="") as file:
        return list(csv.DictReader(file))

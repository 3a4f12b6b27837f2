"""The plugin for otter: the judge grades in its own process, and no submitted code runs in otter's.

This module imports nothing from the grader, which is not installed where otter imports the plugin: it is in the zip that otter
unpacks.
"""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import nbformat
from otter.plugins import AbstractOtterPlugin
from otter.test_files import (
    GradingResults,
    OttrTestFile,
    TestCase,
    TestCaseResult,
    TestFile,
)

__version__ = "0.1.0"
SECONDS = 300  # the judge stops a submission much earlier; this limit is for a judge that hangs


class JudgeError(Exception):
    """The judge returned no score. This is not an OtterRuntimeError, because otter would record a score of 0 for that."""


class Judged(AbstractOtterPlugin):
    """Have the judge grade the submission, and otter report the result."""

    def before_grading(self, config: Any) -> None:
        """Grade the submission, then replace it by an empty notebook, which otter reads, unpickles and runs from here on.

        Raise JudgeError if there is no score.
        """
        source, submission = Path(config.autograder_dir, "source"), Path(self.submission_path).parent
        for name in [*os.listdir(source / "files"), "tests", "__init__.py"]:  # otter has added these
            remove(submission / name)
        self.document = run_judge(source / "files/grader", submission)
        for path in submission.iterdir():
            remove(path)
        nbformat.write(nbformat.v4.new_notebook(), self.submission_path)

    def after_grading(self, results: GradingResults) -> None:
        """Replace otter's results, including any failure of its own, by the judge's."""
        results.__init__([test_file(test) for test in self.document["tests"]], results.notebook)
        results.set_output(summarize(self.document))
        if any(test["visibility"] == "hidden" for test in self.document["tests"]):
            results.hide_everything()  # otherwise otter shows them once grades are published

    def generate_report(self) -> str | None:
        """Return the notes for the TA, or None."""
        places = (self.document, *self.document["tests"])
        return "\n".join(remark for place in places for remark in place["extra_data"].get("remarks", ())) or None


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def run_judge(grader: Path, submission: Path) -> dict[str, Any]:
    """Return the results.json of a submission; raise JudgeError if the judge failed."""
    grader.chmod(0o700)  # if root grades, student code runs under another uid
    command = [sys.executable, "-m", "autograder.platforms.apart", str(submission)]
    # Use the course file in the zip.
    environment = {**os.environ, "COURSE": "", "ASSIGNMENT": "", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    try:
        run = subprocess.run(command, cwd=grader, env=environment, capture_output=True, encoding="utf-8", timeout=SECONDS)
    except subprocess.TimeoutExpired as late:
        raise JudgeError(f"There is no score: the judge had not finished after {SECONDS} seconds. Grade this again.") from late
    document = json.loads(run.stdout) if run.returncode == 0 else {"extra_data": {"status": "error"}}
    if document["extra_data"]["status"] == "error":
        raise JudgeError(f"There is no score, which is not the submission's fault. The judge reported:\n{run.stderr}")
    return document


def test_file(test: dict[str, Any]) -> TestFile:
    """Return a check as an otter question, in otter's own class, so that results.pkl can be read without this plugin."""
    passed = test["status"] == "passed"
    case = TestCase(
        name=test["name"],
        body="",
        hidden=test["visibility"] != "visible",
        points=test["max_score"],
        success_message=test["output"] or None,
        failure_message=None,
    )
    file = OttrTestFile(test["extra_data"]["id"], "", [case])
    file.test_case_results = [TestCaseResult(case, test["output"], passed)]
    file.update_score(test["score"])
    return file


def summarize(document: dict[str, Any]) -> str:
    """Return the text that the student sees immediately: the summary, and each public check."""
    public = [test for test in document["tests"] if test["visibility"] == "visible"]
    checks = [
        f"{test['score']:g}/{test['max_score']:g}  {test['name']}\n{textwrap.indent(test['output'], '    ')}" for test in public
    ]
    return "\n".join([document["output"], "", "The public checks:", *(check.rstrip() for check in checks)])

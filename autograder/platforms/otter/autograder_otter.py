"""Otter's plugin: the judge grades in its own process, and nothing that was submitted runs beside otter.

It stands alone, for otter imports it where the grader is no package: the grader lies in the zip that otter unpacks.
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
SECONDS = 300  # the judge ends a submission long before; this is for a judge that hangs


class JudgeError(Exception):
    """The judge gave no mark. It is no OtterRuntimeError, for which otter would write a score of 0."""


class Judged(AbstractOtterPlugin):
    """Has the judge grade what was handed in, and otter report it."""

    def before_grading(self, config: Any) -> None:
        """Grade the submission, then leave an empty notebook in its place: what otter reads, unpickles and runs from here on.

        JudgeError if there is no mark.
        """
        source, submission = Path(config.autograder_dir, "source"), Path(self.submission_path).parent
        for name in [*os.listdir(source / "files"), "tests", "__init__.py"]:  # otter has put these there
            remove(submission / name)
        self.document = judged(source / "files/grader", submission)
        for path in submission.iterdir():
            remove(path)
        nbformat.write(nbformat.v4.new_notebook(), self.submission_path)

    def after_grading(self, results: GradingResults) -> None:
        """Put what the judge said in the place of what otter found, a failure of its own included."""
        results.__init__([test_file(test) for test in self.document["tests"]], results.notebook)
        results.set_output(told(self.document))

    def generate_report(self) -> str | None:
        """Return what a TA alone should know."""
        return "\n".join(self.document["extra_data"]["remarks"]) or None


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def judged(grader: Path, submission: Path) -> dict[str, Any]:
    """Return the results.json of a submission; JudgeError if the judge failed."""
    grader.chmod(0o700)  # where root grades, student code runs under another uid
    command = [sys.executable, "-m", "autograder.platforms.apart", str(submission)]
    # The course file is that of the zip.
    environment = {**os.environ, "COURSE": "", "ASSIGNMENT": "", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    try:
        run = subprocess.run(command, cwd=grader, env=environment, capture_output=True, encoding="utf-8", timeout=SECONDS)
    except subprocess.TimeoutExpired as late:
        raise JudgeError(f"There is no mark: the judge was not done after {SECONDS} seconds; grade this again.") from late
    document = json.loads(run.stdout) if run.returncode == 0 else {"extra_data": {"status": "error"}}
    if document["extra_data"]["status"] == "error":
        raise JudgeError(f"There is no mark, and that is not the submission's fault; the judge said:\n{run.stderr}")
    return document


def test_file(test: dict[str, Any]) -> TestFile:
    """Return a check as otter keeps a question: in a class of otter's own, so that results.pkl needs no plugin to be read."""
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


def told(document: dict[str, Any]) -> str:
    """Return what the student reads at once: the summary, and each public check."""
    public = [test for test in document["tests"] if test["visibility"] == "visible"]
    checks = [
        f"{test['score']:g}/{test['max_score']:g}  {test['name']}\n{textwrap.indent(test['output'], '    ')}" for test in public
    ]
    return "\n".join([document["output"], "", "The public checks:", *(check.rstrip() for check in checks)])

"""`python -m tests.golden.write_marks` writes marks.json anew; read the difference before you commit it."""

import json
from pathlib import Path

from autograder.intake import Submission
from autograder.judge.judge import Judge
from tests.conftest import QUICK
from tests.golden.mistakes import MISTAKES

if __name__ == "__main__":
    with Judge(QUICK) as judge:
        marks = {
            name: judge.grade(Submission(name, mistake.sources)).part_score(mistake.part) for name, mistake in MISTAKES.items()
        }
    Path(__file__).with_name("marks.json").write_text(json.dumps(marks, indent=1) + "\n")

"""The zip that Gradescope builds its image from: setup.sh and run_autograder at the root, then what grading needs."""

from pathlib import Path

from autograder.package import DIST, ROOT, grader_files, write_zip

HERE = Path(__file__).resolve().parent
SCRIPTS = ("setup.sh", "run_autograder")


def build_gradescope() -> str:
    """Write dist/gradescope/autograder.zip."""
    files = {name: (HERE / name).read_bytes() for name in SCRIPTS}
    files["requirements.txt"] = (ROOT / "requirements/judge.txt").read_bytes()
    return write_zip(DIST / "gradescope/autograder.zip", files | grader_files(), executable=SCRIPTS)

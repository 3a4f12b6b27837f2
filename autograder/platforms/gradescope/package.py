"""The zip that Gradescope builds its image from: setup.sh and run_autograder at the root, and the files that grading needs."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from autograder.assignment import Assignment
from autograder.files import ROOT
from autograder.packaging.grader import grader_files
from autograder.packaging.output import write_zip
from autograder.packaging.regions import BuildError

HERE = Path(__file__).resolve().parent
SCRIPTS = ("setup.sh", "run_autograder")
PIP = ROOT / "requirements/pip.txt"
FETCHED = ROOT / "build/pip"


class Gradescope:
    """The zip that Gradescope builds its image from."""

    outputs: Mapping[str, str] = {"autograder.zip": "Gradescope"}

    def build(self, assignment: Assignment, out: Path) -> str:
        """Write autograder.zip into a folder."""
        files = grader_files(assignment, "autograder.platforms.gradescope.__main__")
        files |= {name: (HERE / name).read_bytes() for name in SCRIPTS}
        files["requirements.txt"] = (ROOT / "requirements/judge.txt").read_bytes()
        files["pip.whl"] = pip_wheel().read_bytes()
        return write_zip(out / "autograder.zip", files, executable=SCRIPTS, private=True)


INTEGRATION = Gradescope()


def pip_wheel() -> Path:
    """Return the pip that setup.sh runs from the zip, fetched once and checked by its hash; raise BuildError if that fails."""
    pinned = re.search(r"^pip==(\S+)", PIP.read_text(), re.MULTILINE)
    assert pinned, f"{PIP} pins no pip"
    wheel = FETCHED / f"pip-{pinned[1]}-py3-none-any.whl"
    if not wheel.exists():
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        fetch += ["--only-binary", ":all:", "--require-hashes", "-r", str(PIP)]
        FETCHED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FETCHED) as folder:  # another build may be fetching it at the same time
            if subprocess.run([*fetch, "-d", folder]).returncode != 0:
                raise BuildError(f"pip {pinned[1]}, which the package needs, could not be fetched from the package index.")
            Path(folder, wheel.name).replace(wheel)
    return wheel

"""The checks as a package that knows nothing of this grader, for the courses of the other tools."""

import re
from pathlib import Path

from autograder.files import ROOT
from autograder.packaging.grader import imported_modules, module_files
from autograder.settings import read_secret

HERE = Path(__file__).resolve().parent


def library(folder: Path) -> None:
    """Write the checks, and what they need, as a package called course."""
    course = folder / "course"
    checks = [path for name in ("public", "hidden") for path in ROOT.glob(f"tests/{name}/*.py")]
    imports = {name for path in checks for name in imported_modules(path)}
    imports |= {f"autograder.{name}" for name in ("at_home", "backprop.cases", "backprop.rubric")}  # of stock/checks.py
    files = {path.relative_to(ROOT / path.relative_to(ROOT).parts[0]): path for path in (*module_files(imports), *checks)}
    for name, path in {**files, Path("__init__.py"): HERE / "stock/checks.py"}.items():
        place = course / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(re.sub(r"^( *from) (autograder|tests)\b", r"\1 course", path.read_text(), flags=re.M))
    # The tools take along this package and no file beside it.
    (course / "settings.py").write_text(f"def read_secret():\n    return {read_secret()!r}\n")

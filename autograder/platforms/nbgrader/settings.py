"""The settings that the course's nbgrader_config.py makes for nbgrader."""

import os
import shutil
from pathlib import Path

from traitlets.config import Application, Config

from autograder.settings import read_assignment

GRADING = "autograder.platforms.nbgrader.grading"
PREPROCESSORS = [  # nbgrader's own, except the one that runs the notebook
    f"{GRADING}.GradeFiles",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]


def configure(c: Config, course: Path) -> None:
    """Have this assignment graded from the students' files; other assignments of the course are graded as usual.

    The options: https://nbgrader.readthedocs.io/en/stable/configuration/config_options.html.
    """
    assignment = read_assignment()
    c.Autograde.autograde_preprocessors = PREPROCESSORS
    c.Autograde.exporter_class = f"{GRADING}.FromRelease"
    c.Autograde.exclude_overwriting.update({assignment.name: [f"{part}.py" for part in assignment.part_names]})
    # Keep nbgrader from copying submissions: it would follow links, and fail on a folder named like one of our files.
    c.CourseDirectory.ignore.append(str(course / "submitted" / "*" / assignment.name))
    if Application.initialized() and Application.instance().name == "nbgrader-autograde":
        for folder in course.glob(f"submitted/*/{assignment.name}"):
            prepare(folder, course / "release" / assignment.name / f"{assignment.name}.ipynb")


def prepare(folder: Path, released: Path) -> None:
    """Copy the released notebook into a submission without one, which nbgrader would skip."""
    if folder.is_dir() and not folder.is_symlink() and not os.path.lexists(folder / released.name):
        try:
            shutil.copyfile(released, folder / released.name)
        except OSError as error:
            Application.instance().log.warning("%s has no notebook, and none can be copied there: %s", folder, error)

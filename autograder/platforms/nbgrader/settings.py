"""What nbgrader is told by the nbgrader_config.py of the course."""

import os
import shutil
from pathlib import Path

from traitlets.config import Application, Config

from autograder.settings import read_assignment

GRADING = "autograder.platforms.nbgrader.grading"
PREPROCESSORS = [  # nbgrader's own, but for the one that runs the notebook
    f"{GRADING}.GradeFiles",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]


def configure(c: Config, course: Path) -> None:
    """Have the assignment graded from the students' files; every other assignment of the course is graded as ever.

    The options are those of https://nbgrader.readthedocs.io/en/stable/configuration/config_options.html.
    """
    assignment = read_assignment()
    c.Autograde.autograde_preprocessors = PREPROCESSORS
    c.Autograde.exporter_class = f"{GRADING}.FromRelease"
    c.Autograde.exclude_overwriting.update({assignment.name: [f"{part}.py" for part in assignment.part_names]})
    # Of a submission nbgrader copies nothing: it would follow links, and stumble over a folder named like a file of ours.
    c.CourseDirectory.ignore.append(str(course / "submitted" / "*" / assignment.name))
    if Application.initialized() and Application.instance().name == "nbgrader-autograde":
        for folder in course.glob(f"submitted/*/{assignment.name}"):
            prepare(folder, course / "release" / assignment.name / f"{assignment.name}.ipynb")


def prepare(folder: Path, released: Path) -> None:
    """Lay the released notebook into a submission that has none, which nbgrader would pass over.

    SystemExit where nbgrader would read the time of the hand-in from a link, whatever that leads to.
    """
    if (folder / "timestamp.txt").is_symlink():
        raise SystemExit(f"{folder / 'timestamp.txt'} is a link, which nbgrader would follow; delete it.")
    if folder.is_dir() and not folder.is_symlink() and not os.path.lexists(folder / released.name):
        try:
            shutil.copyfile(released, folder / released.name)
        except OSError as error:
            Application.instance().log.warning("%s has no notebook, and none can be laid there: %s", folder, error)

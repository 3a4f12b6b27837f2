"""What platforms let a TA download, recognised by the names in it: in the zip as it came, or in the folder made of it."""

from autograder.intake.exports import blackboard, canvas, gradescope, moodle, nbgrader
from autograder.intake.exports.export import Export, Recogniser

# In this order: a file of its own, words that nobody else uses, numbers, and last the tree that looks most like a plain folder.
RECOGNISERS: tuple[Recogniser, ...] = (
    gradescope.recognise,
    moodle.recognise,
    blackboard.recognise,
    canvas.recognise,
    nbgrader.recognise,
)

__all__ = ["RECOGNISERS", "Export", "nbgrader"]

"""The gradebook: results by content and checks, so that an interrupted run can resume, and adjustments made by TAs."""

from autograder.gradebook.book import Gradebook, GradebookError
from autograder.gradebook.digest import checks_digest, content_digest

__all__ = ["Gradebook", "GradebookError", "checks_digest", "content_digest"]

"""What has been graded, so that a run can stop and go on: results by content and checks, and what TAs decided by hand."""

from autograder.gradebook.book import Gradebook, GradebookError
from autograder.gradebook.digest import checks_digest, content_digest

__all__ = ["Gradebook", "GradebookError", "checks_digest", "content_digest"]

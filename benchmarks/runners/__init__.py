"""The hostile submissions through this grader, otter-grader's own runner and that of gradescope-utils, side by side."""

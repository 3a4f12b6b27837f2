"""Compare the effects of hostile submissions on this grader, otter-grader's own runner and gradescope-utils."""

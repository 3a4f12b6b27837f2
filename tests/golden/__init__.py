"""Whole programs with the scores they must get: wrong ones, and correct ones that a grader might wrongly fail."""

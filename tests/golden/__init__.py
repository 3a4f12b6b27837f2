"""Whole programs with the marks they must get: wrong ones, and right ones that a grader might wrongly fail."""

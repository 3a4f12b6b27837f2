"""The hints of check.py for each public check; this assignment has none."""

HINTS = {}

"""The hints of check.py, for each public check; there are none."""

HINTS = {}

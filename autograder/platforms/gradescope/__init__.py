"""Gradescope: setup.sh and run_autograder, which call `python -m autograder.platforms.gradescope`.

The layout is https://gradescope-autograders.readthedocs.io/en/latest/specs/: the submission is in ROOT/submission, and the
grader writes ROOT/results/results.json.
"""

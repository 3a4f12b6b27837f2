"""Gradescope: setup.sh and run_autograder, which call `python -m autograder.platforms.gradescope`.

The layout is https://gradescope-autograders.readthedocs.io/en/latest/specs/: the submission lies in ROOT/submission, and
ROOT/results/results.json is ours to write.
"""

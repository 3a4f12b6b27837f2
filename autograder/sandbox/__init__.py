"""Runs one submission's code in a process of its own, behind a pipe.

`host` stays with the judge, `zygote` is an interpreter that forks a `child` for each submission, and `wire` is the only
language they share. Nothing in this folder knows of tests, marks or references.
"""

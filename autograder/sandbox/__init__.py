"""Run the code of one submission in a separate process, behind a pipe.

`host` runs in the judge's process, `zygote` is an interpreter that forks a `child` for each submission, and `wire` is the
protocol between them. Nothing in this folder knows about tests, scores or references.
"""

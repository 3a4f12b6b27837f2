"""Holds the checks and the truth, asks the sandbox, and makes a Result."""

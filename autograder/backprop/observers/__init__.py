"""Observe what a student's functions return on the networks of this assignment, part by part."""

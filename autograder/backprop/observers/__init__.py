"""Looks at what a student's functions return, part by part, on the networks of this assignment."""

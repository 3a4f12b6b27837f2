"""Mistakes that students make in more than one part: each function returns the row of one of them, with its hints."""

"""The public checks."""

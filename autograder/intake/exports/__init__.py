"""Recognize exports from platforms by the names in them, whether they are still zipped or already unpacked."""

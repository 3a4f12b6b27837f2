"""Find suspiciously similar submissions in a class. Reads what was submitted, runs none of it, and changes no score."""

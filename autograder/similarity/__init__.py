"""Find suspiciously similar submissions in a class, without running any code or changing any score."""

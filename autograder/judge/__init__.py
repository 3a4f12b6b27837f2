"""The judge: holds the checks and their references, runs submissions in the sandbox, and returns a Result."""

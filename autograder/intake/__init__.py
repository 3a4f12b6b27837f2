"""Read a folder, a zip or a file into Submission(student, sources, problems), without unpacking to disk or running anything."""

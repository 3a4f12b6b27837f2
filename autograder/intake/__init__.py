"""From a folder, a zip or a file to Submission(student, sources, problems). Nothing is unpacked and nothing is run."""

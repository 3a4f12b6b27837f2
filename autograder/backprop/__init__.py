"""The backpropagation assignment: everything in the grader that is about networks, their checks and common mistakes."""

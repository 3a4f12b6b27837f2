"""The backpropagation assignment: everything the grader knows about networks, their checks and the mistakes made in them."""

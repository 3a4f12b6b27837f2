"""The autograder of the backpropagation assignment."""

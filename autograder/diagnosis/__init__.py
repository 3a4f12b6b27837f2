"""Find the mistakes that explain the results of a wrong submission exactly."""

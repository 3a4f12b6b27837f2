"""From a wrong submission to the mistakes that make exactly what it answers."""

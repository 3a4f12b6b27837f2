"""Which submissions of a class are improbably alike. It reads what was handed in, runs nothing, and touches no mark."""

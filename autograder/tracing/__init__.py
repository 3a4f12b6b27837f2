"""Which line of a file made a value: a run is watched, and the value followed back through it."""

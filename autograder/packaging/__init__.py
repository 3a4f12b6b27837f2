"""Build the hand-out with its starter code, and a package for each platform."""

"""Builds what is handed out: the hand-out and its starter code, and a package for each platform."""

"""What each platform needs in its package, and the thin call into the judge."""

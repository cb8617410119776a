"""Jobs, their events and results, on disk."""

"""Queue and workers as one thing that checks, runs and tells; free of torch."""

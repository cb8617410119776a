"""Recordings: what samplers did, step by step, on disk. Read without torch; written behind the work."""

"""Processes that do the work, and the channels to them."""

"""Workflows as files: reading, values from outside, and formats of others."""

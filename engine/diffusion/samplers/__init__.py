"""Samplers: each a generator that asks for the clean latent and moves x by what it is told, a page of mathematics."""

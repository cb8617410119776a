"""A pack whose part of the editor fails at once."""

from __future__ import annotations

from engine.graph import node


@node("BrokenValue", category="broken")
def value(number: int = 0) -> int:
    """A number; the node works all the same."""
    return number

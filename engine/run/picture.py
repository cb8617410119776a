"""A small picture for people to watch a step by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture of a preview; width and height in pixels."""

    data: bytes
    format: Literal["jpeg", "png"]
    width: int
    height: int

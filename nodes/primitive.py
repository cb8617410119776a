"""Constants as nodes, so that several inputs can share one value, and a look at any value."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from engine.graph.define import Ui, node
from engine.graph.sockets import Range, Widget
from engine.looking.plain import as_text
from nodes.facts import constant


@node("PrimitiveInt", category="utils/primitive", label="Int", facts=constant)
def primitive_int(*, value: Annotated[int, Range(-sys.maxsize, sys.maxsize), Widget("seed")] = 0) -> int:
    """A whole number.

    Args:
        value: The number.
    """
    return value


@node("PrimitiveFloat", category="utils/primitive", label="Float", facts=constant)
def primitive_float(*, value: Annotated[float, Range(-sys.maxsize, sys.maxsize, step=0.1)] = 0.0) -> float:
    """A number with decimals.

    Args:
        value: The number.
    """
    return value


@node("PrimitiveString", category="utils/primitive", label="String", facts=constant)
def primitive_string(*, value: str = "") -> str:
    """A line of text.

    Args:
        value: The text.
    """
    return value


@node("PrimitiveStringMultiline", category="utils/primitive", label="String (Multiline)", facts=constant)
def primitive_string_multiline(*, value: Annotated[str, Widget("multiline")] = "") -> str:
    """Text of several lines.

    Args:
        value: The text.
    """
    return value


@node("PrimitiveBoolean", category="utils/primitive", label="Boolean", facts=constant)
def primitive_boolean(*, value: bool = False) -> bool:
    """Yes or no.

    Args:
        value: The answer.
    """
    return value


@node("PreviewAny", kind="sink", category="utils", label="Preview Any")
def preview_any(*, source: Any) -> Ui:
    """Show any value as text.

    Args:
        source: What to look at; tensors are shown by shape and range.
    """
    return Ui({"text": [as_text(source)]})

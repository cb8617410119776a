"""Constants as nodes, so that several inputs can share one value, and a look at any value."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

from engine.graph.define import Ui, node
from engine.graph.sockets import Range, Widget
from nodes.facts import constant

LONGEST_TEXT = 100_000


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
    return Ui({"text": [describe(source)]})


def describe(value: Any) -> str:
    """`value` as text: strings as they are, plain data as JSON, tensors by shape, type and range."""
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if _is_tensor(value):
        return _tensor_text(value)
    try:
        return json.dumps(value, ensure_ascii=False, indent=2, default=_inner)[:LONGEST_TEXT]
    except (TypeError, ValueError):
        return str(value)[:LONGEST_TEXT]


def _inner(value: Any) -> Any:
    """A value that JSON does not know, as data it does."""
    if _is_tensor(value):
        return _tensor_text(value)
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is None:
        return str(value)
    return {"": type(value).__name__} | {name: getattr(value, name) for name in fields if not name.startswith("_")}


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype") and hasattr(value, "numel")


def _tensor_text(tensor: Any) -> str:
    shape = "×".join(map(str, tensor.shape)) or "one number"
    kind = str(tensor.dtype).removeprefix("torch.")
    if not tensor.numel():
        return f"{kind} {shape}, empty"
    values = tensor.detach().float()
    if tensor.numel() <= 16:
        return f"{kind} {shape}: {values.tolist()}"
    return f"{kind} {shape}, from {values.min():.4g} to {values.max():.4g}, mean {values.mean():.4g}"

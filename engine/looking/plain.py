"""Any value as text: strings as they are, plain data as JSON, tensors by shape, type and range."""

from __future__ import annotations

import json
from typing import Any

from engine.looking.numbers import is_tensor

LONGEST_TEXT = 100_000


def as_text(value: Any) -> str:
    """`value` as text, cut at 100,000 characters."""
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if is_tensor(value):
        return _tensor_text(value)
    try:
        return json.dumps(value, ensure_ascii=False, indent=2, default=_inner)[:LONGEST_TEXT]
    except (TypeError, ValueError):
        return str(value)[:LONGEST_TEXT]


def _inner(value: Any) -> Any:
    """A value that JSON does not know, as data it does."""
    if is_tensor(value):
        return _tensor_text(value)
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is None:
        return str(value)
    return {"": type(value).__name__} | {name: getattr(value, name) for name in fields if not name.startswith("_")}


def _tensor_text(tensor: Any) -> str:
    shape = "×".join(map(str, tensor.shape)) or "one number"
    kind = str(tensor.dtype).removeprefix("torch.")
    if not tensor.numel():
        return f"{kind} {shape}, empty"
    values = tensor.detach().float()
    if tensor.numel() <= 16:
        return f"{kind} {shape}: {values.tolist()}"
    return f"{kind} {shape}, from {values.min():.4g} to {values.max():.4g}, mean {values.mean():.4g}"

"""Views as plain text, for nodes that answer in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from engine.looking.numbers import short, size_text
from engine.looking.views import View

MOST = 24
"""Numbers of a curve that are written out; of more, the first and the last."""
WORDS: Mapping[str, str] = {
    "min": "least",
    "max": "greatest",
    "std": "deviation",
    "not_finite": "not finite",
    "noise_mask": "noise mask",
    "size_crop": "size and crop",
    "latent_channels": "latent channels",
    "latent_factor": "latent factor",
    "dtype": "type of numbers",
}


def report(views: Iterable[View]) -> str:
    """The views in words; pictures are left out."""
    return "\n".join(line for view in views if view["kind"] in _LINES for line in _LINES[view["kind"]](view))


def _table(view: View) -> Iterator[str]:
    for key, value in view["rows"]:
        yield f"{WORDS.get(key, key)}: {_value(key, value)}"


def _value(key: str, value: Any) -> str:
    if key == "bytes":
        return f"{value} ({size_text(value)})" if value >= 1000 else str(value)
    return short(value) if isinstance(value, float) else str(value)


def _tokens(view: View) -> Iterator[str]:
    for token in view["tokens"]:
        weight = f" × {short(token['weight'])}" if token["weight"] != 1 else ""
        yield f"{token['id']:>6}  {token['text']}{weight}"


def _curve(view: View) -> Iterator[str]:
    written = [short(number) for number in view["y"]]
    if len(written) > MOST:
        written = [*written[: MOST // 2], "…", *written[-MOST // 2 :]]
    yield f"{view['y_name']}: {', '.join(written)}"


def _text(view: View) -> Iterator[str]:
    yield view["text"]


_LINES: Mapping[str, Callable[[View], Iterator[str]]] = {
    "table": _table,
    "tokens": _tokens,
    "curve": _curve,
    "text": _text,
}

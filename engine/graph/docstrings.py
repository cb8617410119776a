"""Docstrings in Google's style: the help of nodes and sockets."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any


def help_of(fn: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The text of a docstring above its sections, and the `name: help` lines of `Args:`."""
    sections = _sections(fn)
    return "\n".join(sections.get("", ())).strip(), _entries(sections.get("Args:", ()))


def returns_of(fn: Callable[..., Any]) -> tuple[dict[str, str], str]:
    """The `Returns:` section of a docstring as `name: help` lines, and as one text."""
    lines = _sections(fn).get("Returns:", ())
    return _entries(lines), " ".join(line.strip() for line in lines).strip()


def _sections(fn: Callable[..., Any]) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {"": []}
    name = ""
    for line in (inspect.getdoc(fn) or "").splitlines():
        if line in ("Args:", "Returns:", "Raises:", "Example:"):
            name = line
            sections[name] = []
        else:
            sections[name].append(line)
    return sections


def _entries(lines: Iterable[str]) -> dict[str, str]:
    """`name: help` entries; a line indented deeper than its entry goes on with it."""
    entries: dict[str, str] = {}
    margin, current = None, ""
    for line in lines:
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if not text:
            continue
        margin = indent if margin is None else margin
        if indent > margin and current:
            entries[current] += f" {text}"
        else:
            current, _, told = text.partition(":")
            entries[current] = told.strip()
    return entries

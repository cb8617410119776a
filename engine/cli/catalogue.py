"""All node types as one page of Markdown: `nodes --markdown`, which is how nodes/README.md is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from engine.graph.sockets import MISSING, Range

if TYPE_CHECKING:
    from engine.graph.define import NodeDef
    from engine.graph.sockets import Socket

HEAD = """# Node types

Made from the docstrings by `python3 main.py nodes --markdown > nodes/README.md`; a test holds it to them.
Where a node of this name exists in ComfyUI, its inputs have the same names and defaults, so saved workflows load.
"""

MOST_CHOICES = 12
"""Choices that are spelled out; of longer lists the first few."""


def catalogue(definitions: Mapping[str, NodeDef]) -> str:
    """The whole page: each node type under its category, with inputs, defaults and help."""
    ordered = sorted(definitions.values(), key=lambda d: (d.category, d.name))
    parts = [HEAD.strip(), f"{len(ordered)} node types."]
    for category, group in groupby(ordered, key=lambda d: d.category):
        parts.append(f"## {category or 'other'}")
        parts += ["\n".join(_section(d)) for d in group]
    return "\n\n".join(parts) + "\n"


def _section(d: NodeDef) -> Iterator[str]:
    marks = ", ".join(word for word, here in (("deprecated", d.deprecated), ("experimental", d.experimental)) if here)
    title = "" if d.label == d.name else f" · {d.label}"
    yield f"### {d.name}{title}{f' ({marks})' if marks else ''}"
    yield ""
    yield _line(d.help)
    if d.inputs:
        yield ""
        yield "| input | type | default | |"
        yield "|---|---|---|---|"
        yield from (f"| `{s.name}` | {_type(s)} | {_default(s)} | {_line(s.help)} |" for s in d.inputs)
    if d.outputs:
        yield ""
        yield (
            "Gives " + "; ".join(_output(s) for s in d.outputs) + ("." if not d.outputs[-1].help.endswith(".") else "")
        )


def _output(s: Socket) -> str:
    name = f"`{s.name}`" if s.name == s.wire else f"`{s.name}` ({s.wire})"
    return f"{name}: {_line(s.help)}" if s.help else name


def _type(s: Socket) -> str:
    if s.file:
        return f"a file of {s.file.kind}"
    if s.choice:
        options = s.choice.listed()
        some = ", ".join(options[:MOST_CHOICES])
        return _line(f"one of {some}{f' … ({len(options)})' if len(options) > MOST_CHOICES else ''}")
    bounds = next((c for c in s.constraints if isinstance(c, Range)), None)
    return _line(s.wire if bounds is None else f"{s.wire} {_number(bounds.low)} to {_number(bounds.high)}").replace(
        "|", "\\|"
    )


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def _default(s: Socket) -> str:
    if s.optional:
        return "may be left out"
    return "" if s.default is MISSING else f"`{s.default!r}`"


def _line(text: str) -> str:
    """Text for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")

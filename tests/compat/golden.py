"""All built-in node types as ComfyUI's editors see them; `python -m tests.compat.golden` writes the file anew."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import nodes
from engine.compat.object_info import object_info

PATH = Path(__file__).parent.parent / "golden" / "object_info.json"


def names(kind: str) -> Iterable[str]:
    """One file of each kind."""
    return (f"a file of {kind}",)


def listing() -> str:
    """Every node type, as text."""
    told = object_info(nodes.registry(), names)
    return json.dumps(dict(sorted(told.items())), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(listing(), encoding="utf-8")

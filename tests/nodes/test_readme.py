"""nodes/README.md is what the docstrings say."""

from __future__ import annotations

from pathlib import Path

import nodes
from engine.cli.catalogue import catalogue

README = Path(__file__).parents[2] / "nodes" / "README.md"


def test_it_is_what_the_command_prints() -> None:
    assert README.read_text(encoding="utf-8") == catalogue(nodes.registry()), (
        "run: python3 main.py nodes --markdown > nodes/README.md"
    )


def test_every_node_type_has_its_place_with_all_inputs() -> None:
    page = catalogue(nodes.registry())
    sections = {part.split()[0]: part for part in page.split("\n### ")[1:]}
    assert set(sections) == set(nodes.registry())
    for name, definition in nodes.registry().items():
        for socket in definition.inputs:
            assert f"| `{socket.name}` |" in sections[name]

"""The editor's table of what the engine decides is up to date."""

from __future__ import annotations

from .editor_tables import PATH, tables


def test_the_editor_knows_what_the_engine_decides() -> None:
    assert PATH.read_text(encoding="utf-8") == tables(), "run `python -m tests.graph.editor_tables`"

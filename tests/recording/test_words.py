"""The prompt of a sampler's branch, found in the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.files import Library
from engine.graph.graph import Graph, Link
from engine.recording.words import prompt_of, tokens_of


def graph(**nodes: tuple[str, dict[str, Any]]) -> Graph:
    return Graph.from_api({id: {"class_type": kind, "inputs": inputs} for id, (kind, inputs) in nodes.items()})


def unknown(link: Link) -> None:
    return None


TEXT = ("CLIPTextEncode", {"text": "a fox"})


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"s": ("KSampler", {"positive": ["t", 0]})}, "a fox"),
        (
            {"s": ("KSampler", {"positive": ["c", 0]}), "c": ("ConditioningSetArea", {"conditioning": ["t", 0]})},
            "a fox",
        ),
        (
            {"s": ("KSampler", {"positive": ["c", 0]}), "c": ("ControlNetApplyAdvanced", {"positive": ["t", 0]})},
            "a fox",
        ),
        ({"s": ("SamplerCustomAdvanced", {"guider": ["g", 0]}), "g": ("CFGGuider", {"positive": ["t", 0]})}, "a fox"),
        (
            {"s": ("SamplerCustomAdvanced", {"guider": ["g", 0]}), "g": ("BasicGuider", {"conditioning": ["t", 0]})},
            "a fox",
        ),
        ({"s": ("KSampler", {"positive": ["c", 0]}), "c": ("ConditioningCombine", {"conditioning_1": ["t", 0]})}, None),
        ({"s": ("KSampler", {})}, None),
        ({"s": ("KSampler", {"positive": ["s", 0]})}, None),
    ],
)
def test_the_prompt_is_found_through_what_hands_it_on(more: dict[str, Any], found: str | None) -> None:
    assert prompt_of(graph(t=TEXT, **more), "s", "positive", unknown) == found


def test_a_text_from_another_node_is_asked_for() -> None:
    linked = graph(
        t=("CLIPTextEncode", {"text": ["p", 0]}), p=("PrimitiveString", {}), s=("KSampler", {"positive": ["t", 0]})
    )
    assert prompt_of(linked, "s", "positive", unknown) is None
    assert prompt_of(linked, "s", "positive", lambda link: f"from {link.node}") == "from p"


def test_tokens_have_their_places_in_the_conditioning(tmp_path: Path) -> None:
    library = Library.standard(tmp_path, [], tmp_path)
    assert tokens_of("a (red:1.2) fox", library, "sd1") == [("a", 1), ("red", 2), ("fox", 3)]
    assert tokens_of("", library, "sd1") == []
    long = tokens_of("fox " * 80, library, "sd1")
    assert long is not None
    assert [place for _, place in long] == [*range(1, 76), *range(78, 83)]

"""The prompt of a sampler's branch, found in the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.files import Library
from engine.graph.graph import Graph, Link
from engine.models.attention import named
from engine.recording.words import numbered, prompts_of, tokens_of


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
        ({"s": ("KSampler", {})}, None),
        ({"s": ("KSampler", {"positive": ["s", 0]})}, None),
    ],
)
def test_the_prompt_is_found_through_what_hands_it_on(more: dict[str, Any], found: str | None) -> None:
    assert prompts_of(graph(t=TEXT, **more), "s", "positive", unknown) in ([found], [])


def test_a_text_from_another_node_is_asked_for() -> None:
    linked = graph(
        t=("CLIPTextEncode", {"text": ["p", 0]}), p=("PrimitiveString", {}), s=("KSampler", {"positive": ["t", 0]})
    )
    assert prompts_of(linked, "s", "positive", unknown) == [None]
    assert prompts_of(linked, "s", "positive", lambda link: f"from {link.node}") == ["from p"]


def text(words: str) -> tuple[str, dict[str, Any]]:
    return "CLIPTextEncode", {"text": words}


def joined(first: str, second: str) -> tuple[str, dict[str, Any]]:
    return "ConditioningCombine", {"conditioning_1": [first, 0], "conditioning_2": [second, 0]}


def test_joined_prompts_are_found_in_their_order() -> None:
    tree = graph(
        a=text("one"), b=text("two"), c=text("three"),
        ab=joined("a", "area"), area=("ConditioningSetArea", {"conditioning": ["b", 0]}),
        all=joined("ab", "c"), s=("KSampler", {"positive": ["all", 0], "negative": ["c", 0]}),
    )  # fmt: skip
    assert prompts_of(tree, "s", "positive", unknown) == ["one", "two", "three"]
    assert prompts_of(tree, "s", "negative", unknown) == ["three"]
    half = graph(
        a=text("one"),
        all=("ConditioningCombine", {"conditioning_1": ["a", 0]}),
        s=("KSampler", {"positive": ["all", 0]}),
    )
    assert prompts_of(half, "s", "positive", unknown) == ["one", None]


def test_what_is_joined_with_itself_again_and_again_ends() -> None:
    nodes = {f"n{i}": joined(f"n{i - 1}", f"n{i - 1}") for i in range(1, 60)} | {"n0": text("a")}
    assert prompts_of(graph(s=("KSampler", {"positive": ["n59", 0]}), **nodes), "s", "positive", unknown) == []


def test_the_name_of_a_prompt_is_read_as_it_is_written() -> None:
    for branch in ("positive", "positive 2", "a.b"):
        for number in (0, 1, 8, 9, 41):
            assert numbered(named(branch, number)) == (branch, number)


def test_tokens_have_their_places_in_the_conditioning(tmp_path: Path) -> None:
    library = Library.standard(tmp_path, [], tmp_path)
    assert tokens_of("a (red:1.2) fox", library, "sd1") == [("a", 1), ("red", 2), ("fox", 3)]
    assert tokens_of("", library, "sd1") == []
    long = tokens_of("fox " * 80, library, "sd1")
    assert long is not None
    assert [place for _, place in long] == [*range(1, 76), *range(78, 83)]

"""Node types in ComfyUI's words."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

import nodes
from engine.compat.object_info import node_info, object_info
from engine.files import FileRef
from engine.graph.define import NodeDef, node
from engine.graph.sockets import Choice, File, Lazy, Range, UniqueId, Widget
from tests.compat import golden

REGISTRY = nodes.registry()
KEYS = {
    "input", "input_order", "output", "output_is_list", "output_name", "output_tooltips", "name", "display_name",
    "description", "python_module", "category", "output_node",
}  # fmt: skip


THERE = ["x"]


def _fails() -> list[str]:
    raise OSError("no such folder")


def info(fn: Any, *files: str) -> dict[str, Any]:
    definition: NodeDef = fn.__node__
    return node_info(definition, lambda kind: files)


def test_the_listing_is_the_golden_one() -> None:
    """A changed listing is a reviewed change: `python -m tests.compat.golden` writes it."""
    assert golden.listing() == golden.PATH.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_type_has_what_editors_read(name: str) -> None:
    told = object_info(REGISTRY, golden.names)[name]
    assert told.keys() >= KEYS
    assert told["name"] == name
    inputs = {n: v for group in ("required", "optional") for n, v in told["input"].get(group, {}).items()}
    assert list(inputs) == [n for group in told["input_order"].values() for n in group]
    assert set(inputs) == {s.name for s in REGISTRY[name].inputs}
    assert all(isinstance(v, list) and len(v) == 2 and isinstance(v[1], dict) for v in inputs.values())
    lengths = {len(told[key]) for key in ("output", "output_is_list", "output_name", "output_tooltips")}
    assert lengths == {len(REGISTRY[name].outputs)}


def test_files_are_listed_anew_each_time() -> None:
    @node("Load")
    def load(*, name: Annotated[FileRef, File("loras")]) -> int:
        return 0

    assert info(load, "a", "b")["input"]["required"]["name"] == [["a", "b"], {}]
    assert info(load, "c")["input"]["required"]["name"] == [["c"], {}]


def test_choices_that_a_function_gives_are_asked_for_each_time() -> None:
    @node("Pick")
    def pick(*, one: Annotated[str, Choice(THERE.copy)]) -> int:
        return 0

    assert info(pick)["input"]["required"]["one"][0] == ["x"]
    THERE.append("y")
    assert info(pick)["input"]["required"]["one"][0] == ["x", "y"]


def test_a_list_that_cannot_be_made_costs_no_other_type() -> None:
    @node("Broken")
    def broken(*, one: Annotated[str, Choice(_fails)]) -> int:
        return 0

    assert info(broken)["input"]["required"]["one"] == [[], {}]


def test_what_inputs_say() -> None:
    def wants(**given: Any) -> str:
        return "later"

    @node("Many", kind="sink", demand=wants, deprecated=True, experimental=True)
    def many(
        *,
        id: UniqueId,
        seed: Annotated[int, Range(0, 2**64 - 1), Widget("seed")] = 3,
        share: Annotated[float, Range(0, 1)] = 0.5,
        fine: Annotated[float, Range(0, 1, step=0.1, round=0.01)] = 0.5,
        on: bool = True,
        text: Annotated[str, Widget("multiline", {"placeholder": "…"})] = "",
        later: Lazy[int] | None = None,
    ) -> None:
        return None

    told = info(many)
    required = told["input"]["required"]
    assert required["seed"] == [
        "INT", {"default": 3, "min": 0, "max": 2**64 - 1, "step": 1, "control_after_generate": True},
    ]  # fmt: skip
    assert required["share"][1] == {"default": 0.5, "min": 0, "max": 1, "step": 0.01, "round": False}
    assert required["fine"][1] == {"default": 0.5, "min": 0, "max": 1, "step": 0.1, "round": 0.01}
    assert required["on"] == ["BOOLEAN", {"default": True}]
    assert required["text"][1]["multiline"] is True
    assert required["text"][1]["placeholder"] == "…"
    assert told["input"]["hidden"] == {"id": "UNIQUE_ID"}
    assert told["output_node"] is True
    assert told["deprecated"] is True
    assert told["experimental"] is True


def test_a_node_of_a_pack_names_its_pack() -> None:
    @node("Packed")
    def packed() -> int:
        return 0

    packed.__module__ = "inkwater_packs.mine.shapes"
    assert info(packed)["python_module"] == "custom_nodes.mine.shapes"

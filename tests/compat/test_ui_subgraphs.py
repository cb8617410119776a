"""Subgraphs and group nodes: definitions with ports, promoted widgets, and the values of instances."""

from __future__ import annotations

from typing import Any

import pytest

from engine.graph.graph import Const, Graph, Link
from tests.compat.ui_kit import REGISTRY, definition, drawn, file, flat, loader, node, sampler, told, translated, words

SLOTS = ("width:INT:widget", "height:INT:widget", "batch_size:INT:widget")


def size(id: int = 1) -> dict[str, Any]:
    return node(id, "EmptyLatentImage", SLOTS, ("LATENT:LATENT",), (64, 32, 1))


def with_definitions(*parts: dict[str, Any], subgraphs: tuple[dict[str, Any], ...], **more: Any) -> dict[str, Any]:
    return drawn(*parts, definitions={"subgraphs": [*subgraphs]}, **more)


def sized(id: str = "s", **more: Any) -> dict[str, Any]:
    """A latent whose width is a port."""
    wires = ((-10, 0, 1, 0), (1, 0, -20, 0))
    return definition(id, size(), wires=wires, inputs=("wide:INT",), outputs=("LATENT:LATENT",), **more)


def test_a_subgraph_is_a_definition_and_its_instances() -> None:
    number = node(2, "PrimitiveInt", (), ("INT:INT",), (96, "fixed"))
    instance = node(5, "s", ("wide:INT",), ("LATENT:LATENT",))
    ui = with_definitions(number, instance, sampler(), subgraphs=(sized(),), wires=((2, 0, 5, 0), (5, 0, 3, 3)))
    ours = file(ui)
    assert ours["5"] == {
        "class_type": "subgraph:s",
        "inputs": {"wide": ["2", 0]},
        "_meta": {"pos": [50, 0], "size": [200, 100]},
    }
    inside = ours["_workflow"]["_meta"]["subgraphs"]["s"]
    assert inside["title"] == "Part s"
    assert inside["inputs"] == [{"name": "wide", "type": "INT", "to": [["1", "width"]]}]
    assert inside["outputs"] == [{"name": "LATENT", "type": "LATENT", "from": ["1", 0]}]
    assert inside["nodes"]["1"]["inputs"] == {"width": 64, "height": 32, "batch_size": 1}
    nodes = flat(ui)
    assert nodes["3"].inputs["latent_image"] == Link("5:1", 0)
    assert nodes["5:1"].inputs["width"] == Link("2", 0)


@pytest.mark.parametrize(
    "more",
    [
        {"values": (128,), "inputs": ("wide:INT:widget",)},
        {"values": (128,)},
        {"values": (128,), "widgets_values_named": {"wide": 128}},
        {"values": {"wide": 128}},
        {"values": (128,), "properties": {"proxyWidgets": [["-1", "wide"]]}},
    ],
)
def test_an_instance_types_values_into_ports(more: dict[str, Any]) -> None:
    nodes = flat(with_definitions(node(5, "s", **more), subgraphs=(sized(),)))
    assert nodes["5:1"].inputs["width"] == Const(128)


def test_values_of_an_instance_that_fit_nothing_are_told_and_kept() -> None:
    ui = with_definitions(node(5, "s", values=(1, 2, 3, 4)), subgraphs=(sized(),))
    assert [p.code for p in told(ui)] == ["widgets_misfit"]
    assert translated(ui).workflow["5"]["_meta"]["widgets_values"] == [1, 2, 3, 4]
    assert flat(ui)["5:1"].inputs["width"] == Const(64)


def test_widgets_that_instances_show_are_promoted() -> None:
    shown = [
        ["1", "height"],
        ["1", "width"],
        ["1", "control_after_generate"],
        ["1", "$$canvas-image-preview"],
        ["9", "x"],
    ]
    instance = node(5, "s", values=(200,), properties={"proxyWidgets": shown})
    ours = translated(with_definitions(instance, subgraphs=(sized(),))).workflow
    inside = ours["_workflow"]["_meta"]["subgraphs"]["s"]
    assert inside["widgets"] == [{"name": "height", "type": "INT", "to": [["1", "height"]]}]
    assert ours["5"]["inputs"] == {"height": 200}


def test_instances_may_list_slots_in_their_own_order() -> None:
    wires = ((-10, 0, 1, 0), (-10, 1, 1, 1), (1, 0, -20, 1))
    both = definition("s", size(), wires=wires, inputs=("w:INT", "h:INT"), outputs=("NOTHING:INT", "LATENT:LATENT"))
    instance = node(5, "s", ("h:INT",), ("LATENT:LATENT",))
    number = node(2, "PrimitiveInt", (), ("INT:INT",), (96, "fixed"))
    ui = with_definitions(number, instance, sampler(), subgraphs=(both,), wires=((2, 0, 5, 0), (5, 0, 3, 3)))
    nodes = flat(ui)
    assert nodes["5:1"].inputs["height"] == Link("2", 0)
    assert nodes["3"].inputs["latent_image"] == Link("5:1", 0)


def test_definitions_lie_inside_others() -> None:
    outer = definition(
        "o", node(7, "s", ("wide:INT",), ("LATENT:LATENT",)), wires=((-10, 0, 7, 0), (7, 0, -20, 0)),
        inputs=("wide:INT",), outputs=("LATENT:LATENT",),
    )  # fmt: skip
    ui = with_definitions(node(5, "o", values={"wide": 128}), subgraphs=(outer, sized()))
    assert flat(ui)["5:7:1"].inputs["width"] == Const(128)


def test_editors_nodes_inside_lead_to_ports_and_from_them() -> None:
    dot, back = (node(n, "Reroute", (":*",), (":*",)) for n in (8, 9))
    wires = ((-10, 0, 8, 0), (8, 0, 1, 0), (1, 0, 9, 0), (9, 0, -20, 0))
    part = definition("s", size(), dot, back, wires=wires, inputs=("wide:INT",), outputs=("LATENT:LATENT",))
    instance = node(5, "s", (), ("LATENT:LATENT",), {"wide": 128})
    nodes = flat(with_definitions(instance, sampler(), subgraphs=(part,), wires=((5, 0, 3, 3),)))
    assert nodes["5:1"].inputs["width"] == Const(128)
    assert nodes["3"].inputs["latent_image"] == Link("5:1", 0)


def test_an_output_straight_from_an_input_passes_it_on() -> None:
    part = definition("s", wires=((-10, 0, -20, 0),), inputs=("m:MODEL",), outputs=("M:MODEL", "NONE:CLIP"))
    instance = node(5, "s", ("m:MODEL",), ("M:MODEL", "NONE:CLIP"))
    wires = ((4, 0, 5, 0), (5, 0, 3, 0), (5, 1, 6, 0))
    nodes = flat(with_definitions(loader(), instance, sampler(), words(6), subgraphs=(part,), wires=wires))
    assert nodes["3"].inputs["model"] == Link("4", 0)
    assert "clip" not in nodes["6"].inputs


@pytest.mark.parametrize(("mode", "link"), [(2, None), (4, Link("4", 0))])
def test_an_instance_may_be_muted_or_bypassed(mode: int, link: Any) -> None:
    inner = node(1, "Unknown", ("model:MODEL",), ("MODEL:MODEL",))
    wires = ((-10, 0, 1, 0), (1, 0, -20, 0))
    part = definition("s", inner, wires=wires, inputs=("m:MODEL",), outputs=("M:MODEL",))
    instance = node(5, "s", ("m:MODEL",), ("M:MODEL",), mode=mode)
    ui = with_definitions(loader(), instance, sampler(), subgraphs=(part,), wires=((4, 0, 5, 0), (5, 0, 3, 0)))
    nodes = flat(ui)
    assert nodes["3"].inputs.get("model") == link
    assert "5:1" not in nodes


def test_ports_of_one_name_stay_apart() -> None:
    wires = ((-10, 0, 1, 0), (-10, 1, 1, 1))
    part = definition("s", size(), wires=wires, inputs=("size:INT", "size:INT"))
    meta = file(with_definitions(node(5, "s"), subgraphs=(part,)))["_workflow"]["_meta"]
    ports = {p["name"]: p["to"] for p in meta["subgraphs"]["s"]["inputs"]}
    assert ports == {"size": [["1", "width"]], "size_1": [["1", "height"]]}


def test_notes_and_frames_inside_stay_inside() -> None:
    frame = {"title": "In here", "bounding": [0, 0, 9, 9]}
    part = definition("s", node(1, "Note", values=("hi",)), groups=[frame])
    meta = file(with_definitions(node(5, "s"), subgraphs=(part,)))["_workflow"]["_meta"]
    assert [n["text"] for n in meta["subgraphs"]["s"]["notes"]] == ["hi"]
    assert [g["title"] for g in meta["subgraphs"]["s"]["groups"]] == ["In here"]
    assert "notes" not in meta


def grouped(instance: dict[str, Any], **data: Any) -> dict[str, Any]:
    """A group node of a loader, a prompt and a latent."""
    nodes = [
        {**loader(), "index": 0},
        {**node(0, "CLIPTextEncode", ("clip:CLIP",), ("CONDITIONING:CONDITIONING",), ("a cat",)), "index": 1},
        {**node(0, "EmptyLatentImage", ("height:INT:widget",), ("LATENT:LATENT",), (64, 32, 1)), "index": 2},
    ]
    group = {"nodes": nodes, "links": [[0, 1, 1, 0, 4, "CLIP"]], "external": [[0, 1, "CLIP"]], **data}
    return drawn(
        instance, sampler(), node(2, "PrimitiveInt", (), ("INT:INT",), (96, "fixed")),
        wires=((2, 0, 5, 0), (5, 0, 3, 0), (5, 3, 3, 1), (5, 4, 3, 3)), extra={"groupNodes": {"My group": group}},
    )  # fmt: skip


OUTPUTS = ("MODEL:MODEL", "CLIP:CLIP", "VAE:VAE", "CONDITIONING:CONDITIONING", "LATENT:LATENT")


@pytest.mark.parametrize("prefix", ["workflow/", "workflow>"])
def test_a_group_node_is_a_subgraph_with_the_instances_values(prefix: str) -> None:
    values = ("b.safetensors", "a dog", 256, 2)
    instance = node(5, f"{prefix}My group", ("EmptyLatentImage height:INT:widget",), OUTPUTS, values)
    nodes = flat(grouped(instance))
    assert nodes["5:0"].inputs["ckpt_name"] == Const("b.safetensors")
    assert nodes["5:1"].inputs == {"clip": Link("5:0", 1), "text": Const("a dog")}
    assert nodes["5:2"].inputs == {"height": Link("2", 0), "width": Const(256), "batch_size": Const(2)}
    assert nodes["3"].inputs["model"] == Link("5:0", 0)
    assert nodes["3"].inputs["positive"] == Link("5:1", 0)
    assert nodes["3"].inputs["latent_image"] == Link("5:2", 0)


def test_values_of_a_group_node_that_do_not_fit_are_told() -> None:
    instance = node(5, "workflow/My group", ("height:INT:widget",), OUTPUTS, ("b.safetensors",))
    ui = grouped(instance)
    assert [p.code for p in told(ui)] == ["widgets_misfit"]
    assert flat(ui)["5:1"].inputs["text"] == Const("a cat")


def test_group_nodes_with_the_same_values_share_a_definition() -> None:
    values = ("b.safetensors", "a dog", 256, 2)
    ui = grouped(node(5, "workflow/My group", ("height:INT:widget",), OUTPUTS, values))
    ui["nodes"] += [node(n, "workflow/My group", (), OUTPUTS, values) for n in (6, 7)]
    ui["nodes"].append(node(8, "workflow/My group", (), OUTPUTS, ("c", *values[1:])))
    ours = translated(ui).workflow
    assert [ours[n]["class_type"] for n in "5678"] == ["subgraph:My group"] * 3 + ["subgraph:My group_1"]


def test_a_group_node_without_its_definition_is_an_unknown_type() -> None:
    nodes = Graph.from_file(translated(drawn(node(5, "workflow/gone"))).workflow, REGISTRY).nodes
    assert nodes["5"].type == "workflow/gone"

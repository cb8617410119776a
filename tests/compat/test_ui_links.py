"""Links through the nodes that only exist in an editor lead to what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from engine.graph.graph import Const, Graph, Link
from engine.graph.problems import GraphError
from engine.graph.registry import Registry
from engine.graph.sentences import sentence
from tests.compat.ui_kit import REGISTRY, drawn, file, flat, loader, node, sampler, told, translated, words


def reroute(id: int, type: str = "Reroute") -> dict[str, Any]:
    return node(id, type, (":*",), (":*",))


def setter(id: int, name: str) -> dict[str, Any]:
    return node(id, "SetNode", ("MODEL:MODEL",), ("*:*",), (name,))


def getter(id: int, name: str) -> dict[str, Any]:
    return node(id, "GetNode", (), ("MODEL:MODEL",), (name,))


@pytest.mark.parametrize("type", ["Reroute", "Reroute (rgthree)"])
def test_reroutes_are_looked_through_and_stay_as_dots(type: str) -> None:
    dots = [reroute(5, type), reroute(6, type)]
    ui = drawn(loader(), *dots, sampler(), wires=((4, 0, 5, 0), (5, 0, 6, 0), (6, 0, 3, 0)))
    ours = file(ui)
    assert ours["3"]["inputs"]["model"] == ["4", 0]
    assert ours["3"]["_meta"]["reroutes"] == {"model": [[150.0, 50.0], [160.0, 50.0]]}
    assert set(ours) == {"3", "4"}


def test_dots_on_links_are_kept_from_source_to_end() -> None:
    dots = [{"id": 1, "pos": [1, 1]}, {"id": 2, "parentId": 1, "pos": [2, 2]}]
    extra = {"reroutes": dots, "linkExtensions": [{"id": 1, "parentId": 2}]}
    ours = file(drawn(loader(), sampler(), wires=((4, 0, 3, 0),), extra=extra))
    assert ours["3"]["_meta"]["reroutes"] == {"model": [[1, 1], [2, 2]]}


def test_a_primitive_types_its_value_into_all_that_it_feeds() -> None:
    size = node(1, "EmptyLatentImage", ("width:INT:widget", "height:INT:widget"), (), (1, 2, 3))
    primitive = node(2, "PrimitiveNode", (), ("INT:INT",), (96, "increment"))
    ours = file(drawn(size, primitive, wires=((2, 0, 1, 0), (2, 0, 1, 1))))
    assert ours["1"]["inputs"] == {"width": 96, "height": 96, "batch_size": 3}
    assert set(ours) == {"1"}


def test_a_primitive_without_a_value_leaves_the_widgets_own() -> None:
    size = node(1, "EmptyLatentImage", ("width:INT:widget",), (), (1, 2, 3))
    ui = drawn(size, node(2, "PrimitiveNode", (), ("connect:*",)), wires=((2, 0, 1, 0),))
    assert translated(ui).workflow["1"]["inputs"]["width"] == 1


def test_set_and_get_nodes_are_links_by_name() -> None:
    ui = drawn(loader(), setter(5, "m"), getter(6, "m"), sampler(), wires=((4, 0, 5, 0), (6, 0, 3, 0)))
    assert file(ui)["3"]["inputs"]["model"] == ["4", 0]


def test_a_set_node_passes_its_value_on_too() -> None:
    ui = drawn(loader(), setter(5, "m"), sampler(), wires=((4, 0, 5, 0), (5, 0, 3, 0)))
    assert file(ui)["3"]["inputs"]["model"] == ["4", 0]


def test_a_get_node_without_its_set_node_is_told() -> None:
    ui = drawn(getter(6, "gone"), sampler(), wires=((6, 0, 3, 0),))
    (problem,) = told(ui)
    assert sentence(problem) == (
        'Node 3 (KSampler), input model: its link leads through GetNode "gone", where it ends; '
        "the input is left unconnected."
    )


def test_rings_of_editors_nodes_end() -> None:
    ui = drawn(reroute(5), reroute(6), sampler(), wires=((5, 0, 6, 0), (6, 0, 5, 0), (6, 0, 3, 0)))
    assert [p.code for p in told(ui)] == ["lost_link"]


FIELDS = ("model:MODEL", "clip:CLIP", "positive:CONDITIONING")
OUTPUTS = ("CONTEXT:RGTHREE_CONTEXT", "MODEL:MODEL", "CLIP:CLIP", "POSITIVE:CONDITIONING")


def context(id: int, type: str = "Context", bases: tuple[str, ...] = ("base_ctx",), **more: Any) -> dict[str, Any]:
    fields = FIELDS if type in ("Context", "Context Big") else ()
    return node(id, f"{type} (rgthree)", (*(f"{b}:RGTHREE_CONTEXT" for b in bases), *fields), OUTPUTS, **more)


def test_a_context_gives_its_own_fields_and_else_those_of_its_base() -> None:
    ui = drawn(
        loader(1),
        loader(2),
        words(6),
        sampler(),
        context(7),
        context(8, "Context Big"),
        wires=((1, 0, 7, 1), (1, 1, 7, 2), (7, 0, 8, 0), (2, 0, 8, 1), (8, 1, 3, 0), (8, 2, 6, 0)),
    )
    ours = file(ui)
    assert ours["3"]["inputs"]["model"] == ["2", 0]
    assert ours["6"]["inputs"]["clip"] == ["1", 1]


@pytest.mark.parametrize(("type", "expected"), [("Context Switch", "1"), ("Context Merge", "2")])
def test_a_switch_takes_the_first_context_and_a_merge_prefers_the_last(type: str, expected: str) -> None:
    joined = context(9, type, ("ctx_01", "ctx_02"))
    ui = drawn(
        loader(1),
        loader(2),
        sampler(),
        context(7),
        context(8),
        joined,
        wires=((1, 0, 7, 1), (2, 0, 8, 1), (7, 0, 9, 0), (8, 0, 9, 1), (9, 1, 3, 0)),
    )
    assert file(ui)["3"]["inputs"]["model"] == [expected, 0]


def test_a_muted_context_counts_as_none() -> None:
    switch = context(9, "Context Switch", ("ctx_01", "ctx_02"))
    ui = drawn(
        loader(1),
        loader(2),
        sampler(),
        context(7, mode=2),
        context(8),
        switch,
        wires=((1, 0, 7, 1), (2, 0, 8, 1), (7, 0, 9, 0), (8, 0, 9, 1), (9, 1, 3, 0)),
    )
    assert file(ui)["3"]["inputs"]["model"] == ["2", 0]


def test_any_switch_takes_the_first_that_is_fed() -> None:
    switch = node(9, "Any Switch (rgthree)", ("any_01:*", "any_02:*", "any_03:*"), ("*:*",))
    wires = ((1, 0, 9, 0), (2, 0, 9, 1), (9, 0, 3, 0))
    assert file(drawn(loader(1), loader(2), switch, sampler(), wires=wires))["3"]["inputs"]["model"] == ["1", 0]
    muted = drawn(loader(1, mode=2), loader(2), switch, sampler(), wires=wires)
    assert file(muted)["3"]["inputs"]["model"] == ["2", 0]


def test_a_type_that_an_installed_pack_brings_is_a_node_like_others() -> None:
    from dataclasses import replace

    brought = Registry([*REGISTRY.values(), replace(REGISTRY["PreviewAny"], name="SetNode")])
    from engine.compat.workflow import translate

    assert "5" in translate(drawn(setter(5, "m")), brought).workflow


def test_notes_become_notes() -> None:
    note = node(5, "Note", values=("read me",), title="Hello", color="#432")
    markdown = node(6, "MarkdownNote", values=("# read me",))
    label = node(7, "Label (rgthree)", title="A label")
    meta = file(drawn(note, markdown, label))["_workflow"]["_meta"]
    place = {"size": [200, 100]}
    assert meta["notes"] == [
        {"title": "Hello", "pos": [50, 0], **place, "color": "#432", "text": "read me"},
        {"pos": [60, 0], **place, "text": "# read me", "markdown": True},
        {"title": "A label", "pos": [70, 0], **place, "text": "A label"},
    ]


@pytest.mark.parametrize("type", ["Fast Groups Muter (rgthree)", "Fast Bypasser (rgthree)", "Bookmark (rgthree)"])
def test_switches_of_the_editor_are_left_out_and_told(type: str) -> None:
    panel = node(5, type, ("model:MODEL",), ("OPT_CONNECTION:*",))
    ui = drawn(loader(), panel, sampler(), wires=((4, 0, 5, 0), (5, 0, 3, 0)))
    assert [p.code for p in told(ui)] == ["left_out"]
    assert set(translated(ui).workflow) == {"3", "4"}
    assert "model" not in translated(ui).workflow["3"]["inputs"]


def test_muted_and_bypassed_nodes_keep_their_mode() -> None:
    ui = drawn(loader(mode=2), sampler(mode=4), words(5, mode=1))
    ours = file(ui)
    assert (ours["4"]["_meta"]["mode"], ours["3"]["_meta"]["mode"]) == ("mute", "bypass")
    assert "mode" not in ours["5"]["_meta"]


def test_a_bypassed_node_of_an_unknown_type_is_healed_by_the_files_own_slots() -> None:
    lora = node(
        5, "SomeLoader", ("lora:STRING", "model:MODEL", "clip:CLIP"), ("CLIP:CLIP", "MODEL:MODEL"), ("x",), mode=4
    )
    ui = drawn(loader(), lora, sampler(), words(6), wires=((4, 0, 5, 1), (4, 1, 5, 2), (5, 1, 3, 0), (5, 0, 6, 0)))
    nodes = flat(ui)
    assert nodes["3"].inputs["model"] == Link("4", 0)
    assert nodes["6"].inputs["clip"] == Link("4", 1)


def test_an_unknown_type_keeps_its_data_and_names_its_pack() -> None:
    properties = {"cnr_id": "nice-pack", "ver": "1.2.3", "Node name for S&R": "Nice"}
    unknown = node(5, "Nice", ("model:MODEL",), ("MODEL:MODEL",), (1, "a"), properties=properties)
    entry = file(drawn(loader(), unknown, wires=((4, 0, 5, 0),)))["5"]
    assert entry["inputs"] == {"model": ["4", 0]}
    assert entry["_meta"]["pack"] == "nice-pack"
    assert entry["_meta"]["properties"] == {"cnr_id": "nice-pack", "ver": "1.2.3"}
    assert entry["_meta"]["widgets_values"] == [1, "a"]
    assert entry["_meta"]["slots"] == {"inputs": [["model", "MODEL"]], "outputs": [["MODEL", "MODEL"]]}
    other = node(6, "Other", properties={"aux_id": "someone/other"})
    assert file(drawn(other))["6"]["_meta"]["pack"] == "someone/other"


def test_looks_are_kept() -> None:
    shown = sampler(title="Mine", color="#222", bgcolor="#000", flags={"collapsed": True, "pinned": True})
    old = loader(pos={"0": 3, "1": 4}, size={"0": 5, "1": 6})
    frame = {"title": "G", "bounding": [1, 2, 3, 4], "color": "#3f789e", "font_size": 24, "flags": {"pinned": True}}
    ours = file(drawn(shown, old, groups=[frame]))
    meta = ours["3"]["_meta"]
    assert (meta["title"], meta["color"], meta["bgcolor"], meta["collapsed"], meta["pinned"]) == (
        "Mine",
        "#222",
        "#000",
        True,
        True,
    )
    assert (ours["4"]["_meta"]["pos"], ours["4"]["_meta"]["size"]) == ([3, 4], [5, 6])
    group = {"title": "G", "pos": [1, 2], "size": [3, 4], "color": "#3f789e", "font_size": 24, "pinned": True}
    assert ours["_workflow"]["_meta"]["groups"] == [group]


def test_a_chain_that_all_inputs_lead_through_is_refused_in_good_time() -> None:
    length, count = 3000, 100
    chain = [reroute(n) for n in range(1, length)]
    ends = [node(length + n, "PreviewAny", ("source:*",)) for n in range(count)]
    wires = [(n, 0, n + 1, 0) for n in range(1, length - 1)] + [(length - 1, 0, length + n, 0) for n in range(count)]
    with pytest.raises(GraphError, match="cannot be followed"):
        translated(drawn(*chain, *ends, wires=tuple(wires)))


def test_a_long_chain_alone_is_followed() -> None:
    chain = [reroute(n) for n in range(5, 20_000)]
    wires = ((4, 0, 5, 0), *((n, 0, n + 1, 0) for n in range(5, 19_999)), (19_999, 0, 3, 0))
    ours = translated(drawn(loader(), *chain, sampler(), wires=wires)).workflow
    assert ours["3"]["inputs"]["model"] == ["4", 0]


def test_the_graph_that_runs_has_constants_and_links() -> None:
    nodes = flat(drawn(loader(), sampler(), wires=((4, 0, 3, 0),)))
    assert nodes["3"].inputs["model"] == Link("4", 0)
    assert nodes["3"].inputs["steps"] == Const(20)
    assert isinstance(Graph(nodes), Graph)

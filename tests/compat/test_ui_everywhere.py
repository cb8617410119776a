"""Broadcasts feed the inputs that they reach, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compat.ui_kit import Wire, drawn, file, loader, node, sampler, told, translated, words


def everywhere(id: int, kind: str = "Anything Everywhere", slots: int = 1, **more: Any) -> dict[str, Any]:
    return node(id, kind, tuple(f"anything{n}:*" for n in range(slots)), (), **more)


def inputs(*parts: dict[str, Any], wires: tuple[Wire, ...], of: str = "3", **more: Any) -> dict[str, Any]:
    return dict(file(drawn(*parts, wires=wires, **more))[of]["inputs"])


def test_what_is_broadcast_reaches_open_inputs_of_its_type() -> None:
    parts = (loader(), everywhere(9, "Anything Everywhere3", 3), words(6), sampler())
    wires = ((4, 0, 9, 0), (4, 1, 9, 1), (4, 2, 9, 2))
    ours = file(drawn(*parts, wires=wires))
    assert ours["3"]["inputs"]["model"] == ["4", 0]
    assert ours["6"]["inputs"]["clip"] == ["4", 1]
    assert "positive" not in ours["3"]["inputs"]
    assert "9" not in ours


def test_connected_inputs_are_left_alone() -> None:
    found = inputs(loader(), loader(5), everywhere(9), sampler(), wires=((4, 0, 9, 0), (5, 0, 3, 0)))
    assert found["model"] == ["5", 0]


def test_muted_controllers_and_sources_broadcast_nothing() -> None:
    for source, controller in ((0, 2), (2, 0), (0, 4)):
        parts = (loader(mode=source), everywhere(9, mode=controller), sampler())
        assert "model" not in inputs(*parts, wires=((4, 0, 9, 0),))


def test_prompts_go_by_the_names_of_inputs() -> None:
    parts = (words(6), words(7), everywhere(9, "Prompts Everywhere", 2), sampler())
    found = inputs(*parts, wires=((6, 0, 9, 0), (7, 0, 9, 1)))
    assert (found["positive"], found["negative"]) == (["6", 0], ["7", 0])


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize(
    ("patterns", "reached"),
    [
        (("KSam", ".*", ".*"), True),
        (("Other", ".*", ".*"), False),
        ((".*", "^mod", ""), True),
        ((".*", "clip", ""), False),
    ],
)
def test_patterns_choose_titles_and_inputs(patterns: tuple[str, ...], reached: bool, new: bool) -> None:
    names = dict(zip(("title_regex", "input_regex", "group_regex"), patterns, strict=True))
    controller = (
        everywhere(9, properties={"ue_properties": {"version": "7.0", **names}})
        if new
        else everywhere(9, "Anything Everywhere?", values=patterns)
    )
    assert ("model" in inputs(loader(), controller, sampler(), wires=((4, 0, 9, 0),))) is reached


def test_groups_choose_by_name_and_by_company() -> None:
    frames = [{"title": "Left", "bounding": [0, 0, 145, 200]}, {"title": "Right", "bounding": [190, 0, 200, 200]}]
    parts = (loader(1), sampler(3), sampler(10))
    by_name = everywhere(2, "Anything Everywhere?", values=(".*", ".*", "Rig"))
    ours = file(drawn(*parts, by_name, wires=((1, 0, 2, 0),), groups=frames))
    assert ("model" in ours["3"]["inputs"], "model" in ours["10"]["inputs"]) == (False, True)
    company = everywhere(2, properties={"group_restricted": 1})
    ours = file(drawn(*parts, company, wires=((1, 0, 2, 0),), groups=frames))
    assert ("model" in ours["3"]["inputs"], "model" in ours["10"]["inputs"]) == (True, False)


def test_the_narrower_wins_and_equals_are_told() -> None:
    narrow = everywhere(8, "Anything Everywhere?", values=("KSampler", ".*", ""))
    wires = ((4, 0, 9, 0), (5, 0, 8, 0))
    assert inputs(loader(), loader(5), everywhere(9), narrow, sampler(), wires=wires)["model"] == ["5", 0]
    tie = drawn(loader(), loader(5), everywhere(9), everywhere(8), sampler(), wires=wires)
    assert "model" not in translated(tie).workflow["3"]["inputs"]
    assert [(p.code, p.node, p.input) for p in told(tie)] == [("ambiguous_broadcast", "3", "model")]


def test_what_the_pack_wrote_into_the_file_counts_first() -> None:
    link = {"downstream": 3, "downstream_slot": 0, "upstream": "4", "upstream_slot": 0, "controller": 9}
    parts = (loader(), loader(5), everywhere(9), everywhere(8), sampler())
    found = inputs(*parts, wires=((4, 0, 9, 0), (5, 0, 8, 0)), extra={"ue_links": [link]})
    assert found["model"] == ["4", 0]


def test_widgets_are_reached_where_they_were_converted_or_allow_it() -> None:
    number = node(5, "PrimitiveInt", (), ("INT:INT",), (96, "fixed"))
    for extra, properties, reached in (
        ({}, {}, True),
        ({"frontendVersion": "1.27.10"}, {}, False),
        ({"frontendVersion": "1.27.10"}, {"ue_properties": {"widget_ue_connectable": {"width": True}}}, True),
    ):
        size = node(1, "EmptyLatentImage", ("width:INT:widget",), (), (64, 32, 1), properties=properties)
        found = inputs(number, size, everywhere(9), wires=((5, 0, 9, 0),), of="1", extra=extra)
        assert (found["width"] == ["5", 0]) is reached


@pytest.mark.parametrize("pattern", ["(a+)+$", "(", "a" * 300, "(?=x)", ".*.*.*.*x", r"(a)\1"])
def test_patterns_that_could_take_for_ever_are_told_and_reach_nothing(pattern: str) -> None:
    controller = everywhere(9, "Anything Everywhere?", values=(pattern, ".*", ""))
    ui = drawn(loader(), controller, sampler(title="a" * 5000 + "!"), wires=((4, 0, 9, 0),))
    assert "model" not in translated(ui).workflow["3"]["inputs"]
    assert [p.code for p in told(ui)] == ["bad_pattern"]


def test_a_broadcast_reaches_what_a_reroute_feeds() -> None:
    dot = node(7, "Reroute", (":MODEL",), (":MODEL",))
    assert inputs(loader(), everywhere(9), dot, sampler(), wires=((4, 0, 9, 0), (7, 0, 3, 0)))["model"] == ["4", 0]

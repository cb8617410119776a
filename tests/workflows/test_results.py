"""What runs of whole graphs must agree on: stages, metadata, loops, caching."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.session import Session
from engine.workflow.error import WorkflowError

FOLDER = Path(__file__).parents[2] / "workflows"
TEXT_TO_IMAGE = FOLDER / "text_to_image.json"


def link(node: str, output: int = 0) -> list[Any]:
    return [node, output]


def api(**nodes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {id: {"class_type": type, "inputs": inputs} for id, (type, inputs) in nodes.items()}


def test_one_node_and_three_stages_give_the_same_picture(session: Session) -> None:
    short = {"Sampler.steps": 2}
    one = session.run(TEXT_TO_IMAGE, short).files[-1]
    three = session.run(FOLDER / "text_stages.json", short).files[-1]
    with Image.open(one) as a, Image.open(three) as b:
        assert a.tobytes() == b.tobytes()


def test_custom_sampling_and_the_plain_sampler_give_the_same_picture(session: Session) -> None:
    custom = session.run(FOLDER / "custom_sampling.json", {"Noise levels.steps": 3}).files[-1]
    values = {"Sampler.steps": 3, "Sampler.sampler_name": "dpmpp_2m", "Sampler.scheduler": "karras"}
    plain = session.run(TEXT_TO_IMAGE, values).files[-1]
    with Image.open(custom) as a, Image.open(plain) as b:
        assert a.tobytes() == b.tobytes()


def test_a_picture_carries_its_workflow_and_runs_again(session: Session) -> None:
    first = session.run(TEXT_TO_IMAGE, {"Sampler.steps": 2, "Sampler.seed": 12345}).files[-1]
    with Image.open(first) as picture:
        text = dict(picture.text)
    assert set(text) == {"prompt", "inkwater", "inkwater_run", "parameters"}
    assert json.loads(text["prompt"])["5"]["inputs"]["seed"] == 12345
    assert json.loads(text["inkwater"])["5"]["_meta"]["title"] == "Sampler"
    assert text["parameters"] == (
        "flat emoji of a fox on a yellow background\n"
        "Steps: 2, Sampler: Euler, Schedule type: Normal, CFG scale: 4.0, Seed: 12345, Size: 128x128, "
        "Model: mini-v1, Version: Inkwater"
    )
    again = session.run(first)
    assert not again.ran
    assert again.files == (first,)


def test_without_metadata_a_picture_carries_nothing(session: Session) -> None:
    file = session.run(TEXT_TO_IMAGE, {"Sampler.steps": 2}, metadata=False).files[-1]
    with Image.open(file) as picture:
        assert not picture.text


def test_a_deleted_picture_is_made_again(session: Session) -> None:
    values = {"Sampler.steps": 1}
    file = session.run(TEXT_TO_IMAGE, values).files[-1]
    before = file.read_bytes()
    file.unlink()
    again = session.run(TEXT_TO_IMAGE, values)
    assert again.ran == ("7",)
    assert again.files[-1].read_bytes() == before


def loop(items: Any, expression: str = "a * 10 + b", extra: int = 0) -> dict[str, Any]:
    return api(
        open=("ForEachOpen", {"items": {"__value__": items}}),
        outside=("PrimitiveInt", {"value": extra}),
        body=("MathExpression", {"expression": expression, "a": link("open"), "b": link("open", 1)}),
        sum=("MathExpression", {"expression": "a + b", "a": link("body"), "b": link("outside")}),
        close=("ForEachClose", {"loop": link("open", 2), "value": link("sum")}),
        show=("PreviewAny", {"source": link("close")}),
    )


def test_a_loop_runs_its_body_for_each_item(session: Session) -> None:
    assert session.run(loop([3, 4, 5]), targets=["close"])["close"] == [30, 41, 52]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 40])
def test_loops_of_any_length_keep_their_order(session: Session, count: int) -> None:
    items = [*range(count)]
    assert session.run(loop(items, "a", 1), targets=["close"])["close"] == [i + 1 for i in items]


def test_a_round_whose_item_is_known_is_not_run_again(session: Session) -> None:
    session.run(loop([71, 72], extra=500), targets=["close"])
    again = session.run(loop([71, 72, 73], extra=500), targets=["close"])
    assert again["close"] == [1210, 1221, 1232]
    ran = [id for id in again.ran if id.startswith("close.") and "list" not in id]
    assert ran == ["close.2.body", "close.2.sum"]


def test_a_changed_body_is_not_answered_by_the_old_one(session: Session) -> None:
    """The body is never made as an input of ForEachClose, and yet its recipe counts."""
    assert session.run(loop([1, 2], "a + b"), targets=["close"])["close"] == [1, 3]
    assert session.run(loop([1, 2], "a - b"), targets=["close"])["close"] == [1, 1]
    assert session.run(loop([1, 2], "a - b", 5), targets=["close"])["close"] == [6, 6]


def test_an_unchanged_loop_is_not_run_at_all(session: Session) -> None:
    session.run(loop([8, 9]))
    assert session.run(loop([8, 9])).ran == ()


def test_loops_in_loops(session: Session) -> None:
    graph = api(
        rows=("ForEachOpen", {"items": {"__value__": [1, 2]}}),
        columns=("ForEachOpen", {"items": {"__value__": [10, 20, 30]}}),
        cell=("MathExpression", {"expression": "a * b", "a": link("rows"), "b": link("columns")}),
        row=("ForEachClose", {"loop": link("columns", 2), "value": link("cell")}),
        all=("ForEachClose", {"loop": link("rows", 2), "value": link("row")}),
    )
    assert session.run(graph, targets=["all"])["all"] == [10, 20, 30, 20, 40, 60]


def test_an_inner_loop_over_what_the_outer_one_gives(session: Session) -> None:
    graph = api(
        lines=("ForEachOpen", {"items": {"__value__": ["a b", "c d e"]}}),
        words=("SplitText", {"text": link("lines"), "at": "words"}),
        each=("ForEachOpen", {"items": link("words")}),
        inner=("ForEachClose", {"loop": link("each", 2), "value": link("each")}),
        all=("ForEachClose", {"loop": link("lines", 2), "value": link("inner")}),
    )
    assert session.run(graph, targets=["all"])["all"] == ["a", "b", "c", "d", "e"]


def test_values_that_no_file_can_hold_go_through_a_loop(session: Session) -> None:
    """Latents as items: each round gets its own."""
    graph = api(
        sizes=("ForEachOpen", {"items": {"__value__": [16, 24, 32]}}),
        empty=("EmptyLatentImage", {"width": link("sizes"), "height": 16}),
        made=("ForEachClose", {"loop": link("sizes", 2), "value": link("empty")}),
        latents=("ForEachOpen", {"items": link("made")}),
        larger=("LatentUpscaleBy", {"samples": link("latents"), "scale_by": 2.0}),
        all=("ForEachClose", {"loop": link("latents", 2), "value": link("larger")}),
    )
    assert [latent.samples.shape[-1] for latent in session.run(graph, targets=["all"])["all"]] == [4, 6, 8]


def test_what_fails_in_a_round_is_named(session: Session) -> None:
    with pytest.raises(WorkflowError, match=r"close\.1\.body.*divides by zero"):
        session.run(loop([1, 0], "1 / a"), targets=["close"])


def test_a_close_without_its_open_is_told(session: Session) -> None:
    graph = api(close=("ForEachClose", {"loop": link("n"), "value": 1}), n=("PrimitiveInt", {"value": 1}))
    with pytest.raises(WorkflowError, match="LOOP"):
        session.run(graph, targets=["close"])


def test_nodes_beside_the_loop_map_over_its_items(session: Session) -> None:
    graph = api(
        open=("ForEachOpen", {"items": {"__value__": [2, 3]}}),
        square=("MathExpression", {"expression": "a * a", "a": link("open")}),
    )
    assert session.run(graph, targets=["square"])["square"] == ([4, 9], [4.0, 9.0])


def test_lists_are_mapped_and_shorter_ones_repeat_their_last(session: Session) -> None:
    graph = api(
        long=("SplitText", {"text": "a b c", "at": "words"}),
        one=("PrimitiveStringMultiline", {"value": link("long")}),
        both=("ListJoin", {"first": link("one"), "second": "z"}),
    )
    assert session.run(graph, targets=["both"])["both"] == ["a", "b", "c", "z"]


def test_if_makes_only_the_wanted_side(session: Session) -> None:
    def graph(condition: Any, expression: str = "1 / 0") -> dict[str, Any]:
        return api(
            yes=("MathExpression", {"expression": "41 + 1"}),
            no=("MathExpression", {"expression": expression}),
            test=("PrimitiveBoolean", {"value": condition}),
            pick=("If", {"condition": link("test"), "if_true": link("yes"), "if_false": link("no")}),
        )

    assert session.run(graph(True), targets=["pick"])["pick"] == 42
    with pytest.raises(WorkflowError, match="divides by zero"):
        session.run(graph(False), targets=["pick"])
    assert session.run(graph(False, "7"), targets=["pick"])["pick"] == 7


def test_if_between_a_list_and_a_value(session: Session) -> None:
    """Where either side may be a list, what comes behind is mapped; the one value counts as a list of one."""
    graph = api(
        many=("SplitText", {"text": "a b", "at": "words"}),
        test=("PrimitiveBoolean", {"value": False}),
        pick=("If", {"condition": link("test"), "if_true": link("many"), "if_false": "one"}),
        copy=("PrimitiveString", {"value": link("pick")}),
    )
    assert session.run(graph, targets=["copy"])["copy"] == ["one"]


def test_image_to_image_of_no_strength_is_the_picture_through_the_vae(session: Session) -> None:
    picture = FOLDER / "image_to_image.json"
    still = session.run(picture, {"Sampler.denoise": 0.0}, targets=["7"])["7"]
    graph = json.loads(picture.read_text())
    graph["7"]["inputs"]["samples"] = ["5", 0]
    assert np.array_equal(session.run(graph, targets=["7"])["7"], still)

"""What is known of a value is known behind every node that passes it on, so that what does not fit is told there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

import nodes
from engine.diffusion.types import Latent
from engine.files import Library
from engine.graph.check import check
from engine.graph.facts import Facts, Known
from engine.graph.graph import Const, Graph, Link
from engine.models.facts import JUDGES, describe
from nodes import latent_file
from tests.models import make, members

REGISTRY = nodes.registry()
SIZE = {"width": 64, "height": 64, "batch": 1}
KNOWN: dict[str, Facts] = {
    "Model": {"family": "f", "space": "s", "reads": 5},
    "Guider": {"family": "f", "space": "s", "reads": 5},
    "Clip": {"family": "f"},
    "Vae": {"space": "s"},
    "Conditioning": {"family": "f", "brings": (5,)},
    "ControlNet": {"family": "f"},
    "Latent": {"space": "s", "channels": 16, **SIZE},
    "Trace": {"space": "s", "channels": 16, **SIZE},
}
"""What the inputs of each type are said to be."""

LASTING = ("family", "space", "channels")
"""Facts that no node changes."""


def called(type_: Any) -> str:
    return getattr(type_, "__name__", "")


def passing() -> Iterator[tuple[str, int]]:
    for name, definition in REGISTRY.items():
        taken = {called(socket.type) for socket in definition.inputs}
        for i, output in enumerate(definition.outputs):
            made_from = {called(output.type)} | ({"Vae"} if called(output.type) == "Latent" else set())
            if called(output.type) in KNOWN and made_from & taken:
                yield name, i


@pytest.mark.parametrize(("name", "output"), [*passing()])
def test_what_is_known_of_a_value_stays_with_it(name: str, output: int) -> None:
    definition = REGISTRY[name]
    facts = {s.name: KNOWN[called(s.type)] for s in definition.inputs if called(s.type) in KNOWN}
    values = {s.name: facts.get(s.name, s.default) for s in definition.inputs}
    args = {name: Link("above", 0) if name in facts else Const(value) for name, value in values.items()}
    assert definition.facts is not None
    told = definition.facts(Known(values, facts, None, args=args))[output]
    type_ = called(definition.outputs[output].type)
    same = any(called(socket.type) == type_ for socket in definition.inputs)
    lasting = [name for name in LASTING if name in KNOWN[type_]] if same else ["space"]
    assert {name: told.get(name) for name in lasting} == {name: KNOWN[type_][name] for name in lasting}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("flow")
    for name in ("sd1", "sdxl", "sd2_depth"):
        make.write_header(folder / f"{name}.safetensors", members.shapes(members.FULL[name]))
    data = latent_file.write(Latent(torch.zeros(1, 16, 8, 8)), {})
    (folder / "input").mkdir()
    (folder / "input" / "wide.latent").write_bytes(data)
    (folder / "input" / "cut.latent").write_bytes(data[:-8])
    return Library({"checkpoints": (folder,), **{kind: (folder / kind,) for kind in ("input", "output", "temp")}})


def told(library: Library, graph: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """The problems of a graph with a checkpoint and a prompt of each family, that ends at the node "end"."""
    for name in ("sd1", "sdxl", "sd2_depth"):
        graph[name] = node("CheckpointLoaderSimple", ckpt_name=f"{name}.safetensors")
        graph[f"{name}_prompt"] = node("CLIPTextEncode", text="a fox", clip=[name, 1])
    graph["empty"] = node("EmptyLatentImage")
    found = check(
        Graph.from_api(graph), REGISTRY, ["end"], library=library, judges=JUDGES, describe=describe(library)
    ).problems
    return [(p.code, p.node, p.input) for p in found if p.severity == "error"]


def node(type_: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": type_, "inputs": inputs}


def sampled(model: Any, prompt: Any, latent: Any = ("empty", 0)) -> dict[str, Any]:
    return node("KSampler", model=[*model], positive=[*prompt], negative=[*prompt], latent_image=[*latent])


TWO = {"conditioning_1": ["sdxl_prompt", 0], "conditioning_2": ["sdxl_prompt", 0]}
BEHIND = {"conditioning_to": ["sdxl_prompt", 0], "conditioning_from": ["sdxl_prompt", 0]}


@pytest.mark.parametrize(
    "between",
    [
        node("ConditioningCombine", **TWO),
        node("ConditioningConcat", **BEHIND),
        node("ConditioningAverage", **BEHIND),
        node("ConditioningZeroOut", conditioning=["sdxl_prompt", 0]),
        node("If", condition=True, if_true=["sdxl_prompt", 0], if_false=["sd1_prompt", 0]),
        node("ListJoin", first=["sdxl_prompt", 0], second=["sdxl_prompt", 0]),
        node("ForEachOpen", items=["sdxl_prompt", 0]),
    ],
    ids=lambda between: str(between["class_type"]),
)
def test_a_prompt_of_another_family_is_told_behind_a_node(library: Library, between: dict[str, Any]) -> None:
    wrong = [("wrong_family", "end", "positive"), ("wrong_family", "end", "negative")]
    assert told(library, {"between": between, "end": sampled(("sd1", 0), ("between", 0))}) == wrong
    assert told(library, {"between": between, "end": sampled(("sdxl", 0), ("between", 0))}) == []


def test_prompts_of_two_families_are_told_where_they_meet(library: Library) -> None:
    two = {"conditioning_1": ["sdxl_prompt", 0], "conditioning_2": ["sd1_prompt", 0]}
    graph = {"both": node("ConditioningCombine", **two), "end": sampled(("sdxl", 0), ("both", 0))}
    assert told(library, graph) == [("wrong_family", "both", "conditioning_2")]


def test_a_choice_between_families_is_no_problem(library: Library) -> None:
    """Which it is may be known only when it runs."""
    linked = {"if_true": ["sdxl", 0], "if_false": ["sd1", 0]}
    graph = {
        "condition": node("PrimitiveBoolean", value=True),
        "model": node("If", condition=["condition", 0], **linked),
        "join": node("ListJoin", first=["sdxl", 0], second=["sd1", 0]),
    }
    for end in ("model", "join"):
        assert told(library, graph | {"end": node("ModelInfo", model=[end, 0])}) == []
    right, wrong = (sampled(("model", 0), (prompt, 0)) for prompt in ("sdxl_prompt", "sd1_prompt"))
    assert told(library, graph | {"end": right}) == []
    assert [code for code, *_ in told(library, graph | {"end": wrong})] == ["wrong_family"] * 2


def test_every_prompt_must_bring_what_the_model_reads(library: Library) -> None:
    """One of two with depth: the model reads it for both, and one without would lose it."""
    size = {"width": 64, "height": 64}
    graph = {
        "depth": node("PoseDraw", keypoints="{}", **size),
        "guide": node(
            "DepthConditioning",
            positive=["sd2_depth_prompt", 0],
            negative=["sd2_depth_prompt", 0],
            vae=["sd2_depth", 2],
            pixels=["depth", 0],
            depth=["depth", 0],
        ),
    }
    for other, problems in (("guide", 0), ("sd2_depth_prompt", 2)):
        both = node("ConditioningCombine", conditioning_1=["guide", 0], conditioning_2=[other, 0])
        found = told(library, graph | {"both": both, "end": sampled(("sd2_depth", 0), ("both", 0))})
        assert [code for code, *_ in found] == ["wrong_beside"] * problems


@pytest.mark.parametrize("type_", ["LatentUpscale", "LatentUpscaleBy", "LatentFlip", "LatentCut", "RebatchLatents"])
def test_latents_of_another_space_are_told_behind_a_node(library: Library, type_: str) -> None:
    name = "latents" if type_ == "RebatchLatents" else "samples"
    for vae, wrong in (("sdxl", []), ("sd1", [("wrong_family", "end", "vae")])):
        graph = {
            "sampled": sampled(("sdxl", 0), ("sdxl_prompt", 0)),
            "between": node(type_, **{name: ["sampled", 0]}),
            "end": node("VAEDecode", samples=["between", 0], vae=[vae, 2]),
        }
        assert told(library, graph) == wrong


def test_a_file_of_latents_tells_its_channels_and_whether_it_is_whole(library: Library) -> None:
    graph = {
        "latent": node("LoadLatent", latent="wide.latent"),
        "end": sampled(("sd1", 0), ("sd1_prompt", 0), ("latent", 0)),
    }
    assert told(library, graph) == [("wrong_channels", "end", "latent_image")]
    graph["latent"] = node("LoadLatent", latent="cut.latent")
    assert told(library, graph) == [("bad_model_file", "latent", "latent")]

"""Nodes that patch models: what they give, and what `check` says of files that do not fit."""

from __future__ import annotations

from typing import Any

import pytest

import nodes
from engine.files import Library
from engine.graph.check import Checked, check
from engine.graph.graph import Graph
from engine.graph.sentences import sentence
from engine.models.facts import JUDGES, describe
from engine.models.handle import Clip, Model, Patch
from nodes.loaders import Checkpoint
from tests.models import make, members
from tests.models.lora_files import pair, save, write_hypernetwork, write_lora
from tests.nodes.desk import Desk, call

REGISTRY = nodes.registry()
WIDTHS = {"sd1": 768, "sd2": 1024, "sdxl": 2048}
STEM = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    root = tmp_path_factory.mktemp("models")
    for kind in ("checkpoints", "loras", "hypernetworks"):
        (root / kind).mkdir()
    for family, width in WIDTHS.items():
        make.write_header(root / "checkpoints" / f"{family}.safetensors", members.shapes(members.MEMBERS[family]))
        for name in ("a", "b"):
            tensors = {f"{STEM}.{leaf}": tensor for leaf, tensor in pair((8, width)).items()}
            save(root / "loras" / f"{family}-{name}.safetensors", tensors)
    text = {f"lora_te_text_model_encoder_layers_0_mlp_fc1.{leaf}": t for leaf, t in pair((8, 1024)).items()}
    save(root / "loras" / "text.safetensors", text)
    (root / "loras" / "broken.safetensors").write_bytes(b"nothing at all")
    write_hypernetwork(root / "hypernetworks" / "v1.pt", {768: [768, 8, 768]})
    write_hypernetwork(root / "hypernetworks" / "v2.pt", {1024: [1024, 8, 1024]})
    kinds = ("checkpoints", "loras", "hypernetworks", "output", "temp")
    return Library({kind: (root / kind,) for kind in kinds})


def checked(library: Library, family: str, type_: str, **inputs: Any) -> Checked:
    graph: dict[str, dict[str, Any]] = {
        "c": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": f"{family}.safetensors"}},
        "p": {"class_type": type_, "inputs": {"model": ["c", 0], **inputs}},
    }
    if type_ == "LoraLoader":
        graph["p"]["inputs"]["clip"] = ["c", 1]
    return check(Graph.from_api(graph), REGISTRY, ["p"], library=library, judges=JUDGES, describe=describe(library))


@pytest.mark.parametrize("family", WIDTHS)
@pytest.mark.parametrize("type_", ["LoraLoader", "LoraLoaderModelOnly"])
def test_a_lora_of_the_models_family_fits_and_passes_its_facts_on(library: Library, family: str, type_: str) -> None:
    found = checked(library, family, type_, lora_name=f"{family}-a.safetensors")
    assert found.problems == ()
    assert [facts["family"] for facts in found.plan.steps["p"].facts] == [family] * (1 + (type_ == "LoraLoader"))


def test_a_lora_of_another_family_is_a_problem_with_the_files_that_fit(library: Library) -> None:
    found = checked(library, "sd1", "LoraLoader", lora_name="sdxl-a.safetensors")
    (problem,) = found.problems
    assert (problem.code, problem.node, problem.input) == ("wrong_family", "p", "lora_name")
    assert (problem.args["expected"], problem.args["found"]) == ("sd1", "sdxl")
    assert problem.mend is not None
    assert (problem.mend.kind, problem.mend.args) == (
        "choose",
        {"options": ("sd1-a.safetensors", "sd1-b.safetensors")},
    )
    assert found.plan.targets == ()
    assert sentence(problem)


def test_a_hypernetwork_of_another_family_is_one_too(library: Library) -> None:
    assert checked(library, "sd2", "HypernetworkLoader", hypernetwork_name="v2.pt").problems == ()
    (problem,) = checked(library, "sd2", "HypernetworkLoader", hypernetwork_name="v1.pt").problems
    assert (problem.code, problem.input) == ("wrong_family", "hypernetwork_name")
    assert problem.mend is not None
    assert problem.mend.args == {"options": ("v2.pt",)}


def test_a_file_that_is_no_lora_is_a_problem_at_its_input(library: Library) -> None:
    (problem,) = checked(library, "sd1", "LoraLoader", lora_name="broken.safetensors").problems
    assert (problem.code, problem.input) == ("bad_model_file", "lora_name")


def test_a_lora_without_a_denoiser_belongs_to_the_other_loader(library: Library) -> None:
    (problem,) = checked(library, "sd2", "LoraLoaderModelOnly", lora_name="text.safetensors").problems
    assert (problem.code, problem.input) == ("bad_model_file", "lora_name")
    assert "changes only text encoders" in sentence(problem)
    assert problem.mend is not None
    assert (problem.mend.kind, problem.mend.args) == ("retype", {"options": ["LoraLoader"]})
    assert checked(library, "sd2", "LoraLoader", lora_name="text.safetensors").problems == ()


def test_strengths_by_block_are_read_before_the_run(library: Library) -> None:
    inputs = {"lora_name": "sd1-a.safetensors", "blocks": "input 0.5, midle 1, output_4 0"}
    (problem,) = checked(library, "sd1", "LoraLoader", **inputs).problems
    assert (problem.code, problem.input, problem.args["entry"]) == ("bad_blocks", "blocks", "midle 1")
    assert "midle 1" in sentence(problem)
    assert problem.mend is not None
    assert problem.mend.args == {"value": "input 0.5, output_4 0"}
    assert checked(library, "sd1", "LoraLoader", **inputs | problem_mended(problem)).problems == ()


def problem_mended(problem: Any) -> dict[str, Any]:
    return {problem.input: problem.mend.args["value"]}


def test_keys_hold_the_file_the_strength_and_the_blocks(library: Library) -> None:
    told: list[dict[str, Any]] = [
        {"lora_name": "sd1-a.safetensors"},
        {"lora_name": "sd2-a.safetensors"},
        {"lora_name": "sd1-a.safetensors", "strength_model": 0.5},
        {"lora_name": "sd1-a.safetensors", "blocks": "input 0.5"},
    ]
    graphs: list[dict[str, Any]] = [
        {"p": {"class_type": "LoraLoaderModelOnly", "inputs": {"model": ["c", 0], **inputs}}} for inputs in told
    ]
    loader = {"c": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd1.safetensors"}}}
    keys = {check(Graph.from_api(loader | g), REGISTRY, ["p"], library=library).plan.steps["p"].key for g in graphs}
    assert len(keys) == len(told)


@pytest.fixture
def lora(context: Desk) -> Any:
    root = context.library.folder("checkpoints").parent / "loras"
    root.mkdir(exist_ok=True)
    write_lora(root / "both.safetensors", make.TINY)
    shapes = {f"{STEM}.{leaf}": tensor for leaf, tensor in pair((64, 64)).items()}
    save(root / "unet.safetensors", shapes)
    context.library = context.library.replaced("loras", root)
    return lambda name: context.library.ref("loras", f"{name}.safetensors")


def loaded(parts: Checkpoint, context: Desk, **inputs: Any) -> tuple[Model, Clip]:
    made = call(REGISTRY["LoraLoader"].fn, model=parts.MODEL, clip=parts.CLIP, context=context, **inputs)
    return made.MODEL, made.CLIP


def test_each_part_gets_its_strength(parts: Checkpoint, context: Desk, lora: Any) -> None:
    model, clip = loaded(
        parts, context, lora_name=lora("both"), strength_model=0.5, strength_clip=-2.0, blocks="input 0.25"
    )
    blocks = (("input", 0.25),)
    assert model.handle.patches == (Patch(lora("both"), 0.5, "lora", blocks),)
    assert [handle.patches for handle in clip.handles] == [(Patch(lora("both"), -2.0, "lora", blocks),)]
    assert model.handle.base == parts.MODEL.handle.base
    again, _ = call(REGISTRY["LoraLoader"].fn, model=model, clip=clip, lora_name=lora("unet"), context=context)
    assert [patch.strength for patch in again.handle.patches] == [0.5, 1.0]


def test_what_changes_nothing_is_the_same_handle(parts: Checkpoint, context: Desk, lora: Any) -> None:
    still = {"strength_model": 0.0, "strength_clip": 0.0}
    assert loaded(parts, context, lora_name=lora("both"), **still) == (parts.MODEL, parts.CLIP)
    model, clip = loaded(parts, context, lora_name=lora("unet"))
    assert model != parts.MODEL
    assert clip == parts.CLIP


def test_the_tag_of_a_prompt_offers_a_node_that_is_there(library: Library) -> None:
    graph = {
        "c": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd1.safetensors"}},
        "t": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["c", 1], "text": "a fox <lora:sd1-a:0.8>"}},
    }
    (problem,) = check(Graph.from_api(graph), REGISTRY, ["t"], library=library).problems
    assert problem.mend is not None
    assert problem.mend.kind == "insert"
    definition = REGISTRY[problem.mend.args["type"]]
    assert problem.mend.args["inputs"].keys() <= {socket.name for socket in definition.inputs}
    name = library.near("loras", problem.mend.args["inputs"]["lora_name"])[0]
    inputs = problem.mend.args["inputs"] | {"lora_name": name}
    found = checked(library, "sd1", "LoraLoader", **inputs)
    assert found.problems == ()

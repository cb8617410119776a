"""ControlNets by their nodes: what they do to a picture, and what is told before the run."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import nodes
from engine.diffusion.types import Cond, Conditioning, Image
from engine.files import Library
from engine.graph.check import check
from engine.graph.graph import Graph
from engine.graph.problems import Mend
from engine.graph.sentences import sentence
from engine.models.control_files import MODES
from engine.models.facts import JUDGES, describe
from engine.models.handle import ControlNet
from nodes.control import control_net_apply, control_net_apply_advanced, control_net_loader, set_union_control_net_type
from nodes.latent import empty_latent_image
from nodes.loaders import Checkpoint
from nodes.sampling import k_sampler
from tests.models import controls, make, members
from tests.nodes.desk import Desk, call

REGISTRY = nodes.registry()
HINT = Image(torch.rand(1, 32, 32, 3, generator=torch.Generator().manual_seed(1)))


@pytest.fixture
def net(context: Desk) -> ControlNet:
    folder = context.library.folder("controlnet")
    folder.mkdir(exist_ok=True)
    path = folder / "tiny.safetensors"
    if not path.exists():
        controls.write_layout(path, controls.TINY, "mini1", "ldm")
    return control_net_loader(control_net_name=context.library.ref("controlnet", path.name), context=context)


def prompt(value: float) -> Conditioning:
    return Conditioning((Cond(torch.full((1, 77, 64), value)),))


def sampled(context: Desk, parts: Checkpoint, positive: Conditioning, negative: Conditioning) -> torch.Tensor:
    latent = call(
        k_sampler,
        model=parts.MODEL,
        seed=1,
        steps=2,
        positive=positive,
        negative=negative,
        latent_image=empty_latent_image(width=32, height=32),
        context=context,
    )
    samples: torch.Tensor = latent.samples
    return samples


def test_a_controlnet_changes_the_picture_as_strongly_as_it_is_told(
    context: Desk, parts: Checkpoint, net: ControlNet
) -> None:
    def distance(strength: float) -> float:
        steered = control_net_apply(conditioning=prompt(0.1), control_net=net, image=HINT, strength=strength)
        return float((sampled(context, parts, steered, prompt(0.0)) - plain).norm())

    plain = sampled(context, parts, prompt(0.1), prompt(0.0))
    assert distance(0.0) == 0
    assert 0 < distance(0.05) < distance(0.5)


def test_the_old_node_steers_both_prompts_as_the_new_one_does(
    context: Desk, parts: Checkpoint, net: ControlNet
) -> None:
    old = control_net_apply(conditioning=prompt(0.1), control_net=net, image=HINT)
    new = control_net_apply_advanced(positive=prompt(0.1), negative=prompt(0.0), control_net=net, image=HINT)
    expected = sampled(context, parts, new.positive, new.negative)
    assert torch.equal(sampled(context, parts, old, prompt(0.0)), expected)
    assert not torch.equal(sampled(context, parts, new.positive, prompt(0.0)), expected)


def test_several_follow_one_another(net: ControlNet) -> None:
    once = control_net_apply(conditioning=prompt(0.1), control_net=net, image=HINT, strength=0.5)
    twice = control_net_apply_advanced(
        positive=once, negative=prompt(0.0), control_net=net, image=HINT, start_percent=0.2, end_percent=0.6
    )
    assert [c.strength for c in twice.positive[0].controls] == [0.5, 1.0]
    assert [c.when for c in twice.positive[0].controls] == [(0.0, 1.0), (0.2, 0.6)]
    assert len(twice.negative[0].controls) == 1


def test_the_type_goes_with_the_controlnet(net: ControlNet) -> None:
    typed = set_union_control_net_type(control_net=net, type="depth")
    (steered,) = control_net_apply(conditioning=prompt(0.1), control_net=typed, image=HINT)
    assert steered.controls[0].mode == "depth"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    tmp_path = tmp_path_factory.mktemp("controls")
    kinds = ("controlnet", "checkpoints", "input", "output", "temp")
    for kind in kinds:
        (tmp_path / kind).mkdir()
    for name in ("sd1", "sd2", "sdxl"):
        table = controls.shapes(controls.layout(name, 0, members.FULL), name, "ldm")
        make.write_header(tmp_path / "controlnet" / f"control-{name}.safetensors", table)
        make.write_header(tmp_path / "checkpoints" / f"{name}.safetensors", members.shapes(members.FULL[name]))
    union = controls.shapes(controls.layout("sdxl", 6, members.FULL), "sdxl", "diffusers")
    make.write_header(tmp_path / "controlnet" / "union.safetensors", union)
    whole = controls.shapes(controls.layout("sd1", 0, members.FULL), "sd1", "ldm")
    make.write_header(tmp_path / "controlnet" / "diff.safetensors", whole | {"difference": ()})
    make.write(tmp_path / "controlnet" / "lora.safetensors", {"lora_unet_a.alpha": (1,)})
    return Library({kind: (tmp_path / kind,) for kind in kinds})


def problems(library: Library, model: str, control: str, loader: str = "ControlNetLoader", **changes: Any) -> list[Any]:
    def of(type_: str, **inputs: Any) -> dict[str, Any]:
        return {"class_type": type_, "inputs": inputs}

    graph = {
        "model": of("CheckpointLoaderSimple", ckpt_name=f"{model}.safetensors"),
        "prompt": of("CLIPTextEncode", text="a cat", clip=["model", 1]),
        "loader": of(loader, control_net_name=f"{control}.safetensors"),
        "type": of("SetUnionControlNetType", control_net=["loader", 0], type=changes.get("type", "auto")),
        "latent": of("EmptyLatentImage"),
        "picture": of("VAEDecode", samples=["latent", 0], vae=["model", 2]),
        "apply": of(
            "ControlNetApplyAdvanced",
            positive=["prompt", 0],
            negative=["prompt", 0],
            control_net=["type", 0],
            image=["picture", 0],
        ),
        "sampler": of(
            "KSampler",
            model=["model", 0],
            positive=["apply", 0],
            negative=["apply", 1],
            latent_image=["latent", 0],
        ),
    }
    if loader == "DiffControlNetLoader":
        graph["loader"]["inputs"]["model"] = ["model", 0]
    told = check(
        Graph.from_api(graph), REGISTRY, ["sampler"], library=library, judges=JUDGES, describe=describe(library)
    )
    return list(told.problems)


@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl"])
@pytest.mark.parametrize("loader", ["ControlNetLoader", "DiffControlNetLoader"])
def test_a_controlnet_of_the_models_family_fits(library: Library, name: str, loader: str) -> None:
    assert problems(library, name, f"control-{name}", loader) == []


def test_one_of_another_family_is_a_problem_before_the_run(library: Library) -> None:
    (told,) = problems(library, "sd1", "control-sdxl")
    assert (told.code, told.node, told.input) == ("wrong_family", "apply", "control_net")
    assert (told.args["found"], told.args["expected"]) == ("sdxl", "sd1")
    assert "sdxl" in sentence(told).lower() or "XL" in sentence(told)


def test_the_files_that_would_fit_are_offered(library: Library) -> None:
    (told,) = problems(library, "sd1", "control-sdxl", "DiffControlNetLoader")
    assert (told.code, told.node, told.input) == ("wrong_family", "loader", "control_net_name")
    assert told.mend == Mend("choose", {"options": ("control-sd1.safetensors", "diff.safetensors")})


def test_a_file_of_another_kind_is_a_problem_before_the_run(library: Library) -> None:
    (told,) = problems(library, "sd1", "lora")
    assert (told.code, told.input) == ("bad_model_file", "control_net_name")
    assert "lora.safetensors is a LoRA; load it with LoraLoader." in sentence(told)


def test_a_difference_needs_its_model(library: Library) -> None:
    (told,) = problems(library, "sd1", "diff")
    assert (told.code, told.input, told.mend) == (
        "bad_model_file",
        "control_net_name",
        Mend("retype", {"options": ["DiffControlNetLoader"]}),
    )
    assert problems(library, "sd1", "diff", "DiffControlNetLoader") == []


def test_a_type_that_a_union_does_not_know_is_a_problem_before_the_run(library: Library) -> None:
    assert problems(library, "sdxl", "union", type="segment") == []
    assert problems(library, "sd1", "control-sd1", type="tile") == []
    (told,) = problems(library, "sdxl", "union", type="tile")
    assert (told.node, told.input) == ("type", "type")
    assert told.mend == Mend("choose", {"options": ["auto", *MODES[:6]]})

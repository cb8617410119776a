"""What `check` says of model files, before anything is loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import nodes.latent
import nodes.loaders
import nodes.sampling
import nodes.text
from engine.files import Library
from engine.graph.check import check
from engine.graph.graph import Graph
from engine.graph.problems import Refused
from engine.graph.registry import Registry
from engine.graph.sentences import tell
from engine.models.facts import JUDGES, describe
from tests.models import make, members
from tests.models.test_detect import SD1

ALL = nodes.registry()
REGISTRY = Registry.of(nodes.loaders, nodes.text, nodes.latent, nodes.sampling)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    for name, size, parts in (
        ("sd1", SD1, make.PARTS),
        ("mini", make.TINY, make.PARTS),
        ("no-clip", SD1, ("denoiser", "vae")),
        ("vae", SD1, ("vae",)),
    ):
        make.write_header(tmp_path / f"{name}.safetensors", make.shapes(size, parts))
    (tmp_path / "broken.safetensors").write_bytes(b"nothing at all")
    return Library({"checkpoints": (tmp_path,), "output": (tmp_path / "output",), "temp": (tmp_path / "temp",)})


def problems(library: Library, model: str, clip: str) -> list[Any]:
    def loader(name: str) -> dict[str, Any]:
        return {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": f"{name}.safetensors"}}

    graph = {
        "model": loader(model),
        "clip": loader(clip),
        "prompt": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["clip", 1]}},
        "empty": {"class_type": "EmptyLatentImage", "inputs": {}},
        "sampler": {
            "class_type": "KSampler",
            "inputs": {
                "model": ["model", 0],
                "positive": ["prompt", 0],
                "negative": ["prompt", 0],
                "latent_image": ["empty", 0],
            },
        },
    }
    told = check(
        Graph.from_api(graph), REGISTRY, ["sampler"], library=library, judges=JUDGES, describe=describe(library)
    )
    return [(p.code, p.node, p.input) for p in told.problems]


def test_parts_of_one_family_fit(library: Library) -> None:
    assert problems(library, "sd1", "sd1") == []
    assert problems(library, "mini", "mini") == []


def test_parts_of_two_families_do_not(library: Library) -> None:
    assert ("wrong_family", "sampler", "positive") in problems(library, "sd1", "mini")


@pytest.mark.parametrize("name", ["vae", "broken"])
def test_a_file_that_is_of_no_use_is_told_at_its_input(library: Library, name: str) -> None:
    assert problems(library, name, name) == [
        ("bad_model_file", "model", "ckpt_name"),
        ("bad_model_file", "clip", "ckpt_name"),
    ]


def test_a_part_that_the_file_lacks_is_told_where_it_is_used(library: Library) -> None:
    assert problems(library, "no-clip", "no-clip") == [("missing_part", "prompt", "clip")]
    assert problems(library, "no-clip", "sd1") == []


def test_the_whole_reason_is_told(library: Library, tmp_path: Path) -> None:
    wide = replace(make.TINY, unet=replace(make.TINY.unet, context=512))
    make.write_header(tmp_path / "v5.safetensors", make.shapes(wide, ("denoiser",)))
    with pytest.raises(Refused) as told:
        describe(library)(library.ref("checkpoints", "v5.safetensors"))
    text = tell(told.value.code, told.value.details)
    assert text.startswith("v5.safetensors: it holds a denoiser (UNet) of no known family (Stable Diffusion 1.x, ")
    assert text.endswith("[64, 512].")


def checked(library: Library, **nodes_: Any) -> list[tuple[str, Any, Any]]:
    told = check(Graph.from_api(nodes_), ALL, library=library, judges=JUDGES, describe=describe(library))
    return [(p.code, p.node, p.input) for p in told.problems if p.severity == "error"]


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def pictures(
    library: Library, model: str, vae: str, loader: str = "CheckpointLoaderSimple", *, empty: bool = False
) -> list[Any]:
    """From a picture through `vae` into `model` and back; `empty`, from nothing."""
    which = {"CheckpointLoaderSimple": ("ckpt_name", 2), "VAELoader": ("vae_name", 0)}[loader]
    return checked(
        library,
        model=node("CheckpointLoaderSimple", ckpt_name=f"{model}.safetensors"),
        vae=node(loader, **{which[0]: f"{vae}.safetensors"}),
        picture=node("LoadImage", image="a.png"),
        start=node("EmptyLatentImage") if empty else node("VAEEncode", pixels=["picture", 0], vae=["vae", which[1]]),
        prompt=node("CLIPTextEncode", text="a cat", clip=["model", 1]),
        sampler=node(
            "KSampler", model=["model", 0], positive=["prompt", 0], negative=["prompt", 0], latent_image=["start", 0]
        ),
        end=node("VAEDecode", samples=["sampler", 0], vae=["vae", which[1]]),
        save=node("PreviewImage", images=["end", 0]),
    )


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Library:
    tmp_path = tmp_path_factory.mktemp("families")
    for name, full in members.FULL.items():
        make.write_header(tmp_path / f"{name}.safetensors", members.shapes(full))
    vae = {n: s for n, s in members.shapes(members.FULL["sdxl"]).items() if n.startswith("first_stage_model.")}
    make.write_header(tmp_path / "vae.safetensors", vae)
    make.write_header(tmp_path / "mini.safetensors", make.shapes(make.TINY))
    (tmp_path / "input").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "input" / "a.png")
    own = {kind: (tmp_path / kind,) for kind in ("input", "output", "temp")}
    return Library({"checkpoints": (tmp_path,), "vae": (tmp_path,), **own})


@pytest.mark.parametrize("name", ["sd1", "sd2_v", "sdxl", "sdxl_refiner", "mini"])
def test_a_family_fits_itself(families: Library, name: str) -> None:
    assert pictures(families, name, name) == []


def test_families_that_share_latents_share_autoencoders(families: Library) -> None:
    assert pictures(families, "sd1", "sd2") == []
    assert pictures(families, "sdxl_refiner", "sdxl") == []
    for model, vae in (("sd1", "sdxl"), ("sdxl", "sd2"), ("mini", "sd1")):
        assert pictures(families, model, vae) == [("wrong_family", "sampler", "latent_image")]
        assert pictures(families, model, vae, empty=True) == [("wrong_family", "end", "vae")]


@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl"])
def test_a_lone_autoencoder_is_of_no_family(families: Library, name: str) -> None:
    """Those of v1, v2 and XL have the same names and sizes."""
    assert pictures(families, name, "vae", "VAELoader") == []
    assert "family" not in describe(families)(families.ref("vae", "vae.safetensors"))


def test_a_refiner_takes_prompts_of_its_own_encoder(families: Library) -> None:
    assert ("wrong_family", "sampler", "positive") in problems(families, "sdxl_refiner", "sdxl")
    assert ("wrong_family", "sampler", "positive") in problems(families, "sd2", "sd1")

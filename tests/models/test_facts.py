"""What `check` says of model files, before anything is loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

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
from tests.models import make
from tests.models.test_detect import SD1

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

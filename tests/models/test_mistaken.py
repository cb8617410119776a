"""A file that was chosen for something else is told as what it is, with the node that loads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.models.classifier_files import inspect_classifier
from engine.models.control_files import inspect_control
from engine.models.depth_files import inspect_depth
from engine.models.edge_files import inspect_edges
from engine.models.embeddings import vectors_in
from engine.models.header import ModelFileError
from engine.models.hypernetwork_file import inspect_hypernetwork
from engine.models.lora.file import inspect_lora
from engine.models.upscale_files import inspect_upscaler
from tests.models import controls, lora_files, make, members, vision

KINDS = {
    "LoraLoader": lambda path: lora_files.write_lora(path, make.TINY),
    "ControlNetLoader": lambda path: controls.write(path, "sd1"),
    "CheckpointLoaderSimple": lambda path: make.write_checkpoint(path, make.TINY),
    "VAELoader": lambda path: make.write(path, members.vae_shapes(members.MEMBERS["sd1"], "ldm"), "fp16"),
    "CLIPLoader": lambda path: make.write_header(path, {f"text_model.encoder.{i}": (2, 2) for i in range(99)}),
    "UNETLoader": lambda path: make.write_header(path, members.unet_shapes(members.MEMBERS["sd1"])),
    "DepthModelLoader": lambda path: save_file(vision.depth_network(vision.TINY_HYBRID).state_dict(), path),
    "UpscaleModelLoader": lambda path: save_file(vision.rrdb(), path),
    "models/embeddings": lambda path: save_file({"emb_params": torch.randn(2, 768)}, path),
}
"""A file of each kind, by what its error names."""

READERS: dict[str, Callable[[Path], object]] = {
    "LoraLoader": inspect_lora,
    "ControlNetLoader": inspect_control,
    "DepthModelLoader": inspect_depth,
    "UpscaleModelLoader": inspect_upscaler,
    "models/embeddings": vectors_in,
    "classifier": inspect_classifier,
    "edges": inspect_edges,
    "hypernetwork": inspect_hypernetwork,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kinds")
    for kind, make_file in KINDS.items():
        make_file(folder / f"{kind.replace('/', ' ')}.safetensors")
    return folder


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", KINDS)
def test_another_kind_of_file_is_named(files: Path, kind: str, reader: str) -> None:
    path = files / f"{kind.replace('/', ' ')}.safetensors"
    if kind == reader:
        READERS[reader](path)
        return
    with pytest.raises(ModelFileError) as told:
        READERS[reader](path)
    assert kind in str(told.value).removeprefix(path.name)
    assert str(told.value).endswith((".", "prompt."))

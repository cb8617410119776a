"""Fingerprints of models and the like: the same for the same files and numbers, another for any other."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.diffusion.guidance import Cfg
from engine.diffusion.types import Cond, Conditioning, ModelSampling, Noise
from engine.digests import WHOLE
from engine.files import FileRef, Library
from engine.models.codecs import codecs
from engine.models.handle import Clip, Guider, Model, ModelHandle, Patch, Vae
from engine.recording.prints import Print, prints
from engine.why import Ran, changes, first_difference
from tests.models.lora_files import write_lora
from tests.models.make import TINY
from tests.recording.conftest import Graph, Studio, workflow


@pytest.fixture
def print_of(tmp_path: Path) -> Print:
    return prints(codecs(), Library({"checkpoints": (tmp_path,)}))


FILE = FileRef("checkpoints", "a.safetensors", "sha256:aa")
MODEL = Model(ModelHandle(FILE, "sd1", "denoiser"))
LORA = Patch(FileRef("loras", "l", "sha256:bb"), 0.5)

CHANGES: tuple[Callable[[Model], Model], ...] = (
    lambda m: replace(m, handle=replace(m.handle, source=replace(FILE, digest="sha256:cc"))),
    lambda m: replace(m, handle=m.handle.patched(LORA)),
    lambda m: replace(m, handle=m.handle.patched(replace(LORA, strength=0.25))),
    lambda m: replace(m, handle=replace(m.handle, storage="fp8_e4m3fn")),
    lambda m: replace(m, sampling=ModelSampling("v")),
    lambda m: replace(m, rescale=0.7),
)


def test_each_change_of_a_model_has_a_fingerprint_of_its_own(print_of: Print) -> None:
    found = [print_of((change(MODEL),)) for change in (lambda m: m, *CHANGES)]
    assert all(found)
    assert len(set(found)) == len(found)
    assert print_of((replace(MODEL),)) == found[0]
    assert print_of((replace(MODEL, handle=replace(MODEL.handle, source=replace(FILE, name="b"))),)) == found[0]


def test_types_with_the_same_fields_are_told_apart(print_of: Print) -> None:
    handle = ModelHandle(FILE, "sd1", "vae")
    cond = Conditioning((Cond(torch.ones(1, 77, 8)),))
    guider = Guider(MODEL, Cfg(cond, cond, 4.0))
    values = (
        Vae(handle),
        Clip((handle,)),
        handle,
        guider,
        replace(guider, rule=Cfg(cond, cond, 5.0)),
        Noise(1),
        Noise(2),
    )
    found = [print_of((value,)) for value in values]
    assert all(found)
    assert len(set(found)) == len(found)


def test_what_has_no_fields_has_none(print_of: Print) -> None:
    assert print_of((object(),)) == ""
    assert print_of((print_of,)) == ""


def test_a_large_file_counts_by_its_content_and_not_by_its_time(tmp_path: Path) -> None:
    library = Library({"checkpoints": (tmp_path,)})
    print_of = prints(codecs(), library)
    file = tmp_path / "a.safetensors"

    def found() -> str:
        return print_of((replace(MODEL, handle=ModelHandle(library.ref("checkpoints", file.name), "sd1", "denoiser")),))

    with file.open("wb") as large:
        large.truncate(WHOLE + 1)
    first, ref = found(), library.ref("checkpoints", file.name)
    os.utime(file, (5, 5))
    assert library.ref("checkpoints", file.name) != ref
    assert found() == first
    with file.open("r+b") as changed:
        changed.write(b"1")
    assert found() != first


def test_why_names_the_loader_that_gave_another_model(studio: Studio) -> None:
    def patched(seed: int, strength: float) -> Graph:
        graph = workflow(seed)
        inputs = {"model": ["1", 0], "lora_name": "red.safetensors", "strength_model": strength}
        graph["8"] = {"class_type": "LoraLoaderModelOnly", "inputs": inputs}
        graph["5"]["inputs"]["model"] = ["8", 0]
        return graph

    place = studio.session.library.folder("loras")
    place.mkdir(parents=True, exist_ok=True)
    write_lora(place / "red.safetensors", TINY)
    graphs = [patched(200, strength) for strength in (0.25, 0.75)]
    noted = [studio.record(graph) for graph in graphs]
    was, now = (studio.session.check(graph).plan.graph for graph in graphs)
    first = first_difference(Ran(was, noted[0].outputs), Ran(now, noted[1].outputs), changes(was, now))
    assert first is not None
    assert (first.node, first.kind) == ("8", "output")
    assert {"1", "8"} <= noted[0].outputs.keys()
    assert noted[0].outputs["1"] == noted[1].outputs["1"]

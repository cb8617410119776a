from __future__ import annotations

import pickle
from dataclasses import replace

from engine.files import FileRef
from engine.graph.keys import digest
from engine.models.handle import Clip, Model, ModelHandle, Patch, Vae

FILE = FileRef("checkpoints", "a.safetensors", "sha256:1")
HANDLE = ModelHandle(FILE, "sd1", "denoiser")
LORA = Patch(FileRef("loras", "x.safetensors", "sha256:2"), 0.5)


def test_the_key_is_of_what_decides_the_weights() -> None:
    renamed = replace(HANDLE, source=replace(FILE, name="b.safetensors"))
    assert renamed.key == HANDLE.key
    others = [
        replace(HANDLE, source=replace(FILE, digest="sha256:3")),
        replace(HANDLE, part="vae"),
        replace(HANDLE, storage="fp8_e4m3fn"),
        HANDLE.patched(LORA),
        HANDLE.patched(replace(LORA, strength=0.25)),
        HANDLE.patched(LORA, replace(LORA, strength=0.25)),
        HANDLE.patched(replace(LORA, strength=0.25), LORA),
    ]
    assert len({handle.key for handle in (HANDLE, *others)}) == len(others) + 1


def test_patches_go_on_top_in_order() -> None:
    again = replace(LORA, strength=1.0)
    assert HANDLE.patched(LORA).patched(again) == HANDLE.patched(LORA, again)
    assert HANDLE.patches == ()


def test_socket_values_are_plain_values() -> None:
    values = (Model(HANDLE), Clip((HANDLE,), -2), Vae(HANDLE))
    for value in values:
        assert pickle.loads(pickle.dumps(value)) == value
        assert hash(value) == hash(replace(value))
    model = values[0]
    assert isinstance(model, Model)
    other = replace(model, sampling=replace(model.sampling, prediction="v"))
    keys = {digest(value) for value in (*values, other, Clip((HANDLE,)), Clip((HANDLE,), -1))}
    assert len(keys) == 6

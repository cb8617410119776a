"""Patches in place, on and off, exactly; with changes that are not those of any file."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.files import Library
from engine.models import load
from engine.models.handle import ModelHandle, Patch
from engine.models.header import ModelFileError
from engine.models.load import FileLoader, make_manager
from engine.models.manager import ModelManager
from engine.models.patching import Change, Target
from engine.models.precision import policy

TOUCHED = ("conv_in.weight", "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight", "conv_in.bias")


def plan(patch: Patch, path: Path, target: Target) -> Mapping[str, Change]:
    """Adds the strength to the first three, and to another one for strengths above 1."""

    def change(weight: Tensor) -> Tensor:
        assert weight.dtype is torch.float32
        return weight.add_(patch.strength)

    if patch.strength == 0.75:
        raise ModelFileError("bad.safetensors is no LoRA.")
    names = TOUCHED if patch.strength <= 1 else (*TOUCHED, "conv_out.weight")
    assert all(target.module.get_parameter(name) is not None for name in names)
    return dict.fromkeys(names, change)


def attach(patch: Patch, path: Path, target: Target) -> Callable[[], None]:
    network: Any = target.module
    hook = network.conv_out.register_forward_hook(lambda module, args, out: out + patch.strength)
    return lambda: hook.remove()


@pytest.fixture(autouse=True)
def planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "planner", lambda kind: plan if kind == "lora" else None)
    monkeypatch.setattr(load, "attacher", lambda kind: attach)


@pytest.fixture
def handle(handles: dict[str, ModelHandle]) -> ModelHandle:
    return handles["denoiser"]


def patched(handle: ModelHandle, *strengths: float) -> ModelHandle:
    return handle.patched(*(Patch(handle.source, strength) for strength in strengths))


def state(manager: ModelManager, handle: ModelHandle) -> dict[str, Tensor]:
    with manager.lease(handle) as (module,):
        return {name: parameter.clone() for name, parameter in module.module.named_parameters()}


def same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("precision", ["full", "bf16", "fp16"])
def test_patches_come_and_go_bit_by_bit(library: Library, handle: ModelHandle, precision: Any) -> None:
    manager = make_manager(library, policy("cpu", precision))
    fresh = {n: state(make_manager(library, policy("cpu", precision)), patched(handle, *n)) for n in ((), (0.3, 0.1))}
    assert same(state(manager, handle), fresh[()])
    for strengths in ((2.0,), (0.3, 0.1), (), (0.5,), (0.3, 0.1)):
        held = state(manager, patched(handle, *strengths))
        assert same(held, fresh[strengths]) if strengths in fresh else not same(held, fresh[()])
    assert len(manager.report()) == 1


def test_changes_are_added_in_full_precision_and_cast_once(library: Library, handle: ModelHandle) -> None:
    exact = state(make_manager(library, policy("cpu", "full")), handle)
    many = state(make_manager(library, policy("cpu", "bf16")), patched(handle, *[0.001] * 8))
    for name in TOUCHED:
        summed = exact[name].clone()
        for _ in range(8):
            summed += 0.001
        assert torch.equal(many[name], summed.bfloat16())


def test_a_patch_that_cannot_be_used_leaves_weights_usable(library: Library, handle: ModelHandle) -> None:
    manager = make_manager(library, policy("cpu", "full"))
    plain = state(manager, handle)
    state(manager, patched(handle, 0.5))
    with pytest.raises(ModelFileError, match="no LoRA"), manager.lease(patched(handle, 0.5, 0.75)):
        pass
    assert same(state(manager, handle), plain)


def test_what_is_hooked_on_is_taken_off(library: Library, handle: ModelHandle) -> None:
    manager = make_manager(library, policy("cpu", "full"))
    x, t, embeds = torch.randn(1, 4, 8, 8), torch.tensor([500.0]), torch.randn(1, 77, 64)
    found = []
    hooked = handle.patched(Patch(handle.source, 1.0, "hypernetwork"), Patch(handle.source, 2.0, "hypernetwork"))
    for wanted in (handle, hooked, handle):
        with manager.lease(wanted) as (denoiser,), torch.no_grad():
            found.append(denoiser(x, t, embeds))
    assert torch.allclose(found[1], found[0] + 3.0, atol=1e-5)
    assert torch.equal(found[2], found[0])


def test_nothing_keeps_weights_that_were_let_go(library: Library, handle: ModelHandle) -> None:
    manager = make_manager(library, policy("cpu", "full"))
    hooked = patched(handle, 0.5).patched(Patch(handle.source, 1.0, "hypernetwork"))
    with manager.lease(hooked) as (denoiser,):
        weight = weakref.ref(denoiser.module.conv_in.weight)
    del denoiser
    manager.free()
    gc.collect()
    assert weight() is None


@torch.no_grad()
@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
def test_streamed_layers_are_patched_too(library: Library, handle: ModelHandle, share: float) -> None:
    rule = policy("cpu", "full")
    loader = FileLoader(library, rule)
    whole, least = loader.size(handle), loader.least(handle)
    assert least < 0.7 * whole
    streamed, resident = loader.load(handle, int(least + share * (whole - least))), loader.load(handle, whole)
    x, t, embeds = torch.randn(2, 4, 8, 8), torch.tensor([900.0, 20.0]), torch.randn(2, 77, 64)
    assert any(p.is_meta for p in streamed.module.parameters())
    for wanted in (handle, patched(handle, 0.3, 2.0), handle):
        for module in (streamed, resident):
            loader.patch(module, wanted)
        assert torch.equal(streamed(x, t, embeds), resident(x, t, embeds))
        assert any(p.is_meta for p in streamed.module.parameters())


def test_streaming_keeps_within_its_bytes(library: Library, handles: dict[str, ModelHandle]) -> None:
    loader = FileLoader(library, policy("cpu", "full"))
    for handle in handles.values():
        whole, least = loader.size(handle), loader.least(handle)
        for nbytes in range(least, whole + 1, max((whole - least) // 5, 1)):
            module: nn.Module = loader.load(handle, nbytes).module
            held = sum(p.nbytes for p in module.parameters() if not p.is_meta)
            layers = [m for m in module.modules() if any(p.is_meta for p in m.parameters(recurse=False))]
            buffer = max((sum(-(-p.nbytes // 64) * 64 for p in m.parameters(recurse=False)) for m in layers), default=0)
            assert held + buffer <= nbytes

"""Networks with less room than they need: the same numbers, whatever they are kept in, and through the whole engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.files import Library
from engine.models import load
from engine.models.fill import fill
from engine.models.handle import ModelHandle, Storage
from engine.models.load import FileLoader, make_manager
from engine.models.manager import LeaseError
from engine.models.precision import Policy, policy
from engine.session.device import Device
from engine.settings import Settings
from tests.models import make

LAID_OUT = Policy(torch.device("cpu"), *(torch.bfloat16,) * 3, channels_last=True)


def asked() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(2, 4, 8, 8, generator=generator),
        torch.tensor([900.0, 20.0]),
        torch.randn(2, 77, 64, generator=generator),
    )


@torch.no_grad()
@pytest.mark.parametrize("storage", ["default", "fp8_e4m3fn", "fp8_e5m2"])
@pytest.mark.parametrize("rule", [policy("cpu", "full"), LAID_OUT], ids=["full", "bf16"])
def test_the_numbers_are_the_same_to_the_last_bit(
    library: Library, handles: dict[str, ModelHandle], rule: Policy, storage: Storage
) -> None:
    loader, handle = FileLoader(library, rule), replace(handles["denoiser"], storage=storage)
    whole, least = loader.size(handle), loader.least(handle)
    streamed, resident = loader.load(handle, (whole + least) // 2), loader.load(handle)
    for _ in range(2):
        assert torch.equal(streamed(*asked()), resident(*asked()))
    assert any(p.is_meta for p in streamed.module.parameters())


@torch.no_grad()
@pytest.mark.parametrize("part", ["text", "vae"])
def test_every_part_can_be_streamed(library: Library, handles: dict[str, ModelHandle], part: str) -> None:
    loader, handle = FileLoader(library, policy("cpu", "full")), handles[part]
    answers = []
    for module in (loader.load(handle, loader.least(handle)), loader.load(handle)):
        if part == "text":
            answers.append(module.encode("a (red:1.3) cat").embeds)
        else:
            answers.append(module.decode(module.encode(torch.full((1, 32, 32, 3), 0.3))))
    assert torch.equal(*answers)


def test_gradients_go_through_streamed_layers(library: Library, handles: dict[str, ModelHandle]) -> None:
    loader, handle = FileLoader(library, policy("cpu", "full")), handles["denoiser"]
    found = []
    for module in (loader.load(handle, loader.least(handle)), loader.load(handle)):
        x, t, embeds = asked()
        x.requires_grad_()
        module(x, t, embeds).square().sum().backward()
        assert x.grad is not None
        found.append(x.grad)
    assert torch.equal(*found)


def test_an_autoencoder_that_overflows_is_streamed_once_more_in_full(
    library: Library, handles: dict[str, ModelHandle], monkeypatch: pytest.MonkeyPatch
) -> None:
    loader, handle = FileLoader(library, policy("cpu", "fp16")), handles["vae"]
    vae = loader.load(handle, loader.least(handle))
    exact = FileLoader(library, policy("cpu", "full")).load(handle)
    seen = []

    def run(z: torch.Tensor) -> torch.Tensor:
        seen.append(vae.dtype)
        out: torch.Tensor = vae.module.decode(z.to(vae.dtype), return_dict=False)[0]
        return out / 0 if vae.dtype is torch.float16 else out

    with torch.no_grad():
        z = asked()[0][:1]
        full = vae._careful(run, z, "decoded")
        assert (full - exact.module.decode(z, return_dict=False)[0]).abs().max() < 1e-2
    assert seen == [torch.float16, torch.float32]
    assert vae.dtype is torch.float16


def test_a_manager_lends_what_is_larger_than_its_device(
    library: Library, handles: dict[str, ModelHandle], caplog: pytest.LogCaptureFixture
) -> None:
    rule, handle = policy("cpu", "full"), handles["denoiser"]
    whole, least = FileLoader(library, rule).size(handle), FileLoader(library, rule).least(handle)
    manager = make_manager(library, rule, device_bytes=(whole + least) // 2)
    with manager.lease(handle) as (small,), make_manager(library, rule).lease(handle) as (large,), torch.no_grad():
        assert torch.equal(small(*asked()), large(*asked()))
        assert sum(row.nbytes for row in manager.report()) < whole
    manager.free()
    with manager.lease(handle):
        assert sum("read anew at each use" in record.message for record in caplog.records) == 1
    tight = make_manager(library, rule, device_bytes=least - 1)
    with pytest.raises(LeaseError, match="can never fit"), tight.lease(handle):
        pass
    assert tight.report() == ()


def test_two_checkpoints_in_turn_are_read_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled: list[str] = []

    def counted(module: Any, numbers: Any, *args: Any) -> None:
        filled.append(numbers.file)
        fill(module, numbers, *args)

    monkeypatch.setattr(load, "fill", counted)
    for seed, name in enumerate(("a.safetensors", "b.safetensors")):
        make.write_checkpoint(tmp_path / name, make.TINY, seed=seed, parts=("denoiser",))
    library = Library({"checkpoints": (tmp_path,)})
    both = [ModelHandle(library.ref("checkpoints", f"{n}.safetensors"), "mini1", "denoiser") for n in "ab"]
    manager = make_manager(library, policy("cpu", "full"))
    for _ in range(3):
        for handle in both:
            with manager.lease(handle):
                pass
    assert filled == ["a.safetensors", "b.safetensors"]


def test_the_denoise_loop_works_with_half_of_the_denoiser(
    library: Library, handles: dict[str, ModelHandle], tmp_path: Path
) -> None:
    from engine.diffusion.guidance import Single
    from engine.diffusion.job import DenoiseJob
    from engine.diffusion.schedules import make_sigmas
    from engine.diffusion.types import Cond, Conditioning, ModelSampling, Sampler

    handle, sampling, noise = handles["denoiser"], ModelSampling(prediction="v"), asked()[0][:1]
    cond = Conditioning((Cond(asked()[2][:1]),))
    sigmas = make_sigmas("normal", 3, sampling)
    job = DenoiseJob(handle, sampling, Sampler("euler"), Single(cond), sigmas, noise * 0, noise)
    whole = FileLoader(library, policy("cpu", "full")).size(handle)
    found = []
    for room in (0, whole // 2):
        device = Device(library, Settings(tmp_path, precision="full", device="cpu", device_bytes=room))
        try:
            found.append(device.loop.submit(job).result(60).x)
            assert (sum(row.nbytes for row in device.manager.report()) <= whole // 2) is bool(room)
        finally:
            device.close()
    assert torch.equal(*found)

"""Each family at full size: loading, a sampler step, a LoRA on and off, and half the room; in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from engine.bench import models
from engine.bench.figure import Figure, best, timed
from engine.settings import ROOT

GIGABYTE = 1e9
CELLS, RANK = 32, 16
MODULES = (
    ("diffusers", "AutoencoderKL"),
    ("diffusers", "UNet2DConditionModel"),
    ("transformers", "CLIPTextModelWithProjection"),
)
LORA = "lora.safetensors"


def figures(*names: str) -> Iterator[Figure]:
    """Of the named families (all if none is named), one after the other: each writes a checkpoint of 2 to 7 GB."""
    for name in names or models.families():
        with models.full_size(name) as folder, tempfile.TemporaryDirectory() as data:
            for title, *rest in _told([sys.executable, "-m", "engine.bench.models_bench", str(folder), data]):
                yield Figure(f"{name}: {title}", *rest)


def _told(command: list[str]) -> Iterator[Any]:
    """Lines of JSON as a process prints them; raises CalledProcessError when it fails."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield from map(json.loads, process.stdout)
        if code := process.wait():
            raise subprocess.CalledProcessError(code, command)
    finally:
        process.kill()


def measured(folder: Path, data: Path) -> Iterator[Figure]:
    """The figures of one checkpoint."""
    from engine.files import Library
    from engine.models.detect import inspect_file
    from engine.models.handle import ModelHandle
    from engine.session.device import Device
    from engine.settings import Settings

    for module, name in MODULES:
        getattr(import_module(module), name)
    library = Library.standard(data, [folder])
    ref = library.ref("checkpoints", models.FULL)
    found = inspect_file(library.resolve(ref))
    handles = [ModelHandle(ref, found.family, part) for part in found.parts]
    device = Device(library, Settings(data))
    try:
        yield from _loading(device, handles)
        device.free()
        handle = next(handle for handle in handles if handle.part == "denoiser")
        job = _job(handle, found)
        exact = device.loop.submit(job).result().x
        step = best(lambda: device.loop.submit(job).result(), 2)
        yield Figure("sampler step, 256 x 256, batch of 2", step, "s")
        yield from _patching(device, library, handle, folder)
        yield from _streaming(device, library, job, exact, step)
    finally:
        device.close()


def _loading(device: Any, handles: Any) -> Iterator[Figure]:
    from engine.bench.memory import STATUS, Peak

    def load() -> None:
        for handle in handles:
            with device.manager.lease(handle):
                pass

    peak = Peak() if STATUS.exists() else None
    seconds = timed(load)
    weights = sum(held.nbytes for held in device.manager.report())
    yield Figure("weights in memory", weights / GIGABYTE, "GB")
    yield Figure("seconds to load them", seconds, "s")
    if peak is not None:
        yield Figure("peak anonymous memory of that, over the weights", peak.stop() / weights, "times", 1.25)
    yield Figure("to lease each of them once more", timed(load), "s", 0.1)


def _job(handle: Any, found: Any) -> Any:
    import torch

    from engine.diffusion.guidance import Cfg
    from engine.diffusion.job import DenoiseJob
    from engine.diffusion.schedules import make_sigmas
    from engine.diffusion.types import Cond, Conditioning, Sampler

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=torch.Generator().manual_seed(0))

    width = found.widths["denoiser"]
    cond = Conditioning((Cond(noise(1, 77, width), pooled=noise(1, 1280)),))
    wants, latent = found.wants, noise(1, 4, CELLS, CELLS)
    if wants.concat:
        cond = Conditioning((replace(cond[0], concat=noise(1, wants.concat, CELLS, CELLS)),))
    sigmas = make_sigmas("normal", 1, found.sampling)
    rule = Cfg(cond, cond, 7.0)
    return DenoiseJob(handle, found.sampling, Sampler("euler"), rule, sigmas, torch.zeros_like(latent), latent, wants)


def _patching(device: Any, library: Any, handle: Any, folder: Path) -> Iterator[Figure]:
    from engine.models.handle import Patch

    with device.manager.lease(handle) as (denoiser,):
        layers = _attention(denoiser.module)
        _write_lora(layers, folder / "loras" / LORA)
        touched = sum(layer.weight.nbytes for layer in layers.values())
    patched = handle.patched(Patch(library.ref("loras", LORA), 0.8))

    def lease(wanted: Any) -> None:
        with device.manager.lease(wanted):
            pass

    def visit() -> None:
        for layer in layers.values():
            layer.weight.data.add_(0)

    rounds = [(timed(visit), timed(lambda: lease(patched)), timed(lambda: lease(handle))) for _ in range(3)]
    once, on, off = (min(seconds) for seconds in zip(*rounds, strict=True))
    yield Figure(f"LoRA of rank {RANK} on {touched / GIGABYTE:.2f} GB of weights: on", on, "s", 1)
    yield Figure("the same LoRA off", off, "s", 1)
    # Only these two say something where others use the machine: no way of changing weights in place is below 1.
    yield Figure("on, over reading and writing these weights once", on / once, "times", 6)
    yield Figure("off, over the same", off / once, "times", 4)


def _attention(module: Any) -> dict[str, Any]:
    """Every linear layer of the transformer blocks, by name."""
    import torch

    return {
        name: layer
        for name, layer in module.named_modules()
        if type(layer) is torch.nn.Linear and ".transformer_blocks." in name
    }


def _write_lora(layers: dict[str, Any], path: Path) -> None:
    """A kohya file that changes all of them."""
    import torch
    from safetensors.torch import save_file

    table = {}
    for name, layer in layers.items():
        key = "lora_unet_" + name.replace(".", "_")
        table[f"{key}.lora_down.weight"] = torch.full((RANK, layer.in_features), 0.01, dtype=torch.float16)
        table[f"{key}.lora_up.weight"] = torch.full((layer.out_features, RANK), 0.01, dtype=torch.float16)
        table[f"{key}.alpha"] = torch.tensor(float(RANK))
    save_file(table, path)


def _streaming(device: Any, library: Any, job: Any, exact: Any, step: float) -> Iterator[Figure]:
    """The same sampler step on a second device, which has room for half of the denoiser."""
    import torch

    from engine.session.device import Device

    whole = next(held.nbytes for held in device.manager.report() if held.part == "denoiser")
    device.free()
    small = Device(library, replace(device.settings, device_bytes=whole // 2))
    try:
        answer = small.loop.submit(job).result().x
        streamed = best(lambda: small.loop.submit(job).result(), 2)
        held = sum(row.nbytes for row in small.manager.report())
    finally:
        small.close()
    yield Figure("weights held with room for half of the denoiser", held / whole * 100, "%", 50)
    yield Figure("sampler step of that over the whole one's", streamed / step, "times", 2)
    yield Figure("numbers that differ then", float(torch.count_nonzero(answer != exact)), "", 0)


if __name__ == "__main__":
    for found in measured(Path(sys.argv[1]), Path(sys.argv[2])):
        print(json.dumps([found.name, found.value, found.unit, found.limit]), flush=True)

"""The device and what works on it: weights, the denoise loop, the precision. Importing it imports torch."""

from __future__ import annotations

import platform
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, cast

import torch

from engine.diffusion.job import DenoiseJob
from engine.diffusion.loop import DenoiseLoop, DenoiseResult
from engine.diffusion.types import Network
from engine.files import Library
from engine.models.codecs import codecs
from engine.models.control import Steered
from engine.models.handle import ModelHandle
from engine.models.load import make_manager
from engine.models.memory import host_bytes
from engine.models.precision import policy
from engine.models.preview import Previews
from engine.models.tiny import TinyDecoders
from engine.models.unet import Denoiser
from engine.run.workers import DeviceLane
from engine.settings import Settings


class Device:
    """One device of this process: `manager` owns the weights, `loop` does all the work."""

    def __init__(self, library: Library, settings: Settings) -> None:
        self.policy = policy(settings.device, settings.precision)
        self.codecs = codecs()
        self.manager = make_manager(library, self.policy, settings.device_bytes)
        self.lease = self.manager.lease
        self.settings = settings
        self.loop = DenoiseLoop(self._network, device=self.policy.device, share=settings.share, room=self.room)
        self.lane = DeviceLane(self.loop.call)
        self._decoders = TinyDecoders(library, self.policy.device)

    @property
    def salt(self) -> str:
        """What of the device changes numbers."""
        # A shared batch changes the last bits: what was made so is never taken for what was made alone.
        shared = " shared batches" if self.settings.share == "auto" else ""
        return f"torch {torch.__version__} {self.policy.salt}{shared}"

    @contextmanager
    def _network(self, *handles: Hashable) -> Iterator[Network]:
        """A denoiser alone, or steered by the ControlNets whose handles follow its own."""
        known = cast("tuple[ModelHandle, ...]", handles)
        with self.manager.lease(*known, holder="denoise loop") as (network, *controls):
            yield Steered(network, dict(zip(handles[1:], controls, strict=True))) if controls else network

    def room(self, network: Network, shape: Sequence[int], rows: int) -> int:
        """How many rows fit beside the weights that are in use."""
        each = cast(Denoiser, network).row_bytes(shape)
        return max(self.manager.spare(rows * each) // each, 1)

    def denoise(self, priority: int) -> Callable[[DenoiseJob], Future[DenoiseResult]]:
        """What runs the denoise jobs of one job of this priority; where batches are shared all are equal."""
        rank = 0 if self.settings.share == "auto" else priority
        return lambda job: self.loop.submit(replace(job, priority=rank))

    def previews(self) -> Previews | None:
        """What makes the pictures of one job's sampler steps, if they are wanted."""
        method, size = self.settings.preview_method, self.settings.preview_size
        return None if method == "none" else Previews(size, self._decoders if method == "taesd" else None)

    def about(self) -> Mapping[str, Any]:
        """What is told of it once."""
        return {
            "device": str(self.policy.device),
            "type": self.policy.device.type,
            "title": title(self.policy.device),
            "salt": self.salt,
            "precision": self.policy.salt.removeprefix(f"{self.policy.device.type} "),
            "torch": torch.__version__,
            "budget": self.manager.budget,
        }

    def report(self) -> Mapping[str, Any]:
        """Who holds what: weights by file and part, and the device's bytes."""
        used, whole = device_memory(self.policy.device)
        return {"weights": [asdict(held) for held in self.manager.report()], "device_bytes": whole, "device_used": used}

    def stats(self) -> Mapping[str, Any]:
        """What the denoise loop has done since its start."""
        return asdict(self.loop.stats)

    def free(self) -> int:
        """Let go of all weights that nobody uses; gives their bytes."""
        freed = self.manager.free()
        if self.policy.device.type != "cpu":
            torch.accelerator.empty_cache()
        return freed

    def close(self) -> None:
        """End the loop after the call that it is in, and let go of all weights."""
        self.loop.close()
        self.manager.free()


def title(device: torch.device) -> str:
    """What the device is called by its maker."""
    named = getattr(getattr(torch, device.type, None), "get_device_name", None)
    return str(named(device)) if named is not None else platform.processor() or platform.machine()


def device_memory(device: torch.device) -> tuple[int, int]:
    """Bytes in use by all, and all that there are; of a CPU those of the host."""
    if device.type == "cuda":
        free, whole = torch.cuda.mem_get_info(device)
        return whole - free, whole
    if device.type == "xpu":
        whole = int(torch.xpu.get_device_properties(device).total_memory)
        return int(torch.xpu.memory_allocated(device)), whole
    import psutil

    whole = host_bytes()
    return max(whole - int(psutil.virtual_memory().available), 0), whole

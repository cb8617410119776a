"""The device and what works on it: weights, the denoise loop, the precision. Importing it imports torch."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import torch

from engine.diffusion.loop import DenoiseLoop
from engine.diffusion.types import Network
from engine.files import Library
from engine.models.codecs import codecs
from engine.models.handle import ModelHandle
from engine.models.load import make_manager
from engine.models.precision import policy
from engine.models.unet import Denoiser
from engine.settings import Settings


class Device:
    """One device of this process: `manager` owns the weights, `loop` does all the work."""

    def __init__(self, library: Library, settings: Settings) -> None:
        self.policy = policy(settings.device, settings.precision)
        self.codecs = codecs()
        self.manager = make_manager(library, self.policy, settings.device_bytes)
        self.share = settings.share
        self.loop = DenoiseLoop(self._network, device=self.policy.device, share=settings.share, room=self.room)

    @property
    def salt(self) -> str:
        """What of the device changes numbers."""
        # A shared batch changes the last bits: what was made so is never taken for what was made alone.
        shared = " shared batches" if self.share == "auto" else ""
        return f"torch {torch.__version__} {self.policy.salt}{shared}"

    @contextmanager
    def _network(self, handle: Hashable) -> Iterator[Network]:
        with self.manager.lease(cast(ModelHandle, handle), holder="denoise loop") as (network,):
            yield network

    def room(self, network: Network, shape: Sequence[int], rows: int) -> int:
        """How many rows fit beside the weights that are in use."""
        each = cast(Denoiser, network).row_bytes(shape)
        return max(self.manager.spare(rows * each) // each, 1)

    def close(self) -> None:
        """End the loop after the call that it is in, and let go of all weights."""
        self.loop.close()
        self.manager.free()

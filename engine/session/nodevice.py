"""No device: what stands in its place where torch is never imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, NoReturn, TypeVar

from engine.run.codecs import Codecs
from engine.run.errors import NeedsDevice

T = TypeVar("T")


class NoDevice:
    """Refuses all that needs a device, in one sentence."""

    salt = "no device"
    slots = 1
    """As a lane for calls."""

    def __init__(self) -> None:
        self.codecs = Codecs()

    @property
    def lane(self) -> NoDevice:
        """Where calls of nodes that run on the device go."""
        return self

    def submit(self, call: Callable[[], T]) -> Future[T]:
        raise NeedsDevice

    def lease(self, *handles: Any, workspace: int = 0) -> AbstractContextManager[tuple[Any, ...]]:
        raise NeedsDevice

    def denoise(self, priority: int) -> Callable[[Any], NoReturn]:
        """What runs the denoise jobs of one job of this priority."""

        def refuse(job: Any) -> NoReturn:
            raise NeedsDevice

        return refuse

    def previews(self) -> None:
        """Nothing is sampled, nothing is shown."""

    def about(self) -> Mapping[str, Any]:
        """What is told of it once."""
        return {"device": "none", "type": "none", "title": "no device", "salt": self.salt, "precision": "", "torch": ""}

    def report(self) -> Mapping[str, Any]:
        """Who holds what."""
        return {"weights": [], "device_bytes": 0, "device_used": 0}

    def stats(self) -> Mapping[str, Any]:
        """What the denoise loop has done."""
        return {}

    def free(self) -> int:
        """Bytes of weights that were let go."""
        return 0

    def close(self) -> None:
        """Nothing is held."""

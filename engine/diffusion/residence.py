"""Which weights the denoise loop works with now, and when it may change them."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager

from engine.diffusion.types import Network

Lease = Callable[..., AbstractContextManager[Network]]
"""Lends the network of a denoiser's handle and those of the ControlNets that follow it, all or none."""

Weights = tuple[Hashable, ...]

_LEAST_STAY = 1.0
_SWAPS_WORTH = 10


class Residence:
    """Holds one lease at a time, and remembers how long it took to get.

    To swap weights at each step would cost more than the steps: one set stays for a second, or ten times as long as it
    took to load, before another may take its place.
    """

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._open: AbstractContextManager[Network] | None = None
        self._network: Network | None = None
        self._since = 0.0
        self._stay = 0.0
        self.weights: Weights = ()
        """The handles last worked with, even while the lease is given back."""
        self.swaps = 0

    def enter(self, weights: Weights) -> Network:
        """The network of these handles; a lease of others is given back first."""
        if self._network is not None and self.weights == weights:
            return self._network
        self.leave()
        started = time.monotonic()
        manager = self._lease(*weights)
        network = manager.__enter__()
        self._open, self._network = manager, network
        if self.weights != weights:
            self.weights, self._since = weights, time.monotonic()
            self._stay = max(_LEAST_STAY, _SWAPS_WORTH * (self._since - started))
            self.swaps += 1
        return network

    def leave(self) -> None:
        """Give the lease back; nothing happens without one."""
        manager, self._open, self._network = self._open, None, None
        if manager is not None:
            manager.__exit__(None, None, None)

    @property
    def may_swap(self) -> bool:
        """Whether these weights have had their time."""
        return time.monotonic() - self._since >= self._stay

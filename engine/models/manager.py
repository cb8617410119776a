"""The only owner of weights: lends the modules of handles, within byte budgets for device and host.

A lease takes all its handles in one call and is never nested, so two leases can wait for room but never for each other.
What is least recently used leaves the device first, to the host if it fits there, and then memory altogether.  Files
are read outside the lock: other leases go on meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from engine.models.handle import ModelHandle


class LeaseError(RuntimeError):
    """A lease that cannot be given, whatever others do; the text is one sentence."""


class Loader(Protocol):
    """Moves weights; decides nothing."""

    def size(self, handle: ModelHandle) -> int:
        """Bytes that the handle's weights will take on the device; reads at most the file's header."""

    def load(self, handle: ModelHandle) -> Any:
        """The part as what a lease lends, its weights on the device."""

    def to_device(self, module: Any) -> None:
        """Bring weights from the host."""

    def to_host(self, module: Any) -> None:
        """Bring weights from the device."""


Place = Literal["absent", "moving", "device", "host"]


@dataclass(frozen=True, slots=True)
class Held:
    """One row of `ModelManager.report()`; seconds are those of the last load or move to the device."""

    name: str
    part: str
    nbytes: int
    place: Place
    holders: tuple[str, ...]
    seconds: float


@dataclass(slots=True)
class _Entry:
    handle: ModelHandle
    nbytes: int
    place: Place = "absent"
    module: Any = None
    holders: list[str] = field(default_factory=list)
    used: int = 0
    seconds: float = 0.0


class ModelManager:
    """Leases of model parts.

    Args:
        loader: what reads files and moves weights.
        device_bytes: the most bytes of weights and workspaces on the device.
        host_bytes: the most bytes of weights kept beside it on the host; 0 where the host is the device.
    """

    def __init__(self, loader: Loader, device_bytes: int, host_bytes: int = 0) -> None:
        self._loader = loader
        self._device_bytes, self._host_bytes = device_bytes, host_bytes
        self._entries: dict[bytes, _Entry] = {}
        self._workspace = 0
        self._uses = 0
        self._queue: list[object] = []
        self._changed = threading.Condition()
        self._mine = threading.local()

    @contextmanager
    def lease(self, *handles: ModelHandle, workspace: int = 0, holder: str = "") -> Iterator[tuple[Any, ...]]:
        """Lend the modules of all handles, on the device, with `workspace` bytes left free for what they compute.

        Waits while other leases hold the room.  Raises LeaseError when this thread already holds a lease, or when the
        bytes can never fit; ModelFileError when a file cannot be loaded.
        """
        if getattr(self._mine, "holds", False):
            raise LeaseError("This thread already holds a lease of models: lease all models of a step in one call.")
        who = holder or threading.current_thread().name
        unique = {handle.key: handle for handle in handles}
        sizes = {key: self._size(handle) for key, handle in unique.items()}
        self._refuse_impossible(list(unique.values()), sizes, workspace)
        entries = self._acquire(unique, sizes, workspace, who)
        self._mine.holds = True
        try:
            for entry in entries.values():
                self._bring(entry)
            yield tuple(entries[handle.key].module for handle in handles)
        finally:
            self._mine.holds = False
            self._release(entries, workspace, who)

    def spare(self, wanted: int) -> int:
        """Bytes of the device that no lease has taken, idle weights moved out of the way for up to `wanted` of them."""
        with self._changed:
            lent = self._workspace + sum(entry.nbytes for entry in self._entries.values() if entry.holders)
            free = max(self._device_bytes - lent, 0)
            self._make_room({}, {}, min(wanted, free))
            return free

    def resident(self, handle: ModelHandle) -> bool:
        """Whether leasing the handle would move nothing."""
        entry = self._entries.get(handle.key)
        return entry is not None and entry.place == "device"

    def swap_seconds(self, handle: ModelHandle) -> float:
        """How long the handle's weights last took to reach the device; 0 if never."""
        entry = self._entries.get(handle.key)
        return entry.seconds if entry is not None else 0.0

    @property
    def budget(self) -> int:
        """The most bytes of weights and workspaces on the device."""
        return self._device_bytes

    def report(self) -> tuple[Held, ...]:
        """All that is held, most recently used first, and by whom."""
        with self._changed:
            entries = sorted(self._entries.values(), key=lambda entry: -entry.used)
            return tuple(
                Held(e.handle.source.name, e.handle.part, e.nbytes, e.place, tuple(e.holders), e.seconds)
                for e in entries
            )

    def free(self) -> int:
        """Drop all that is not lent; returns the bytes that were freed."""
        with self._changed:
            idle = [entry for entry in self._entries.values() if not entry.holders]
            for entry in idle:
                del self._entries[entry.handle.key]
            self._changed.notify_all()
            return sum(entry.nbytes for entry in idle)

    def _size(self, handle: ModelHandle) -> int:
        entry = self._entries.get(handle.key)
        return entry.nbytes if entry is not None else self._loader.size(handle)

    def _refuse_impossible(self, handles: Sequence[ModelHandle], sizes: dict[bytes, int], workspace: int) -> None:
        need = sum(sizes.values()) + workspace
        if need <= self._device_bytes:
            return
        parts = ", ".join(f"{h.source.name} {h.part} {sizes[h.key]:,}" for h in handles)
        raise LeaseError(
            f"These models can never fit together: they need {need:,} bytes ({parts}, workspace {workspace:,}), "
            f"and the device has {self._device_bytes:,}."
        )

    def _acquire(
        self, handles: dict[bytes, ModelHandle], sizes: dict[bytes, int], workspace: int, who: str
    ) -> dict[bytes, _Entry]:
        """Reserve room for all or for none, waiting until there is some; who waits longest is served first."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                while self._queue[0] is not ticket or not self._make_room(handles, sizes, workspace):
                    self._changed.wait()
                return self._reserve(handles, sizes, workspace, who)
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def _reserve(
        self, handles: dict[bytes, ModelHandle], sizes: dict[bytes, int], workspace: int, who: str
    ) -> dict[bytes, _Entry]:
        self._uses += 1
        self._workspace += workspace
        entries = {key: self._entries.setdefault(key, _Entry(h, sizes[key])) for key, h in handles.items()}
        for entry in entries.values():
            entry.holders.append(who)
            entry.used = self._uses
        return entries

    def _make_room(self, handles: dict[bytes, ModelHandle], sizes: dict[bytes, int], workspace: int) -> bool:
        """Evict what is idle, oldest first, until the handles fit; False if what is lent stands in the way."""
        lent = {key: entry.nbytes for key, entry in self._entries.items() if entry.holders} | sizes
        room = self._device_bytes - self._workspace - workspace - sum(lent.values())
        if room < 0:
            return False
        idle = [e for key, e in self._entries.items() if e.place == "device" and key not in lent]
        room -= sum(entry.nbytes for entry in idle)
        for entry in sorted(idle, key=lambda e: e.used):
            if room >= 0:
                break
            self._evict(entry, lent.keys())
            room += entry.nbytes
        return True

    def _evict(self, entry: _Entry, lent: Container[bytes]) -> None:
        """Move to the host, in place of what was used longer ago; drop what fits nowhere."""
        waiting = [e for key, e in self._entries.items() if e.place == "host" and key not in lent]
        over = sum(e.nbytes for e in waiting) + entry.nbytes - self._host_bytes
        for other in sorted(waiting, key=lambda e: e.used) if entry.nbytes <= self._host_bytes else ():
            if over <= 0:
                break
            del self._entries[other.handle.key]
            over -= other.nbytes
        if over <= 0:
            self._loader.to_host(entry.module)
            entry.place = "host"
        else:
            del self._entries[entry.handle.key]

    def _bring(self, entry: _Entry) -> None:
        """Load or move what is not on the device; of several that lease it one does so and the others wait."""
        with self._changed:
            while entry.place == "moving":
                self._changed.wait()
            if entry.place == "device":
                return
            before, entry.place = entry.place, "moving"
        started = time.perf_counter()
        try:
            if before == "host":
                self._loader.to_device(entry.module)
            else:
                entry.module = self._loader.load(entry.handle)
        except BaseException:
            self._settle(entry, before, entry.seconds)
            raise
        self._settle(entry, "device", time.perf_counter() - started)

    def _settle(self, entry: _Entry, place: Place, seconds: float) -> None:
        with self._changed:
            entry.place, entry.seconds = place, seconds
            self._changed.notify_all()

    def _release(self, entries: dict[bytes, _Entry], workspace: int, who: str) -> None:
        with self._changed:
            self._workspace -= workspace
            for key, entry in entries.items():
                entry.holders.remove(who)
                if not entry.holders and entry.place == "absent":
                    del self._entries[key]
            self._changed.notify_all()

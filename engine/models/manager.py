"""The only owner of weights: lends the modules of handles, within byte budgets for device and host.

A lease takes all its handles in one call and is never nested, so two leases can wait for room but never for each other.
What is least recently used leaves the device first, to the host if it fits there, and then memory altogether.  Files
are read outside the lock: other leases go on meanwhile.

Handles that differ in patches only are one set of weights, patched anew for whoever leases it next.  Weights that are
larger than the room for them are given what there is and stream the rest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from engine.graph.told import Told
from engine.models.handle import ModelHandle


class LeaseError(Told):
    """A lease that cannot be given, whatever others do; the text is one sentence."""


class Loader(Protocol):
    """Moves weights; decides nothing."""

    def size(self, handle: ModelHandle) -> int:
        """Bytes that the handle's weights will take on the device; reads at most the file's header."""

    def least(self, handle: ModelHandle) -> int:
        """Bytes that they need there if as much as can be is streamed; those of `size` if nothing can."""

    def load(self, handle: ModelHandle, nbytes: int) -> Any:
        """The part without its patches as what a lease lends, at most `nbytes` of it on the device at a time."""

    def patch(self, module: Any, handle: ModelHandle) -> None:
        """Make a loaded module that of `handle`, whatever patches it had before, even where this failed before."""

    def to_device(self, module: Any) -> None:
        """Bring weights from the host; all are on one side."""

    def to_host(self, module: Any) -> None:
        """Bring weights from the device; all are on one side."""


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


@dataclass(frozen=True, slots=True)
class _Need:
    """Bytes of weights: all, and the fewest with which they work."""

    whole: int
    least: int


@dataclass(slots=True)
class _Entry:
    handle: ModelHandle
    """With the patches that its holders want."""
    need: _Need
    nbytes: int
    """Of the device, or of the host."""
    place: Place = "absent"
    module: Any = None
    applied: bytes | None = None
    """Key of the handle whose patches the module has; None where that is not known."""
    holders: list[str] = field(default_factory=list)
    used: int = 0
    seconds: float = 0.0

    @property
    def streams(self) -> bool:
        """Whether some of its weights are never all on the device: one lease at a time may use it, and it is not
        moved."""
        return self.nbytes < self.need.whole


_SHARE_OF_WORK = 4
"""Weights that are streamed leave this share of the device, one in so many, to what is worked on."""


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
        unique = self._unique(handles)
        needs = {base: self._need(handle) for base, handle in unique.items()}
        granted = self._granted(unique, needs, workspace)
        entries = self._acquire(unique, needs, granted, workspace, who)
        self._mine.holds = True
        try:
            for base, entry in entries.items():
                self._bring(entry, unique[base])
            yield tuple(entries[handle.base].module for handle in handles)
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
        entry = self._entries.get(handle.base)
        return entry is not None and entry.place == "device" and entry.applied == handle.key

    def swap_seconds(self, handle: ModelHandle) -> float:
        """How long the handle's weights last took to reach the device or to be patched there; 0 if never."""
        entry = self._entries.get(handle.base)
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
                del self._entries[entry.handle.base]
            self._changed.notify_all()
            return sum(entry.nbytes for entry in idle)

    def _unique(self, handles: Sequence[ModelHandle]) -> dict[bytes, ModelHandle]:
        unique = {handle.base: handle for handle in handles}
        if any(unique[handle.base].key != handle.key for handle in handles):
            raise LeaseError("One lease cannot hold the same weights with two sets of patches: lease one at a time.")
        return unique

    def _need(self, handle: ModelHandle) -> _Need:
        entry = self._entries.get(handle.base)
        return entry.need if entry is not None else _Need(self._loader.size(handle), self._loader.least(handle))

    def _granted(
        self, handles: dict[bytes, ModelHandle], needs: dict[bytes, _Need], workspace: int
    ) -> dict[bytes, int]:
        """Bytes of the device for each: all, or what there is; what streams least gets all first."""
        room = self._device_bytes - workspace
        if sum(need.whole for need in needs.values()) <= room:
            return {base: need.whole for base, need in needs.items()}
        least = sum(need.least for need in needs.values())
        if least > room:
            raise self._too_large(list(handles.values()), needs, workspace)
        left = max(room - self._device_bytes // _SHARE_OF_WORK - least, 0)
        granted = {}
        for base, need in sorted(needs.items(), key=lambda item: item[1].whole - item[1].least):
            more = min(need.whole - need.least, left)
            granted[base] = need.least + more
            left -= more
        return granted

    def _too_large(self, handles: Sequence[ModelHandle], needs: dict[bytes, _Need], workspace: int) -> LeaseError:
        need = sum(needs[handle.base].least for handle in handles) + workspace
        return LeaseError(
            "These models can never fit together: they need {need} bytes ({parts}, workspace {workspace}), and the "
            "device has {budget}.",
            need=f"{need:,}",
            parts=[f"{h.source.name} {h.part} {needs[h.base].least:,}" for h in handles],
            workspace=f"{workspace:,}",
            budget=f"{self._device_bytes:,}",
        )

    def _acquire(
        self,
        handles: dict[bytes, ModelHandle],
        needs: dict[bytes, _Need],
        granted: dict[bytes, int],
        workspace: int,
        who: str,
    ) -> dict[bytes, _Entry]:
        """Reserve all or none, waiting until it can be had; who waits longest is served first."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                while (
                    self._queue[0] is not ticket
                    or self._in_use(handles, granted)
                    or not self._make_room(handles, granted, workspace)
                ):
                    self._changed.wait()
                return self._reserve(handles, needs, granted, workspace, who)
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def _in_use(self, handles: dict[bytes, ModelHandle], granted: dict[bytes, int]) -> bool:
        """Whether somebody works with these weights in a way that cannot be shared."""
        held = ((base, e) for base, e in self._entries.items() if e.holders and base in handles)
        return any(e.streams or e.handle.key != handles[base].key or e.nbytes != granted[base] for base, e in held)

    def _reserve(
        self,
        handles: dict[bytes, ModelHandle],
        needs: dict[bytes, _Need],
        granted: dict[bytes, int],
        workspace: int,
        who: str,
    ) -> dict[bytes, _Entry]:
        self._uses += 1
        self._workspace += workspace
        entries = {base: self._entry(handle, needs[base], granted[base]) for base, handle in handles.items()}
        for entry in entries.values():
            entry.holders.append(who)
            entry.used = self._uses
        return entries

    def _entry(self, handle: ModelHandle, need: _Need, nbytes: int) -> _Entry:
        """The entry of these weights; one with more or fewer of them on the device begins anew."""
        entry = self._entries.get(handle.base)
        if entry is None or entry.nbytes != nbytes:
            entry = self._entries[handle.base] = _Entry(handle, need, nbytes)
        entry.handle = handle
        return entry

    def _make_room(self, handles: Container[bytes], sizes: dict[bytes, int], workspace: int) -> bool:
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
        for other in (
            sorted(waiting, key=lambda e: e.used) if entry.nbytes <= self._host_bytes and not entry.streams else ()
        ):
            if over <= 0:
                break
            del self._entries[other.handle.base]
            over -= other.nbytes
        if over <= 0 and not entry.streams:
            self._loader.to_host(entry.module)
            entry.place = "host"
        else:
            del self._entries[entry.handle.base]

    def _bring(self, entry: _Entry, handle: ModelHandle) -> None:
        """Load, move or patch what is not ready; of several that lease it one does so and the others wait."""
        with self._changed:
            while entry.place == "moving":
                self._changed.wait()
            if entry.place == "device" and entry.applied == handle.key:
                return
            place, entry.place = entry.place, "moving"
        started = time.perf_counter()
        seconds = entry.seconds
        try:
            if place != "device":
                self._place(entry, handle, place)
                place = "device"
            self._patch(entry, handle)
            seconds = time.perf_counter() - started
        finally:
            self._settle(entry, place, seconds)

    def _place(self, entry: _Entry, handle: ModelHandle, before: Place) -> None:
        if before == "host":
            self._loader.to_device(entry.module)
            return
        entry.module = self._loader.load(handle, entry.nbytes)
        entry.applied = replace(handle, patches=()).key

    def _patch(self, entry: _Entry, handle: ModelHandle) -> None:
        if entry.applied == handle.key:
            return
        entry.applied = None
        self._loader.patch(entry.module, handle)
        entry.applied = handle.key

    def _settle(self, entry: _Entry, place: Place, seconds: float) -> None:
        with self._changed:
            entry.place, entry.seconds = place, seconds
            self._changed.notify_all()

    def _release(self, entries: dict[bytes, _Entry], workspace: int, who: str) -> None:
        with self._changed:
            self._workspace -= workspace
            for base, entry in entries.items():
                entry.holders.remove(who)
                if not entry.holders and entry.place == "absent":
                    del self._entries[base]
            self._changed.notify_all()

"""Cancelling one job: a flag that running nodes look at, and calls for those who cannot look."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Cancel(threading.Event):
    """An event that, when set, also calls its listeners once, in the thread that sets it."""

    def __init__(self) -> None:
        super().__init__()
        self._listeners: list[Callable[[], object]] = []
        self._guard = threading.Lock()

    def set(self) -> None:
        with self._guard:
            super().set()
            listeners, self._listeners = self._listeners, []
        for call in listeners:
            call()

    def listen(self, call: Callable[[], object]) -> None:
        """Call ``call`` when the flag is set, or now if it is."""
        with self._guard:
            if not self.is_set():
                self._listeners.append(call)
                return
        call()

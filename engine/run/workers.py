"""Where calls run: threads of this process, and the lane of a device."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Worker(Protocol):
    """``slots``: how many calls of one job it is worth to hand over at a time; the others wait in order of rank."""

    slots: int

    def submit(self, call: Callable[[], T]) -> Future[T]: ...


class Threads:
    """At most ``slots`` daemon threads: one that hangs in a node does not keep the process from ending.

    No call waits behind another while a thread is idle or one more may be started.
    """

    def __init__(self, slots: int = 1, name: str = "cpu") -> None:
        self.slots = slots
        self._name = name
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._threads = 0
        # Each call is one thread's from the moment it is submitted, else the backlog's: how many wait in the queue
        # tells nothing, since a thread may have taken its call and not be counted as busy yet.
        self._idle = self._backlog = 0
        self._lock = threading.Lock()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        with self._lock:
            self._calls.put((future, call))
            if self._idle:
                self._idle -= 1
            elif self._threads < self.slots:
                self._threads += 1
                threading.Thread(target=self._run, name=f"{self._name} {self._threads}", daemon=True).start()
            else:
                self._backlog += 1
        return future

    def close(self) -> None:
        """Let the threads end after what was submitted; nothing is submitted any more."""
        with self._lock:
            for _ in range(self._threads):
                self._calls.put(None)
            self._threads = 0

    def _run(self) -> None:
        while (entry := self._calls.get()) is not None:
            run_into(*entry)
            del entry
            with self._lock:
                if self._backlog:
                    self._backlog -= 1
                else:
                    self._idle += 1


class DeviceLane:
    """The one thread of a device: ``submit`` hands a call to the denoise loop, which makes it between turns."""

    slots = 1

    def __init__(self, submit: Callable[[Callable[[], Any]], Future[Any]]) -> None:
        self._submit = submit

    def submit(self, call: Callable[[], T]) -> Future[T]:
        return self._submit(call)


def run_into(future: Future[T], call: Callable[[], T]) -> None:
    """Run ``call`` here and put what it gives or raises into ``future``."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as e:
        future.set_exception(e)
    else:
        future.set_result(result)

"""Threads and lanes, where calls run."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from engine.run.workers import DeviceLane, Threads
from tests.run.kit import SECONDS, Kit, graph


class Delayed(queue.SimpleQueue[Any]):
    """A thread that has taken something stands still until `go`."""

    def __init__(self) -> None:
        self.taken, self.go = threading.Event(), threading.Event()

    def get(self, *args: Any, **options: Any) -> Any:
        entry = super().get(*args, **options)
        self.taken.set()
        self.go.wait(SECONDS)
        return entry


def test_a_call_gets_a_thread_of_its_own_while_another_begins() -> None:
    pool, second = Threads(2), threading.Event()
    pool._calls = calls = Delayed()
    first = pool.submit(lambda: second.wait(5 * SECONDS))
    assert calls.taken.wait(SECONDS)
    after = pool.submit(second.set)
    calls.go.set()
    after.result(SECONDS)
    assert first.result(SECONDS)
    pool.close()


def test_threads_are_as_many_as_slots_and_reused() -> None:
    pool, names = Threads(3), set[str]()
    running: list[int] = []
    most: list[int] = []

    def work() -> None:
        running.append(1)
        most.append(len(running))
        names.add(threading.current_thread().name)
        time.sleep(0.002)
        running.pop()

    for future in [pool.submit(work) for _ in range(30)]:
        future.result(SECONDS)
    assert max(most) <= 3
    assert len(names) <= 3
    pool.close()


def test_what_a_call_raises_reaches_its_future() -> None:
    pool = Threads(1)
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 // 0).result(SECONDS)
    assert pool.submit(lambda: 5).result(SECONDS) == 5
    pool.close()


def test_a_lane_that_is_closed_fails_the_step_and_not_the_job() -> None:
    def closed(call: Callable[[], Any]) -> Future[Any]:
        raise RuntimeError("the loop is closed")

    kit = Kit(workers={"cpu": Threads(1), "device": DeviceLane(closed)})
    ran = asyncio.run(kit.run_async(graph(d=("OnDevice", {"a": 1}), v=("Value", {})), ["d", "v"]))
    assert "the loop is closed" in ran.failed["d"]
    assert ran.value("v") == 0

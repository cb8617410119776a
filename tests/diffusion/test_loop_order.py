"""The denoise loop: priorities, leases, calls between turns, and the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
import torch

from engine.diffusion.loop import DenoiseLoop, StepState
from engine.graph.context import Cancelled
from tests.diffusion.loops import WAIT, Leases, a_job, a_loop, held
from tests.diffusion.tiny import Counting


def test_higher_priority_goes_first() -> None:
    done: list[str] = []

    def note(name: str) -> Callable[[Future[Any]], None]:
        return lambda future: done.append(name)

    with a_loop(Counting()) as loop:
        with held(loop):
            low = loop.submit(a_job(steps=3))
            low.add_done_callback(note("low"))
            high = loop.submit(a_job(steps=3, priority=1))
            high.add_done_callback(note("high"))
        low.result(WAIT)
    assert done == ["high", "low"]


def test_one_set_of_weights_serves_its_jobs_before_the_next() -> None:
    leases = Leases()
    loop = DenoiseLoop(leases)
    with held(loop):
        futures = [loop.submit(a_job(seed, handle=handle)) for seed, handle in enumerate(["one", "two", "one", "two"])]
    for future in futures:
        future.result(WAIT)
    stats = loop.stats
    loop.close()
    assert leases.diary == ["one", "two"]
    assert stats.swaps == 2


def test_weights_are_swapped_when_their_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.diffusion.residence._LEAST_STAY", 0.0)
    monkeypatch.setattr("engine.diffusion.residence._SWAPS_WORTH", 0)
    leases = Leases()
    loop = DenoiseLoop(leases)
    with held(loop):
        futures = [loop.submit(a_job(handle=handle, steps=3)) for handle in ("one", "two")]
    for future in futures:
        future.result(WAIT)
    loop.close()
    assert leases.diary == ["one", "two"] * 3


def test_calls_run_between_turns_without_a_lease_and_jobs_go_on() -> None:
    leases = Leases()
    loop = DenoiseLoop(leases)
    held_leases: list[int] = []
    calls: list[Future[int]] = []

    def on_step(state: StepState) -> None:
        if state.step < 3:
            calls.append(loop.call(lambda: held_leases.append(leases.open) or state.step))

    result = loop.submit(a_job(steps=6, on_step=on_step)).result(WAIT)
    assert [call.result(WAIT) for call in calls] == [0, 1, 2]
    assert held_leases == [0, 0, 0]
    assert result.calls == 6
    assert loop.stats.swaps == 1
    loop.close()
    assert leases.open == 0


def test_a_long_queue_of_calls_does_not_starve_a_job() -> None:
    finished: list[str] = []
    with a_loop(Counting()) as loop:
        with held(loop):
            job = loop.submit(a_job(steps=2))
            job.add_done_callback(lambda future: finished.append("job"))
            calls = [loop.call(lambda: finished.append("call")) for _ in range(20)]
        for call in calls:
            call.result(WAIT)
    assert finished.index("job") < 5


def test_calls_give_results_and_errors_in_the_loops_thread() -> None:
    with a_loop(Counting()) as loop:
        assert loop.call(lambda: threading.current_thread().name).result(WAIT) == "denoise"
        assert loop.call(torch.is_grad_enabled).result(WAIT) is False
        with pytest.raises(ZeroDivisionError):
            loop.call(lambda: 1 // 0).result(WAIT)
        assert loop.call(lambda: 5).result(WAIT) == 5


def test_the_lease_is_given_back_when_idle() -> None:
    leases = Leases()
    loop = DenoiseLoop(leases)
    loop.submit(a_job(steps=1)).result(WAIT)
    for _ in range(1000):
        if not leases.open:
            break
        time.sleep(0.005)
    assert leases.open == 0
    loop.close()


def test_close_ends_the_thread_and_what_is_left() -> None:
    leases = Leases()
    loop = DenoiseLoop(leases)
    started, go_on = threading.Event(), threading.Event()

    def on_step(state: StepState) -> None:
        started.set()
        go_on.wait(WAIT)

    running = loop.submit(a_job(on_step=on_step))
    started.wait(WAIT)
    waiting, call = loop.submit(a_job()), loop.call(lambda: 1)
    closing = threading.Thread(target=loop.close)
    closing.start()
    while not loop._closed:
        time.sleep(0.001)
    go_on.set()
    closing.join(WAIT)
    assert not loop._thread.is_alive()
    assert leases.open == 0
    for future in (running, waiting, call):
        with pytest.raises(Cancelled):
            future.result(0)
    with pytest.raises(RuntimeError, match="closed"):
        loop.submit(a_job())
    loop.close()

"""What a node may reach: the denoise loop behind a Context, and what is said where a service is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from engine.files import FileRef
from engine.graph.context import Cancelled
from engine.graph.keys import digest
from engine.run.cancel import Cancel
from engine.run.context import NodeContext, Services
from engine.run.events import Event, Preview, Progress


@dataclass(frozen=True)
class FakeJob:
    on_step: Callable[[Any], None] | None = None
    cancelled: Callable[[], bool] | None = None


MADE = SimpleNamespace(shared=True)


def loop(job: FakeJob) -> Future[Any]:
    """Three steps, then the result, as a denoise loop would."""
    future: Future[Any] = Future()
    assert job.on_step is not None
    assert job.cancelled is not None
    for step in range(3):
        if job.cancelled():
            future.set_exception(Cancelled())
            return future
        job.on_step(SimpleNamespace(step=step, total=3))
    future.set_result(MADE)
    return future


def context(services: Services, cancel: Cancel | None = None) -> tuple[NodeContext, list[Event]]:
    heard: list[Event] = []
    return NodeContext("n", "j", digest(1), {}, services, heard.append, cancel or Cancel()), heard


def test_sampler_steps_become_progress_and_previews() -> None:
    seen: list[int] = []
    c, heard = context(Services(denoise=loop, preview=lambda job, s: f"picture {s.step}" if s.step else None))
    assert asyncio.run(c.denoise(FakeJob(on_step=lambda s: seen.append(s.step)))) is MADE
    assert c.shared, "a batch with other jobs is remembered"
    assert [e for e in heard if isinstance(e, Progress)] == [Progress("j", "n", i, 3) for i in (1, 2, 3)]
    assert [e.image for e in heard if isinstance(e, Preview)] == ["picture 1", "picture 2"]
    assert seen == [0, 1, 2], "the node's own listener is told too"


def test_a_preview_that_fails_does_not_end_the_sampling() -> None:
    c, heard = context(Services(denoise=loop, preview=lambda job, s: 1 // 0))
    assert asyncio.run(c.denoise(FakeJob())) is MADE
    assert len(heard) == 3


def test_cancelling_reaches_the_loop_and_the_node() -> None:
    cancel = Cancel()
    c, _ = context(Services(denoise=loop), cancel)
    with pytest.raises(Cancelled):
        asyncio.run(c.denoise(FakeJob(on_step=lambda s: cancel.set())))
    for call in (c.raise_if_cancelled, lambda: c.progress(1, 2), lambda: c.save("x", "png", b"")):
        with pytest.raises(Cancelled):
            call()


def test_a_missing_service_is_named() -> None:
    c, _ = context(Services())
    for call in (lambda: c.path(FileRef("vae", "x", "d")), lambda: c.lease("h"), lambda: c.save("x", "png", b"")):
        with pytest.raises(RuntimeError, match="this run has no"):
            call()

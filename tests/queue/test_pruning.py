"""Retention by age, count and bytes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.queue.jobs import JobQueue, Retention
from engine.run.events import JobFinished, JobQueued, StepStarted
from tests.queue.kit import asynchronous, graph, new, opened, run


def _clock(monkeypatch: pytest.MonkeyPatch, start: float) -> list[float]:
    """A clock that a test moves."""
    now = [start]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


async def _ids(queue: JobQueue) -> list[str]:
    return [row.id for row in await queue.history(newest=False)]


@asynchronous
async def test_by_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = _clock(monkeypatch, 1000.0)
    async with opened(tmp_path) as queue:
        for id in "abcd":
            await run(queue, id)
            now[0] += 10
        assert await queue.prune(Retention(history_age=25)) == {"jobs": 2, "events": 0}
        assert await _ids(queue) == ["c", "d"]
        assert queue.counts()["success"] == 2


@asynchronous
async def test_by_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.queue.pruning.AT_ONCE", 2)
    async with opened(tmp_path) as queue:
        for i in range(9):
            await run(queue, f"{i}")
        await queue.put(new("waits"))
        assert await queue.prune(Retention(history_count=3)) == {"jobs": 6, "events": 0}
        assert await _ids(queue) == ["6", "7", "8"]
        assert await queue.prune(Retention()) == {"jobs": 0, "events": 0}
        assert await queue.prune(Retention(history_count=0)) == {"jobs": 3, "events": 0}
        assert queue.counts()["queued"] == 1


@asynchronous
async def test_by_bytes_the_file_shrinks(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        for i in range(30):
            await queue.put(new(f"{i}", graph=graph("".join(chr(33 + (i * j * 7919) % 90) for j in range(16000)))))
            await queue.take()
            queue.record(JobFinished(f"{i}", "success"))
        await queue.flush()
        await queue.prune(Retention(bytes=200_000))
        left = await _ids(queue)
        assert 0 < len(left) < 15
        assert left == [f"{i}" for i in range(30 - len(left), 30)]
        await queue.prune(Retention(bytes=0))  # what cannot be is not tried for ever
        assert await _ids(queue) == []
    assert (tmp_path / "state.sqlite").stat().st_size < 200_000


@asynchronous
async def test_in_small_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.queue.pruning.STEP", 7)
    async with opened(tmp_path) as queue:
        for id in "ab":
            await queue.put(new(id))
            await queue.take()
            for n in range(40):
                queue.record(StepStarted(id, f"{n}"))
            queue.record(JobFinished(id, "success"))
        await queue.put(new("c"))
        assert await queue.delete_history(["a"]) == 1
        assert await queue.clear_history() == 1
        assert [x.event for x in await queue.events()] == [JobQueued("c")]


@asynchronous
async def test_events_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.queue.pruning.STEP", 2)
    now = _clock(monkeypatch, 1000.0)
    async with opened(tmp_path) as queue:
        await queue.put(new("waits", number=1e6))
        for id in "ab":
            await run(queue, id)
            now[0] += 10
        border = (await queue.events(job="a"))[-1].seq
        assert queue.forgotten == 0
        assert await queue.prune(Retention(events_age=15)) == {"jobs": 0, "events": 5}
        assert [x.event.job for x in await queue.events()] == ["waits"] + ["b"] * 5
        assert queue.forgotten >= border
        assert await queue.results("a") == {"2": {"images": [{"filename": "a.png"}]}}
        assert (await queue.job("a")).state == "success"  # type: ignore[union-attr]
        now[0] += 1000
        assert await queue.prune(Retention(events_age=15)) == {"jobs": 0, "events": 5}
        last = queue.last_seq
    async with opened(tmp_path) as queue:
        assert (queue.forgotten, queue.last_seq) == (last, last)

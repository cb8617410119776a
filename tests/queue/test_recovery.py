"""What a server finds that follows one that died."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.queue.book import BLOCK
from engine.queue.jobs import Retention
from engine.run.events import JobInterrupted, JobStarted, StepFinished
from tests.queue.kit import asynchronous, crashed, heard, new, opened, run, take_all


@asynchronous
async def test_what_ran_goes_back_to_its_place_once(tmp_path: Path) -> None:
    async with opened(tmp_path / "1") as queue:
        for id in "abc":
            await queue.put(new(id))
        taken = await queue.take()
        assert taken is not None
        await queue.flush()
        first = crashed(tmp_path / "1", tmp_path / "2")
    async with opened(first) as queue:
        (row,) = queue.recovered
        assert row == await queue.job("a")
        assert (row.id, row.state, row.interruptions, row.started) == ("a", "queued", 1, None)
        assert row.error == {"code": "server_died", "message": "The server died while this job ran."}
        assert [x.event for x in await queue.events(job="a")][1:] == [JobInterrupted("a", "server_died", True)]
        assert [row.id for row in await queue.queued()] == ["a", "b", "c"]
        taken = await queue.take()
        assert taken is not None
        assert (taken.row.id, taken.row.error) == ("a", None)
        await queue.flush()
        second = crashed(first, tmp_path / "3")
    async with opened(second) as queue:
        (row,) = queue.recovered
        assert (row.id, row.state, row.interruptions) == ("a", "parked", 2)
        assert [row.id for row in await queue.queued(states=("parked",))] == ["a"]
        assert [row.id for row in await queue.queued()] == ["b", "c"]
        assert await queue.history() == []
        assert (await queue.events(job="a"))[-1].event == JobInterrupted("a", "server_died", False)
    async with opened(second) as queue:
        assert queue.recovered == ()
        assert (await queue.unpark("a")).interruptions == 0  # type: ignore[union-attr]
        assert await queue.unpark("a") is None
        assert await take_all(queue) == ["a", "b", "c"]


@asynchronous
async def test_never_queued_again(tmp_path: Path) -> None:
    async with opened(tmp_path / "1") as queue:
        await queue.put(new("a"))
        await queue.take()
        await queue.flush()
        left = crashed(tmp_path / "1", tmp_path / "2")
    async with opened(left, requeue="never") as queue:
        assert [row.state for row in queue.recovered] == ["parked"]
        assert await queue.take() is None
        assert await queue.cancel_queued(["a"]) == ["a"]


@asynchronous
async def test_interruptions_by_their_reason(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        for id in "ab":
            await queue.put(new(id))
        for _ in range(3):  # a server that is stopped counts as none
            await queue.take()
            assert queue.interrupt("a", "server_stopped")
            await queue.flush()
            assert (await queue.job("a")).interruptions == 0  # type: ignore[union-attr]
        told = heard(queue)
        await queue.take()
        queue.record(JobStarted("a", ("1",), ()))
        assert queue.interrupt("a", "worker_died", "It ran out of memory.")
        await queue.flush()
        row = await queue.job("a")
        assert row is not None
        assert (row.state, row.interruptions, row.error) == (
            "queued",
            1,
            {"code": "worker_died", "message": "It ran out of memory."},
        )
        assert not queue.interrupt("a", "worker_died")  # it does not run
        assert (await queue.take()).row.id == "a"  # type: ignore[union-attr]
        assert not queue.interrupt("a", "worker_died")
        await queue.flush()
        assert (await queue.job("a")).state == "parked"  # type: ignore[union-attr]
        assert told[-1].event == JobInterrupted("a", "worker_died", False)
        assert await take_all(queue) == ["b"]


@asynchronous
async def test_the_results_of_the_last_life_count(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        await queue.put(new("a"))
        for name in ("one.png", "two.png"):
            await queue.take()
            queue.record(StepFinished("a", "2", 0.1, {"images": [name]}))
            queue.interrupt("a", "server_stopped")
            await queue.flush()
        assert await queue.results("a") == {"2": {"images": ["two.png"]}}


@asynchronous
async def test_numbers_of_events_are_never_given_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.queue.book.BLOCK", 3)  # several blocks in one server's life
    folder, last = tmp_path / "0", 0
    for i in range(4):
        async with opened(folder) as queue:
            assert queue.last_seq <= last
            told = heard(queue)
            for n in range(3):
                await run(queue, f"{i}-{n}")
            await queue.clear_history()  # nothing on disk tells of them
            assert last < told[0].seq
            assert [x.seq for x in told] == sorted({x.seq for x in told})
            last = told[-1].seq
            left = crashed(folder, tmp_path / f"{i + 1}")
        folder = left if i % 2 else folder


@asynchronous
async def test_a_power_cut_takes_events_but_gives_no_number_twice(tmp_path: Path) -> None:
    """The files as they were when the server had just started: all that was not synced is gone."""
    async with opened(tmp_path / "1") as queue:
        cut = crashed(tmp_path / "1", tmp_path / "2")
        told = heard(queue)
        await run(queue, "a")
        assert len(told) < BLOCK
    async with opened(cut) as queue:
        assert await queue.history() == []
        after = heard(queue)
        await run(queue, "b")
        assert after[0].seq > told[-1].seq


@asynchronous
async def test_serials_and_places_go_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        await run(queue, "a")
        for id in "bc":
            await queue.put(new(id))
        await queue.move("b", "back")
        await queue.prune(Retention(history_age=0))
    async with opened(tmp_path) as queue:
        await queue.put(new("d"))
        assert await take_all(queue) == ["c", "b", "d"]

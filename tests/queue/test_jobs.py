"""Putting, taking, ordering and looking."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from engine.queue.jobs import IdTaken, JobQueue, Logged, QueueProblem
from engine.queue.rows import WARNINGS
from engine.run.events import JobFinished, JobQueued, Preview, Progress, StepFailed, StepFinished, StepStarted, Warned
from tests.queue.kit import GRAPH, SECONDS, asynchronous, graph, heard, life, new, opened, queued, run, take_all


@asynchronous
async def test_a_job_comes_out_as_it_went_in(tmp_path: Path) -> None:
    extra = {"extra_pnginfo": {"workflow": {"nodes": [1, 2.5, None, "é\ud800"]}}}
    job = new("a", source='{"é": 1}\n', extra=extra, client="me", title="Bild\ud800", problems=[{"code": "x"}])
    async with opened(tmp_path) as queue:
        row, fresh = await queue.put(job)
        assert (row.id, row.state, row.client, row.title, row.problems) == (
            "a",
            "queued",
            "me",
            "Bild?",
            [{"code": "x"}],
        )
        assert fresh
        assert await queue.job("a") == row
    async with opened(tmp_path) as queue:  # from the disk, not from memory
        assert await queue.job("a") == row
        body, taken = await queue.body("a"), await queue.take()
        assert body is not None
        assert taken is not None
        for made in (body, taken):
            assert (made.graph, made.targets, made.source, made.extra) == (GRAPH, ("2",), job.source, extra)
        assert taken.row.state == "running"
        assert taken.row.started is not None
        assert await queue.take() is None


@asynchronous
async def test_the_same_id_and_graph_is_the_same_job(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        told = heard(queue)
        first, _ = await queue.put(new("a"))
        turned = dict(reversed(GRAPH.items()))
        assert await queue.put(new("a", graph=turned, front=True)) == (first, False)
        with pytest.raises(IdTaken, match="'a' exists and has another graph"):
            await queue.put(new("a", graph=graph("other")))
        await queue.take()
        again, fresh = await queue.put(new("a"))
        assert (again.state, fresh) == ("running", False)
        queue.record(JobFinished("a", "success"))
        await queue.flush()
        again, fresh = await queue.put(new("a"))
        assert (again.state, fresh) == ("success", False)
        assert [x.event for x in told] == [JobQueued("a"), JobFinished("a", "success")]
        assert queue.counts()["success"] == sum(queue.counts().values()) == 1


@asynchronous
async def test_1_and_true_are_not_the_same_graph(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        await queue.put(new("a", graph={"1": {"class_type": "N", "inputs": {"x": 1}}}))
        for other in (True, 1.0, "1"):
            with pytest.raises(IdTaken):
                await queue.put(new("a", graph={"1": {"class_type": "N", "inputs": {"x": other}}}))


@asynchronous
async def test_many_at_once_with_one_id_make_one_job(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        made = await asyncio.gather(*(queue.put(new("a")) for _ in range(20)))
        assert sum(fresh for _, fresh in made) == 1
        assert len({row.serial for row, _ in made}) == 1
        assert await take_all(queue) == ["a"]


@asynchronous
async def test_no_ids_and_no_places(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        for id in ("", "a\nb", "\ud800"):
            with pytest.raises(ValueError, match="id of a job"):
                await queue.put(new(id))
        for number in (float("nan"), float("inf"), 1e300, True):
            with pytest.raises(ValueError, match="place of a job"):
                await queue.put(new("a", number=number))
        await queue.put(new("a"))
        with pytest.raises(ValueError, match="is moved"):
            await queue.move("a")
        with pytest.raises(ValueError, match="is moved"):
            await queue.move("a", "front", number=1.0)


@asynchronous
async def test_numbers_and_front(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        for id, values in {
            "third": {},
            "fourth": {},
            "second": {"front": True},
            "last": {"number": 1e6},
            "fifth": {},
            "zeroth": {"number": -7.5},
            "first": {"number": -7.5},
        }.items():
            await queue.put(new(id, **values))
        assert [row.id for row in await queue.queued(2, 1)] == ["first", "second"]
        ahead, _ = await queue.put(new("most", front=True))
        assert ahead.number < -7.5
        assert await take_all(queue) == ["most", "zeroth", "first", "second", "third", "fourth", "fifth", "last"]


@asynchronous
async def test_the_later_of_two_that_go_to_the_front_is_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        await asyncio.gather(*(queue.put(new(id, front=True)) for id in "abc"))
        assert await take_all(queue) == ["c", "b", "a"]


@asynchronous
async def test_moving(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        for id in "abcd":
            await queue.put(new(id))
        await queue.move("d", "front")
        await queue.move("a", "back")
        await queue.move("b", before="d")
        assert [row.id for row in await queue.queued()] == ["b", "d", "c", "a"]
        moved = await queue.move("c", number=-100.0)
        assert moved == await queue.job("c")
        await queue.put(new("e"))
        assert await queue.move("e", before="e") is not None
        assert await queue.move("none", "front") is None
        assert await queue.move("e", before="none") is None
        assert (await queue.take()).row.id == "c"  # type: ignore[union-attr]
        assert await queue.move("c", "back") is None
        assert await queue.move("e", before="c") is None
    async with opened(tmp_path) as queue:
        assert [row.id for row in await queue.queued()] == ["c", "b", "d", "a", "e"]


@asynchronous
async def test_there_is_always_a_place_before_another(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        for i in range(120):
            await queue.put(new(f"j{i}", number=5.0))
        for i in range(1, 120):  # halves run out after some fifty
            await queue.move(f"j{i}", before="j0")
        order = [f"j{i}" for i in range(1, 120)] + ["j0"]
        assert [row.id for row in await queue.queued()] == order
        assert await take_all(queue) == order


@asynchronous
async def test_holding(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        for id in "ab":
            await queue.put(new(id))
        assert (await queue.hold("a")).state == "held"  # type: ignore[union-attr]
        assert await queue.hold("a") is None
        assert [row.id for row in await queue.queued()] == ["a", "b"]
        assert await take_all(queue) == ["b"]
        waiter = asyncio.create_task(queue.ready())
        await queue.put(new("c"))
        await asyncio.wait_for(waiter, SECONDS)
        await queue.release("a")
        assert await queue.release("a") is None
        assert await take_all(queue) == ["a", "c"]


@pytest.mark.parametrize("change", ["release", "move"])
@asynchronous
async def test_a_change_and_a_take_before_it_is_written_keep_their_order(tmp_path: Path, change: str) -> None:
    async with opened(tmp_path) as queue:
        await queue.put(new("a"))
        if change == "release":
            await queue.hold("a")
        gate = threading.Event()
        gated = asyncio.create_task(queue._write(lambda book: gate.wait(SECONDS)))
        changed = asyncio.create_task(queue.release("a") if change == "release" else queue.move("a", "back"))
        await asyncio.sleep(0.01)  # the writer waits at the gate; the change waits behind it
        assert await take_all(queue) == ["a"]
        gate.set()
        await asyncio.gather(gated, changed)
        queue.record(*life("a"))
        await queue.flush()
        assert queue.counts()["success"] == 1
        assert [row.state for row in await queue.history()] == ["success"]


@asynchronous
async def test_that_a_job_was_taken_is_written_though_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.queue.writer.IDLE", 0.01)
    async with opened(tmp_path) as queue:
        await queue.put(new("a"))
        await asyncio.sleep(0.1)
        await queue.take()
        with closing(sqlite3.connect(tmp_path / "state.sqlite")) as db:
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                if db.execute("SELECT state FROM jobs").fetchall() == [("running",)]:
                    return
                await asyncio.sleep(0.01)
        raise AssertionError("it is not written that the job was taken")


@asynchronous
async def test_pausing_outlives_the_server(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        await queue.pause()
        await queue.put(new("a"))
        assert await queue.take() is None
    async with opened(tmp_path) as queue:
        assert queue.paused
        waiter = asyncio.create_task(queue.ready())
        await asyncio.sleep(0)
        assert not waiter.done()
        assert await queue.take() is None
        await queue.resume()
        await asyncio.wait_for(waiter, SECONDS)
        assert await take_all(queue) == ["a"]
    async with opened(tmp_path) as queue:
        assert not queue.paused


@asynchronous
async def test_two_takers_never_get_the_same(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        for i in range(30):
            await queue.put(new(f"{i}"))
    async with opened(tmp_path) as queue:  # the graphs are read from the disk, in other threads
        taken = await asyncio.gather(*(queue.take() for _ in range(40)))
        ids = [t.row.id for t in taken if t is not None]
        assert sorted(ids, key=int) == [f"{i}" for i in range(30)]


@asynchronous
async def test_cancelling_what_waits(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        told = heard(queue)
        for id in "abcd":
            await queue.put(new(id))
        await queue.take()
        await queue.hold("b")
        assert await queue.cancel_queued(["a", "b", "b", "none"]) == ["b"]
        assert await queue.clear_queue() == ["c", "d"]
        assert await queue.cancel_queued(["b"]) == []
        assert [x.event for x in told] == [*queued(*"abcd"), *(JobFinished(id, "cancelled") for id in "bcd")]
        row = await queue.job("b")
        assert row is not None
        assert row.state == "cancelled"
        assert row.ended is not None
        assert (queue.counts()["cancelled"], queue.counts()["running"]) == (3, 1)


@asynchronous
async def test_the_listener_hears_all_in_order_and_only_what_is_on_disk(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        told: list[Logged] = []
        thread = threading.get_ident()

        def listen(logged: list[Logged]) -> None:
            with closing(sqlite3.connect(tmp_path / "state.sqlite")) as db:
                there = db.execute("SELECT seq FROM events WHERE seq >= ? ORDER BY seq", (logged[0].seq,)).fetchall()
            assert [(x.seq,) for x in logged] == there[: len(logged)]
            assert threading.get_ident() == thread
            assert queue.last_seq == logged[-1].seq
            told.extend(logged)

        queue.listener = listen  # type: ignore[assignment]
        ids = [f"{i}" for i in range(5)]
        for id in ids:
            await queue.put(new(id))
        await take_all(queue)
        events = {id: [StepStarted(id, f"{n}") for n in range(200)] for id in ids}
        threads = [threading.Thread(target=lambda id=id: [queue.record(e) for e in events[id]]) for id in ids]
        for t in threads:
            t.start()
        while any(t.is_alive() for t in threads):
            await asyncio.sleep(0.001)
        await queue.flush()
        assert [x.event for x in told[:5]] == queued(*ids)
        assert len(told) == 5 + 5 * 200
        for id in ids:
            assert [x.event for x in told if x.event.job == id][1:] == events[id]
        assert [x.seq for x in told] == sorted({x.seq for x in told})
        assert await queue.events(0, 10_000) == told
        assert await queue.events(told[500].seq, 10) == told[501:511]
        assert await queue.events(told[4].seq, 3, "2") == [x for x in told if x.event.job == "2"][1:4]
        assert await queue.events(0, 10, "none") == []


@asynchronous
async def test_a_listener_that_fails_harms_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        queue.listener = lambda logged: 1 / 0  # type: ignore[assignment, return-value]
        await queue.put(new("a"))
        assert await take_all(queue) == ["a"]


@asynchronous
async def test_progress_and_previews_are_not_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        told = heard(queue)
        await queue.put(new("a"))
        await queue.take()
        for event in (Progress("a", "1", 1, 2), Preview("a", "1", b""), JobQueued("a"), StepStarted("none", "1")):
            queue.record(event)
        await queue.flush()
        assert [x.event for x in told] == queued("a")


@asynchronous
async def test_rows_follow_their_events(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        await run(queue, "good")
        await run(queue, "bad", "error")
        await run(queue, "ended", "cancelled")
        good, bad, ended = [await queue.job(id) for id in ("good", "bad", "ended")]
        assert good is not None
        assert bad is not None
        assert ended is not None
        assert (good.state, good.error) == ("success", None)
        told = {
            "code": "step_failed",
            "message": "it failed",
            "node": "2",
            "node_type": "Save",
            "exception": "ValueError",
        }
        assert (bad.state, bad.error) == ("error", told)
        assert ended.state == "cancelled"
        for row in (good, bad, ended):
            assert row.created <= row.started <= row.ended  # type: ignore[operator]
        assert await queue.results("good") == {"2": {"images": [{"filename": "good.png"}]}}
        assert await queue.results_of(["good", "bad", "none"]) == {"good": await queue.results("good")}
        assert [x.event for x in await queue.events(job="bad")] == [JobQueued("bad"), *life("bad", "error")]


@asynchronous
async def test_the_first_step_that_fails_is_the_cause(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        await queue.put(new("a"))
        await queue.take()
        for node in "12":
            queue.record(StepFailed("a", node, "N", f"{node} failed"))
        queue.record(JobFinished("a", "error"))
        queue.record(JobFinished("a", "success"))  # an echo of an earlier life changes nothing
        await queue.flush()
        row = await queue.job("a")
        assert row is not None
        assert row.error is not None
        assert (row.state, row.error["node"]) == ("error", "1")


@asynchronous
async def test_what_is_amiss_stays_with_the_job(tmp_path: Path) -> None:
    sentences = [{"sentence": "Cell {n} failed.", "values": {"n": n}} for n in range(99)]
    told = [Warned("a", "gaps", f"Cell {n} failed.", sentence) for n, sentence in enumerate(sentences)]
    async with opened(tmp_path) as queue:
        await queue.put(new("a"))
        await queue.put(new("b"))
        await queue.take()
        queue.record(told[0], told[0], *told)
        await queue.flush()
        row = await queue.job("a")
        assert row is not None
        assert [w["message"] for w in row.warnings] == [f"Cell {n} failed." for n in range(WARNINGS)]
        queue.record(JobFinished("a", "success"))
        await queue.flush()
    async with opened(tmp_path) as queue:
        rows = [await queue.job("a"), await queue.job("b")]
        assert [len(row.warnings) for row in rows if row is not None] == [WARNINGS, 0]
        assert rows[0] is not None
        assert rows[0].warnings[3] == {"code": "gaps", "message": "Cell 3 failed.", "telling": told[3].telling}


@asynchronous
async def test_a_database_without_warnings_gets_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as queue:
        await queue.put(new("a"))
    with closing(sqlite3.connect(tmp_path / "state.sqlite")) as db:
        db.execute("ALTER TABLE jobs DROP COLUMN warnings")
        db.execute("PRAGMA user_version = 1")
    async with opened(tmp_path) as queue:
        row = await queue.job("a")
        assert row is not None
        assert (row.state, list(row.warnings)) == ("queued", [])


@asynchronous
async def test_pages_of_history(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        ids = [f"{i}" for i in range(7)]
        for id in ids:
            await run(queue, id, "error" if id in "25" else "success")
        newest = ids[::-1]

        async def page(*args: object, **more: object) -> list[str]:
            return [row.id for row in await queue.history(*args, **more)]  # type: ignore[arg-type]

        assert await page() == newest
        assert await page(3, 2) == newest[2:5]
        assert await page(3, 6) == newest[6:]
        assert await page(2, newest=False) == ids[:2]
        assert await page(states=("error",)) == ["5", "2"]
        assert await page(0) == []
        await queue.put(new("waits"))
        assert await page() == newest


@asynchronous
async def test_deleting_history(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        for id in "abc":
            await run(queue, id)
        await queue.put(new("waits"))
        assert await queue.delete_history(["a", "waits", "none"]) == 1
        assert await queue.job("a") is None
        assert await queue.body("a") is None
        assert await queue.results("a") == {}
        assert "a" not in {x.event.job for x in await queue.events()}
        assert await queue.clear_history() == 2
        assert queue.counts()["success"] == 0
        assert await queue.history() == []
        assert (await queue.put(new("a", graph=graph("now free"))))[1]
        assert await take_all(queue) == ["waits", "a"]
    with closing(sqlite3.connect(tmp_path / "state.sqlite")) as db:
        assert [db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("bodies", "results")] == [2, 0]


@asynchronous
async def test_large_bodies_are_packed_and_memory_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.queue.carried.ROOM", 2000)
    async with opened(tmp_path) as queue:
        large = graph("word " * 40_000)
        for id, made in (("large", large), ("small", GRAPH), ("other", GRAPH)):
            await queue.put(new(id, graph=made))
        assert list(queue._carried) == ["small", "other"]
        assert [(await queue.take()).graph for _ in range(3)] == [large, GRAPH, GRAPH]  # type: ignore[union-attr]
        assert list(queue._carried) == []
        assert queue._carried.room == 2000
    with closing(sqlite3.connect(tmp_path / "state.sqlite")) as db:
        assert db.execute("SELECT max(length(graph)) FROM bodies").fetchone()[0] < 5000


@asynchronous
async def test_whoever_stops_waiting_loses_no_job(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        waiter = asyncio.create_task(queue.put(new("a")))
        await asyncio.sleep(0)
        waiter.cancel()
        await queue.flush()
        assert waiter.cancelled()
        assert await take_all(queue) == ["a"]


@asynchronous
async def test_what_is_stored_in_nodes_words_is_strict_json(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        await queue.put(new("a"))
        await queue.take()
        queue.record(StepFinished("a", "1", 0.1, {"text": [float("nan"), b"x", "\ud800"]}))
        await queue.flush()
        assert await queue.results("a") == {"1": {"text": [None, "b'x'", "\ud800"]}}


@asynchronous
async def test_closing(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        told = heard(queue)
        await queue.put(new("a"))
        await queue.take()
        for event in life("a"):
            queue.record(event)
        await queue.close()
        assert [x.event for x in told] == [JobQueued("a"), *life("a")]
        await queue.close()
        assert await queue.take() is None
        for call in (queue.put(new("b")), queue.history(), queue.flush()):
            with pytest.raises(QueueProblem, match="server is ending"):
                await call
    assert sorted(p.name for p in tmp_path.iterdir()) == ["state.sqlite", "state.sqlite.lock"]


def test_open_needs_a_loop(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        JobQueue.open(tmp_path / "state.sqlite")

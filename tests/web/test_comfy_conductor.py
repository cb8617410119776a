"""The conductor: who is told what, what is kept for those who come later, and how a slow one catches up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from engine.compat.messages import Flags, Message, Said
from engine.queue.log import Logged
from engine.queue.rows import Body
from engine.run.events import (
    Event,
    JobFinished,
    JobQueued,
    JobStarted,
    Preview,
    Progress,
    StepFinished,
    StepStarted,
)
from engine.run.picture import Picture
from engine.service.hub import Hub
from tests.web.kit import PATIENCE
from web.comfy import conductor as module
from web.comfy import peers as peers_module
from web.comfy.conductor import Conductor
from web.comfy.outbox import MOST, MOST_KEPT, Outbox
from web.comfy.peers import Peer

SHOWN = {"text": ["x"]}


class Queue:
    """A log in memory."""

    def __init__(self) -> None:
        self.log: list[Logged] = []
        self.waiting = 0
        self.clients: dict[str, str] = {}

    def counts(self) -> dict[str, int]:
        return {"queued": self.waiting}

    async def job(self, id: str) -> Any:
        return SimpleNamespace(client=self.clients[id]) if id in self.clients else None

    async def body(self, id: str) -> Body:
        return Body({}, (), None, {})

    async def events(self, after: int = 0, limit: int = 1000, job: str | None = None) -> list[Logged]:
        await asyncio.sleep(0)
        return [e for e in self.log if e.seq > after and job in (None, e.event.job)][:limit]


class World:
    """A conductor with a log, and clients that note what they are sent."""

    def __init__(self) -> None:
        self.queue, self.hub = Queue(), Hub()
        service: Any = SimpleNamespace(queue=self.queue, hub=self.hub)
        self.conductor = Conductor(service)

    async def happens(self, *events: Event) -> None:
        """Events reach the log, then the hub; returns when the conductor has told them."""
        for event in events:
            if isinstance(event, Progress | Preview):
                self.hub.live(event)
            else:
                self.queue.log.append(Logged(len(self.queue.log) + 1, 100.0 + len(self.queue.log), event))
                self.hub.publish(self.queue.log[-1:])
        await self.settle()

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)


class Client:
    """A socket that takes everything as long as it is `reading`."""

    def __init__(self, world: World, name: str, flags: Flags = Flags()) -> None:  # noqa: B008 - frozen
        self.got: list[Any] = []
        self.world = world
        self.reading = asyncio.Event()
        self.reading.set()
        self.peer = world.conductor.connect(name, self._send)
        self.sender = self.peer.sender
        if flags != Flags():
            world.conductor.understands(self.peer, flags)

    async def _send(self, peer: Peer) -> None:
        self._note(self.world.conductor.greeting(peer.client), peer)
        while True:
            await self.reading.wait()
            await peer.outbox.filled.wait()
            box = peer.outbox
            said: list[Said] = await self.world.conductor.anew(peer) if box.lost else box.take(100)
            for each in said:
                self._note(each, peer)
            await asyncio.sleep(0)

    def _note(self, said: Said, peer: Peer) -> None:
        frame = said.frame(peer.outbox.flags)
        self.got.append(json.loads(frame) if isinstance(frame, str) else frame)

    def leave(self) -> None:
        self.world.conductor.peers.disconnect(self.peer, self.sender)

    def types(self, job: str | None = None) -> list[str]:
        texts = [f for f in self.got if isinstance(f, dict)]
        of_job = [f for f in texts if job is None or f["data"].get("prompt_id") == job]
        return [
            "executing:null" if f["type"] == "executing" and f["data"]["node"] is None else f["type"] for f in of_job
        ]


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    made = World()
    running = asyncio.ensure_future(made.conductor.run())
    await asyncio.sleep(0)
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def play(scene: Callable[[World], Awaitable[None]]) -> None:
    """Run a scene to its end."""

    async def run() -> None:
        async with world() as made:
            await scene(made)

    asyncio.run(asyncio.wait_for(run(), PATIENCE))


def small(job: str) -> list[Event]:
    """A job of one step that shows something."""
    return [
        JobQueued(job),
        JobStarted(job, ("1",), ()),
        StepStarted(job, "1"),
        StepFinished(job, "1", 0.1, SHOWN),
        JobFinished(job, "success"),
    ]


END = ["progress_state", "execution_success", "executing:null"]


def test_a_job_is_told_to_its_client_and_to_no_other() -> None:
    async def scene(w: World) -> None:
        mine, other = Client(w, "me"), Client(w, "you")
        assert w.conductor.expect("j", "me")
        await w.happens(*small("j"))
        assert mine.types("j") == ["execution_start", "execution_cached", "executing", "executed", *END]
        assert mine.types()[-3:] == ["execution_success", "status", "executing:null"]
        assert mine.got[0]["data"]["sid"] == "me"
        assert set(other.types()) == {"status"}

    play(scene)


def test_a_job_without_a_client_is_told_to_all_in_order() -> None:
    async def scene(w: World) -> None:
        clients = [Client(w, name) for name in "abc"]
        await w.happens(*small("j"))
        for client in clients:
            assert client.types()[-3:] == ["execution_success", "status", "executing:null"]

    play(scene)


def test_the_client_of_a_job_that_nobody_announced_is_looked_up() -> None:
    async def scene(w: World) -> None:
        mine, other = Client(w, "me"), Client(w, "you")
        w.queue.clients["j"] = "me"
        await w.happens(*small("j"))
        assert mine.types("j")[-1] == "executing:null"
        assert other.types("j") == []

    play(scene)


def test_an_interruption_is_told_to_all() -> None:
    async def scene(w: World) -> None:
        mine, other = Client(w, "me"), Client(w, "you")
        w.conductor.expect("j", "me")
        await w.happens(JobStarted("j", ("1",), ()), StepStarted("j", "1"), JobFinished("j", "cancelled"))
        assert other.types("j") == ["execution_interrupted"]
        assert mine.types("j")[-1] == "executing:null"

    play(scene)


def test_what_happens_before_the_socket_opens_is_delivered_when_it_does() -> None:
    async def scene(w: World) -> None:
        w.conductor.expect("j", "late")
        await w.happens(*small("j"))
        late = Client(w, "late")
        await w.settle()
        assert late.types()[0] == "status"
        assert late.types("j") == ["execution_start", "execution_cached", "executing", "executed", *END]

    play(scene)


def test_what_has_waited_for_a_minute_is_not_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(w: World) -> None:
        now = 0.0
        w.conductor.peers.clock = lambda: now
        w.conductor.expect("j", "late")
        await w.happens(*small("j"))
        now = 61.0
        late = Client(w, "late")
        await w.settle()
        assert late.types() == ["status"]

    play(scene)


def test_a_client_that_comes_in_the_middle_is_told_what_runs() -> None:
    async def scene(w: World) -> None:
        w.conductor.expect("j", "me")
        first = Client(w, "me")
        await w.happens(*small("j")[:3])
        first.leave()
        again = Client(w, "me")
        await w.settle()
        running = [f for f in again.got if f["type"] == "progress_state"][-1]
        assert running["data"]["nodes"]["1"]["state"] == "running"
        assert [f["data"]["node"] for f in again.got if f["type"] == "executing"] == ["1"]
        await w.happens(*small("j")[3:])
        assert again.types()[-1] == "executing:null"

    play(scene)


def test_a_second_socket_of_a_client_takes_the_place_of_the_first() -> None:
    async def scene(w: World) -> None:
        first = Client(w, "me")
        await w.settle()
        second = Client(w, "me")
        w.conductor.expect("j", "me")
        await w.happens(*small("j"))
        assert first.types() == ["status"]
        first.leave()  # late: it must not take the second one's place away
        w.conductor.expect("k", "me")
        await w.happens(*small("k"))
        assert second.types("j")[-1] == second.types("k")[-1] == "executing:null"

    play(scene)


def test_a_client_that_stops_reading_delays_nobody_and_is_brought_up_to_date() -> None:
    async def scene(w: World) -> None:
        slow, quick = Client(w, "slow"), Client(w, "quick")
        await w.settle()
        slow.reading.clear()
        w.conductor.expect("big", "slow")
        await w.happens(JobStarted("big", (), ()))
        for i in range(MOST):
            events = [StepStarted("big", f"n{i}"), StepFinished("big", f"n{i}", 0.0, SHOWN)]
            w.queue.log += [Logged(len(w.queue.log) + k + 1, 1.0, e) for k, e in enumerate(events)]
            w.hub.publish(w.queue.log[-2:])
            if not i % 200:
                await asyncio.sleep(0)
        w.conductor.expect("j", "quick")
        await w.happens(*small("j"))
        for _ in range(200):
            await asyncio.sleep(0)
        assert quick.types("j")[-1] == "executing:null"
        assert len(slow.peer.outbox) <= MOST
        await w.happens(StepStarted("big", "last"))
        slow.reading.set()
        for _ in range(500):
            await asyncio.sleep(0)
        shown = [f["data"]["node"] for f in slow.got if f["type"] == "executed"]
        assert sorted(shown) == sorted(f"n{i}" for i in range(MOST))
        states = [f for f in slow.got if f["type"] == "progress_state"]
        assert states[-1]["data"]["nodes"]["last"]["state"] == "running"
        await w.happens(StepFinished("big", "last", 0.0), JobFinished("big", "success"))
        await w.settle()
        assert slow.types("big")[-2:] == ["execution_success", "executing:null"]
        assert slow.types("big").count("execution_success") == 1

    play(scene)


def test_a_job_that_ended_while_its_client_did_not_read_is_told_from_the_log_once() -> None:
    async def scene(w: World) -> None:
        slow = Client(w, "slow")
        await w.settle()
        slow.reading.clear()
        jobs = [f"j{i}" for i in range(MOST // 5)]
        for job in jobs:
            w.conductor.expect(job, "slow")
            await w.happens(*small(job))
        assert slow.peer.outbox.lost
        slow.reading.set()
        for _ in range(3000):
            await asyncio.sleep(0)
        for job in jobs[-100:]:
            ends = [t for t in slow.types(job) if t in ("execution_success", "executing:null")]
            assert ends == ["execution_success", "executing:null"], job

    play(scene)


def test_events_that_the_hub_could_not_keep_are_read_from_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(w: World) -> None:
        mine = Client(w, "me")
        for i in range(20):
            w.conductor.expect(f"j{i}", "me")
        events = [event for i in range(20) for event in small(f"j{i}")]
        w.queue.log += [Logged(i, 1.0, event) for i, event in enumerate(events, 1)]
        for entry in w.queue.log:
            w.hub.publish([entry])
        for _ in range(2000):
            await asyncio.sleep(0)
        for i in range(20):
            assert mine.types(f"j{i}")[-1] == "executing:null"
            assert mine.types(f"j{i}").count("execution_success") == 1

    monkeypatch.setattr(module, "LIMIT", 10)
    play(scene)


def test_only_the_last_preview_waits_for_a_client_that_is_slow() -> None:
    async def scene(w: World) -> None:
        mine = Client(w, "me")
        w.conductor.expect("j", "me")
        await w.happens(*small("j")[:3])
        mine.reading.clear()
        before = len(mine.got)
        await w.settle()
        for i in range(10):
            await w.happens(Preview("j", "1", Picture(bytes([i]), "jpeg", 1, 1)))
        mine.reading.set()
        await w.settle()
        previews = [f for f in mine.got[before:] if isinstance(f, bytes)]
        assert previews[-1].endswith(bytes([9]))
        assert len(previews) <= 2

    play(scene)


def test_changes_only_for_those_who_take_them() -> None:
    async def scene(w: World) -> None:
        w.conductor.expect("j", "me")
        await w.happens(*small("j")[:3])
        mine = Client(w, "me", Flags(progress_delta=True))
        await w.happens(StepFinished("j", "1", 0.1), StepStarted("j", "2"), StepFinished("j", "2", 0.1))
        await w.happens(JobFinished("j", "success"))
        states = [f["data"]["nodes"] for f in mine.got if f["type"] == "progress_state"]
        known: dict[str, Any] = {}
        for nodes in states:
            known |= nodes
        assert {id: n["state"] for id, n in known.items()} == {"1": "finished", "2": "finished"}

    play(scene)


def test_a_fan_of_three_thousand_is_little_traffic() -> None:
    """With a clock that makes it last 10 seconds: the states in full are rarer the larger they are."""

    async def scene(w: World) -> None:
        now, loop = 0.0, asyncio.get_running_loop()
        w.conductor.peers.clock = lambda: now
        # Only this clock counts: no timer of the loop fires by itself.
        loop.call_later = lambda wait, call, *args, **more: loop.call_at(loop.time() + 3600, call, *args, **more)  # type: ignore[method-assign]
        mine, job = Client(w, "me"), "0123456789abcdef0123456789abcdef0123"
        w.conductor.expect(job, "me")
        await w.happens(JobStarted(job, (), ()))
        for i in range(3000):
            now = i / 300
            stage = w.conductor._stages[job]
            if stage.timer is not None and now >= stage.told + stage.pause:
                stage.timer.cancel()
                w.conductor._on_time(job, stage)
            w.hub.publish(
                [
                    Logged(2 * i + 2, now, StepStarted(job, f"fan{i}")),
                    Logged(2 * i + 3, now, StepFinished(job, f"fan{i}", 0)),
                ]
            )
            for _ in range(4):
                await asyncio.sleep(0)
        w.hub.publish([Logged(9000, now, JobFinished(job, "success"))])
        await w.settle()
        assert mine.types()[-1] == "executing:null"
        total = sum(len(json.dumps(f)) for f in mine.got)
        assert total < 5_000_000
        assert sum(f["type"] == "progress_state" for f in mine.got) <= 41
        assert sum(f["type"] == "executing" for f in mine.got) == 3001

    play(scene)


def test_an_outbox_of_someone_who_never_comes_is_bounded() -> None:
    async def scene(w: World) -> None:
        w.conductor.expect("j", "never")
        await w.happens(JobStarted("j", (), ()))
        for i in range(2 * MOST_KEPT):
            await w.happens(StepFinished("j", f"n{i}", 0.0, SHOWN))
        (peer,) = w.conductor.peers.known.values()
        assert len(peer.outbox) <= MOST_KEPT
        assert list(peer.outbox.lost) == ["j"]

    play(scene)


def test_peers_who_are_away_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(w: World) -> None:
        stays = Client(w, "stays")
        for i in range(20):
            w.conductor.expect(f"j{i}", f"c{i}")
            await w.happens(*small(f"j{i}"))
        assert len(w.conductor.peers.known) <= 5
        assert "stays" in w.conductor.peers.known
        assert stays.peer is w.conductor.peers.known["stays"]

    monkeypatch.setattr(peers_module, "MOST_PEERS", 5)
    play(scene)


def test_nothing_is_remembered_of_jobs_that_are_over() -> None:
    async def scene(w: World) -> None:
        for i in range(5):
            w.conductor.expect(f"j{i}", "me")
            await w.happens(*small(f"j{i}"))
        w.conductor.expect("gone", "me")
        await w.happens(JobQueued("gone"), JobFinished("gone", "cancelled"))
        assert w.conductor._stages == {}
        assert w.conductor._clients == {}

    play(scene)


def message(name: str, slot: tuple[str, ...] | None = None) -> Message:
    return Message(name, {}, slot=slot)


def test_an_outbox_keeps_the_order_and_the_last_of_each_slot() -> None:
    box = Outbox(lambda: 0.0)
    for name, slot in (("a", None), ("s1", ("s",)), ("b", None), ("s2", ("s",)), ("c", None)):
        box.put("j", message(name, slot))
    assert [m.type for m in box.take(2) if isinstance(m, Message)] == ["a", "b"]
    assert box.filled.is_set()
    assert [m.type for m in box.take(9) if isinstance(m, Message)] == ["s2", "c"]
    assert not box.filled.is_set()


def test_an_outbox_that_overflows_knows_whose_messages_are_gone() -> None:
    box = Outbox(lambda: 0.0)
    box.most = 3
    for job in ("x", "y", "", "x"):
        box.put(job, message(job))
    assert len(box) == 0
    box.put("y", message("late"))
    box.put("z", message("kept"))
    assert box.take_lost() == ["y", "x"]
    assert [m.type for m in box.take(9) if isinstance(m, Message)] == ["kept"]

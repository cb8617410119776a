"""The queue against a plain list: any order of calls, with crashes in between, gives what the list gives."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.queue.jobs import IdTaken, JobQueue, Logged
from engine.queue.rows import ENDED, STATES
from engine.run.events import Event, JobFinished, JobInterrupted, JobQueued, StepFinished
from tests.queue.kit import crashed, graph, heard, new

T = TypeVar("T")
IDS = st.sampled_from([f"job {n}" for n in range(8)])
WAITING = ("queued", "held")


@dataclass
class Plain:
    """A job of the model."""

    id: str
    text: str
    serial: int
    state: str = "queued"
    interruptions: int = 0


class Machine(RuleBasedStateMachine):
    """`line` has the jobs that live, in order; `over` those that ended, in the order of their ends."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.folder, self.lives = self.root / "0", 0
        self.loop = asyncio.new_event_loop()
        self.line: list[Plain] = []
        self.over: list[Plain] = []
        self.log: list[Event] = []
        self.results: dict[str, Any] = {}
        self.paused = False
        self.told: list[Logged] = []
        self.open()

    def open(self) -> None:
        async def call() -> JobQueue:
            return JobQueue.open(self.folder / "state.sqlite")

        self.queue = self.loop.run_until_complete(call())
        self.heard = heard(self.queue)

    def do(self, call: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(call)

    def job(self, id: str) -> Plain | None:
        return next((job for job in self.line if job.id == id), None)

    def end(self, job: Plain, state: str) -> None:
        self.line.remove(job)
        self.over.append(job)
        job.state = state
        self.log.append(JobFinished(job.id, state))  # type: ignore[arg-type]

    @rule(id=IDS, text=st.sampled_from("ab"), front=st.booleans())
    def put(self, id: str, text: str, front: bool) -> None:
        there = next((job for job in (*self.line, *self.over) if job.id == id), None)
        call = self.queue.put(new(id, graph=graph(text), front=front))
        if there is not None and there.text != text:
            with pytest.raises(IdTaken):
                self.do(call)
            return
        row, fresh = self.do(call)
        assert fresh == (there is None)
        assert row.state == (there.state if there else "queued")
        if there is None:
            self.line.insert(0 if front else len(self.line), Plain(id, text, row.serial))
            self.log.append(JobQueued(id))

    @rule()
    def take(self) -> None:
        job = next((job for job in self.line if job.state == "queued"), None) if not self.paused else None
        taken = self.do(self.queue.take())
        assert (taken.row.id if taken else None) == (job.id if job else None)
        if job is not None and taken is not None:
            assert taken.graph == graph(job.text)
            job.state = "running"

    @rule(id=IDS, node=st.sampled_from("12"), shown=st.integers(0, 9))
    def step(self, id: str, node: str, shown: int) -> None:
        """Of whatever job: what was never put is dropped, an echo is written down."""
        event = StepFinished(id, node, 0.5, {"shown": shown})
        self.queue.record(event)
        if any(job.id == id for job in (*self.line, *self.over)):
            self.log.append(event)
            self.results.setdefault(id, {})[node] = {"shown": shown}

    @rule(id=IDS, state=st.sampled_from(ENDED))
    def finish(self, id: str, state: str) -> None:
        job = self.job(id)
        if job is not None and job.state == "running":
            self.queue.record(JobFinished(id, state))  # type: ignore[arg-type]
            self.end(job, state)
            self.do(self.queue.flush())

    @rule(id=IDS, reason=st.sampled_from(["worker_died", "server_stopped"]))
    def interrupt(self, id: str, reason: Any) -> None:
        job = self.job(id)
        back = self.queue.interrupt(id, reason)
        self.do(self.queue.flush())
        if job is None or job.state != "running":
            assert not back
            return
        assert back == self.interrupted(job, reason)

    def interrupted(self, job: Plain, reason: Any) -> bool:
        back = reason == "server_stopped" or job.interruptions == 0
        job.state = "queued" if back else "parked"
        job.interruptions += reason != "server_stopped"
        self.log.append(JobInterrupted(job.id, reason, back))
        return back

    @rule(id=IDS, change=st.sampled_from([("hold", "queued"), ("release", "held"), ("unpark", "parked")]))
    def change(self, id: str, change: tuple[str, str]) -> None:
        name, only = change
        job = self.job(id)
        row = self.do(getattr(self.queue, name)(id))
        assert (row is not None) == (job is not None and job.state == only)
        if row is not None and job is not None:
            job.state = "held" if name == "hold" else "queued"
            job.interruptions = 0 if name == "unpark" else job.interruptions

    @rule(id=IDS, where=st.sampled_from(["front", "back"]))
    def move(self, id: str, where: Any) -> None:
        job = self.job(id)
        row = self.do(self.queue.move(id, where))
        assert (row is not None) == (job is not None and job.state in WAITING)
        if row is not None and job is not None:
            self.line.remove(job)
            self.line.insert(0 if where == "front" else len(self.line), job)

    @rule(id=IDS, other=IDS)
    def move_before(self, id: str, other: str) -> None:
        job, target = self.job(id), self.job(other)
        row = self.do(self.queue.move(id, before=other))
        fits = job is not None and target is not None and job.state in WAITING and target.state in WAITING
        assert (row is not None) == fits
        if fits and job is not None and target is not None and job is not target:
            self.line.remove(job)
            self.line.insert(self.line.index(target), job)

    @rule(ids=st.lists(IDS, max_size=3))
    def cancel(self, ids: list[str]) -> None:
        cancelled = self.do(self.queue.cancel_queued(ids))
        jobs = [job for id in dict.fromkeys(ids) if (job := self.job(id)) is not None and job.state != "running"]
        assert cancelled == [job.id for job in jobs]
        for job in jobs:
            self.end(job, "cancelled")
        if jobs:  # they end at one time, so that history has them as they were put
            self.over[-len(jobs) :] = sorted(jobs, key=lambda job: job.serial)

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        self.do(self.queue.pause() if paused else self.queue.resume())
        self.paused = paused

    @rule(ids=st.lists(IDS, max_size=3))
    def delete(self, ids: list[str]) -> None:
        gone = [job for job in self.over if job.id in ids]
        assert self.do(self.queue.delete_history(ids)) == len(gone)
        self.over = [job for job in self.over if job not in gone]
        deleted = {job.id for job in gone}
        self.log = [event for event in self.log if event.job not in deleted]
        self.results = {id: shown for id, shown in self.results.items() if id not in deleted}

    @rule()
    def restart(self) -> None:
        """An orderly end that gives nothing back: what runs was interrupted, as far as the next server can tell."""
        self.do(self.queue.close())
        self.back()

    @rule()
    def crash(self) -> None:
        self.do(self.queue.flush())
        self.lives += 1
        left = crashed(self.folder, self.root / f"{self.lives}")
        self.do(self.queue.close())
        self.folder = left
        self.back()

    def back(self) -> None:
        self.told += self.heard
        self.open()
        died = [job for job in self.line if job.state == "running"]
        for job in died:
            self.interrupted(job, "server_died")
        assert [row.id for row in self.queue.recovered] == [job.id for job in died]
        assert self.queue.paused == self.paused

    @invariant()
    def same(self) -> None:
        self.do(self.queue.flush())
        rows = self.do(self.queue.queued(states=("queued", "held", "parked")))
        assert [(r.id, r.state, r.interruptions) for r in rows] == [
            (job.id, job.state, job.interruptions) for job in self.line if job.state != "running"
        ]
        running = {job.id for job in self.line if job.state == "running"}
        assert {row.id for row in self.do(self.queue.running())} == running
        assert [(r.id, r.state) for r in self.do(self.queue.history(newest=False))] == [
            (job.id, job.state) for job in self.over
        ]
        states = Counter(job.state for job in (*self.line, *self.over))
        assert self.queue.counts() == {state: states[state] for state in STATES}
        assert self.do(self.queue.results_of(f"job {n}" for n in range(8))) == self.results

    @invariant()
    def logged(self) -> None:
        self.do(self.queue.flush())
        there = self.do(self.queue.events(0, 10_000))
        assert [x.event for x in there] == self.log
        told = [*self.told, *self.heard]
        assert [x.seq for x in told] == sorted({x.seq for x in told})
        kept = {x.seq: x for x in there}
        assert all(kept.get(x.seq, x) == x for x in told)
        assert self.queue.last_seq >= max(kept, default=0)

    def teardown(self) -> None:
        self.do(self.queue.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.root)


TestModel = Machine.TestCase
TestModel.settings = settings(max_examples=40, stateful_step_count=40)

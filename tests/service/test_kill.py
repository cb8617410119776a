"""kill -9 of servers and workers, at any moment: nothing is lost, nothing is made twice, the order is kept."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.queue.jobs import JobQueue, JobRow, Logged
from engine.run.events import JobFinished, JobInterrupted, JobQueued
from tests.web import kit
from tests.web.kit import Graph, Server, node, wait_for


@dataclass(slots=True)
class Batch:
    """Jobs that a client submits one after the other, and which of them were acknowledged."""

    graphs: dict[str, Graph]
    acknowledged: list[str] = field(default_factory=list)

    def submit_to(self, server: Server) -> threading.Thread:
        """Begin to submit what is not acknowledged yet, in a thread, until the server is gone."""
        thread = threading.Thread(target=self._submit, args=(server,), daemon=True)
        thread.start()
        return thread

    def _submit(self, server: Server) -> None:
        with contextlib.suppress(OSError, kit.HttpError):
            for id, graph in self.graphs.items():
                if id not in self.acknowledged:
                    assert server.submit(graph, prompt_id=id) == id
                    self.acknowledged.append(id)

    @property
    def whole(self) -> bool:
        return len(self.acknowledged) == len(self.graphs)


@dataclass(frozen=True, slots=True)
class Record:
    """What a data folder says when no server works on it."""

    rows: dict[str, JobRow]
    log: list[Logged]

    @classmethod
    def of(cls, data: Path) -> Record:
        return asyncio.run(cls._read(data))

    @classmethod
    async def _read(cls, data: Path) -> Record:
        queue = JobQueue.open(data / "state.sqlite")
        try:
            log: list[Logged] = []
            while page := await queue.events(log[-1].seq if log else 0, 1000):
                log += page
            ids = dict.fromkeys(entry.event.job for entry in log)
            return cls({id: row for id in ids if (row := await queue.job(id)) is not None}, log)
        finally:
            await queue.close()

    def of_kind(self, kind: type) -> list[str]:
        """The jobs of all events of this kind, in their order."""
        return [entry.event.job for entry in self.log if isinstance(entry.event, kind)]


def saving(count: int, seconds: float) -> dict[str, Graph]:
    return {f"job-{i}": kit.saved(i, seconds, f"job-{i}-") for i in range(count)}


def files(data: Path) -> dict[int, int]:
    """How many files have each number."""
    found: dict[int, int] = defaultdict(int)
    for path in (data / "output").rglob("*.txt"):
        found[int(path.read_text())] += 1
    return dict(found)


def idle(server: Server) -> bool:
    queue = server.get("/queue")
    return not queue["queue_running"] and not queue["queue_pending"]


def check(data: Path, batch: Batch, kills: int) -> None:
    """Every acknowledged job has ended well or waits for a person after two interruptions; each made one file."""
    record = Record.of(data)
    rows = record.rows
    assert set(batch.acknowledged) <= set(rows)
    interrupted = record.of_kind(JobInterrupted)
    assert len(interrupted) <= 8 * kills
    for id, row in rows.items():
        assert row.state in ("success", "parked"), (id, row)
        assert (row.state == "parked") == (interrupted.count(id) == 2)
        assert record.of_kind(JobQueued).count(id) == 1
        assert record.of_kind(JobFinished).count(id) == (row.state == "success")
    assert any(row.state == "success" for row in rows.values())
    made, finished = files(data), [id for id, row in rows.items() if row.state == "success"]
    assert {f"job-{number}": count for number, count in made.items() if f"job-{number}" in finished} == dict.fromkeys(
        finished, 1
    )
    assert all(count == 1 for count in made.values())
    seqs = [entry.seq for entry in record.log]
    assert seqs == sorted(set(seqs))


def in_order(data: Path) -> None:
    """One at a time, jobs end in the order in which they were queued: what was interrupted kept its place."""
    record = Record.of(data)
    ended = record.of_kind(JobFinished)
    queued = [id for id in record.of_kind(JobQueued) if id in ended]
    assert ended == queued


def killed_at_random(data: Path, batch: Batch, kills: int, dice: random.Random, *options: str) -> None:
    """Kill the server, or its worker, so many times while a client submits; then let everything end."""
    left = kills
    while True:
        with kit.server(data, *options) as server:
            client = batch.submit_to(server)
            while left:
                time.sleep(dice.uniform(0.0, 0.8))
                left -= 1
                if dice.random() < 0.5:
                    server.kill()
                    break
                for worker in server.workers():
                    os.kill(worker, signal.SIGKILL)
            client.join(kit.PATIENCE)
            if left or server.process.poll() is not None:
                continue
            assert batch.whole
            wait_for(lambda: idle(server), "the end of all jobs", 600)
            assert server.stop() == 0
            return


@pytest.mark.parametrize("seed", [1, 2])
def test_several_at_once(tmp_path: Path, seed: int) -> None:
    batch = Batch(saving(30, 0.15))
    killed_at_random(tmp_path / "data", batch, 4, random.Random(seed))
    check(tmp_path / "data", batch, 4)


@pytest.mark.parametrize("seed", [3])
def test_one_at_a_time_in_order(tmp_path: Path, seed: int) -> None:
    batch = Batch(saving(20, 0.1))
    killed_at_random(tmp_path / "data", batch, 3, random.Random(seed), "--at-once", "1")
    check(tmp_path / "data", batch, 3)
    in_order(tmp_path / "data")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 15))
def test_ten_kills_in_a_row(tmp_path: Path, seed: int) -> None:
    batch = Batch(saving(150, 0.2))
    killed_at_random(tmp_path / "data", batch, 10, random.Random(seed), "--at-once", str(1 + seed % 4))
    check(tmp_path / "data", batch, 10)
    if seed % 4 == 0:
        in_order(tmp_path / "data")


@pytest.mark.slow
def test_five_kills_of_mini_jobs(tmp_path: Path) -> None:
    """With a device and weights: every picture is there, once."""
    import json

    graph = json.loads((kit.ROOT / "workflows" / "text_to_image.json").read_text())
    graph = {id: n for id, n in graph.items() if not id.startswith("_")}
    batch = Batch({f"mini-{seed}": _mini(graph, seed) for seed in range(8)})
    data, dice = tmp_path / "data", random.Random(7)
    left = 5
    while True:
        with kit.server(data, "--device", "cpu", "--at-once", "1") as server:
            client = batch.submit_to(server)
            client.join(kit.PATIENCE)
            if left:
                left -= 1
                time.sleep(dice.uniform(2.0, 9.0))
                if left % 2:
                    server.kill()
                    continue
                for worker in server.workers():
                    os.kill(worker, signal.SIGKILL)
                server.kill()
                continue
            assert batch.whole
            wait_for(lambda: idle(server), "the end of all jobs", 600)
            assert server.stop() == 0
            break
    rows = Record.of(data).rows
    assert set(batch.acknowledged) <= set(rows)
    states = [row.state for row in rows.values()]
    assert states.count("parked") <= 2  # five kills take at most two jobs down twice
    assert states.count("success") == len(states) - states.count("parked")
    for id, row in rows.items():
        assert len(list((data / "output").rglob(f"{id}_*.png"))) == 1 or row.state == "parked"


def _mini(graph: Graph, seed: int) -> Graph:
    """The workflow with another seed, saving under a name of its own."""
    changed: dict[str, Any] = {"seed": seed, "noise_seed": seed, "filename_prefix": f"mini-{seed}"}
    return {
        id: {**n, "inputs": {k: changed.get(k, v) for k, v in n["inputs"].items()}}
        for id, n in graph.items()
        if "inputs" in n
    }


def test_what_was_finished_is_a_hit_and_the_running_job_comes_back_first(tmp_path: Path) -> None:
    data, counts = tmp_path / "data", tmp_path / "counts"
    slow: Graph = {
        "1": node("KitCount", number=5, file=str(counts), seconds=0.2),
        "2": node("KitWait", number=("1", 0), file=str(tmp_path / "go")),
        "3": node("KitSave", number=("2", 0), prefix="slow"),
    }
    with kit.server(data, "--at-once", "1") as server:
        first = server.submit(slow)
        others = [server.submit(kit.saved(n)) for n in (10, 11, 12)]
        artifacts = data / "cache" / "artifacts"
        wait_for(lambda: artifacts.exists() and any(p.is_file() for p in artifacts.rglob("*")), "an artifact on disk")
        server.kill()
    with kit.server(data, "--at-once", "1") as server:
        assert any(first in line and "queued again" in line for line in server.lines)
        queue = server.get("/queue")
        waiting = [item[1] for item in sorted(queue["queue_running"] + queue["queue_pending"])]
        assert waiting == [first, *others]
        (tmp_path / "go").touch()
        assert server.ended(first)["status"]["status_str"] == "success"
        for id in others:
            assert server.ended(id)["status"]["completed"]
    assert counts.read_text() == "5\n"
    assert Record.of(data).of_kind(JobFinished) == [first, *others]
    assert files(data) == {5: 1, 10: 1, 11: 1, 12: 1}


def test_a_job_that_crashes_its_worker_once_ends_well_and_is_named(tmp_path: Path) -> None:
    with kit.server(tmp_path / "data") as server:
        crash = {
            "1": node("KitCrash", number=3, file=str(tmp_path / "n"), times=1),
            "2": node("KitShow", number=("1", 0)),
        }
        id = server.submit(crash)
        assert server.ended(id)["outputs"]["2"]["text"] == ["3"]
    events = [entry.event for entry in Record.of(tmp_path / "data").log]
    interrupted = [event for event in events if isinstance(event, JobInterrupted)]
    assert [(event.reason, event.requeued) for event in interrupted] == [("worker_died", True)]
    assert "exit code 9" in interrupted[0].message


def test_a_job_that_always_crashes_its_worker_is_parked_and_the_queue_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with kit.server(data, "--at-once", "1") as server:
        crash = {"1": node("KitCrash", file=str(tmp_path / "n")), "2": node("KitShow", number=("1", 0))}
        bad, good = server.submit(crash), server.submit(kit.shown(4))
        assert server.ended(good)["outputs"]["2"]["text"] == ["4"]
        assert server.history(bad) is None or server.history(bad)["status"]["status_str"] == "error"
    row = Record.of(data).rows[bad]
    assert (row.state, row.interruptions) == ("parked", 2)
    assert row.error is not None
    assert row.error["code"] == "worker_died"
    assert "exit code 9" in row.error["message"]
    assert (tmp_path / "n").read_text().count("called") == 2


def begun(data: Path) -> bool:
    """Whether the database, as another process sees it, has a job that runs."""
    with contextlib.closing(sqlite3.connect(f"{(data / 'state.sqlite').as_uri()}?mode=ro", uri=True)) as db:
        return bool(db.execute("SELECT 1 FROM jobs WHERE state = 'running'").fetchall())


def test_what_took_two_servers_down_is_parked(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for _ in range(2):
        with kit.server(data) as server:
            if not (data / "id").exists():
                (data / "id").write_text(server.submit(kit.saved(1, seconds=600.0)))
            wait_for(lambda: begun(data), "the start of the job to be on disk")
            server.kill()
    with kit.server(data) as server:
        assert any("waits for you" in line for line in server.lines)
        assert idle(server)
        assert server.ended(server.submit(kit.shown(2)))["status"]["completed"]
    assert Record.of(data).rows[(data / "id").read_text()].state == "parked"

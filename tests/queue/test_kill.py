"""`kill -9` of a process in the middle of its work, again and again on the same files."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.queue.jobs import JobQueue
from tests.queue.kit import SECONDS, asynchronous, graph, opened

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")


ENOUGH = 12
"""Jobs that are acknowledged before each kill, however long that takes."""


def _killed(path: Path, name: str, seconds: float) -> list[list[str]]:
    """What a process acknowledged that was killed so long after it had opened the queue, and was well on its way."""
    command = [sys.executable, "-m", "tests.queue.hammer", str(path), name]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        # Its pipe is read while it lives, so that it never waits for us.
        os.set_blocking(process.stdout.fileno(), False)
        said, begun = b"", time.monotonic()
        while time.monotonic() < begun + seconds or said.count(b"put ") < ENOUGH:
            assert time.monotonic() < begun + SECONDS
            said += process.stdout.read() or b""
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        said += process.stdout.read() or b""
    return [line.split() for line in said[: said.rfind(b"\n")].decode().splitlines() if line]


async def _look(queue: JobQueue, puts: set[str], told: dict[int, tuple[str, str]]) -> None:
    logged = {x.seq: (x.event.job, type(x.event).__name__) for x in await queue.events(0, 10_000_000)}
    assert told.items() <= logged.items(), "an event was published that is not there"
    states = {id: row.state for id in puts if (row := await queue.job(id)) is not None}
    assert states.keys() == puts, "a job was acknowledged that is not there"
    for seq, (id, kind) in told.items():
        if kind == "JobFinished":
            assert states[id] == "success", f"{id} ended at {seq}"
    shown = await queue.results_of(puts)
    assert {id for id, state in states.items() if state == "success"} <= shown.keys()
    bodies = await queue.bodies(puts)
    assert all(bodies[id].graph == graph(id) for id in puts)
    assert queue.counts()["running"] == 0
    assert all(row.interruptions for row in queue.recovered)


@pytest.mark.parametrize("rounds", [4, pytest.param(24, marks=pytest.mark.slow)])
def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path, rounds: int) -> None:
    puts: set[str] = set()
    told: dict[int, tuple[str, str]] = {}
    rest = random.Random(rounds)

    @asynchronous
    async def look() -> None:
        async with opened(tmp_path) as queue:
            await _look(queue, puts, told)
            await queue.clear_queue()

    for n in range(rounds):
        said = _killed(tmp_path / "state.sqlite", f"{n}", rest.uniform(0.02, 0.4))
        seqs = [int(words[1]) for words in said if words[0] == "told"]
        assert seqs == sorted(set(seqs))
        assert not told or not seqs or seqs[0] > max(told), "a number was given twice"
        told |= {int(w[1]): (w[2], w[3]) for w in said if w[0] == "told"}
        puts |= {w[1] for w in said if w[0] == "put"} | {w[2] for w in said if w[0] == "told"}
        if n % 4 == 3:  # in between, a server that is killed follows one that was killed
            look()
    assert len(puts) >= ENOUGH * rounds

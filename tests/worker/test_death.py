"""Workers that die in every way there is: it is told in one sentence, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.run import events
from engine.worker.channel import ChannelError, Died
from engine.worker.process import ending
from tests.worker.conftest import Fresh
from tests.worker.kit import SECONDS, Desk, shown, threads_and_files

ROOT = Path(__file__).resolve().parents[2]


async def death_of(desk: Desk, node: str, **inputs: Any) -> Died:
    """Let a node take the worker down, with another job beside it."""
    other = desk.give(shown("nap", seconds=600, key=1))
    await desk.until(lambda: desk.of(other, events.Progress))
    job = desk.give(shown(node, **inputs))
    await desk.until(lambda: desk.deaths)
    (died,) = desk.deaths
    assert set(died.jobs) == {job, other}
    assert desk.states[-1] == desk.channel.state == "dead"
    assert desk.channel.about == {}
    return died


@pytest.mark.parametrize(
    ("node", "inputs", "code", "reason"),
    [
        ("crash", {"how": "exit", "code": 5}, 5, "The worker ended by itself, with exit code 5."),
        ("crash", {"how": "exit", "code": 0}, 0, "The worker ended by itself, with exit code 0."),
        ("crash", {"how": "kill"}, -9, "The worker was killed by signal 9, SIGKILL (out of memory?)."),
        ("crash", {"how": "segfault"}, -11, "The worker was killed by signal 11, SIGSEGV."),
        ("garble", {}, -9, "The worker was ended by force: it sent what is no message."),
        ("close_pipes", {}, -9, "The worker was ended by force: it closed its pipe."),
    ],
)
def test_a_death_is_told_with_its_cause_and_its_jobs(
    fresh: Fresh, node: str, inputs: dict[str, Any], code: int, reason: str
) -> None:
    desk = fresh("process")
    pid = desk.channel.about["pid"]
    died = desk.loop.run(death_of(desk, node, **inputs))
    assert (died.code, died.reason) == (code, reason) if node != "close_pipes" else died.code in (-9, 2, 3)
    assert not psutil.pid_exists(pid), "no zombie is left"
    with pytest.raises(ChannelError, match="is dead"):
        desk.give(shown("number", value=1))


def test_a_new_worker_does_the_next_jobs(fresh: Fresh) -> None:
    desk = fresh("process")

    async def scene() -> None:
        await death_of(desk, "crash", how="kill")
        await desk.channel.start()
        assert (await desk.work(shown("number", value=1)))[-1].status == "success"

    desk.loop.run(scene())
    assert desk.states == ["starting", "ready", "dead", "starting", "ready"]


def test_questions_that_are_open_get_an_answer(fresh: Fresh) -> None:
    desk = fresh("process")

    async def scene() -> None:
        await freeze(desk)
        asked = asyncio.ensure_future(desk.channel.ask("stats"))
        await asyncio.sleep(0)  # it is written
        os.kill(desk.channel.about["pid"], signal.SIGKILL)
        with pytest.raises(ChannelError, match="SIGKILL"):
            await asked

    desk.loop.run(scene())


@pytest.mark.parametrize("node", ["hold_interpreter", "crash"])
def test_a_worker_that_gives_no_sign_of_life_is_ended(fresh: Fresh, tmp_path: Path, node: str) -> None:
    desk = fresh("process")
    mark = tmp_path / "mark"
    inputs = {"mark": str(mark)} if node == "hold_interpreter" else {"how": "stop"}

    async def scene() -> Died:
        dying = asyncio.ensure_future(death_of(desk, node, **inputs))
        pid = desk.channel.about["pid"]
        while not (mark.exists() if node == "hold_interpreter" else is_stopped(pid)):
            await asyncio.sleep(0.02)
        channel: Any = desk.channel
        channel._life.watch(1.0)  # patience is short only now: before, a busy machine would seem a dead worker
        return await dying

    assert desk.loop.run(scene()).reason == "The worker was ended by force: it gave no sign of life for 1 seconds."


def test_a_worker_that_hangs_is_stopped_by_force(fresh: Fresh) -> None:
    desk = fresh("process")

    async def scene() -> None:
        await freeze(desk)
        job = desk.give(shown("number", value=1))
        async with asyncio.timeout(SECONDS):
            assert await desk.channel.stop(0.2) == (job,)

    desk.loop.run(scene())
    assert (desk.channel.state, desk.deaths) == ("stopped", [])


def test_a_worker_that_reads_nothing_does_not_hold_up_the_server(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.worker.process.BACKLOG", 1 << 20)
    desk = fresh("process")

    async def scene() -> Died:
        await freeze(desk)
        for _ in range(20):
            desk.give(shown("show", value="x" * 300_000))
            if desk.deaths:
                break
        await desk.until(lambda: desk.deaths)
        return desk.deaths[0]

    assert desk.loop.run(scene()).reason == "The worker was ended by force: it reads nothing any more."


def test_what_nodes_print_and_read_harms_nothing(fresh: Fresh, capfd: pytest.CaptureFixture[str]) -> None:
    desk = fresh("process")
    said = desk.loop.run(desk.work(shown("speak", text="\x00\x00\x00\x05hello")))
    heard = desk.loop.run(desk.work(shown("listen_in")))
    assert (said[-1].status, heard[-1].status, heard[-2].ui) == ("success", "success", {"text": [""]})
    printed = capfd.readouterr()
    assert printed.err.count("hello") == 3
    assert printed.out == ""


def test_memory_that_runs_out_is_a_failure_of_the_node(fresh: Fresh) -> None:
    desk = fresh("process")
    told = desk.loop.run(desk.work(shown("large", size=1 << 50)))
    failed = next(e for e in told if isinstance(e, events.StepFailed))
    assert "ran out of memory" in failed.message
    assert desk.loop.run(desk.work(shown("number", value=1)))[-1].status == "success"


def test_torch_is_never_imported_without_a_device(fresh: Fresh) -> None:
    desk = fresh("process")
    told = desk.loop.run(desk.work(shown("use_torch")))
    failed = next(e for e in told if isinstance(e, events.StepFailed))
    assert failed.message.startswith("use_torch (node a) needs a device, and there is none here")
    maps = Path(f"/proc/{desk.channel.about['pid']}/maps").read_text()
    assert "libtorch" not in maps


def test_signals_for_the_whole_group_are_left_to_the_server(fresh: Fresh) -> None:
    desk = fresh("process")
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(desk.channel.about["pid"], name)
    assert desk.loop.run(desk.work(shown("number", value=1)))[-1].status == "success"


def test_lives_and_deaths_leave_no_files_threads_or_processes(fresh: Fresh) -> None:
    desk = fresh("process")

    async def round_trip() -> None:
        await desk.channel.start()
        await desk.channel.ready(SECONDS)
        await desk.work(shown("number", value=1))
        os.kill(desk.channel.about["pid"], signal.SIGKILL)
        await desk.until(lambda: desk.channel.state == "dead")
        await desk.channel.start()
        await desk.channel.ready(SECONDS)
        await desk.channel.stop(2)

    async def tasks() -> int:
        return len(asyncio.all_tasks())

    desk.loop.run(round_trip())
    before, tasks_before = threads_and_files(), desk.loop.run(tasks())
    for _ in range(3):
        desk.loop.run(round_trip())
    deadline = time.monotonic() + SECONDS
    while threads_and_files() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threads_and_files() <= before
    assert desk.loop.run(tasks()) <= tasks_before
    assert not [p for p in psutil.Process().children() if p.status() == psutil.STATUS_ZOMBIE]


SERVER = """
import asyncio, sys
from pathlib import Path
from engine.settings import Settings
from engine.worker.process import WorkerProcess
from engine.worker.channel import Work

async def main():
    channel = WorkerProcess(Settings(Path(sys.argv[1]), device="none"))
    await channel.start()
    await channel.ready(180)
    graph = {"a": {"class_type": sys.argv[2], "inputs": {"mark": sys.argv[3], "seconds": 600}}}
    channel.run(Work("job", graph, ("a",)))
    print(channel.about["pid"], flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("node", ["deaf", "hold_interpreter"])
def test_a_worker_ends_at_once_when_its_server_is_killed(fresh: Fresh, tmp_path: Path, node: str) -> None:
    if node == "hold_interpreter" and sys.platform != "linux":
        pytest.skip("only Linux ends a process whose interpreter is held")
    desk = fresh("process", start=False)
    mark = tmp_path / "begun"
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path), node, str(mark)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    worker = psutil.Process(int(server.stdout.readline()))
    wait_for(mark.exists)
    server.kill()
    server.wait()
    server.stdout.close()
    # A new one, which waits for the lock of the old.
    desk.loop.run(desk.channel.start())
    desk.loop.run(desk.channel.ready(SECONDS))
    wait_for(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    assert desk.loop.run(desk.work(shown("number", value=1)))[-1].status == "success"


def test_a_worker_waits_for_the_lock_of_another(fresh: Fresh, tmp_path: Path) -> None:
    first, second = fresh("process"), fresh("process", start=False)

    async def scene() -> None:
        await second.channel.start()
        await asyncio.sleep(1)
        assert second.channel.state == "starting"
        await first.channel.stop(1)
        await second.channel.ready(SECONDS)

    second.loop.run(scene())


def test_finished_steps_are_hits_after_a_death(fresh: Fresh, tmp_path: Path) -> None:
    desk = fresh("process")

    async def scene() -> list[Any]:
        await desk.work(shown("sleep", seconds=0.2, key=3))
        while not list((tmp_path / "cache" / "artifacts").rglob("*.ink")):
            await asyncio.sleep(0.02)
        await death_of(desk, "crash", how="kill")
        await desk.channel.start()
        return await desk.work(shown("sleep", seconds=0.2, key=3))

    told = desk.loop.run(scene())
    assert not [e for e in told if isinstance(e, events.StepStarted) and e.node == "a"]
    assert told[-1].status == "success"


def test_a_python_that_cannot_run_is_a_death(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = fresh("process", start=False)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    desk.loop.run(desk.channel.start())
    (died,) = desk.deaths
    assert died == Died(
        "The worker could not start: /nowhere/python cannot be run (No such file or directory).", None, ()
    )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (1, "The worker ended by itself, with exit code 1."),
        (-15, "The worker was killed by signal 15, SIGTERM."),
        (-250, "The worker was killed by signal 250."),
        (None, "The worker ended by itself."),
    ],
)
def test_endings_in_words(code: int | None, sentence: str) -> None:
    assert ending(code) == sentence


def is_stopped(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_STOPPED


async def freeze(desk: Desk) -> None:
    """Stop the worker's process where it is; it lives, and does nothing any more."""
    pid = desk.channel.about["pid"]
    os.kill(pid, signal.SIGSTOP)
    while not is_stopped(pid):
        await asyncio.sleep(0.01)


def wait_for(true: Any) -> None:
    until = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)

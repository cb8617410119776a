"""Full disks, read-only folders, damaged files, second servers: told clearly, and nothing of what was there is lost."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from engine.queue.book import Book
from engine.queue.jobs import JobQueue, QueueProblem
from engine.queue.schema import MIGRATIONS
from engine.run.events import JobFinished, JobQueued, StepStarted
from tests.queue.kit import SECONDS, asynchronous, crashed, graph, heard, life, new, opened, run, take_all


async def _some(folder: Path) -> None:
    async with opened(folder) as queue:
        for i in range(40):
            await run(queue, f"{i}")
        await queue.put(new("waits"))


async def _refused(folder: Path, **options: Any) -> QueueProblem:
    with pytest.raises(QueueProblem) as raised:
        async with opened(folder, **options):
            pass
    return raised.value


def _files(folder: Path) -> dict[str, bytes]:
    """What holds something; opening a file to look at it may leave an empty log and its index."""
    kept = {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.endswith((".lock", "-shm"))}
    return {name: data for name, data in kept.items() if data}


# Files that are not what they should be


def _middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 * 2] = random.Random(1).randbytes(len(data) // 3)
    path.write_bytes(data)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9000])


def _noise(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")


def _foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (x)")


def _emptied(path: Path) -> None:
    path.write_bytes(b"")
    path.with_name("state.sqlite-wal").write_bytes(b"what was not carried over yet")


@pytest.mark.parametrize(
    ("harm", "code", "words"),
    [
        (_middle, "damaged", "is damaged"),
        (_cut, "damaged", "move state.sqlite, state.sqlite-wal and state.sqlite-shm to another folder"),
        (_noise, "damaged", "file is not a database"),
        (_emptied, "damaged", "it is empty, but state.sqlite-wal is not"),
        (_newer, "newer", f"its version is {len(MIGRATIONS) + 1}, this one knows {len(MIGRATIONS)}"),
        (_foreign, "foreign", "another program"),
    ],
)
def test_a_file_that_is_not_ours_to_write_is_not_written(
    tmp_path: Path, harm: Callable[[Path], None], code: str, words: str
) -> None:
    asyncio.run(_some(tmp_path))
    harm(tmp_path / "state.sqlite")
    before = _files(tmp_path)
    problem = asyncio.run(_refused(tmp_path))
    assert problem.code == code
    assert words in str(problem)
    assert str(tmp_path / "state.sqlite") in str(problem)
    assert _files(tmp_path) == before
    assert asyncio.run(_refused(tmp_path)).code == code, "the lock was let go"


@pytest.mark.parametrize("harm", [_middle, _newer])
def test_neither_is_its_log(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """After a crash the log holds what is not in the file yet, and looking at it must not carry it over."""

    @asynchronous
    async def live() -> None:
        async with opened(tmp_path / "1") as queue:
            for i in range(60):
                await run(queue, f"{i}")
            await asyncio.to_thread(queue._writer._sync, "PASSIVE")
            await run(queue, "b")
            crashed(tmp_path / "1", tmp_path / "2")

    live()
    if harm is _newer:
        with closing(sqlite3.connect(tmp_path / "2" / "state.sqlite")) as db:
            db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
            crashed(tmp_path / "2", tmp_path / "3")
    else:
        crashed(tmp_path / "2", tmp_path / "3")
        harm(tmp_path / "3" / "state.sqlite")
    before = _files(tmp_path / "3")
    assert len(before) == 2
    assert asyncio.run(_refused(tmp_path / "3")).code in ("damaged", "newer")
    assert _files(tmp_path / "3") == before


@asynchronous
async def test_damage_that_shows_only_when_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file is not read through at the start; the jobs whose graphs are gone fail, the others run."""
    monkeypatch.setattr("engine.queue.schema.CHECKED", 0)
    async with opened(tmp_path) as queue:
        for i in range(6):
            await queue.put(new(f"{i}", graph=graph("".join(chr(33 + (i * j * 7919) % 90) for j in range(15000)))))
    path = tmp_path / "state.sqlite"
    data = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as db:
        (page,) = db.execute("SELECT pageno FROM dbstat WHERE name = 'bodies' AND pagetype = 'leaf' LIMIT 1").fetchone()
    data[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    path.write_bytes(data)
    async with opened(tmp_path) as queue:
        good = await take_all(queue)
        await queue.flush()
        bad = await queue.history()
        assert bad
        assert sorted([*good, *(row.id for row in bad)]) == [f"{i}" for i in range(6)]
        assert {row.error["code"] for row in bad if row.error} == {"damaged"}
        assert {row.state for row in bad} == {"error"}
        with pytest.raises(QueueProblem, match="is damaged"):
            await queue.body(bad[0].id)


# Folders that cannot be written


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a small file system of its own; skips where that is not allowed."""
    places: list[Path] = []

    def mount(*options: str) -> Path:
        place = tmp_path / "disk"
        place.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "none", str(place)]
        if sys.platform != "linux" or os.geteuid() or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("needs the right to mount")
        places.append(place)
        return place

    yield mount
    for place in places:
        subprocess.run(["umount", str(place)], check=True)


@asynchronous
async def _test_read_only(place: Path) -> None:
    problem = await _refused(place)
    assert problem.code == "unwritable"
    assert "make the folder and the file writable" in str(problem)


def test_a_read_only_folder(mounted: Callable[..., Path]) -> None:
    place = mounted("size=4m")
    asyncio.run(_some(place))
    before = _files(place)
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    _test_read_only(place)
    assert _files(place) == before
    subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
    _test_waits(place)


@asynchronous
async def _test_waits(place: Path) -> None:
    async with opened(place) as queue:
        assert queue.counts()["success"] == 40
        assert await take_all(queue) == ["waits"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert asyncio.run(_refused(tmp_path / "file" / "data")).code == "unwritable"


def _unpackable(i: int) -> dict[str, Any]:
    return graph(random.Random(i).randbytes(20_000).hex())


async def _put_forever(queue: JobQueue) -> None:
    for i in count():
        await queue.put(new(f"{i}", graph=_unpackable(i)))


def _fill(place: Path) -> None:
    """Take the last bytes of a disk."""
    with suppress(OSError), (place / "stuff").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 64)


def test_a_full_disk(mounted: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A real one: `put` is refused, what runs is written down when there is room again, nothing is lost."""
    place = mounted("size=2m")
    monkeypatch.setattr("engine.queue.writer.RETRY", 0.02)

    @asynchronous
    async def live() -> None:
        warned: list[str] = []
        async with opened(place, warn=lambda code, message: warned.append(code)) as queue:
            told = heard(queue)
            await queue.put(new("runs"))
            assert await take_all(queue) == ["runs"]
            with pytest.raises(QueueProblem, match="is full") as raised:
                await _put_forever(queue)
            assert raised.value.code == "disk_full"
            put = [x.event.job for x in told][1:]
            assert put == [f"{n}" for n in range(len(put))]
            assert len(put) > 5
            _fill(place)
            events = [StepStarted("runs", f"{n}") for n in range(3000)]
            for event in events:
                queue.record(event)
            while not warned:
                await asyncio.sleep(0.01)
            assert (warned, queue.trouble is None) == (["disk_full"], False)
            assert await queue.cancel_queued(["0"]) == ["0"]  # at once, to be written later
            assert await queue.take() is None
            with pytest.raises(QueueProblem, match="is full"):
                await queue.flush()
            waiter = asyncio.create_task(queue.ready())
            subprocess.run(["mount", "-o", "remount,size=8m", str(place)], check=True)
            await asyncio.wait_for(waiter, SECONDS)
            await queue.flush()
            assert [x.event for x in told if x.event.job == "runs"][1:] == events
            assert [x.seq for x in told] == sorted({x.seq for x in told})
            assert (await queue.put(new("again")))[1]
            queue.record(JobFinished("runs", "success"))
        async with opened(place) as queue:
            assert await queue.events(0, 10_000) == [*told]
            assert [row.id for row in await queue.queued()] == [*put[1:], "again"]
            body = await queue.body("1")
            assert body is not None
            assert body.graph == _unpackable(1)

    live()


def _grow_no_more(book: Book) -> None:
    (pages,) = book.db.execute("PRAGMA page_count").fetchone()
    book.db.execute(f"PRAGMA max_page_count = {pages + 3}").fetchall()


@asynchronous
async def test_a_database_that_may_not_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same without the right to mount: what came in one transaction with a job that has no room is written."""
    monkeypatch.setattr("engine.queue.writer.RETRY", 0.02)
    warned: list[str] = []
    async with opened(tmp_path, warn=lambda code, message: warned.append(code)) as queue:
        told = heard(queue)
        await queue.put(new("runs"))
        await queue.take()
        await queue._write(_grow_no_more)
        queue.record(StepStarted("runs", "1"))
        with pytest.raises(QueueProblem) as raised:
            await queue.put(new("large", graph=_unpackable(1)))
        assert raised.value.code == "disk_full"
        assert (await queue.put(new("small")))[1], "there is room for this one"
        assert warned == []
        assert await queue.job("large") is None
        assert [x.event for x in told] == [JobQueued("runs"), StepStarted("runs", "1"), JobQueued("small")]
        for n in range(3000):
            queue.record(StepStarted("runs", f"{n}"))
        while not warned:
            await asyncio.sleep(0.01)
        assert await queue.take() is None
        queue._writer._book.db.execute("PRAGMA max_page_count = 100000").fetchall()
        await asyncio.wait_for(queue.ready(), SECONDS)
        await queue.flush()
        assert len(told) == 3003
        assert await take_all(queue) == ["small"]
        assert warned == ["disk_full"]


# Other processes and other mistakes


@asynchronous
async def test_a_second_server_is_told_who_has_the_queue(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from engine.queue.jobs import JobQueue\n"
        "async def main(): JobQueue.open(Path(sys.argv[1]))\n"
        "try: asyncio.run(main())\nexcept Exception as e: print(e.code, e.details['pid'], e)"
    )
    async with opened(tmp_path) as queue:
        queue.tell("http://127.0.0.1:8188")
        command = [sys.executable, "-c", code, str(tmp_path / "state.sqlite")]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(
            f"locked {os.getpid()} A server already works with {tmp_path / 'state.sqlite'} at "
        )
        assert f"http://127.0.0.1:8188 (process {os.getpid()})" in done.stdout
        assert (await _refused(tmp_path)).code == "locked"
        await queue.put(new("a"))
    async with opened(tmp_path) as queue:
        assert await take_all(queue) == ["a"]


@asynchronous
async def test_a_program_that_keeps_the_file_locked_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.queue.schema.PATIENCE", 0.05)
    monkeypatch.setattr("engine.queue.writer.RETRY", 0.02)
    async with opened(tmp_path) as queue:
        told = heard(queue)
        await queue.put(new("a"))
        await queue.take()
        with closing(sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(QueueProblem, match="Another program keeps"):
                await queue.put(new("b"))
            for event in life("a"):
                queue.record(event)
            other.execute("ROLLBACK")
        await queue.flush()
        assert [x.event for x in told] == [JobQueued("a"), *life("a")]


@asynchronous
async def test_only_the_change_that_is_wrong_is_dropped(tmp_path: Path) -> None:
    async with opened(tmp_path) as queue:
        told = heard(queue)
        wrong = [
            lambda book: 1 / 0,
            lambda book: book.db.execute("INSERT INTO meta VALUES ('paused', 1)"),
            lambda book: book.db.execute("INSERT INTO meta VALUES (?, ?)", ("x", 2**70)),
        ]
        made = await asyncio.gather(
            queue.put(new("a")), *(queue._write(run) for run in wrong), queue.put(new("b")), return_exceptions=True
        )
        assert [type(x) for x in made] == [tuple, RuntimeError, RuntimeError, RuntimeError, tuple]
        assert [x.event.job for x in told] == ["a", "b"]
        assert await take_all(queue) == ["a", "b"]
    async with opened(tmp_path) as queue:
        assert {row.id for row in queue.recovered} == {"a", "b"}


def test_a_queue_is_made_in_a_folder_with_an_odd_name(tmp_path: Path) -> None:
    folder = tmp_path / "100% ? # ä"

    @asynchronous
    async def live() -> None:
        async with opened(folder) as queue:
            await queue.put(new("a"))
        assert JobQueue is type(queue)
        assert (folder / "state.sqlite").exists()

    live()

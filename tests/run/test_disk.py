"""The disk tier: files that survive, files that are damaged, folders that refuse."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from engine.graph.keys import digest
from engine.run.artifact import Artifact, Stamp
from engine.run.behind import Behind
from engine.run.codecs import Codecs
from engine.run.disk import Disk
from engine.run.store import Memory, Tiers
from tests.run.kit import SECONDS, Kit, graph

ROOT = Path(__file__).parents[2]
KEY = digest("key")
BIG = 1 << 30


def made(value: Any = b"x" * 1000, seconds: float = 1.0) -> Artifact:
    return Artifact((value,), 1000, seconds, {"text": ["ui"]}, (Stamp("output", "a/b.png", 5, 6, "00"),))


def disk(path: Path, budget: int = BIG, **options: Any) -> Disk:
    return Disk(path, budget, Codecs(), **options)


def only_file(path: Path) -> Path:
    (file,) = path.rglob("*.ink")
    return file


def test_what_is_put_is_found_after_a_restart(tmp_path: Path) -> None:
    artifact = Artifact((b"x" * 70, [1, 2.5, "é"], {"a": None}, b""), 100, 0.5, {"n": (1,)}, (), digest("other"))
    disk(tmp_path).put(KEY, artifact)
    assert disk(tmp_path).get(KEY) == artifact
    assert disk(tmp_path).get(digest("else")) is None
    assert not list(tmp_path.rglob("*.part"))


def test_quick_and_opaque_results_are_not_written(tmp_path: Path) -> None:
    disk(tmp_path).put(KEY, made(seconds=0.049))
    disk(tmp_path).put(KEY, made(object()))
    assert not list(tmp_path.rglob("*.ink"))


def test_every_kind_of_damage_is_a_miss_and_is_removed(tmp_path: Path) -> None:
    disk(tmp_path).put(KEY, made())
    whole = only_file(tmp_path).read_bytes()
    flips = [bytes([*whole[:i], whole[i] ^ 1, *whole[i + 1 :]]) for i in range(0, len(whole), 7)]
    for damaged in [b"", whole[:10], whole[:-1], whole + b"x", *flips]:
        file = disk(tmp_path)._file(KEY)
        file.write_bytes(damaged)
        assert disk(tmp_path).get(KEY) is None
        assert not file.exists()
    file.write_bytes(whole)
    assert disk(tmp_path).get(KEY) == made()


def test_a_file_under_another_key_is_a_miss(tmp_path: Path) -> None:
    store = disk(tmp_path)
    store.put(KEY, made())
    other = store._file(digest("other"))
    other.parent.mkdir(exist_ok=True)
    other.write_bytes(only_file(tmp_path).read_bytes())
    assert store.get(digest("other")) is None


def test_a_process_with_fewer_codecs_leaves_the_file_alone(tmp_path: Path) -> None:
    from tests.run.test_store import BLOB, Blob

    rich = Disk(tmp_path, BIG, Codecs({Blob: BLOB}))
    rich.put(KEY, made(Blob(b"abc")))
    assert disk(tmp_path).get(KEY) is None
    found = rich.get(KEY)
    assert found is not None
    assert found.outputs == (Blob(b"abc"),)


def test_the_budget_holds_and_the_costly_stay(tmp_path: Path) -> None:
    store = disk(tmp_path, budget=40_000)
    for n in range(100):
        store.put(digest(n), made(b"x" * 1000, seconds=100.0 if n < 5 else 1.0))
        os.utime(store._file(digest(n)), (n, n))
        total = sum(f.stat().st_size for f in tmp_path.rglob("*.ink"))
        assert total <= 40_000
    assert all(store.get(digest(n)) is not None for n in range(5)), "cheap ones go first among the oldest"
    assert store.get(digest(99)) is not None


def test_two_processes_share_a_folder(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from engine.graph.keys import digest
from engine.run.artifact import Artifact
from engine.run.codecs import Codecs
from engine.run.disk import Disk
store = Disk(Path(sys.argv[1]), 1 << 30, Codecs())
for n in range(200):
    store.put(digest(n), Artifact((n, b"x" * n), n, 1.0))
    found = store.get(digest(n * 7 % 200))
    assert found is None or found.outputs[0] == n * 7 % 200
"""
    both = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT) for _ in range(2)]
    assert [p.wait(SECONDS) for p in both] == [0, 0]
    store = disk(tmp_path)
    assert [store.get(digest(n)).outputs[0] for n in range(200)] == list(range(200))  # type: ignore[union-attr]


def test_a_result_is_found_by_another_process(tmp_path: Path) -> None:
    """The whole way: a graph run in a subprocess, and again here."""
    code = """
import sys
from pathlib import Path
from engine.run.codecs import Codecs
from engine.run.disk import Disk
from engine.run.store import Memory, Tiers
from tests.run.kit import Kit, graph
g = graph(v=("Value", {"value": 5}), r=("Read", {"a": "v.0", "seconds": 0.06}), a=("Add", {"a": "r.0"}))
ran = Kit(store=Tiers(Memory(1 << 20), Disk(Path(sys.argv[1]), 1 << 30, Codecs()))).run(g, ["a"])
assert ran.value("a") == 6 and len(ran.started) == 3
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True, timeout=SECONDS)
    g = graph(v=("Value", {"value": 5}), r=("Read", {"a": "v.0", "seconds": 0.06}), a=("Add", {"a": "r.0"}))
    ran = Kit(store=Tiers(Memory(1 << 20), disk(tmp_path))).run(g, ["a"])
    assert not {"v", "r"} & set(ran.started), "what took 60 ms was on disk, and what it was made of is not asked for"
    assert ran.value("a") == 6


def warned(tmp_path: Path) -> tuple[Disk, list[str]]:
    told: list[str] = []
    return disk(tmp_path, warn=lambda code, message: told.append(f"{code}: {message}")), told


def test_a_full_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, told = warned(tmp_path)

    def full(*args: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    ran = Kit(store=Tiers(Memory(1 << 20), store)).run(
        graph(r=("Read", {"a": 1, "seconds": 0.06}), q=("Read", {"a": 2, "seconds": 0.06})), ["r", "q"]
    )
    assert ran.error is None
    assert len(told) == 1
    assert told[0].startswith("cache_unwritable: ")
    assert "No space left" in told[0]
    assert not list(tmp_path.rglob("*.*")), "nothing half-written is left"


def test_a_folder_that_cannot_be_made_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store, told = warned(tmp_path / "file" / "cache")
    store.put(KEY, made())
    assert store.get(KEY) is None
    assert any(t.startswith("cache_unwritable") for t in told)


def test_leftovers_of_dead_processes_are_swept(tmp_path: Path) -> None:
    store = disk(tmp_path)
    old, new = tmp_path / "ab" / "1-1-1.part", tmp_path / "ab" / "2-1-1.part"
    old.parent.mkdir()
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (0, 0))
    store.put(KEY, made())
    assert not old.exists()
    assert new.exists(), "another process may be writing it"


# --- writing behind ---------------------------------------------------------------------------


class Slow(Disk):
    def __init__(self, path: Path) -> None:
        super().__init__(path, BIG, Codecs())
        self.go = threading.Event()

    def put(self, key: Any, artifact: Artifact) -> None:
        self.go.wait(10 * SECONDS)
        super().put(key, artifact)


def test_a_put_returns_at_once_and_is_found_meanwhile(tmp_path: Path) -> None:
    slow = Slow(tmp_path)
    behind = Behind(slow)
    behind.put(KEY, made())
    assert behind.peek(KEY) == behind.get(KEY) == made()
    assert not behind.flush(0.01)
    slow.go.set()
    behind.close()
    assert behind.peek(KEY) is None
    assert disk(tmp_path).get(KEY) == made()


def test_a_backlog_that_is_full_keeps_nothing_more(tmp_path: Path) -> None:
    slow = Slow(tmp_path)
    behind = Behind(slow, backlog=2500)
    for n in range(5):
        behind.put(digest(n), made())
    behind.put(digest("quick"), made(seconds=0.0))
    assert [behind.peek(digest(n)) is not None for n in range(5)] == [True, True, False, False, False]
    slow.go.set()
    behind.close()


def test_a_write_that_fails_does_not_stop_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = disk(tmp_path)
    put = store.put

    def fails(key: Any, artifact: Artifact) -> None:
        if key == KEY:
            raise RuntimeError("a codec's fault")
        put(key, artifact)

    monkeypatch.setattr(store, "put", fails)
    behind = Behind(store)
    behind.put(KEY, made())
    behind.put(digest("next"), made())
    behind.close()
    assert store.get(digest("next")) is not None

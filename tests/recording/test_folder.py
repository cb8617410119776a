"""The folder of recordings: what is whole, what goes first, what a killed process leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.recording.folder import DONE, STALE, Folder, named, split, write_json
from engine.recording.read import JobRecording, recordings_of
from engine.recording.remove import forget
from engine.settings import ROOT

KEYS = [f"{i:02x}" * 20 for i in range(5)]


def step(folder: Folder, key: str, size: int = 1000, *, age: float = 0.0, runs: int = 1) -> None:
    """A recorded step."""
    place = folder.path / key
    place.mkdir(parents=True)
    for n in range(runs):
        (place / f"{n}.rec").write_bytes(bytes(size))
    folder.finish(key, {"sizes": [size] * runs, "attention": 0, "under": []})
    then = time.time() - age
    os.utime(place / DONE, (then, then))


def job(folder: Folder, name: str, *keys: str) -> None:
    """A job's list."""
    rows = [{"node": "1", "title": "", "type": "KSampler", "key": key} for key in keys]
    write_json(folder.job_file(name), {"job": name, "runs": rows, "outputs": {}, "warnings": []})


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "recordings", 10_000)


def test_names_of_runs_lead_back() -> None:
    for number in (0, 1, 12):
        assert split(named(KEYS[1], number)) == (KEYS[1], number)
    for wrong in ("", "..", "jobs", "../x", f"{KEYS[0]}-0", f"{KEYS[0]}-x", KEYS[0].upper().replace("0", "G"), "a/b"):
        assert split(wrong) is None


def test_a_step_is_done_only_while_all_its_files_are_as_they_were(folder: Folder) -> None:
    step(folder, KEYS[0], runs=2)
    assert folder.done(KEYS[0]) is not None
    (folder.path / KEYS[0] / "1.rec").write_bytes(b"short")
    assert folder.done(KEYS[0]) is None


def test_what_was_expanded_is_done_while_what_is_in_it_is(folder: Folder) -> None:
    step(folder, KEYS[0])
    (folder.path / KEYS[1]).mkdir()
    folder.finish(KEYS[1], {"sizes": [], "attention": 0, "under": [KEYS[0]]})
    assert folder.done(KEYS[1]) is not None
    forgotten = folder.path / KEYS[0] / DONE
    forgotten.unlink()
    assert folder.done(KEYS[1]) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version":99,"sizes":[],"under":[],"attention":0}'])
def test_a_mark_that_cannot_be_read_is_none(folder: Folder, text: str) -> None:
    step(folder, KEYS[0])
    (folder.path / KEYS[0] / DONE).write_text(text)
    assert folder.done(KEYS[0]) is None


def test_the_oldest_go_first_and_only_as_many_as_must(folder: Folder) -> None:
    for i, key in enumerate(KEYS[:4]):
        step(folder, key, 2000, age=100.0 * (4 - i))
    assert folder.make_room(3000)
    assert [folder.done(key) is not None for key in KEYS[:4]] == [False, True, True, True]
    assert folder.used() <= folder.budget - 3000


def test_what_is_used_again_stays_longer(folder: Folder) -> None:
    step(folder, KEYS[0], 4000, age=200)
    step(folder, KEYS[1], 4000, age=100)
    folder.touch(KEYS[0])
    assert folder.make_room(3000)
    assert [folder.done(key) is not None for key in KEYS[:2]] == [True, False]


def test_nothing_goes_for_what_would_not_fit_anyway(folder: Folder) -> None:
    step(folder, KEYS[0], 4000, age=200)
    step(folder, KEYS[1], 4000, age=100)
    assert not folder.make_room(10_001)
    assert not folder.make_room(7000, keep={KEYS[0]})
    assert [folder.done(key) is not None for key in KEYS[:2]] == [True, True]


def test_a_job_is_forgotten_but_not_what_others_have(folder: Folder) -> None:
    for key in KEYS[:2]:
        step(folder, key)
    job(folder, "a", KEYS[0], KEYS[1])
    job(folder, "b", KEYS[1])
    assert forget(folder, "a")
    assert not forget(folder, "a")
    assert recordings_of(folder, "a") is None
    assert [folder.done(key) is not None for key in KEYS[:2]] == [False, True]
    assert isinstance(recordings_of(folder.path, "b"), JobRecording)


def test_all_can_be_removed(folder: Folder) -> None:
    step(folder, KEYS[0])
    job(folder, "a", KEYS[0])
    before = folder.used()
    assert folder.clear() == before > 1000
    assert folder.used() == 0


@pytest.mark.parametrize("name", ["a/b:c", "..", "é" * 300, "\ud800"])
def test_any_name_of_a_job_has_a_file(folder: Folder, name: str) -> None:
    job(folder, name.encode("utf-8", "replace").decode(), KEYS[0])
    assert recordings_of(folder, name.encode("utf-8", "replace").decode()) is not None


@pytest.mark.parametrize("text", ["", "[]", '{"job":"a"}', '{"job":"b","runs":[],"outputs":{},"warnings":[]}'])
def test_a_list_that_cannot_be_read_is_none(folder: Folder, text: str) -> None:
    file = folder.job_file("a")
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert recordings_of(folder, "a") is None


def test_a_process_that_is_killed_while_writing_leaves_no_recording_and_what_it_left_goes(folder: Folder) -> None:
    code = f"""
import numpy, sys, time
from pathlib import Path
from engine.recording.format import Writing
writing = Writing(Path({str(folder.path / KEYS[0] / "0.rec")!r}))
for i in range(100):
    writing.put(numpy.random.rand(1000).astype("float32"))
print("writing", flush=True)
time.sleep(1000)
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    place = folder.path / KEYS[0]
    assert [f.suffix for f in place.iterdir()] == [".part"]
    assert folder.done(KEYS[0]) is None
    assert folder.used() > 0
    then = time.time() - STALE - 1
    os.utime(place, (then, then))
    assert folder.used() == 0
    assert not place.exists()


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "nowhere", 1000)
    assert folder.used() == 0
    assert folder.make_room(1000)
    assert folder.clear() == 0

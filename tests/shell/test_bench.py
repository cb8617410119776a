"""`main.py bench`: what it measures with, and what it says."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from engine import bench
from engine.bench import editor, graph, memory, models
from engine.bench.figure import Figure
from engine.cli import Sentence
from engine.graph.check import check
from engine.graph.graph import Graph
from engine.plugins import builtins


def some() -> Iterator[Figure]:
    yield Figure("fast", 1.0, "s", 2.0)
    yield Figure("slow", 3.0, "s", 2.0)
    yield Figure("gain", 3.0, "times", 2.5, least=True)
    yield Figure("told only", 9.0, "GB")


@pytest.fixture
def one_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "GROUPS", {"some": "some"})
    monkeypatch.setattr(bench, "import_module", lambda name: SimpleNamespace(figures=some))


@pytest.mark.usefixtures("one_group")
def test_a_missed_limit_is_marked_and_is_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.report([], as_json=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("cpu: ")
    assert [line[:4] for line in lines[-5:-1]] == ["ok  ", "MISS", "ok  ", "ok  "]
    assert lines[-1] == "4 figures, 1 beyond their limits."


@pytest.mark.usefixtures("one_group")
def test_json_names_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    bench.report(["some"], as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert set(told["machine"]) == {"cpu", "system", "python", "torch", "device"}
    assert [f["holds"] for f in told["figures"]] == [True, False, True, True]


def test_every_group_can_be_measured() -> None:
    from importlib import import_module

    assert all(callable(import_module(module).figures) for module in (bench.GROUPS | bench.LARGE).values())


def test_lines_of_the_editor_are_figures() -> None:
    told = '{"what": "pan", "value": 61.5, "unit": "fps", "limit": 30, "least": true, "more": "8 ms"}'
    assert editor.figure(json.loads(told)) == Figure("pan", 61.5, "fps", 30, least=True)
    assert editor.figure({"what": "heap", "value": 16.0, "unit": "MB"}) == Figure("heap", 16.0, "MB")


def test_an_editor_that_cannot_be_measured_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "The editor could not be measured: no Node.\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: failed)
    with pytest.raises(Sentence, match=r"^The editor could not be measured: no Node\.$"):
        list(editor.figures())


@pytest.mark.parametrize(("made", "count"), [(graph.chain(50), 51), (graph.layered(), 1100)])
def test_the_graphs_are_sound(made: dict[str, object], count: int) -> None:
    checked = check(Graph.from_file(made), graph.registry())
    assert checked.problems == ()
    assert len(checked.plan.steps) == count


def test_the_workflow_is_sound_but_for_its_model() -> None:
    made = models.text_to_image("any.safetensors", 64, 2, 0)
    assert check(Graph.from_file(made), builtins()).problems == ()


@pytest.mark.skipif(not memory.STATUS.exists(), reason="no /proc")
def test_the_peak_of_memory_is_seen() -> None:
    peak = memory.Peak()
    held = bytearray(200 << 20)
    held[::4096] = b"x" * len(held[::4096])
    until = time.monotonic() + 180
    while peak.most - peak.start < 190 << 20 and time.monotonic() < until:
        time.sleep(0.01)  # on a busy machine the watcher comes late
    del held
    assert 190 << 20 < peak.stop() < 260 << 20

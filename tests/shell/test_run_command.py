"""`main.py run` as a process: pictures, pictures as workflows, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.cli.progress import Bars, Lines
from engine.run import events as e
from tests.shell.conftest import MAIN, ROOT
from tests.shell.warm import Start

TEXT_TO_IMAGE = str(ROOT / "workflows" / "text_to_image.json")
QUICK = ["--set", "Sampler.steps=2", "--set", "Size.width=64", "--set", "Size.height=64"]


def test_a_picture_is_written_and_is_itself_a_workflow(start: Start, files: Path, tiny_models: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        places = ("--data", "data", "--models", str(tiny_models), "--out", "here")
        return start([*MAIN[1:], "run", *arguments, *places], files, os.environ)

    first = run(TEXT_TO_IMAGE, *QUICK)
    assert first.returncode == 0, first.stderr
    made = files / "here" / "text_to_image_00001_.png"
    assert str(made) in first.stdout
    assert made.exists()
    again = run(str(made), "--json")
    record = json.loads(again.stdout)
    assert record["files"] == [str(made)]
    assert record["ran"] == 0


def _hears_interrupts() -> None:
    """Undo what a shell does to its background jobs: there SIGINT is ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX signals")
def test_ctrl_c_is_one_sentence_and_the_next_run_is_fine(start: Start, files: Path, tiny_models: Path) -> None:
    command = [
        *MAIN,
        "run",
        TEXT_TO_IMAGE,
        "--data",
        "data",
        "--models",
        str(tiny_models),
        "--set",
        "Sampler.steps=10000",
    ]
    with subprocess.Popen(
        command,
        cwd=files,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hears_interrupts,
    ) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "Negative prompt" in line:
                break
        time.sleep(1)
        os.kill(process.pid, signal.SIGINT)
        rest, code = process.stderr.read(), process.wait(300)
    assert code == 130, lines
    assert rest.splitlines()[-1] == "Cancelled."
    assert "Traceback" not in rest
    last = start([*command[1:-1], "Sampler.steps=1"], files, os.environ)
    assert last.returncode == 0, last.stderr


STORY = (
    e.JobQueued("j"),
    e.JobStarted("j", ("a", "b"), ("c",)),
    e.StepFinished("j", "c", 0.0, cached=True),
    e.StepStarted("j", "a"),
    e.Progress("j", "a", 1, 4),
    e.StepFinished("j", "a", 1.5),
    e.Expanded("j", "b", ("b.1",)),
    e.StepStarted("j", "b.1"),
    e.Progress("j", "b.1", 3, 0),
    e.Warned("j", "cache_unwritable", "the disk is full"),
    e.StepFailed("j", "b.1", "Node", "it broke"),
    e.JobFinished("j", "error"),
)


def test_plain_lines_tell_what_finished(capsys: pytest.CaptureFixture[str]) -> None:
    view = Lines(str.upper)
    for event in STORY:
        view.show(event)
    view.close()
    assert capsys.readouterr().err.splitlines() == [
        "1 step there already, 2 to run",
        "[1/2] A 1.5 s",
        "the disk is full",
    ]


def test_a_long_step_is_told_of_every_ten_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    view = Lines(str.upper)
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    view.show(e.StepStarted("j", "a"))
    for now in range(1, 26):
        view.show(e.Progress("j", "a", now, 50))
    assert capsys.readouterr().err.splitlines() == [
        "A: step 10 of 50, 40 s left (1 a second)",
        "A: step 20 of 50, 30 s left (1 a second)",
    ]


def test_bars_follow_the_same_events() -> None:
    view = Bars(str.upper)
    for event in STORY[:-2]:
        view.show(event)
    whole, inner = view._bars.tasks
    assert (whole.total, whole.completed) == (3, 1)
    assert (inner.description, inner.completed, inner.total) == ("B.1", 3, None)
    view.show(STORY[-2])
    view.close()
    assert len(view._bars.tasks) == 1

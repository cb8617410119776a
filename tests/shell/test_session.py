"""The engine as a library."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from engine.bootstrap import take
from engine.graph.context import Cancelled, Context
from engine.graph.define import node
from engine.graph.registry import Registry
from engine.plugins import builtins, registry
from engine.run import events
from engine.session import Session, WorkflowError
from engine.workflow.png_text import png_texts
from tests.shell.conftest import ROOT, SUM

TEXT_TO_IMAGE = ROOT / "workflows" / "text_to_image.json"
QUICK = {"Sampler.steps": 2, "Size.width": 64, "Size.height": 64}

CALLS: list[str] = []
HOLD = threading.Event()
SECONDS = 180.0
"""The longest wait for anything that must come."""


@node()
def wait_here(*, seconds: float = 600.0, context: Context) -> int:
    """Waits, looking for an end."""
    CALLS.append("wait")
    until = time.monotonic() + seconds
    while time.monotonic() < until and not HOLD.is_set():
        context.progress(1, 2)
        time.sleep(0.01)
    return 1


@node()
def fail_here(*, a: int = 0) -> int:
    """Fails."""
    raise ValueError("the glue is dry")


OWN = Registry.of(sys.modules[__name__])


@pytest.fixture
def session(tmp_path: Path) -> Session:
    with Session(builtins() | OWN, data=tmp_path) as made:
        yield made


def shown(source: str, output: int = 0) -> dict[str, object]:
    return {"class_type": "PreviewAny", "inputs": {"source": [source, output]}}


def test_values_texts_and_what_ran(session: Session) -> None:
    first = session.run(SUM, {"Number.value": 20}, targets=["MathExpression", "3"])
    assert first["MathExpression"] == (41, 41.0)
    assert first.ui == {"3": {"text": ["41"]}}
    assert set(first.ran) == {"1", "2", "3"}
    again = session.run(SUM, {"Number.value": 20}, targets=["2"])
    assert again["2"] == (41, 41.0)
    assert (again.ran, again.cached) == ((), ("2",))
    with pytest.raises(KeyError):
        again["1"]


def test_problems_come_as_one_exception_before_anything_runs(session: Session) -> None:
    with pytest.raises(WorkflowError) as caught:
        session.run({"1": {"class_type": "PrimitiveInt", "inputs": {"value": "x"}}, "2": shown("1")})
    assert caught.value.sentences == ('Node 1 (PrimitiveInt), input value: "x" is not an INT; use 0.',)
    assert caught.value.problems[0].code == "invalid_input_type"
    with pytest.raises(WorkflowError, match="there is no node 'nowhere'"):
        session.run(SUM, {"nowhere.value": 1})
    with pytest.raises(WorkflowError, match="nobody"):
        session.run(SUM, targets=["nobody"])


def test_a_node_that_fails_is_named_and_the_next_job_is_clean(session: Session) -> None:
    failing = {"1": {"class_type": "fail_here", "inputs": {}}, "2": shown("1")}
    with pytest.raises(WorkflowError, match=r"fail_here \(node 1\) failed: the glue is dry \(ValueError\)"):
        session.run(failing)
    assert session.run(SUM).ui == {"3": {"text": ["7"]}}


def test_one_job_is_cancelled_and_another_goes_on(session: Session) -> None:
    HOLD.clear()
    started = threading.Event()

    def listen(event: events.Event) -> None:
        if isinstance(event, events.Progress):
            started.set()

    waiting = {"1": {"class_type": "wait_here", "inputs": {}}, "2": shown("1")}
    job = session.submit(waiting, on_event=listen)
    assert started.wait(SECONDS)
    assert session.run(SUM).ui
    assert not job.wait(0.05)
    job.cancel()
    with pytest.raises(Cancelled):
        job.result(SECONDS)


def test_two_jobs_make_what_they_share_once(session: Session) -> None:
    HOLD.clear()
    CALLS.clear()
    started = threading.Event()

    def listen(event: events.Event) -> None:
        if isinstance(event, events.Progress):
            started.set()

    waiting = {"1": {"class_type": "wait_here", "inputs": {}}, "2": shown("1")}
    first = session.submit(waiting, on_event=listen)
    assert started.wait(SECONDS)
    second = session.submit(waiting)
    HOLD.set()
    assert first.result(SECONDS).ui == second.result(SECONDS).ui == {"2": {"text": ["1"]}}
    assert CALLS == ["wait"]


def test_an_interrupt_cancels_and_the_session_goes_on(session: Session) -> None:
    import signal

    HOLD.clear()
    waiting = {"1": {"class_type": "wait_here", "inputs": {}}, "2": shown("1")}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell runs us in the background

    def listen(event: events.Event) -> None:
        if isinstance(event, events.StepStarted):
            signal.raise_signal(signal.SIGINT)

    try:
        with pytest.raises(KeyboardInterrupt):
            session.run(waiting, on_event=listen)
    finally:
        signal.signal(signal.SIGINT, before)
    assert session.run(SUM).ui


def test_a_picture_comes_as_an_array_and_as_a_file_with_its_workflow(tmp_path: Path, tiny_models: Path) -> None:
    seen: list[events.Event] = []
    with Session(builtins(), data=tmp_path, models=[tiny_models], output=tmp_path / "out") as session:
        result = session.run(
            TEXT_TO_IMAGE,
            {**QUICK, "Prompt.text": "một con cáo"},
            targets=["Latent to picture", "7"],
            on_event=seen.append,
        )
        pixels = result["Latent to picture"]
        (file,) = result.files
        assert (pixels.shape, pixels.dtype) == ((1, 64, 64, 3), np.float32)
        assert 0 <= pixels.min() < pixels.max() <= 1
        assert file.parent == tmp_path / "out"
        texts = png_texts(file)
        assert "một con cáo" in texts["inkwater"]
        assert "một con cáo" in texts["prompt"]
        assert [e.done for e in seen if isinstance(e, events.Progress) and e.node == "5"] == [1, 2]

        same = session.run(file)
        assert same.ran == ()
        assert same.files == (file,)

        bare = session.run(TEXT_TO_IMAGE, {**QUICK, "Prompt.text": "một con cáo"}, metadata=False)
        assert png_texts(bare.files[0]) == {}
        assert bare.ran == ("7",)


def test_a_picture_that_was_deleted_is_made_again_by_the_next_process_from_the_disk(
    tmp_path: Path, tiny_models: Path
) -> None:
    def once(**options: int) -> tuple[tuple[str, ...], Path]:
        with Session(builtins(), data=tmp_path, models=[tiny_models], **options) as session:
            result = session.run(TEXT_TO_IMAGE, QUICK)
            return result.ran, result.files[0]

    ran, file = once()
    assert len(ran) == 7
    before = file.read_bytes()
    assert once() == ((), file)
    file.unlink()
    ran, made = once()
    assert "5" not in ran
    assert made.read_bytes() == before
    assert len(once(disk=0)[0]) == 7


PACK = """
import time
from engine.graph.define import node

@node("PackTimes")
def times(*, a: int = 1) -> int:
    time.sleep(0.06)
    return a * {factor}
"""


def test_an_edited_pack_never_returns_an_old_result(tmp_path: Path) -> None:
    workflow = {"1": {"class_type": "PackTimes", "inputs": {"a": 7}}, "2": shown("1")}
    (tmp_path / "packs").mkdir()

    def once(factor: int) -> tuple[object, tuple[str, ...]]:
        (tmp_path / "packs" / "mine.py").write_text(PACK.format(factor=factor))
        with Session(registry(tmp_path), data=tmp_path) as session:
            result = session.run(workflow, targets=["1"])
            return result["1"], result.ran

    assert once(2) == (14, ("1",))
    assert once(2) == (14, ())
    assert once(3) == (21, ("1",))
    assert once(2) == (14, ())


def test_temp_is_emptied_unless_another_session_uses_it(tmp_path: Path) -> None:
    (tmp_path / "temp" / "deep").mkdir(parents=True)
    (tmp_path / "temp" / "deep" / "old.png").touch()
    with Session(builtins(), data=tmp_path) as first:
        first.run(SUM)
        assert list((tmp_path / "temp").iterdir()) == []
        (tmp_path / "temp" / "new.png").touch()
        with Session(builtins(), data=tmp_path) as second:
            second.run(SUM)
            assert (tmp_path / "temp" / "new.png").exists()


def test_checking_tells_all_without_running(session: Session) -> None:
    assert session.check(SUM).problems == ()
    assert [p.code for p in session.check({"1": {"class_type": "Nothing", "inputs": {}}}).errors] == [
        "prompt_no_outputs"
    ]


def test_temp_is_left_to_a_worker(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "temp").mkdir()
    (tmp_path / "temp" / "new.png").touch()
    with (tmp_path / "cache" / "worker-cpu.lock").open("a+b") as lock:
        assert take(lock.fileno(), wait=False)
        with Session(builtins(), data=tmp_path, device="none") as beside:
            beside.run(SUM)
        assert (tmp_path / "temp" / "new.png").exists()
    with Session(builtins(), data=tmp_path, device="none") as alone:
        alone.run(SUM)
    assert not (tmp_path / "temp" / "new.png").exists()


def test_without_a_device_what_needs_none_runs_and_the_rest_says_why(tmp_path: Path) -> None:
    with Session(builtins(), data=tmp_path, device="none") as session:
        assert session.run(SUM).ui == {"3": {"text": ["7"]}}
        with pytest.raises(WorkflowError, match=r"needs a device, and there is none here \(device \"none\"\)"):
            session.run(TEXT_TO_IMAGE)

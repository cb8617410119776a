"""Recorded jobs through a worker's host, and decoding of their steps there."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from engine.queue.book import packed
from engine.queue.codec import dumps
from engine.queue.reads import body_of
from engine.recording.read import recordings_of
from engine.run.events import Event, JobFinished
from engine.worker.asks import BadQuestion, answer
from engine.worker.host import Host
from engine.worker.messages import Unpacker, Work, pack
from tests.recording.conftest import Studio, workflow


def over(studio: Studio, work: Work) -> str:
    """The status that a job ends with."""
    done = threading.Event()
    told: list[Event] = []

    def tell(event: Event) -> None:
        told.append(event)
        if isinstance(event, JobFinished):
            done.set()

    Host(studio.session, tell, few=100).run(work)
    assert done.wait(180)
    return next(e.status for e in told if isinstance(e, JobFinished))


@pytest.mark.parametrize(("record", "attention"), [(True, ()), ({"attention": 1}, (1,))])
def test_a_worker_records_what_it_is_asked_to(studio: Studio, record: Any, attention: tuple[int, ...]) -> None:
    work = Work(f"work {attention}", workflow(200 + len(attention)), record=record)
    assert Unpacker().feed(pack(work)) == [work]
    assert over(studio, work) == "success"
    found = recordings_of(studio.folder, work.job)
    assert found is not None
    assert found.runs[0].open().attention == attention


def test_a_job_that_asks_for_nothing_is_not_recorded(studio: Studio) -> None:
    assert over(studio, Work("plain work", workflow(210))) == "success"
    assert recordings_of(studio.folder, "plain work") is None


def test_a_wish_that_is_none_ends_the_job_with_a_sentence(studio: Studio) -> None:
    assert over(studio, Work("odd work", workflow(211), record="x")) == "error"


@pytest.fixture
def ask(studio: Studio) -> Callable[..., Any]:
    host = cast(Host, SimpleNamespace(session=studio.session))
    return lambda **args: answer(host, "decoded", args)


def test_a_step_is_decoded_by_its_own_autoencoder(studio: Studio, ask: Callable[..., Any]) -> None:
    graph = workflow(220, sampler="ddim")
    key = studio.record(graph).runs[0].key
    picture = studio.run(graph, None, None, "6")["6"][0]
    made = ask(key=key, step=2, view="clean", size=64)
    with Image.open(io.BytesIO(base64.b64decode(made["webp"]))) as shown:
        assert shown.size == (64, 32)
        found = np.asarray(shown.convert("RGB"), np.float32) / 255
    assert float(np.abs(found - picture).mean()) < 0.1, "the last clean latent is nearly the picture"


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({"view": "attention"}, "is no latent, so it has no decoded form"),
        ({"step": 99}, "no sampler step 99"),
        ({"key": "ef" * 20}, "There is no recording"),
    ],
)
def test_what_cannot_be_decoded_is_told(
    studio: Studio, ask: Callable[..., Any], args: dict[str, Any], sentence: str
) -> None:
    key = studio.record(workflow(221)).runs[0].key
    with pytest.raises(BadQuestion, match=sentence):
        ask(**{"key": key, "step": 0, "view": "clean", **args})


def test_jobs_of_a_database_without_records_are_read() -> None:
    bodies: tuple[Any, ...] = ({}, [["1"], None, {}], [["1"], None, {}, {"attention": 2}])
    graph, old, new = (packed(dumps(body)) for body in bodies)
    assert body_of(graph, old).record is None
    assert body_of(graph, new).record == {"attention": 2}

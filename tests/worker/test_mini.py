"""The shipped model through a worker: pictures, previews, batches with other jobs, weights."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.run import events
from engine.worker.channel import Channel, Picture
from engine.worker.process import WorkerProcess
from tests.worker.kit import ROOT, SECONDS, Desk, Loop, settings

TEXT_TO_IMAGE = json.loads((ROOT / "workflows" / "text_to_image.json").read_text())


def text_to_image(seed: int, steps: int = 6, size: int = 128) -> dict[str, Any]:
    """The shipped workflow with another seed."""
    made: dict[str, Any] = json.loads(json.dumps(TEXT_TO_IMAGE))
    made["5"]["inputs"] |= {"seed": seed, "steps": steps}
    made["4"]["inputs"] |= {"width": size, "height": size}
    return made


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def desk(loop: Loop, data: Path) -> Iterator[Desk]:
    """A worker on the CPU that shares batches and shows every sampler step it can."""
    made = Desk(_channel(data), loop)
    loop.run(made.channel.start())
    loop.run(made.channel.ready(SECONDS))
    yield made
    loop.run(made.channel.stop(5))


@pytest.fixture(scope="module")
def quiet(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A worker without previews that makes each job's batches alone; tests may stop it and start it again."""
    made = Desk(_channel(tmp_path_factory.mktemp("quiet"), preview_method="none", share="never"), loop)
    yield made
    loop.run(made.channel.stop(5))


async def _started(desk: Desk) -> Channel:
    if desk.channel.state == "stopped":
        await desk.channel.start()
    await desk.channel.ready(SECONDS)
    return desk.channel


def _channel(data: Path, **others: Any) -> Channel:
    return WorkerProcess(settings(data, **{"device": "cpu", "share": "auto", "preview_method": "auto", **others}))


def test_a_picture_is_made_and_can_be_watched(desk: Desk, data: Path) -> None:
    for steps in (20, 40, 80, 160, 320):  # pictures are a while apart, and a step takes as long as it takes
        told = desk.loop.run(desk.work(text_to_image(7, steps)))
        assert told[-1].status == "success"
        if len([e for e in told if isinstance(e, events.Preview)]) > 1:
            break
    saved = next(e.ui for e in told if isinstance(e, events.StepFinished) and "images" in e.ui)["images"][0]
    final = Image.open(data / saved["type"] / saved["subfolder"] / saved["filename"])
    pictures = [e.image for e in told if isinstance(e, events.Preview)]
    assert all(isinstance(p, Picture) and (p.format, p.width, p.height) == ("jpeg", 128, 128) for p in pictures)
    progress = [(e.done, e.total) for e in told if isinstance(e, events.Progress) and e.node == "5"]
    assert progress[-1] == (steps, steps)
    assert 2 <= len(pictures) <= steps
    assert _distance(pictures[-1], final) < _distance(pictures[0], final)
    assert _distance(pictures[-1], final) < 40, "a late preview looks like the picture"


def _distance(preview: Picture, final: Image.Image) -> float:
    """Mean difference of colours, 0 to 255, at the size of the latent."""
    small = [
        np.asarray(i.convert("RGB").resize((16, 16)), np.float32) for i in (Image.open(io.BytesIO(preview.data)), final)
    ]
    return float(np.abs(small[0] - small[1]).mean())


def test_jobs_at_the_same_time_share_batches_and_say_so(desk: Desk) -> None:
    async def scene() -> None:
        before = (await desk.channel.ask("stats"))["loop"]["shared_calls"]
        long = desk.give(text_to_image(101, steps=5000))  # it samples for as long as the others are on their way
        await desk.until(lambda: desk.of(long, events.Progress))
        jobs = [desk.give(text_to_image(seed, steps=10)) for seed in (102, 103)]
        assert [await desk.end(job) for job in jobs] == ["success"] * 2
        assert not desk.status(long)
        desk.channel.cancel(long)
        assert await desk.end(long) == "cancelled"
        assert (await desk.channel.ask("stats"))["loop"]["shared_calls"] > before
        sampled = [e for j in jobs for e in desk.of(j, events.StepFinished) if e.node == "5"]
        assert [e.shared for e in sampled] == [True, True]
        assert not any(e.shared for j in jobs for e in desk.of(j, events.StepFinished) if e.node != "5")

    desk.loop.run(scene())


def test_weights_are_reported_by_who_holds_them_and_freed(desk: Desk) -> None:
    async def scene() -> None:
        job = desk.give(text_to_image(55, steps=5000))
        await desk.until(lambda: [e for e in desk.of(job, events.Progress) if e.done > 2])
        report = await desk.channel.ask("report")
        denoiser = next(w for w in report["weights"] if w["part"] == "denoiser")
        assert (denoiser["name"], denoiser["place"]) == ("mini-v1.safetensors", "device")
        assert denoiser["holders"] == ["denoise loop"]
        assert denoiser["nbytes"] > 1 << 20
        assert 0 < report["device_used"] < report["device_bytes"]
        assert report["jobs"] == [job]
        desk.channel.cancel(job)
        assert await desk.end(job) == "cancelled"
        while any(w["holders"] for w in (await desk.channel.ask("report"))["weights"]):
            continue
        assert (await desk.channel.ask("free", weights=True))["weights"] > 1 << 20
        assert (await desk.channel.ask("report"))["weights"] == []

    desk.loop.run(scene())


def test_no_previews_unless_they_are_wanted(quiet: Desk) -> None:
    async def scene() -> None:
        await _started(quiet)
        told = await quiet.work(text_to_image(8, steps=2))
        assert told[-1].status == "success"
        assert not [e for e in told if isinstance(e, events.Preview)]

    quiet.loop.run(scene())


def test_stopping_gives_back_a_job_in_the_middle_of_sampling(quiet: Desk) -> None:
    async def scene() -> None:
        channel = await _started(quiet)
        assert channel.about["torch"]
        first, second = (quiet.give(text_to_image(seed, steps=5000, size=256)) for seed in (1, 2))

        def told(*kinds: type[Any]) -> list[Any]:
            return [e for job in (first, second) for e in quiet.of(job, *kinds)]

        await quiet.until(lambda: [e for e in told(events.Progress) if e.node == "5" and e.done > 2])
        assert await channel.stop(0.2) == (first, second)
        assert not told(events.JobFinished, events.StepFailed)

    quiet.loop.run(scene())

"""Pictures of recorded steps against torch's own arithmetic, and the words of a spot."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.diffusion.tracing import seen
from engine.models.families import FAMILIES
from engine.models.preview import colours as torch_colours
from engine.recording.format import RecordingError, Writing
from engine.recording.look import LATENTS, VIEWS, Shown, colours, latent_of, maps_of, view, words_at
from engine.recording.read import Recording
from engine.recording.trace import trace_of
from tests.recording.make import FAMILY, KEY, made


@pytest.mark.parametrize("prediction", ["eps", "flow"])
@pytest.mark.parametrize("name", list(LATENTS))
def test_a_view_shows_what_a_trace_shows(tmp_path: Path, name: str, prediction: str) -> None:
    recording = made(tmp_path, prediction=prediction)
    wanted = seen(trace_of(recording), name)  # type: ignore[arg-type]
    for step in range(2):
        found = latent_of(recording, name, Shown(step, picture=1))
        assert np.allclose(found, wanted[step][1][1].numpy(), atol=1e-5)


def test_quick_colours_are_those_of_previews() -> None:
    latent = np.random.default_rng(5).standard_normal((4, 5, 3)).astype(np.float32) * 2
    wanted = torch_colours(torch.from_numpy(latent), FAMILIES[FAMILY].rgb)
    assert np.abs(colours(latent, FAMILY).astype(int) - wanted.astype(int)).max() <= 1


def test_a_family_without_colours_is_shown_all_the_same() -> None:
    assert colours(np.zeros((16, 2, 3), np.float32), "nobody").shape == (2, 3, 3)


@pytest.mark.parametrize("name", list(VIEWS))
def test_every_view_is_a_picture_of_the_size_that_was_asked_for(tmp_path: Path, name: str) -> None:
    with Image.open(io.BytesIO(view(made(tmp_path), name, Shown(1, size=96)))) as shown:
        assert (shown.format, shown.size) == ("WEBP", (96, 64))


def test_the_difference_of_the_first_step_is_black(tmp_path: Path) -> None:
    recording = made(tmp_path)
    for step, black in ((0, True), (1, False)):
        with Image.open(io.BytesIO(view(recording, "difference", Shown(step)))) as shown:
            assert (np.asarray(shown.convert("RGB")).max() == 0) == black


def test_an_overlay_is_strong_where_the_token_was_read(tmp_path: Path) -> None:
    shown = Shown(1, token=2, size=48, overlay=True)
    with Image.open(io.BytesIO(view(made(tmp_path), "attention", shown))) as picture:
        alpha = np.asarray(picture.convert("RGBA"))[..., 3]
    assert alpha[-4:, -4:].min() > 200
    assert alpha[:4, :4].max() < 50


def test_attention_of_a_step_that_was_not_watched_is_the_nearest_ones(tmp_path: Path) -> None:
    recording = made(tmp_path)
    assert np.array_equal(maps_of(recording, 0, "positive"), maps_of(recording, 1, "positive"))


def test_a_spot_reads_its_words_the_most_first(tmp_path: Path) -> None:
    recording = made(tmp_path)
    assert [(t.text, share) for t, share in words_at(recording, 1, "", 1.0, 1.0)] == [("fox", 0.25), ("a", 0.0)]
    assert [t.text for t, _ in words_at(recording, 1, "", 0.0, 0.0)] == ["a", "fox"]


@pytest.mark.parametrize(
    ("name", "shown", "code", "sentence"),
    [
        ("x", Shown(2), "no_step", "no sampler step 2: there are 0 to 1"),
        ("x", Shown(0, picture=2), "no_such_picture", "no picture 2: there are 0 to 1"),
        ("guidance", Shown(0), "no_branch", "did not ask the branch 'negative'; it asked positive"),
        ("clean", Shown(0, "other"), "no_branch", "it asked positive"),
        ("attention", Shown(0), "no_attention", "run the job again with record"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(
    tmp_path: Path, name: str, shown: Shown, code: str, sentence: str
) -> None:
    recording = made(tmp_path, attention=False, negative=False)
    with pytest.raises(RecordingError, match=sentence) as caught:
        view(recording, name, shown)
    assert caught.value.code == code


def test_a_token_or_a_branch_that_was_not_watched_is_told(tmp_path: Path) -> None:
    recording = made(tmp_path)
    with pytest.raises(RecordingError, match="no token 77: there are 0 to 76"):
        view(recording, "attention", Shown(1, token=77))
    with pytest.raises(RecordingError, match="'negative' was not recorded; there is positive"):
        words_at(recording, 1, "negative", 0, 0)


def test_a_recording_comes_back_as_the_trace_that_it_is(tmp_path: Path) -> None:
    recording = made(tmp_path)
    trace = trace_of(recording)
    assert (trace.sampler.name, trace.sampler.options) == ("euler", (("s_noise", 1.0),))
    assert (trace.seed, trace.sigmas, trace.latent.factor) == (7, (0.9, 0.4, 0.0), 0.5)
    assert trace.start is not None
    assert torch.equal(trace.start.samples, torch.from_numpy(recording.start) / 0.5)
    assert [dict(s.branches).keys() for s in trace.steps] == [{"positive", "negative"}] * 2


def test_a_head_that_lacks_something_is_damaged(tmp_path: Path) -> None:
    writing = Writing(tmp_path / KEY / "0.rec")
    writing.end({"frames": [], "latent": {"factor": 1.0}, "sampler": ["euler", []]})
    with pytest.raises(RecordingError, match="damaged: record the job again"):
        trace_of(Recording(tmp_path / KEY / "0.rec", KEY))


def test_an_old_recording_has_the_attention_of_its_first_picture(tmp_path: Path) -> None:
    old, new = made(tmp_path / "old", old=True), made(tmp_path / "new")
    assert np.array_equal(maps_of(old, 0, "positive"), maps_of(new, 0, "positive", 1))
    with pytest.raises(RecordingError, match="Attention was not recorded"):
        maps_of(old, 0, "positive", 1)

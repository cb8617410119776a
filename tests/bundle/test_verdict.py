"""What is said of a run that was run again."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from engine.bundle.account import ModelFile, pixels
from engine.bundle.bundle import Bundle, MadePicture, SamplerSteps
from engine.bundle.verdict import sentences, verdict

RNG = np.random.default_rng(5)
PIXELS = RNG.integers(20, 230, (16, 16, 3)).astype(np.uint8)
X = RNG.normal(size=(2, 1, 4, 2, 2)).astype(np.float32)
GRAPH = {
    "1": {"class_type": "Load", "inputs": {"name": "m"}, "_meta": {"title": "Model"}},
    "2": {"class_type": "Sample", "inputs": {"model": ["1", 0]}, "_meta": {"title": "Sampler"}},
    "3": {"class_type": "Save", "inputs": {"images": ["2", 0]}, "_meta": {"title": "Picture"}},
}


def png(pixels: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(data, "PNG")
    return data.getvalue()


def made(pixels: np.ndarray) -> tuple[MadePicture, ...]:
    return (MadePicture("3", "a.png", "", png(pixels)),)


def ran(x: np.ndarray) -> tuple[SamplerSteps, ...]:
    return (SamplerSteps("2", "euler", 7, "cpu", (2.0, 1.0, 0.0), tuple(str(step.tobytes()) for step in x), x),)


BUNDLE = Bundle(
    graph=GRAPH,
    targets=("3",),
    environment={"torch": "2.11", "system": "Linux"},
    files=(ModelFile("checkpoints", "m", "aa" * 32, 9),),
    outputs={"1": "m", "2": "s", "3": "p"},
    sampling=ran(X),
    pictures=made(PIXELS),
)


def told(before: Bundle, after: Bundle, tolerance: float = 40.0) -> str:
    return " ".join(sentences(verdict(before, after, tolerance)))


def test_the_same_is_equal_even_elsewhere() -> None:
    assert verdict(BUNDLE, BUNDLE).word == "equal"
    assert verdict(BUNDLE, replace(BUNDLE, environment={})).word == "equal"
    assert told(BUNDLE, BUNDLE) == "Equal to the last bit: 3 steps, 2 sampler steps, 1 picture."


def test_a_hair_is_within_tolerance_and_says_how_far_and_where() -> None:
    x = X.copy()
    x[1] *= 1 + 1e-4
    after = replace(BUNDLE, outputs={"1": "m", "2": "t", "3": "q"}, sampling=ran(x), pictures=made(PIXELS + 1))
    found = verdict(BUNDLE, after)
    assert found.word == "within"
    assert found.psnr == pytest.approx(20 * np.log10(255))
    assert found.distance == pytest.approx(1e-4, rel=1e-2)
    assert found.first is not None
    assert (found.first.title, found.first.kind, found.first.step) == ("Sampler", "environment", 1)
    assert "sampler" in told(BUNDLE, after).lower()


def test_the_tolerance_is_the_readers() -> None:
    after = replace(BUNDLE, outputs={"1": "m", "2": "s", "3": "q"}, pictures=made(PIXELS + 1))
    assert verdict(BUNDLE, after, 60.0).word == "differs"


def test_another_file_of_the_same_name_is_named() -> None:
    other = replace(
        BUNDLE, files=(ModelFile("checkpoints", "m", "bb" * 32, 9),), outputs={"1": "m", "2": "t", "3": "q"}
    )
    text = told(BUNDLE, replace(other, pictures=made(255 - PIXELS)))
    assert text.startswith("Differs")
    assert "checkpoints/m was sha256 aaaa" in text


def test_other_libraries_are_named() -> None:
    after = replace(BUNDLE, environment={"torch": "2.12", "system": "Linux"}, pictures=made(255 - PIXELS))
    assert "torch was 2.11, is 2.12" in told(BUNDLE, after)
    assert "system" not in told(BUNDLE, after)


def test_a_picture_that_is_not_made_again_differs() -> None:
    found = verdict(BUNDLE, replace(BUNDLE, pictures=()))
    assert (found.word, found.lost) == ("differs", ("a.png",))


def test_a_picture_of_another_size_differs() -> None:
    assert verdict(BUNDLE, replace(BUNDLE, pictures=made(PIXELS[:8]))).word == "differs"


def test_a_run_without_pictures_goes_by_its_latents() -> None:
    before = replace(BUNDLE, pictures=())
    for factor, word in ((1 + 1e-5, "within"), (1.1, "differs")):
        after = replace(before, outputs={"1": "m", "2": "t", "3": "q"}, sampling=ran((X * factor).astype(np.float32)))
        assert verdict(before, after).word == word


def test_a_picture_that_was_changed_since_is_told() -> None:
    other = MadePicture("3", "a.png", pixels(png(PIXELS)), png(255 - PIXELS))
    before = replace(BUNDLE, pictures=(other,))
    found = verdict(before, BUNDLE)
    assert (found.word, found.edited) == ("differs", ("a.png",))
    text = " ".join(sentences(found))
    assert "a.png was changed after it was made" in text
    assert "No library" not in text
    assert verdict(replace(BUNDLE, pictures=(replace(other, data=png(PIXELS)),)), BUNDLE).edited == ()


def test_a_file_that_does_not_say_what_made_it_is_not_said_to_be_the_same_here() -> None:
    before = replace(BUNDLE, environment={}, files=())
    text = told(before, replace(BUNDLE, pictures=made(255 - PIXELS)))
    assert "is not known" in text
    assert "No library" not in text


def test_what_only_one_of_them_tells_is_no_difference() -> None:
    after = replace(
        BUNDLE, environment={"torch": "2.11", "system": "Linux", "processor": "P"}, pictures=made(255 - PIXELS)
    )
    assert "No library" in told(BUNDLE, after)
    gone = replace(after, environment={"torch": "", "system": "Linux"})
    assert "torch was 2.11, is not there" in told(BUNDLE, gone)


def test_packs_are_among_what_is_different() -> None:
    before = replace(BUNDLE, packs={"kit": "a" * 64, "old": "b" * 64})
    text = told(before, replace(BUNDLE, packs={"kit": "c" * 64}, pictures=made(255 - PIXELS)))
    assert "pack kit was aaaaaaaaaaaaaaaa…, is cccccccccccccccc…" in text
    assert "pack old was bbbbbbbbbbbbbbbb…, is not there" in text


@pytest.mark.parametrize(
    ("now", "same"),
    [
        (ModelFile("c", "m", "aa", 9, "s"), True),
        (ModelFile("c", "m", "bb", 9, "s"), False),
        (ModelFile("c", "m", "", 9, "s"), True),
        (ModelFile("c", "m", "", 9, "t"), False),
        (ModelFile("c", "m", "", 9), True),
        (ModelFile("c", "m", "", 8), False),
    ],
)
def test_files_are_the_same_as_far_as_both_say_it(now: ModelFile, same: bool) -> None:
    assert ModelFile("c", "m", "aa", 9, "s").same(now) is same
    assert now.same(ModelFile("c", "m", "aa", 9, "s")) is same

"""What a worker tells of kept values of the mini model, against the values themselves."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.session import Session
from engine.worker.values import NoOutput, shown
from tests.worker.kit import ROOT

GRAPH: dict[str, Any] = json.loads((ROOT / "workflows" / "text_to_image.json").read_text())


def text_to_image(seed: int = 5) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps({id: n for id, n in GRAPH.items() if not id.startswith("_")}))
    made["5"]["inputs"] |= {"seed": seed, "steps": 2}
    return made


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with Session(data=tmp_path_factory.mktemp("values"), device="cpu") as made:
        yield made


@pytest.fixture(scope="module")
def made(session: Session) -> dict[str, Any]:
    """The values of a run, by node."""
    result = session.run(text_to_image(), targets=["1", "2", "4", "5", "6"])
    return {id: result.artifacts[id].outputs for id in result.artifacts}


def rows(views: list[dict[str, Any]]) -> dict[str, Any]:
    return dict(next(view["rows"] for view in views if view["kind"] == "table"))


def pictures(views: list[dict[str, Any]]) -> list[Image.Image]:
    return [Image.open(io.BytesIO(base64.b64decode(view["png"]))) for view in views if view["kind"] == "picture"]


def test_a_latent_is_told_in_its_own_numbers(session: Session, made: dict[str, Any]) -> None:
    told = shown(session, text_to_image(), "5", 0)
    samples = made["5"][0].samples.numpy()
    assert (told["state"], told["type"], told["stale"], told["volatile"]) == ("kept", "LATENT", False, False)
    found = rows(told["views"])
    assert (found["shape"], found["bytes"]) == ("1×4×16×16", samples.nbytes)
    for name, number in (("mean", samples.mean()), ("std", samples.std()), ("min", samples.min())):
        assert found[name] == pytest.approx(float(number), rel=1e-3, abs=1e-5)
    assert len(pictures(told["views"])) == 4, "a picture for each channel"
    assert json.loads(json.dumps(told)) == told


def test_a_picture_is_shown_as_it_is(session: Session, made: dict[str, Any]) -> None:
    told = shown(session, text_to_image(), "6", 0)
    (picture,) = pictures(told["views"])
    pixels = np.asarray(picture.convert("RGB"), np.float32) / 255
    assert pixels.shape == (128, 128, 3)
    assert np.abs(pixels - made["6"][0][0].numpy()).max() < 1 / 255


@pytest.mark.parametrize(("node", "output", "kind"), [("1", 0, "MODEL"), ("1", 1, "CLIP"), ("1", 2, "VAE")])
def test_what_has_no_codec_is_told_from_its_handle(
    session: Session, made: dict[str, Any], node: str, output: int, kind: str
) -> None:
    told = shown(session, text_to_image(), node, output)
    assert (told["state"], told["type"]) == ("kept", kind)
    assert rows(told["views"])["file"] == "mini-v1.safetensors"


def test_of_another_seed_only_what_depends_on_it_is_missing(session: Session, made: dict[str, Any]) -> None:
    other = text_to_image(6)
    assert shown(session, other, "5", 0)["state"] == "missing"
    assert shown(session, other, "2", 0)["state"] == "kept"
    old = shown(session, other, "5", 0, "a job", text_to_image())
    assert (old["state"], old["stale"]) == ("kept", True)
    assert old["views"] == shown(session, text_to_image(), "5", 0)["views"]


def test_what_was_pushed_out_of_memory_is_read_from_disk(session: Session, made: dict[str, Any]) -> None:
    behind = session.works.behind
    assert behind is not None
    assert behind.flush(60)
    before = shown(session, text_to_image(), "5", 0)
    session.works.memory.clear()
    assert shown(session, text_to_image(), "5", 0) == before


def test_a_bad_question_is_one_sentence(session: Session) -> None:
    with pytest.raises(NoOutput, match="no node 'x'"):
        shown(session, text_to_image(), "x", 0)
    with pytest.raises(NoOutput, match=r"KSampler has 1 outputs.*no output 3"):
        shown(session, text_to_image(), "5", 3)

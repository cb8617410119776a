"""Workflows out of JSON and PNG files; what pictures carry."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from engine.graph.graph import Const
from engine.workflow import png_text
from engine.workflow.error import WorkflowError
from engine.workflow.file import edited, opened
from engine.workflow.png_text import png_texts
from tests.shell.conftest import SUM


def picture(path: Path, *, zipped: bool = False, **texts: str) -> Path:
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        add = info.add_text if text.isascii() else info.add_itxt
        add(name, text, zip=zipped)
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    return path


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("title", ["Number", "Số 数"])
def test_a_picture_carries_its_workflow(tmp_path: Path, title: str, zipped: bool) -> None:
    own = {**SUM, "1": {**SUM["1"], "_meta": {"title": title}}}
    text = json.dumps(own, ensure_ascii=False)
    found = opened(picture(tmp_path / "a.png", zipped=zipped, prompt="{}", inkwater=text))
    assert found.graph.nodes["1"].title == title
    assert json.loads(found.text or b"") == own


def test_of_two_workflows_ours_counts_and_else_the_plain_one(tmp_path: Path) -> None:
    assert len(opened(picture(tmp_path / "a.png", prompt=json.dumps(SUM), parameters="a cat")).graph.nodes) == 3


def test_a_workflow_that_is_broken_in_a_picture_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WorkflowError, match=r"a\.png: The file is not JSON"):
        opened(picture(tmp_path / "a.png", inkwater="{"))


def test_a_text_that_unpacks_without_end_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png_text, "LONGEST", 1000)
    assert png_texts(picture(tmp_path / "a.png", zipped=True, inkwater="a" * 1001, other="b" * 1000)) == {
        "other": "b" * 1000
    }


@given(st.integers(0, 2**32))
def test_damaged_pictures_give_texts_or_none_and_no_other_error(seed: int) -> None:
    import tempfile

    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        file = picture(Path(folder) / "a.png", zipped=True, inkwater="{}" * 20, name="Số")
        data = bytearray(file.read_bytes())
        for _ in range(4):
            data[chance.randrange(8, len(data))] = chance.randrange(256)
        file.write_bytes(data[: chance.randrange(8, len(data) + 1)])
        assert all(isinstance(text, str) for text in png_texts(file).values())


def test_values_that_were_set_are_written_into_the_file_that_a_picture_carries() -> None:
    text = json.dumps({**SUM, "_workflow": {"class_type": "PrimitiveString", "inputs": {}}}).encode()
    changed = edited(text, {("1", "value"): 9, ("2", "b"): [1, "x"]})
    assert changed is not None
    assert json.loads(changed)["1"]["inputs"]["value"] == 9
    assert json.loads(changed)["2"]["inputs"]["b"] == {"__value__": [1, "x"]}
    assert "_workflow" in json.loads(changed)
    assert edited(text, {("outer:1", "value"): 9}) is None


def test_a_file_is_read_by_path_or_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(SUM))
    assert opened(str(tmp_path / "a.json")).graph.nodes["1"].inputs["value"] == Const(3)

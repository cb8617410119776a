"""The workflows that come along, as the editor's cards show them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.kit import ROOT
from tests.web.stand import Stand, stand
from web.api import workflows


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand(tmp_path_factory.mktemp("templates")) as made:
        yield made


def test_each_has_a_picture_and_tells_its_models(site: Stand) -> None:
    told = site.get("/api/v1/workflows").json["workflows"]
    files = sorted((ROOT / "workflows").glob("*.json"))
    lessons = sorted((ROOT / "workflows" / "lessons").glob("*.json"))
    assert [t["name"] for t in told] == [f.stem for f in files] + [f"lessons/{f.stem}" for f in lessons]
    assert [t["lesson"] for t in told] == [None] * len(files) + [int(f.stem[:2]) for f in lessons]
    for template in told:
        reply = site.get(template["thumbnail"])
        assert (reply.status, reply.headers["content-type"]) == (200, "image/webp")
    mini = {"kind": "checkpoints", "name": "mini-v1.safetensors", "missing": False}
    assert [t["name"] for t in told if mini in t["models"] and t["lesson"] is None] == [
        f.stem for f in files if "mini-v1.safetensors" in f.read_text("utf-8")
    ]


def test_what_is_missing_is_told(site: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "none.safetensors"}}
    (tmp_path / "lost.json").write_text(json.dumps({"1": loader}))
    monkeypatch.setattr(workflows, "FOLDER", tmp_path)
    told = site.get("/api/v1/workflows").json["workflows"]
    assert told[0] | {"description": ""} == {
        "name": "lost",
        "lesson": None,
        "title": "Lost",
        "description": "",
        "nodes": 1,
        "models": [{"kind": "checkpoints", "name": "none.safetensors", "missing": True}],
        "thumbnail": None,
    }
    assert site.get("/api/v1/workflows/lost/thumbnail").status == 404
    assert site.get("/api/v1/workflows/nothing/thumbnail").status == 404


def test_a_lesson_tells_itself(site: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = [
        {"text": "## A head\n\n**What it says.** What it shows, 4.5 times. More of it.", "pos": [0, 0], "size": [9, 9]}
    ]
    about = {"class_type": "PrimitiveString", "inputs": {"value": ""}, "_meta": {"title": "First", "notes": notes}}
    file = tmp_path / "lessons" / "01_first.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"_workflow": about}))
    monkeypatch.setattr(workflows, "FOLDER", tmp_path)
    (told,) = site.get("/api/v1/workflows").json["workflows"]
    assert (told["name"], told["lesson"], told["title"]) == ("lessons/01_first", 1, "First")
    assert told["description"] == "What it shows, 4.5 times."
    assert site.get("/api/v1/workflows/lessons%2F01_first").json == json.loads(file.read_text())
    assert site.get("/api/v1/workflows/lessons%2F..%2F01_first").status == 404

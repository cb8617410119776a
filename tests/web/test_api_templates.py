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
    assert [t["name"] for t in told] == [f.stem for f in files]
    for template in told:
        reply = site.get(template["thumbnail"])
        assert (reply.status, reply.headers["content-type"]) == (200, "image/webp")
    mini = {"kind": "checkpoints", "name": "mini-v1.safetensors", "missing": False}
    assert [t["name"] for t in told if mini in t["models"]] == [
        f.stem for f in files if "mini-v1.safetensors" in f.read_text("utf-8")
    ]


def test_what_is_missing_is_told(site: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "none.safetensors"}}
    (tmp_path / "lost.json").write_text(json.dumps({"1": loader}))
    monkeypatch.setattr(workflows, "FOLDER", tmp_path)
    told = site.get("/api/v1/workflows").json["workflows"]
    assert told[0] | {"description": ""} == {
        "name": "lost",
        "title": "Lost",
        "description": "",
        "nodes": 1,
        "models": [{"kind": "checkpoints", "name": "none.safetensors", "missing": True}],
        "thumbnail": None,
    }
    assert site.get("/api/v1/workflows/lost/thumbnail").status == 404
    assert site.get("/api/v1/workflows/nothing/thumbnail").status == 404

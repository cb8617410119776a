"""The workflows that come with the program: sound, laid out, and they run."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import nodes
from engine.graph.graph import Graph
from engine.graph.sentences import sentence
from engine.session import Session
from tests.workflows.zoo import MAKERS

FOLDER = Path(__file__).parents[2] / "workflows"
PLAIN = sorted(FOLDER.glob("*.json"))
LESSONS = sorted((FOLDER / "lessons").glob("*.json"))
FILES = [*PLAIN, *LESSONS]
ABOUT = "_workflow"
REGISTRY = nodes.registry()
PARTS, LAST = ("start_at_step", "end_at_step"), 10000
SMALL = 128
"""Pixels of the pictures that the tests make."""

workflows = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
plain = pytest.mark.parametrize("path", PLAIN, ids=[path.stem for path in PLAIN])
"""Those that tests run here; lessons run as they are, in tests/lessons."""


def entries(path: Path) -> dict[str, Any]:
    """The nodes of a file."""
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {id: entry for id, entry in read.items() if id != ABOUT}


def notes(path: Path) -> list[dict[str, Any]]:
    """The notes of a file."""
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return list(read.get(ABOUT, {}).get("_meta", {}).get("notes", ()))


def quick(path: Path) -> dict[str, Any]:
    """Values that make a workflow run in a moment: few steps, small pictures."""
    few = {f"{id}.steps": 2 for id, entry in entries(path).items() if "steps" in entry["inputs"]}
    parts = {
        f"{id}.{name}": 1 for id, e in entries(path).items() for name in PARTS if 1 < e["inputs"].get(name, 0) < LAST
    }
    empty = [id for id, entry in entries(path).items() if entry["class_type"] == "EmptyLatentImage"]
    return few | parts | {f"{id}.{side}": SMALL for id in empty for side in ("width", "height")}


def test_every_model_that_they_name_is_made_for_them_and_no_other() -> None:
    kinds = {"checkpoints", "vae", "loras", "hypernetworks", "controlnet", "depth_estimators", "upscale_models"}
    named = {
        f"{socket.file.kind}/{entry['inputs'][socket.name]}"
        for path in FILES
        for entry in entries(path).values()
        for socket in REGISTRY[entry["class_type"]].inputs
        if socket.file and socket.file.kind in kinds
    }
    assert named == {name for name in MAKERS if name.split("/")[0] in kinds}


@workflows
def test_it_checks_with_no_problem(path: Path, session: Session) -> None:
    checked = session.check(path)
    assert [sentence(problem) for problem in checked.problems] == []
    assert checked.plan.targets


@workflows
def test_every_node_has_a_title_of_its_own_and_a_place_of_its_own(path: Path) -> None:
    metas = [entry["_meta"] for entry in entries(path).values()]
    titles = [meta["title"] for meta in metas]
    assert len(set(titles)) == len(titles)
    for a, b in combinations([*metas, *notes(path)], 2):
        apart = [
            min(a["pos"][i] + a["size"][i], b["pos"][i] + b["size"][i]) <= max(a["pos"][i], b["pos"][i]) for i in (0, 1)
        ]
        assert any(apart), (a.get("title", "a note"), b.get("title", "a note"))


@workflows
def test_every_input_is_spelled_out(path: Path, session: Session) -> None:
    """Each node of the file names all inputs of its type, so that a change of defaults never changes a picture."""
    for id, entry in entries(path).items():
        sockets = session.registry[entry["class_type"]].inputs
        assert [name for s in sockets if (name := s.name) not in entry["inputs"] and not s.optional] == [], id


@plain
def test_it_runs(path: Path, session: Session) -> None:
    result = session.run(path, quick(path))
    assert result.files
    for file in result.files:
        with Image.open(file) as picture:
            assert min(picture.size) >= SMALL
            assert picture.text["prompt"]
    assert not result.problems


@workflows
def test_plain_api_format_is_the_same_graph(path: Path) -> None:
    graph = Graph.from_file(path)
    assert Graph.from_api(graph.to_api()) == graph


@workflows
def test_it_has_a_small_picture_of_what_it_makes(path: Path) -> None:
    place = FOLDER / "thumbnails" / path.relative_to(FOLDER).with_suffix(".webp")
    assert place.stat().st_size <= 12 << 10
    with Image.open(place) as picture:
        assert (picture.format, picture.size) == ("WEBP", (320, 200))


def test_no_picture_is_of_a_workflow_that_is_gone() -> None:
    pictures = FOLDER / "thumbnails"
    shown = {p.relative_to(pictures).with_suffix(".json") for p in pictures.rglob("*.webp")}
    assert shown == {path.relative_to(FOLDER) for path in FILES}

"""The workflows that come with the program: sound, laid out, and they run."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.graph.graph import Graph
from engine.graph.sentences import sentence
from engine.session import Session

FOLDER = Path(__file__).parents[2] / "workflows"
FILES = sorted(FOLDER.glob("*.json"))
EXPECTED = {
    "custom_sampling",
    "for_each",
    "image_to_image",
    "latent_upscale",
    "text_stages",
    "text_to_image",
    "tiled_vae",
}

workflows = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])


def entries(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def test_they_are_all_here() -> None:
    assert {path.stem for path in FILES} >= EXPECTED


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
    for a, b in combinations(metas, 2):
        apart = [
            min(a["pos"][i] + a["size"][i], b["pos"][i] + b["size"][i]) <= max(a["pos"][i], b["pos"][i]) for i in (0, 1)
        ]
        assert any(apart), (a["title"], b["title"])


@workflows
def test_every_input_is_spelled_out(path: Path, session: Session) -> None:
    """Each node of the file names all inputs of its type, so that a change of defaults never changes a picture."""
    for id, entry in entries(path).items():
        sockets = session.registry[entry["class_type"]].inputs
        assert [name for s in sockets if (name := s.name) not in entry["inputs"] and not s.optional] == [], id


@workflows
def test_it_runs(path: Path, session: Session) -> None:
    quick = {f"{id}.steps": 2 for id, entry in entries(path).items() if "steps" in entry["inputs"]}
    result = session.run(path, quick)
    assert result.files
    for file in result.files:
        with Image.open(file) as picture:
            assert picture.size >= (128, 128)
            assert picture.text["prompt"]
    assert not result.problems


@workflows
def test_plain_api_format_is_the_same_graph(path: Path) -> None:
    graph = Graph.from_file(path)
    assert Graph.from_api(graph.to_api()) == graph


@workflows
def test_it_has_a_small_picture_of_what_it_makes(path: Path) -> None:
    place = FOLDER / "thumbnails" / f"{path.stem}.webp"
    assert place.stat().st_size <= 12 << 10
    with Image.open(place) as picture:
        assert (picture.format, picture.size) == ("WEBP", (320, 200))


def test_no_picture_is_of_a_workflow_that_is_gone() -> None:
    assert {p.stem for p in (FOLDER / "thumbnails").glob("*.webp")} == {path.stem for path in FILES}

"""The lessons as the tests run them: on the shipped model, as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.graph.read import WORKFLOW
from engine.session import Session

FOLDER = Path(__file__).parents[2] / "workflows" / "lessons"
FILES = sorted(FOLDER.glob("*.json"))
JUDGE = "mini-judge.safetensors"
IDS = [file.stem for file in FILES]


def read(path: Path) -> dict[str, Any]:
    """A lesson's file."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def about(path: Path) -> Mapping[str, Any]:
    """What it tells of itself: title, notes."""
    found: Mapping[str, Any] = read(path)[WORKFLOW]["_meta"]
    return found


class Lessons:
    """Runs lessons; what one of them has made once is not made again.

    `lessons.value(5, "Size")` is what the node of that title gives in lesson 5: as `session.run` gives values.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def file(self, number: int) -> Path:
        """The file of a lesson."""
        (found,) = FOLDER.glob(f"{number:02}_*.json")
        return found

    def value(self, number: int, title: str, values: Mapping[str, Any] | None = None) -> Any:
        """What a node of a lesson gives.

        Args:
            title: of the node. values: inputs to set first, by "TITLE.INPUT".
        """
        return self.values(number, title, values=values)[0]

    def values(self, number: int, *titles: str, values: Mapping[str, Any] | None = None) -> list[Any]:
        """What several nodes of a lesson give, out of one run."""
        result = self.session.run(self.file(number), values, targets=titles)
        return [result[title] for title in titles]

    def beside(self, number: int, nodes: Mapping[str, tuple[str, Mapping[str, Any]]], target: str) -> Any:
        """What a node gives that is put beside those of a lesson.

        Args:
            nodes: the new ones by name: type and inputs; a tuple is a link, (title or name, output). target: of these.
        """
        graph = {id: node for id, node in read(self.file(number)).items() if id != WORKFLOW}
        ids = {node["_meta"]["title"]: id for id, node in graph.items()}
        for name, (type, inputs) in nodes.items():
            linked = {n: [ids.get(v[0], v[0]), v[1]] if isinstance(v, tuple) else v for n, v in inputs.items()}
            graph[name] = {"class_type": type, "inputs": linked}
        return self.graph(graph, target)

    def judged(self, number: int, title: str, corner: tuple[int, int] = (0, 0), side: int = 128) -> tuple[str, float]:
        """What the classifier sees in a square of a lesson's picture, and how sure it is.

        Args:
            title: of the node that gives the picture. corner: x and y in pixels. side: of the square.
        """
        box = {"width": side, "height": side, "x": corner[0], "y": corner[1]}
        nodes = {
            "piece": ("ImageCrop", {"image": (title, 0), **box}),
            "judge": ("ClassScores", {"image": ("piece", 0), "classifier_name": JUDGE, "count": 1}),
        }
        _, _, best, score = self.beside(number, nodes, "judge")
        return best, float(score)

    def graph(self, nodes: Mapping[str, Any], target: str) -> Any:
        """What a node of a small graph in API form gives."""
        return self.session.run(nodes, targets=[target])[target]

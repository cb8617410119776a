"""Lessons are drawn so that they can be followed: no link runs under a node that it does not belong to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import nodes
from engine.graph.read import WORKFLOW
from tests.lessons.kit import FILES, IDS, about, read

Point = tuple[float, float]
REGISTRY = nodes.registry()
FIRST, ROW = 49, 24
"""Pixels from the top of a node to its first socket, and from each to the next."""
EDGE = 3
"""Pixels at the edge of a node that a link may touch."""


def curve(start: Point, end: Point) -> Iterator[Point]:
    """A piece of a link, as the editor draws it (web/ui/src/canvas/curve.ts)."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    reach = min(dx * 0.5, 24 + math.hypot(dx, dy) * 0.25) if dx >= 0 else min(30 - dx * 0.35, 180)
    xs, ys = (start[0], start[0] + reach, end[0] - reach, end[0]), (start[1], start[1], end[1], end[1])
    for n in range(25):
        t, u = n / 24, 1 - n / 24
        parts = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
        yield sum(p * x for p, x in zip(parts, xs, strict=True)), sum(p * y for p, y in zip(parts, ys, strict=True))


def course(stops: list[Point]) -> Iterator[Point]:
    """A whole link over its reroute points; between two that are level it is straight."""
    for n, (start, end) in enumerate(pairwise(stops)):
        if 0 < n < len(stops) - 2 and start[1] == end[1]:
            yield from ((start[0] + (end[0] - start[0]) * k / 24, start[1]) for k in range(25))
        else:
            yield from curve(start, end)


def links(graph: dict[str, Any]) -> Iterator[tuple[str, str, list[Point]]]:
    """Source, target and stops of each link."""
    for id, entry in graph.items():
        wired = [
            s.name
            for s in REGISTRY[entry["class_type"]].inputs
            if s.name not in entry["inputs"] or isinstance(entry["inputs"][s.name], list)
        ]
        for row, name in enumerate(wired):
            if name not in entry["inputs"]:
                continue
            source, output = entry["inputs"][name]
            (x, y), (width, _) = (graph[source]["_meta"][key] for key in ("pos", "size"))
            left, top = entry["_meta"]["pos"]
            points = [(float(px), float(py)) for px, py in entry["_meta"].get("reroutes", {}).get(name, ())]
            yield source, id, [(x + width, y + FIRST + ROW * output), *points, (left, top + FIRST + ROW * row)]


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_no_link_runs_under_a_node(path: Path) -> None:
    graph = {id: entry for id, entry in read(path).items() if id != WORKFLOW}
    boxes = {id: (entry["_meta"]["pos"], entry["_meta"]["size"]) for id, entry in graph.items()}
    boxes |= {f"note {n}": (note["pos"], note["size"]) for n, note in enumerate(about(path)["notes"])}
    for source, target, stops in links(graph):
        line = list(course(stops))
        for id, ((x, y), (width, height)) in boxes.items():
            inside = [
                (px, py) for px, py in line if x + EDGE < px < x + width - EDGE and y + EDGE < py < y + height - EDGE
            ]
            assert not inside, (graph[source]["_meta"]["title"], graph[target]["_meta"]["title"], "under", id)

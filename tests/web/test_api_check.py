"""Check over the API: problems, plan, why, and what it takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.graph.graph import Graph
from engine.graph.sentences import sentence
from engine.models.sizes import part_sizes, row_bytes
from engine.plugins import builtins
from engine.service.forecast import memory_json, too_large
from engine.settings import SHIPPED, Settings
from engine.workflow.checking import examine
from tests.web import kit
from tests.web.kit import Server, node, saved, shown

API = "/api/v1"
WORKFLOWS = Path(__file__).parents[2] / "workflows"


def check(server: Server, graph: Any, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = server.post(f"{API}/check", {"workflow": graph, **more})
    return told


def run(server: Server, graph: Any) -> None:
    server.ended(server.submit(graph))


@pytest.fixture(scope="module")
def ready(served: Server) -> Server:
    kit.wait_for(lambda: served.get(f"{API}/queue") and _ready(served), "the worker")
    return served


def _ready(server: Server) -> bool:
    try:
        return bool(server.get(f"{API}/health")["status"] == "ready")
    except kit.HttpError:
        return False


def test_the_plan_is_in_order_and_says_why(ready: Server) -> None:
    graph = saved(77_001)
    first = check(ready, graph)
    assert first["runs"]
    assert (first["problems"], first["targets"], first["explained"]) == ([], ["2"], "known")
    assert [(s["node"], s["after"], s["cached"]) for s in first["steps"]] == [("1", [], False), ("2", ["1"], False)]
    run(ready, graph)
    second = check(ready, graph)
    assert [s["why"]["code"] for s in second["steps"]] == ["hit", "hit"]
    assert second["forecast"]["time"] == {"low": 0, "typical": 0, "high": 0, "unknown": []}
    changed = check(ready, graph, values={"KitSleep.number": 77_002})
    assert [s["why"]["code"] for s in changed["steps"]] == ["changed", "above"]
    assert changed["steps"][0]["why"]["args"] == {"inputs": ["number"]}


def test_time_is_foretold_from_the_runs_there_were(ready: Server) -> None:
    for n in range(3):
        run(ready, saved(78_000 + n, seconds=0.2))
    told = check(ready, saved(78_100, seconds=0.2))
    sleep = told["steps"][0]["seconds"]
    assert sleep["runs"] >= 3
    assert sleep["high"] >= 0.2
    assert told["forecast"]["time"]["high"] >= 0.2
    never = check(ready, {"1": node("KitAllocate", megabytes=2), "2": node("KitShow", number=("1", 0))})
    assert never["forecast"]["time"]["unknown"][0] == "KitAllocate"


def test_all_problems_are_told_with_their_mend(ready: Server) -> None:
    told = check(ready, {"1": node("KitValu"), "2": node("KitShow", number="x"), "3": node("KitShow", number=("1", 0))})
    assert not told["runs"]
    by_node = {p["node"]: p for p in told["problems"]}
    assert by_node["1"]["code"] == "missing_node_type"
    assert by_node["1"]["mend"]["kind"] == "retype"
    assert "KitValue" in by_node["1"]["message"]
    assert (by_node["2"]["input"], by_node["2"]["severity"]) == ("number", "error")


def test_a_workflow_may_be_the_text_of_a_file(ready: Server) -> None:
    told = check(ready, json.dumps(shown(79)), targets=["2"], values={"KitValue.number": 80})
    assert (told["runs"], told["targets"]) == (True, ["2"])
    assert not check(ready, "no workflow at all")["runs"]


def test_a_workflow_as_comfyui_s_editor_saves_it(ready: Server) -> None:
    graph = {
        "nodes": [{"id": 4, "type": "KitShow", "inputs": [], "widgets_values": [5], "mode": 0}],
        "links": [],
        "version": 0.4,
    }
    told = check(ready, graph)
    assert [s["type"] for s in told["steps"]] == ["KitShow"]


@pytest.mark.parametrize("graph", [{}, {"1": 3}, {"nodes": 1}, {"1": {"class_type": "KitShow", "inputs": []}}])
def test_what_is_no_graph_is_told_too(ready: Server, graph: Any) -> None:
    told = check(ready, graph)
    assert not told["runs"]
    assert told["problems"]
    assert all(p["message"] for p in told["problems"])


def test_while_the_worker_starts_what_would_be_found_is_unknown(fresh: Callable[..., Server]) -> None:
    server = fresh()
    for _ in range(50):
        told = check(server, shown(1))
        assert told["explained"] in ("starting", "known")
        assert {s["cached"] for s in told["steps"]} == ({None} if told["explained"] == "starting" else {False})
        if told["explained"] == "known":
            break


@contextmanager
def text_to_image(data: Path, **about: Any) -> Iterator[dict[str, Any]]:
    library = Settings(data).library()
    graph = Graph.from_file(WORKFLOWS / "text_to_image.json")
    yield memory_json(examine(graph, builtins(), library).plan, library, about)


def test_memory_is_that_of_the_parts_in_the_worker_s_precision(tmp_path: Path) -> None:
    sizes = part_sizes(SHIPPED / "checkpoints" / "mini-v1.safetensors")
    with text_to_image(tmp_path) as stored:
        assert stored["weight_bytes"] == sum(s.nbytes for s in sizes.values())
        assert (stored["budget"], stored["fits"]) == (None, None)
    with text_to_image(tmp_path, precision="float32/float32/float32 contiguous", budget=10**12) as full:
        assert {w["part"]: w["bytes"] for w in full["weights"]} == {p: 4 * s.numbers for p, s in sizes.items()}
        denoiser = sizes["denoiser"]
        assert full["workspace"] == row_bytes(denoiser.width, 4, 16 * 16, 4)
        assert full["at_once"] == 4 * denoiser.numbers + full["workspace"]
        assert full["fits"]
        assert too_large(full) == []
    with text_to_image(tmp_path, precision="float16/float16/float16 channels_last", budget=1 << 20) as half:
        assert half["weight_bytes"] * 2 == full["weight_bytes"]
        (problem,) = too_large(half)
        assert problem.severity == "warning"
        assert "1.0 MiB" in sentence(problem)

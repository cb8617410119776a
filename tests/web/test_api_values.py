"""What an output holds: kept, missing, of an earlier run, of a node that is made anew each time; bad questions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web import kit
from tests.web.kit import HttpError, Server, node, shown

API = "/api/v1"


@pytest.fixture(scope="module")
def ready(served: Server) -> Server:
    def look() -> bool:
        try:
            return bool(served.get(f"{API}/health")["status"] == "ready")
        except HttpError:
            return False

    kit.wait_for(look, "the worker")
    return served


def value(server: Server, graph: Any, id: str, output: int = 0, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = server.post(f"{API}/values", {"workflow": graph, "node": id, "output": output, **more})
    return told


def texts(told: dict[str, Any]) -> list[str]:
    return [view["text"] for view in told["views"] if view["kind"] == "text"]


def test_a_value_is_missing_until_it_was_made_and_is_then_shown(ready: Server) -> None:
    graph = shown(91_001)
    first = value(ready, graph, "1")
    assert (first["state"], first["type"], first["volatile"]) == ("missing", "INT", False)
    assert "views" not in first
    ready.ended(ready.submit(graph))
    told = value(ready, graph, "1")
    assert (told["state"], told["stale"]) == ("kept", False)
    assert texts(told) == ["91001"]


def test_any_node_may_be_the_target_of_a_run(ready: Server) -> None:
    graph = shown(91_101)
    job = ready.post(f"{API}/jobs", {"workflow": graph, "targets": ["1"]})["id"]
    kit.wait_for(lambda: ready.get(f"{API}/jobs/{job}")["state"] == "success", "the job")
    assert texts(value(ready, graph, "1")) == ["91101"]


def test_after_an_edit_the_value_of_the_job_is_told_as_old(ready: Server) -> None:
    job = ready.submit(shown(91_201))
    ready.ended(job)
    edited = shown(91_202)
    assert value(ready, edited, "1")["state"] == "missing"
    told = value(ready, edited, "1", job=job)
    assert (told["state"], told["stale"], texts(told)) == ("kept", True, ["91201"])
    assert value(ready, edited, "1", job="no job of that name")["state"] == "missing"
    new = {**edited, "3": node("KitValue", number=91_203)}
    assert value(ready, new, "3", job=job)["state"] == "missing", "the job had no such node"


def test_a_node_is_found_by_its_title(ready: Server) -> None:
    graph = shown(91_301)
    graph["1"]["_meta"] = {"title": "The number"}
    ready.ended(ready.submit(graph))
    assert texts(value(ready, graph, "The number")) == ["91301"]


@pytest.mark.parametrize(
    ("graph", "id", "output", "code", "words"),
    [
        (shown(1), "9", 0, "invalid_workflow", "no node 9"),
        (shown(1), "1", 5, "no_such_output", "there is no output 5"),
        (shown(1), "2", 0, "no_such_output", "has no outputs"),
        ({"1": node("KitValue", number="x")}, "1", 0, "invalid_workflow", "number"),
        ("not a workflow", "1", 0, "invalid_workflow", ""),
    ],
)
def test_a_bad_question_gets_one_clear_sentence(
    ready: Server, graph: Any, id: str, output: int, code: str, words: str
) -> None:
    with pytest.raises(HttpError) as wrong:
        value(ready, graph, id, output)
    assert (wrong.value.status, wrong.value.body["error"]["code"]) == (400, code)
    assert words in wrong.value.body["error"]["message"]
    assert wrong.value.body["error"]["message"]

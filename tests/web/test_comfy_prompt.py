"""ComfyUI's routes that act, over the real server: prompts, queue, interrupt, free."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web import kit
from tests.web.kit import Graph, HttpError, Server, wait_for

_numbers = itertools.count(50_000)


@pytest.fixture
def number() -> Iterator[int]:
    """One that no other test has run, so that nothing is a hit."""
    return next(_numbers)


@pytest.fixture
def busy(served: Server, number: int) -> Iterator[list[str]]:
    """All places are taken, so that what is queued stays there; the jobs that take them."""
    jobs = [served.submit(kit.saved(number * 100 + i, 600)) for i in range(8)]
    wait_for(lambda: len(served.get("/queue")["queue_running"]) == 8, "eight running jobs")
    yield jobs
    served.post("/queue", {"clear": True})
    served.post("/interrupt", {})
    wait_for(lambda: served.get("/prompt")["exec_info"]["queue_remaining"] == 0, "an empty queue")


def refused(server: Server, body: Any) -> Any:
    """The 400 that a prompt gets."""
    with pytest.raises(HttpError) as refusal:
        server.post("/prompt", body)
    assert refusal.value.status == 400
    assert refusal.value.body.keys() == {"error", "node_errors"}
    assert refusal.value.body["error"].keys() == {"type", "message", "details", "extra_info"}
    return refusal.value.body


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_a_prompt_is_taken(served: Server, number: int, prefix: str) -> None:
    answer = served.post(f"{prefix}/prompt", {"prompt": kit.shown(number), "client_id": "me"})
    assert answer.keys() == {"prompt_id", "number", "node_errors"}
    assert answer["node_errors"] == {}
    entry = served.ended(answer["prompt_id"])
    assert entry["outputs"] == {"2": {"text": [str(number)]}}
    assert entry["prompt"][:3] == [answer["number"], answer["prompt_id"], kit.shown(number)]
    assert entry["prompt"][3]["client_id"] == "me"
    assert entry["prompt"][4] == ["2"]


def test_an_id_of_the_clients_choice_gives_one_job(served: Server, number: int) -> None:
    id = f"mine-{number}"
    first = served.post("/prompt", {"prompt": kit.shown(number), "prompt_id": id})
    again = served.post("/prompt", {"prompt": kit.shown(number), "prompt_id": id})
    assert first["prompt_id"] == again["prompt_id"] == id
    assert first["number"] == again["number"]
    assert "id_taken" in refused(served, {"prompt": kit.shown(number + 1), "prompt_id": id})["error"]["type"]
    served.ended(id)
    assert served.post("/prompt", {"prompt": kit.shown(number), "prompt_id": id})["prompt_id"] == id
    assert len([j for j in served.get("/jobs")["jobs"] if j["id"] == id]) == 1


NONE: Graph = {}


@pytest.mark.parametrize(
    ("body", "type"),
    [
        ({}, "no_prompt"),
        ({"prompt": None}, "no_prompt"),
        ({"prompt": []}, "invalid_prompt"),
        ({"prompt": "x"}, "invalid_prompt"),
        ({"prompt": NONE}, "prompt_no_outputs"),
        ({"prompt": {"1": kit.node("KitValue")}}, "prompt_no_outputs"),
        ({"prompt": {"1": {"inputs": {}}}}, "invalid_prompt"),
        ({"prompt": {"1": None}}, "invalid_prompt"),
        ({"prompt": {"1": {"class_type": 5, "inputs": {}}}}, "invalid_prompt"),
        ({"prompt": {"1": {"class_type": "NoSuchNode", "inputs": {}}}}, "invalid_prompt"),
        ({"prompt": {**kit.shown(1), "9": kit.node("NoSuchNode")}}, "invalid_prompt"),
        ({"prompt": {"1": {"class_type": "KitShow", "inputs": []}}}, "invalid_prompt"),
        ({"prompt": {"1": kit.node("KitShow", number=("1", 0))}}, "prompt_outputs_failed_validation"),
        ({"prompt": kit.shown(1), "partial_execution_targets": []}, "prompt_no_outputs"),
        ({"prompt": kit.shown(1), "partial_execution_targets": ["1"]}, "prompt_no_outputs"),
        ({"prompt": kit.shown(1), "partial_execution_targets": "2"}, "invalid_prompt"),
        ({"prompt": kit.shown(1), "partial_execution_targets": [{}]}, "invalid_prompt"),
        ({"prompt": kit.shown(1), "prompt_id": "a/../b"}, "bad_name"),
        ({"prompt": kit.shown(1), "prompt_id": 5}, "invalid_prompt"),
        ({"prompt": kit.shown(1), "client_id": {}}, "invalid_prompt"),
        ({"prompt": kit.shown(1), "client_id": "x" * 1000}, "bad_name"),
        ({"prompt": kit.shown(1), "number": "first"}, "invalid_prompt"),
        ({"prompt": {"nodes": [], "links": []}}, None),
        ([], None),
    ],
)
def test_what_cannot_run_is_refused_and_stops_nothing(served: Server, number: int, body: Any, type: str | None) -> None:
    answer = refused(served, body)
    assert type is None or answer["error"]["type"] == type
    assert served.ended(served.submit(kit.shown(number)))["status"]["completed"]


def test_a_node_without_inputs_is_only_wrong_where_it_needs_some(served: Server, number: int) -> None:
    graph = {"1": {"class_type": "KitValue"}, "2": kit.node("KitShow", number=("1", 0))}
    assert served.ended(served.submit(graph))["outputs"] == {"2": {"text": ["0"]}}


def test_the_sound_outputs_run_and_the_others_are_told(served: Server, number: int) -> None:
    graph = {**kit.shown(number), "7": kit.node("KitShow", number="many")}
    answer = served.post("/prompt", {"prompt": graph})
    assert list(answer["node_errors"]) == ["7"]
    wrong = answer["node_errors"]["7"]
    assert wrong["dependent_outputs"] == ["7"]
    assert wrong["class_type"] == "KitShow"
    assert [e["type"] for e in wrong["errors"]] == ["invalid_input_type"]
    assert list(served.ended(answer["prompt_id"])["outputs"]) == ["2"]


def test_inputs_that_a_node_does_not_have_are_left_out(served: Server, number: int) -> None:
    graph = kit.shown(number)
    graph["1"]["inputs"] |= {"colour": "red", "linked": ["1", 0]}
    answer = served.post("/prompt", {"prompt": graph})
    assert answer["node_errors"] == {}
    assert served.ended(answer["prompt_id"])["outputs"] == {"2": {"text": [str(number)]}}


def test_only_the_outputs_that_are_asked_for(served: Server, number: int) -> None:
    graph = {**kit.shown(number), "3": kit.node("KitShow", number=("1", 0))}
    answer = served.post("/prompt", {"prompt": graph, "partial_execution_targets": ["3", "1", "nowhere"]})
    assert list(served.ended(answer["prompt_id"])["outputs"]) == ["3"]


def test_number_and_front_decide_the_place(served: Server, number: int, busy: list[str]) -> None:
    last = served.submit(kit.shown(number))
    before = served.post("/prompt", {"prompt": kit.shown(number + 1), "front": True})["prompt_id"]
    first = served.post("/prompt", {"prompt": kit.shown(number + 2), "number": -(10**6)})
    assert first["number"] == -(10**6)
    pending = [item[1] for item in served.get("/queue")["queue_pending"]]
    assert pending == [first["prompt_id"], before, last]


def test_the_queue_and_what_is_taken_out_of_it(served: Server, number: int, busy: list[str]) -> None:
    jobs = [served.submit(kit.shown(number + i)) for i in range(3)]
    queue = served.get("/api/queue")
    assert {item[1] for item in queue["queue_running"]} == set(busy)
    assert [item[1] for item in queue["queue_pending"]] == jobs
    item = queue["queue_pending"][0]
    assert len(item) == 5
    assert item[2] == kit.shown(number)
    assert item[4] == ["2"]
    assert served.get("/prompt") == {"exec_info": {"queue_remaining": 11}}
    assert served.post("/queue", {"delete": [jobs[1], busy[0], "unknown"]}) == b""
    assert [item[1] for item in served.get("/queue")["queue_pending"]] == [jobs[0], jobs[2]]
    assert len(served.get("/queue")["queue_running"]) == 8
    served.post("/queue", {"clear": True})
    assert served.get("/queue")["queue_pending"] == []


def test_interrupt_without_an_id_ends_all_that_run_and_nothing_that_waits(
    served: Server, number: int, busy: list[str]
) -> None:
    waits = served.submit(kit.shown(number))
    assert served.post("/interrupt") == b""
    for job in busy:
        assert served.ended(job)["status"]["status_str"] == "error"
    assert served.ended(waits)["status"]["status_str"] == "success"


def test_a_job_can_be_cancelled_wherever_it_is(served: Server, number: int, busy: list[str]) -> None:
    waits = served.submit(kit.shown(number))
    assert served.post(f"/api/jobs/{waits}/cancel") == {"id": waits, "cancelled": True}
    assert served.post("/api/jobs/cancel", {"job_ids": [busy[0], "unknown"]}) == {"cancelled": [busy[0]]}
    assert served.ended(busy[0])["status"]["status_str"] == "error"
    for job in (waits, busy[0]):
        assert served.get(f"/api/jobs/{job}")["status"] == "cancelled"
    with pytest.raises(HttpError) as unknown:
        served.post("/api/jobs/unknown/cancel")
    assert unknown.value.status == 404


@pytest.mark.parametrize("body", [None, {}, {"unload_models": True}, {"free_memory": True, "unload_models": True}])
def test_free(served: Server, body: Any) -> None:
    assert served.post("/free", body) == b""


@pytest.mark.parametrize(
    ("path", "body"),
    [("/queue", []), ("/queue", {"delete": 5}), ("/history", {"delete": [5]}), ("/interrupt", {"prompt_id": 5})],
)
def test_bodies_that_make_no_sense(served: Server, path: str, body: Any) -> None:
    with pytest.raises(HttpError) as wrong:
        served.post(path, body)
    assert wrong.value.status == 400


def test_secrets_are_shown_nowhere(served: Server, number: int) -> None:
    extra = {"auth_token_comfy_org": "CANARY", "api_key_comfy_org": "CANARY", "other": "CANARY"}
    kept = {"extra_pnginfo": {"workflow": {"id": "mine"}}}
    job = served.submit(kit.shown(number), extra_data={**extra, **kept})
    entry = served.ended(job)
    assert entry["prompt"][3]["extra_pnginfo"] == kept["extra_pnginfo"]
    for path in (f"/history/{job}", "/history", "/queue", "/jobs", f"/jobs/{job}"):
        assert "CANARY" not in str(served.get(path))

"""Queue items, history entries and jobs in ComfyUI's words."""

from __future__ import annotations

from typing import Any

import pytest

from engine.compat.views import STATES, STATUS, history_entry, job, job_details, job_messages, jobs_page, queue_item
from engine.queue.log import Logged
from engine.queue.rows import STATES as OURS
from engine.queue.rows import Body, JobRow, State
from engine.run.events import JobFinished, JobInterrupted, JobQueued, JobStarted, StepFailed, StepFinished, StepStarted

GRAPH = {"1": {"class_type": "SaveImage", "inputs": {"images": ["0", 0], "filename_prefix": "a"}}}
BODY = Body(GRAPH, ("1",), None, {"extra_pnginfo": {"workflow": {"id": "w"}}})
FILE = {"filename": "a.png", "subfolder": "", "type": "output"}
RESULTS = {"0": {"text": ["x"]}, "1": {"images": [{**FILE, "type": "temp", "filename": "t.png"}, FILE]}}


def row(state: State = "success", **more: Any) -> JobRow:
    told = {"created": 10.0, "started": 11.0, "ended": 12.5, **more}
    return JobRow("j", 3.0, state, "me", "", **told)


def log(*events: Any) -> list[Logged]:
    return [Logged(i, 11.0 + i, event) for i, event in enumerate(events, 1)]


def test_an_item_of_the_queue() -> None:
    number, id, prompt, extra, outputs = queue_item(row("queued"), BODY)
    assert (number, type(number), id, prompt, outputs) == (3, int, "j", GRAPH, ["1"])
    assert extra == {"extra_pnginfo": {"workflow": {"id": "w"}}, "client_id": "me", "create_time": 10000}


def test_an_entry_of_the_history() -> None:
    logged = log(
        JobQueued("j"), JobStarted("j", ("1",), ()), StepStarted("j", "1"), StepFinished("j", "1", 0.1, RESULTS["1"]),
        JobFinished("j", "success"),
    )  # fmt: skip
    entry = history_entry(row(), BODY, RESULTS, job_messages(row(), BODY, logged))
    assert entry["outputs"] == RESULTS
    assert entry["meta"]["1"] == {"node_id": "1", "display_node": "1", "parent_node": None, "real_node_id": "1"}
    assert entry["status"] == {
        "status_str": "success",
        "completed": True,
        "messages": [
            ["execution_start", {"prompt_id": "j", "timestamp": 13000}],
            ["execution_cached", {"prompt_id": "j", "nodes": [], "timestamp": 13000}],
            ["execution_success", {"prompt_id": "j", "timestamp": 16000}],
        ],
    }


def test_the_messages_of_a_job_that_ran_twice_are_those_of_its_last_run() -> None:
    logged = log(
        JobStarted("j", ("1",), ()), JobInterrupted("j", "server_died", True), JobStarted("j", ("1",), ()),
        StepStarted("j", "1"), StepFailed("j", "1", "SaveImage", "It failed.", "OSError"), JobFinished("j", "error"),
    )  # fmt: skip
    messages = job_messages(row("error"), BODY, logged)
    assert [type for type, _ in messages] == ["execution_start", "execution_cached", "execution_error"]
    assert messages[-1][1]["current_inputs"] == {"filename_prefix": ["a"]}
    assert history_entry(row("error"), BODY, {}, messages)["status"]["status_str"] == "error"


@pytest.mark.parametrize(
    ("state", "last"),
    [
        ("success", "execution_success"),
        ("error", "execution_error"),
        ("cancelled", "execution_interrupted"),
        ("running", "execution_start"),
    ],
)
def test_a_job_whose_events_are_no_longer_kept(state: State, last: str) -> None:
    messages = job_messages(row(state), BODY, [])
    assert messages[0] == ["execution_start", {"prompt_id": "j", "timestamp": 11000}]
    assert messages[-1][0] == last
    assert job_messages(row("cancelled", started=None), BODY, []) == []


def test_every_state_has_a_status() -> None:
    assert set(STATUS) == set(OURS)
    assert {state for states in STATES.values() for state in states} == set(OURS)


def test_a_job_with_a_picture_prefers_what_was_saved() -> None:
    assert job(row(), RESULTS) == {
        "id": "j",
        "status": "completed",
        "priority": 3,
        "create_time": 10000,
        "execution_start_time": 11000,
        "execution_end_time": 12500,
        "outputs_count": 2,
        "preview_output": {**FILE, "nodeId": "1", "mediaType": "images"},
    }


def test_a_job_that_waits_has_no_times_of_execution() -> None:
    assert job(row("queued", started=None, ended=None), {}).keys() == {
        "id", "status", "priority", "create_time", "outputs_count",
    }  # fmt: skip


@pytest.mark.parametrize("state", ["error", "parked"])
def test_a_failed_job_says_why(state: State) -> None:
    error = {"code": "step_failed", "message": "It failed.", "node": "1", "node_type": "X", "exception": "OSError"}
    told = job(row(state, error=error), {})
    assert told["status"] == "failed"
    assert told["execution_error"]["exception_message"] == "It failed."
    assert told["execution_error"]["node_id"] == "1"
    assert "execution_error" not in job(row("cancelled", error=error), {})


def test_the_details_of_a_job() -> None:
    told = job_details(row(), BODY, RESULTS, [["execution_success", {}]])
    assert told["outputs"] == RESULTS
    assert told["workflow"]["prompt"] == GRAPH
    assert told["execution_status"] == {
        "status_str": "success",
        "completed": True,
        "messages": [["execution_success", {}]],
    }


@pytest.mark.parametrize(
    ("offset", "limit", "shown", "more"), [(0, 2, 2, True), (4, 2, 1, False), (0, None, 5, False), (9, 2, 0, False)]
)
def test_the_four_numbers_of_a_page(offset: int, limit: int | None, shown: int, more: bool) -> None:
    numbers = jobs_page([{}] * shown, offset, limit, 5)["pagination"]
    assert numbers == {"offset": offset, "limit": 5 if limit is None else limit, "total": 5, "has_more": more}

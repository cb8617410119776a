"""ComfyUI's websocket over the real server."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.web import kit
from tests.web.kit import Server
from tests.web.wire import Wire, wire

_numbers = itertools.count(10_000)


@pytest.fixture
def number() -> Iterator[int]:
    """One that no other test has run, so that nothing is a hit."""
    return next(_numbers)


END = ["execution_success", "status", "executing"]


@pytest.mark.parametrize("path", ["/ws", "/api/ws"])
def test_a_job_from_status_to_its_end(served: Server, number: int, path: str) -> None:
    with wire(served, f"me{number}", path) as me:
        hello = me.next()
        assert hello["type"] == "status"
        assert hello["data"]["sid"] == f"me{number}"
        job = served.submit(kit.shown(number), client_id=f"me{number}")
        told = me.end(job)
        begin = told.index("execution_start")
        assert set(told[:begin]) == {"status"}
        assert told[begin + 1] == "execution_cached"
        assert told[-len(END) :] == END
        assert told.count("executing") == 3
        assert {"executed", "progress_state"} <= set(told)
        shown = next(m for m in me.heard if m["type"] == "executed")
        assert shown["data"]["output"] == {"text": [str(number)]}
        assert served.history(job)["status"]["completed"]


def test_the_history_can_be_read_when_the_end_is_told(served: Server, number: int) -> None:
    with wire(served, "reader") as me:
        for i in range(20):
            job = served.submit(kit.shown(number * 1000 + i), client_id="reader")
            me.until("execution_success", prompt_id=job)
            assert served.history(job)["outputs"]["2"] == {"text": [str(number * 1000 + i)]}
            me.until("executing", node=None, prompt_id=job)


def test_the_same_again_is_cached_and_its_output_is_shown_again(served: Server, number: int) -> None:
    served.ended(served.submit(kit.shown(number)))
    with wire(served, "again") as me:
        job = served.submit(kit.shown(number), client_id="again")
        me.end(job)
        cached = next(m for m in me.heard if m["type"] == "execution_cached")
        assert cached["data"]["nodes"] == ["2"]
        assert [m["data"]["node"] for m in me.heard if m["type"] == "executed"] == ["2"]


def test_a_client_that_posts_first_and_listens_later_misses_nothing(served: Server, number: int) -> None:
    job = served.submit(kit.shown(number), client_id="later")
    served.ended(job)
    with wire(served, "later") as me:
        told = me.end(job)
        assert told[0] == "status"
        assert [t for t in told if t.startswith("execution")] == [
            "execution_start", "execution_cached", "execution_success",
        ]  # fmt: skip


def test_progress_of_a_step(served: Server, number: int, tmp_path: Path) -> None:
    with wire(served, "slow") as me:
        job = served.submit(kit.held(number, tmp_path / "go"), client_id="slow")
        for _ in range(3):
            me.until("progress", prompt_id=job)
        (tmp_path / "go").touch()
        me.end(job)
        values = [m["data"]["value"] for m in me.heard if m["type"] == "progress"]
        assert values == sorted(values)
        assert len(set(values)) > 2
        states = [m["data"]["nodes"] for m in me.heard if m["type"] == "progress_state"]
        assert all(n["state"] == "finished" for n in states[-1].values())


def test_a_failure(served: Server) -> None:
    graph = {"1": kit.node("KitFail", message="it was to fail"), "2": kit.node("KitShow", number=("1", 0))}
    with wire(served, "fails") as me:
        job = served.submit(graph, client_id="fails")
        told = me.end(job)
        assert told[-3:] == ["execution_error", "status", "executing"]
        error = next(m["data"] for m in me.heard if m["type"] == "execution_error")
        assert error["node_id"] == "1"
        assert error["node_type"] == "KitFail"
        assert error["exception_type"] == "ValueError"
        assert "it was to fail" in error["exception_message"]
        assert error["current_inputs"]["message"] == ["it was to fail"]
        assert ".py" not in str(error)
    entry = served.history(job)
    assert entry["status"]["status_str"] == "error"
    assert [type for type, _ in entry["status"]["messages"]][-1] == "execution_error"


def test_interrupt_ends_the_job_that_runs_and_tells_all(served: Server, number: int) -> None:
    with wire(served, "mine") as me, wire(served, "other") as other:
        job = served.submit(kit.saved(number, 600), client_id="mine")
        me.until("executing", node="1", prompt_id=job)
        served.post("/interrupt", {"prompt_id": "another"})
        served.post("/api/interrupt", {"prompt_id": job})
        assert me.end(job)[-3:] == ["execution_interrupted", "status", "executing"]
        told = other.until("execution_interrupted", prompt_id=job)
        assert told["data"]["node_id"] == "1"
        assert told["data"]["node_type"] == "KitSleep"
    assert served.history(job)["status"]["status_str"] == "error"


def test_a_reconnect_in_the_middle_is_told_what_runs(served: Server, number: int, tmp_path: Path) -> None:
    with wire(served, "back") as first:
        job = served.submit(kit.held(number, tmp_path / "go"), client_id="back")
        first.until("executing", node="1", prompt_id=job)
        with wire(served, "back") as second:
            second.until("executing", node="1", prompt_id=job)
            state = second.until("progress_state", prompt_id=job)
            assert state["data"]["nodes"]["1"]["state"] == "running"
            (tmp_path / "go").touch()
            assert second.end(job)[-3:] == END


def test_feature_flags_are_answered_and_change_what_is_told(served: Server, number: int) -> None:
    with wire(served, "flags") as me:
        me.send("feature_flags", supports_preview_metadata=True, supports_progress_delta=True)
        told = me.until("feature_flags")["data"]
        assert told == served.get("/features")
        assert told["supports_preview_metadata"] is True
        job = served.submit(kit.fan(30, number), client_id="flags")
        me.end(job)
        known: dict[str, str] = {}
        for message in me.heard:
            if message["type"] == "progress_state":
                known |= {id: n["state"] for id, n in message["data"]["nodes"].items()}
        assert set(known.values()) == {"finished"}
        assert len(known) == len(kit.fan(30, number))


@pytest.mark.parametrize("frame", ["", "{", "[]", '{"type": 5}', '{"type":"feature_flags","data":7}', "[" * 30_000])
def test_nonsense_is_not_heard(served: Server, frame: str) -> None:
    with wire(served) as me:
        assert len(me.next()["data"]["sid"]) == 32
        me.connection.send(frame)
        me.send("feature_flags")
        assert me.until("feature_flags")


def _flood(me: Wire, frame: str = "hello", times: int = 150) -> None:
    """Send until the server has had enough."""
    for _ in range(times):
        me.connection.send(frame)
    me.to_the_end()


def test_a_flood_of_messages_is_cut_off(served: Server) -> None:
    with wire(served) as me, pytest.raises(ConnectionClosed) as closed:
        _flood(me)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_a_message_that_is_too_large_is_cut_off(served: Server) -> None:
    with wire(served) as me, pytest.raises(ConnectionClosed):
        _flood(me, "x" * (1 << 20), 1)
    assert served.get("/prompt")


def test_jobs_without_a_client_are_told_to_all(served: Server, number: int) -> None:
    with wire(served, "one") as one, wire(served, "two") as two:
        one.next(), two.next()
        job = served.submit(kit.shown(number))
        assert one.end(job)[-3:] == END
        assert two.end(job)[-3:] == END


def test_one_that_stops_reading_delays_no_other_and_is_brought_up_to_date(served: Server, number: int) -> None:
    with wire(served, "stuck") as stuck, wire(served, "quick") as quick:
        stuck.next()
        jobs = [served.submit(kit.fan(1500, number * 10 + i), client_id="stuck") for i in range(3)]
        mine = served.submit(kit.shown(number), client_id="quick")
        assert quick.end(mine)[-3:] == END
        for job in jobs:
            served.ended(job)
        ends: set[str] = set()
        until = time.monotonic() + kit.PATIENCE
        while ends != set(jobs) and time.monotonic() < until:
            message = stuck.next()
            if isinstance(message, dict) and message["type"] == "executing" and message["data"]["node"] is None:
                ends.add(message["data"]["prompt_id"])
        assert ends == set(jobs)


def test_a_fan_of_three_thousand_nodes(served: Server, number: int) -> None:
    graph = kit.fan(2000, number)
    assert len(graph) >= 3000
    with wire(served, "fan") as me:
        job = served.submit(graph, client_id="fan")
        me.end(job)
        # How often the states are told in full is a matter of seconds, which a test with a clock of its own looks at.
        assert sum(len(str(m)) for m in me.heard if m["type"] != "progress_state") < 2_000_000
        assert {m["data"]["node"] for m in me.heard if m["type"] == "executing"} >= set(graph)

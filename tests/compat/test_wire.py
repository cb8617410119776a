"""ComfyUI's messages as a view of our events: whole conversations, and the rules of their order."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.compat.messages import MOST_NODES, Flags, Message, Standings
from engine.compat.wire import DURABLE, SECONDS_BETWEEN, JobView
from engine.run.events import (
    Event,
    Expanded,
    JobFinished,
    JobInterrupted,
    JobQueued,
    JobStarted,
    Preview,
    Progress,
    StepFailed,
    StepFinished,
    StepStarted,
    Warned,
)
from engine.run.picture import Picture
from tests.compat.conversation import DELTA, JOB, frames, said, types

IMAGES = {"images": [{"filename": "a.png", "subfolder": "", "type": "output"}]}


def picture_job() -> list[Event]:
    """Two steps, the first with progress, the second saves."""
    return [
        JobQueued(JOB),
        JobStarted(JOB, ("1", "2"), ()),
        StepStarted(JOB, "1"),
        Progress(JOB, "1", 1, 2),
        Progress(JOB, "1", 2, 2),
        StepFinished(JOB, "1", 0.5),
        StepStarted(JOB, "2"),
        StepFinished(JOB, "2", 0.1, IMAGES),
        JobFinished(JOB, "success"),
    ]


def standing(value: float, most: float, state: str, node: str) -> dict[str, object]:
    return {
        "value": value,
        "max": most,
        "state": state,
        "prompt_id": JOB,
        "node_id": node,
        "display_node_id": node,
        "parent_node_id": None,
        "real_node_id": node,
    }


def test_a_job_that_saves_a_picture_word_for_word() -> None:
    remaining = iter((1, 0))
    view = JobView(JOB, lambda: next(remaining))
    assert frames(said(picture_job(), view)) == [
        {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 1}}}},
        {"type": "execution_start", "data": {"prompt_id": JOB, "timestamp": 1001000}},
        {"type": "execution_cached", "data": {"prompt_id": JOB, "nodes": [], "timestamp": 1001000}},
        {"type": "executing", "data": {"node": "1", "display_node": "1", "prompt_id": JOB}},
        {"type": "progress", "data": {"value": 1, "max": 2, "prompt_id": JOB, "node": "1"}},
        {"type": "progress", "data": {"value": 2, "max": 2, "prompt_id": JOB, "node": "1"}},
        {"type": "executing", "data": {"node": "2", "display_node": "2", "prompt_id": JOB}},
        {"type": "executed", "data": {"node": "2", "display_node": "2", "output": IMAGES, "prompt_id": JOB}},
        {
            "type": "progress_state",
            "data": {
                "prompt_id": JOB,
                "nodes": {"1": standing(2, 2, "finished", "1"), "2": standing(1, 1, "finished", "2")},
            },
        },
        {"type": "execution_success", "data": {"prompt_id": JOB, "timestamp": 1008000}},
        {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}}},
        {"type": "executing", "data": {"node": None, "display_node": None, "prompt_id": JOB}},
    ]


def test_a_job_of_hits_tells_them_and_shows_what_its_sinks_show() -> None:
    events = [
        JobStarted(JOB, (), ("9",)),
        StepFinished(JOB, "9", 0.1, IMAGES, cached=True),
        JobFinished(JOB, "success"),
    ]
    told = frames(said(events))
    assert types(said(events)) == [
        "execution_start",
        "execution_cached",
        "executed",
        "progress_state",
        "execution_success",
        "status",
        "executing:null",
    ]
    assert told[1]["data"]["nodes"] == ["9"]
    assert told[2]["data"]["output"] == IMAGES


def test_a_failure_is_told_at_the_end_with_its_node_in_one_sentence_without_paths() -> None:
    graph = {"3": {"class_type": "KSampler", "inputs": {"steps": 20, "model": ["1", 0], "note": "x" * 500}}}
    view = JobView(JOB, graph=graph)
    sentence = "KSampler (node 3) failed: no (ValueError)."
    events = [
        JobStarted(JOB, ("1", "3", "4"), ()),
        StepStarted(JOB, "1"),
        StepFinished(JOB, "1", 0.1),
        StepStarted(JOB, "3"),
        StepFailed(JOB, "3", "KSampler", sentence, "ValueError", "Traceback…\n  File /home/me/nodes.py"),
        StepStarted(JOB, "4"),
        StepFailed(JOB, "4", "Other", "another", "KeyError"),
        JobFinished(JOB, "error"),
    ]
    messages = said(events, view)
    assert types(messages)[-4:] == ["progress_state", "execution_error", "status", "executing:null"]
    state, error = frames(messages)[-4:-2]
    assert {id: n["state"] for id, n in state["data"]["nodes"].items()} == {"1": "finished", "3": "error", "4": "error"}
    assert error["data"] == {
        "prompt_id": JOB,
        "node_id": "3",
        "node_type": "KSampler",
        "executed": ["1"],
        "exception_message": sentence,
        "exception_type": "ValueError",
        "traceback": [sentence],
        "current_inputs": {"steps": ["20"], "note": ["x" * 200 + "…"]},
        "current_outputs": ["1"],
        "timestamp": 1007000,
    }
    assert "/home" not in str(frames(messages))


def test_a_cancelled_job_is_interrupted_for_everyone_at_the_step_that_ran() -> None:
    view = JobView(JOB, graph={"5": {"class_type": "Slow", "inputs": {}}})
    events = [JobStarted(JOB, ("5",), ()), StepStarted(JOB, "5"), JobFinished(JOB, "cancelled")]
    messages = said(events, view)
    assert types(messages)[-4:] == ["progress_state", "execution_interrupted", "status", "executing:null"]
    data = {"prompt_id": JOB, "node_id": "5", "node_type": "Slow", "executed": [], "timestamp": 1002000}
    assert frames(messages)[-3]["data"] == data
    assert messages[-3].everyone
    assert not messages[-1].everyone


def test_a_job_that_is_cancelled_before_it_began_says_only_how_many_are_left() -> None:
    assert types(said([JobQueued(JOB), JobFinished(JOB, "cancelled")])) == ["status", "status"]


def test_a_job_that_is_queued_again_begins_anew() -> None:
    events = [
        JobStarted(JOB, ("1", "2"), ()),
        StepStarted(JOB, "1"),
        Warned(JOB, "worker_died", "The worker died."),
        JobInterrupted(JOB, "worker_died", True),
        JobStarted(JOB, ("2",), ("1",)),
        StepStarted(JOB, "2"),
        StepFinished(JOB, "2", 0.1),
        JobFinished(JOB, "success"),
    ]
    messages = said(events)
    assert types(messages)[:5] == ["execution_start", "execution_cached", "executing", "status", "execution_start"]
    last = frames(messages)[-4]["data"]["nodes"]
    assert {id: n["state"] for id, n in last.items()} == {"1": "finished", "2": "finished"}


def test_a_parked_job_ends_in_an_error_that_says_why() -> None:
    sentence = "The worker was killed by signal 9."
    events = [
        JobStarted(JOB, ("1",), ()),
        StepStarted(JOB, "1"),
        JobInterrupted(JOB, "worker_died", False, sentence),
    ]
    messages = said(events)
    assert types(messages)[-4:] == ["progress_state", "execution_error", "status", "executing:null"]
    error = frames(messages)[-3]["data"]
    assert error["exception_message"].startswith(sentence)
    assert error["node_id"] == "1"
    assert error["exception_type"] == "worker_died"


def test_steps_of_an_expansion_are_shown_at_the_node_that_the_editor_has() -> None:
    events = [
        JobStarted(JOB, ("1",), ()),
        StepStarted(JOB, "1"),
        Expanded(JOB, "1", ("1.a",)),
        StepStarted(JOB, "1.a"),
        Expanded(JOB, "1.a", ("1.a.b",)),
        StepStarted(JOB, "1.a.b"),
    ]
    view = JobView(JOB)
    last = frames(said(events, view))[-1]
    assert last["data"] == {"node": "1.a.b", "display_node": "1", "prompt_id": JOB}
    state = view.state()
    assert state is not None
    told = frames([state])[0]["data"]["nodes"]["1.a.b"]
    keys = ("node_id", "display_node_id", "parent_node_id", "real_node_id")
    assert [told[key] for key in keys] == ["1.a.b", "1", "1.a", "1.a.b"]


def test_what_steps_of_an_expansion_show_comes_beside_what_is_there_until_the_node_shows_its_own() -> None:
    inner = [StepFinished(JOB, f"1.{name}", 0.1, IMAGES) for name in "abc"]
    events = [JobStarted(JOB, ("1",), ()), Expanded(JOB, "1", ("1.a", "1.b", "1.c")), *inner]
    told = [f["data"] for f in frames(said([*events, StepFinished(JOB, "1", 1.0, IMAGES)])) if f["type"] == "executed"]
    assert [(each["display_node"], each.get("merge", False)) for each in told] == [
        ("1", False),
        ("1", True),
        ("1", True),
        ("1", False),
    ]


def test_a_failure_that_nothing_is_lost_by_is_no_error() -> None:
    spared = StepFailed(JOB, "1.a", "X", "one", "ValueError", spared=True)
    failed = StepFailed(JOB, "2", "X", "two", "ValueError")
    begin = [JobStarted(JOB, ("1", "2"), ()), Expanded(JOB, "1", ("1.a",)), StepStarted(JOB, "1.a"), spared]
    well = frames(said([*begin, JobFinished(JOB, "success")]))
    assert "execution_error" not in [f["type"] for f in well]
    badly = frames(said([*begin, failed, JobFinished(JOB, "error")]))
    (error,) = (f["data"] for f in badly if f["type"] == "execution_error")
    assert (error["node_id"], error["exception_message"]) == ("2", "two")


def test_nodes_inside_subgraphs_keep_their_ids() -> None:
    events = [JobStarted(JOB, ("12:3",), ()), StepStarted(JOB, "12:3")]
    assert frames(said(events))[-1]["data"]["display_node"] == "12:3"


@pytest.mark.parametrize(("format", "code"), [("jpeg", 1), ("png", 2)])
def test_previews_in_both_forms(format: str, code: int) -> None:
    picture = Picture(b"bytes", format, 8, 8)  # type: ignore[arg-type]
    events = [JobStarted(JOB, ("1",), ()), StepStarted(JOB, "1"), Preview(JOB, "1", picture)]
    preview = said(events)[-1:]
    assert frames(preview) == [(1, code, b"bytes")]
    metadata = {
        "prompt_id": JOB,
        "node_id": "1",
        "display_node_id": "1",
        "parent_node_id": None,
        "real_node_id": "1",
        "image_type": f"image/{format}",
    }
    assert frames(preview, Flags(preview_metadata=True)) == [(4, metadata, b"bytes")]


def test_progress_without_a_known_end_still_moves() -> None:
    events = [JobStarted(JOB, ("1",), ()), StepStarted(JOB, "1"), Progress(JOB, "1", 3, 0)]
    assert frames(said(events))[-1]["data"] == {"value": 3, "max": 4, "prompt_id": JOB, "node": "1"}


def test_fast_progress_is_thinned_and_its_last_word_is_kept() -> None:
    events: list[Event] = [JobStarted(JOB, ("1",), ()), StepStarted(JOB, "1")]
    events += [Progress(JOB, "1", done, 1000) for done in range(1, 1001)]
    told = [f["data"]["value"] for f in frames(said(events, seconds=0.001)) if f["type"] == "progress"]
    assert len(told) <= 1.1 / SECONDS_BETWEEN + 2
    assert told[-1] == 1000
    assert told == sorted(told)


def test_states_in_full_and_only_what_changed() -> None:
    view = JobView(JOB)
    said([JobStarted(JOB, ("1", "2"), ()), StepStarted(JOB, "1")], view)
    first = view.state()
    said([StepFinished(JOB, "1", 0.1), StepStarted(JOB, "2")], view)
    said([StepFinished(JOB, "2", 0.1)], view)
    said([StepStarted(JOB, "3")], view)
    second = view.state()
    assert first is not None
    assert second is not None
    said([StepFinished(JOB, "3", 0.1)], view)
    third = view.state()
    assert third is not None
    assert view.state() is None
    assert list(frames([third])[0]["data"]["nodes"]) == ["1", "2", "3"]
    assert [list(frames([s], DELTA)[0]["data"]["nodes"]) for s in (first, third)] == [["1"], ["3"]]
    assert frames([second])[0]["data"]["nodes"]["3"]["state"] == "running"


def test_what_runs_for_a_client_that_has_heard_nothing() -> None:
    view = JobView(JOB)
    assert view.now() == ()
    said(picture_job()[1:7], view)
    assert types(view.now()) == ["executing", "progress_state"]
    assert list(frames(view.now(), DELTA)[1]["data"]["nodes"]) == ["1", "2"]
    said(picture_job()[7:], view)
    assert view.now() == ()


def test_states_of_a_huge_job_stay_below_what_clients_take() -> None:
    view = JobView("0123456789abcdef0123456789abcdef0123")
    nodes = [f"node{i}" for i in range(20_000)]
    view.feed(JobStarted(view.job, tuple(nodes), ()), 0.0)
    view.feed(StepStarted(view.job, "long"), 0.0)
    for node in nodes:
        view.feed(StepStarted(view.job, node), 0.0)
        view.feed(StepFinished(view.job, node, 0.0), 0.0)
    state = view.state()
    assert state is not None
    assert len(state.frame(Flags())) < 1 << 20
    told = frames([state])[0]["data"]["nodes"]
    assert len(told) == MOST_NODES
    assert {"long", nodes[-1]} <= set(told)


def test_numbers_that_json_does_not_have_become_null() -> None:
    shown = {"figures": [float("nan"), 1.5, {"most": float("inf")}]}
    events = [JobStarted(JOB, ("1",), ()), StepStarted(JOB, "1"), StepFinished(JOB, "1", 0.1, shown)]
    assert frames(said(events))[-1]["data"]["output"] == {"figures": [None, 1.5, {"most": None}]}


def test_three_thousand_steps_are_little_to_say() -> None:
    view = JobView("0123456789abcdef0123456789abcdef0123")
    total = 0
    events: list[Event] = [JobStarted(view.job, (), ())]
    for i in range(3000):
        events += [StepStarted(view.job, f"{i}"), StepFinished(view.job, f"{i}", 0.0)]
    events.append(JobFinished(view.job, "success"))
    for event in events:
        total += sum(len(m.frame(Flags())) for m in view.feed(event, 0.0))
    assert total < 1_500_000


STEPS = ("1", "2", "3")


@st.composite
def jobs(draw: st.DrawFn) -> list[Event]:
    """The events of one job as the engine may tell them: steps overlap, fail, are cached; the job ends somehow."""
    events: list[Event] = [JobQueued(JOB)] if draw(st.booleans()) else []
    cached = tuple(draw(st.sets(st.sampled_from(STEPS))))
    waiting = [n for n in STEPS if n not in cached]
    events.append(JobStarted(JOB, tuple(waiting), cached))
    running: list[str] = []
    failed = False
    for choice in draw(st.lists(st.integers(0, 99), max_size=12)):
        if choice < 40 and waiting:
            running.append(waiting.pop(0))
            events.append(StepStarted(JOB, running[-1]))
        elif running and choice < 55:
            events.append(Progress(JOB, running[0], choice, 100))
        elif running and choice < 90:
            shown = IMAGES if choice % 2 else {}
            events.append(StepFinished(JOB, running.pop(0), 0.1, shown, cached=choice % 3 == 0))
        elif running:
            failed = True
            events.append(StepFailed(JOB, running.pop(0), "T", "It failed.", "ValueError"))
    end = "error" if failed else draw(st.sampled_from(("success", "cancelled")))
    return [*events, JobFinished(JOB, end)]


@given(jobs())
def test_the_order_of_every_conversation(events: Sequence[Event]) -> None:
    messages = said(events)
    told = types(messages)
    begin = told.index("execution_start")
    assert told[begin + 1] == "execution_cached"
    assert set(told[:begin]) <= {"status"}
    assert told[-1] == "executing:null"
    assert told[-2] == "status"
    assert told[-3] in {"execution_success", "execution_error", "execution_interrupted"}
    assert sum(type in DURABLE for type in told) == 3
    assert told.count("executing:null") == 1


@given(jobs())
def test_nothing_is_left_running_at_the_end_and_every_step_that_began_is_told(events: Sequence[Event]) -> None:
    messages = said(events)
    begun = {e.node for e in events if isinstance(e, StepStarted)}
    told = {f["data"]["node"] for f in frames(messages) if isinstance(f, dict) and f["type"] == "executing"}
    assert begun == told - {None}
    states = [m for m in messages if isinstance(m, Standings)]
    if begun:
        assert all(state != "running" for _, _, state in states[-1].full.values())


@given(jobs())
def test_changes_add_up_to_the_whole(events: Sequence[Event]) -> None:
    view, known, last = JobView(JOB), {}, {}
    for i, event in enumerate(events):
        messages = [*view.feed(event, i)]
        if (state := view.state()) is not None:
            messages.append(state)
        for message in messages:
            if isinstance(message, Standings):
                known |= frames([message], DELTA)[0]["data"]["nodes"]
                last = frames([message])[0]["data"]["nodes"]
    assert known == last


@given(jobs())
def test_no_text_names_a_file_of_the_server(events: Sequence[Event]) -> None:
    for message in said(events):
        if isinstance(message, Message):
            assert not re.search(r"Traceback|File \"", str(message.data))

"""What every channel must do, whatever is behind it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.run import events
from engine.worker.channel import ChannelError, Picture, Work
from tests.worker.conftest import Fresh
from tests.worker.kit import SECONDS, Desk, graph, shown

DURABLE = (events.JobQueued, events.JobStarted, events.StepStarted, events.StepFinished, events.JobFinished)


def kinds(told: list[Any]) -> list[str]:
    return [type(e).__name__ for e in told]


def test_a_job_is_told_from_its_queueing_to_its_end(desk: Desk) -> None:
    told = desk.loop.run(
        desk.work(graph(a=("number", {"value": 3}), b=("add", {"a": "a"}), z=("show", {"value": "b"})))
    )
    assert kinds(told)[:2] == ["JobQueued", "JobStarted"]
    assert [e.node for e in told if isinstance(e, events.StepFinished)] == ["a", "b", "z"]
    assert told[-2].ui == {"text": ["4"]}
    assert told[-1] == events.JobFinished(told[0].job, "success")
    for step in "abz":
        assert kinds([e for e in told if getattr(e, "node", "") == step]) == ["StepStarted", "StepFinished"]


def test_what_was_made_before_is_found(desk: Desk) -> None:
    first = desk.loop.run(desk.work(shown("number", value=77)))
    again = desk.loop.run(desk.work(shown("number", value=77)))
    assert kinds(first).count("StepStarted") == 2
    assert kinds(again) == ["JobQueued", "JobStarted", "StepFinished", "JobFinished"]
    assert (again[1].cached, again[2].cached) == (("z",), True)


def test_a_node_that_fails_is_named_and_the_next_job_is_clean(desk: Desk) -> None:
    told = desk.loop.run(desk.work(shown("fail", text="the glue is dry")))
    failed = next(e for e in told if isinstance(e, events.StepFailed))
    assert (failed.node, failed.node_type, failed.exception) == ("a", "fail", "ValueError")
    assert failed.message == "fail (node a) failed: the glue is dry (ValueError)."
    assert "raise ValueError(text)" in failed.traceback
    assert told[-1].status == "error"
    assert desk.loop.run(desk.work(shown("number", value=1)))[-1].status == "success"


def test_only_the_targets_that_are_asked_for_are_made(desk: Desk) -> None:
    both = graph(
        a=("number", {"value": 5}), b=("add", {"a": "a"}), y=("show", {"value": "a"}), z=("show", {"value": "b"})
    )
    told = desk.loop.run(desk.work(both, "y"))
    assert {e.node for e in told if isinstance(e, events.StepStarted)} == {"a", "y"}


def test_sound_targets_are_made_beside_others(desk: Desk) -> None:
    mixed = graph(a=("number", {"value": 6}), y=("show", {"value": "a"}), b=("nowhere", {}), z=("show", {"value": "b"}))
    told = desk.loop.run(desk.work(mixed))
    assert (told[-1].status, told[-2].ui) == ("success", {"text": ["6"]})


def test_a_target_that_was_asked_for_and_cannot_be_made_is_a_failure(desk: Desk) -> None:
    mixed = graph(a=("number", {"value": 6}), y=("show", {"value": "a"}), b=("nowhere", {}), z=("show", {"value": "b"}))
    told = desk.loop.run(desk.work(mixed, "y", "z"))
    failed = next(e for e in told if isinstance(e, events.StepFailed))
    assert (failed.node, failed.node_type, failed.exception) == ("b", "nowhere", "missing_node_type")
    assert told[-1].status == "error"
    assert any(isinstance(e, events.StepFinished) and e.node == "y" for e in told)


@pytest.mark.parametrize("nonsense", [{}, {"1": 2}, {"1": {"class_type": "number"}}, {"a": {"inputs": {}}}, {"": []}])
def test_a_graph_that_cannot_run_ends_as_an_error(desk: Desk, nonsense: dict[str, Any]) -> None:
    told = desk.loop.run(desk.work(nonsense))
    assert kinds(told)[0] == "JobQueued"
    assert told[-1].status == "error"
    assert all(e.message for e in told if isinstance(e, events.StepFailed))
    assert "StepFailed" in kinds(told)
    assert desk.loop.run(desk.work(shown("number", value=2)))[-1].status == "success"


def test_exactly_one_job_is_cancelled(desk: Desk) -> None:
    async def scene() -> list[str]:
        first = desk.give(shown("sleep", seconds=600, steps=60_000, key=1))
        second = desk.give(shown("sleep", seconds=2, steps=200, key=2))
        await desk.until(lambda: all(desk.of(j, events.Progress) for j in (first, second)))
        desk.channel.cancel(first)
        desk.channel.cancel("nobody")
        return [await desk.end(first), await desk.end(second)]

    assert desk.loop.run(scene()) == ["cancelled", "success"]


def test_a_job_is_cancelled_before_it_is_planned(desk: Desk) -> None:
    async def scene() -> tuple[str, list[Any]]:
        job = desk.give(shown("linger"))
        desk.channel.cancel(job)
        return await desk.end(job), desk.of(job, events.StepFinished)

    assert desk.loop.run(scene()) == ("cancelled", [])


def test_a_coroutine_is_cancelled(desk: Desk) -> None:
    async def scene() -> str:
        job = desk.give(shown("nap", seconds=600))
        await desk.until(lambda: desk.of(job, events.Progress))
        desk.channel.cancel(job)
        return await desk.end(job)

    assert desk.loop.run(scene()) == "cancelled"


def test_several_jobs_run_at_once(desk: Desk) -> None:
    async def scene() -> None:
        jobs = [desk.give(shown("nap", seconds=600, key=k)) for k in range(8)]
        await desk.until(lambda: all(desk.of(job, events.Progress) for job in jobs))
        assert not any(desk.status(job) for job in jobs), "all eight have begun, and none is over"
        for job in jobs:
            desk.channel.cancel(job)
        assert [await desk.end(job) for job in jobs] == ["cancelled"] * 8

    desk.loop.run(scene())


def test_equal_steps_of_jobs_at_the_same_time_run_once(desk: Desk) -> None:
    async def scene() -> None:
        jobs = [desk.give(shown("nap", seconds=0.4, key=99)) for _ in range(3)]
        for job in jobs:
            await desk.end(job)
        assert sum(len([e for e in desk.of(j, events.StepStarted) if e.node == "a"]) for j in jobs) == 1

    desk.loop.run(scene())


def test_jobs_that_wait_for_a_place_go_by_priority_then_by_order(fresh: Fresh, either: str) -> None:
    desk = fresh(either, at_once=1)

    async def scene() -> list[str]:
        given = [("first", 0), ("low", -1), ("high", 5), ("next", 0), ("high too", 5)]
        for i, (job, priority) in enumerate(given):
            desk.give(shown("nap", seconds=0 if i else 600, key=200 + i), job=job, priority=priority)
        await desk.until(lambda: all(desk.of(job, events.JobQueued) for job, _ in given))
        desk.channel.cancel("first")
        for job, _ in given:
            await desk.end(job)
        return [e.job for e in desk.events if isinstance(e, events.JobFinished)]

    assert desk.loop.run(scene()) == ["first", "high", "high too", "next", "low"]


def test_texts_that_a_client_gave_are_carried(fresh: Fresh, either: str, tmp_path: Path) -> None:
    desk = fresh(either)
    extra = {"extra_pnginfo": {"workflow": {"nodes": [1]}, "prompt": "not this", "bad\nname": 1, "note": "tea"}, "x": 1}
    plain = graph(a=("number", {"value": 1}), z=("save", {"value": "a"}))
    desk.loop.run(desk.work(plain, source='{"mine": 1}', extra=extra))
    desk.loop.run(desk.work(plain, source='{"mine": 1}', extra=extra, metadata=False))
    first, second = (p.read_text().splitlines() for p in sorted((tmp_path / "output").iterdir()))
    account = next(line for line in first[1:] if line.startswith("inkwater_run="))
    assert set(first[1:]) - {account} == {
        'workflow={"nodes": [1]}',
        "note=tea",
        'inkwater={"mine": 1}',
        'prompt={"a": {"class_type": "number", "inputs": {"value": 1}}, '
        '"z": {"class_type": "save", "inputs": {"value": ["a", 0]}}}',
    }
    assert second == ["1"]


def test_previews_are_pictures_and_come_within_their_step(desk: Desk) -> None:
    told = desk.loop.run(desk.work(shown("chatter", count=50, size=700)))
    pictures = [e.image for e in told if isinstance(e, events.Preview)]
    assert pictures
    for picture in pictures:
        assert isinstance(picture, Picture)
        assert (picture.format, picture.width, picture.height) == ("jpeg", 512, 512)
        assert picture.data.startswith(b"\xff\xd8")
    of_step = [e for e in told if getattr(e, "node", "") == "a"]
    assert kinds(of_step)[0] == "StepStarted"
    assert kinds(of_step)[-1] == "StepFinished"
    assert [e.done for e in of_step if isinstance(e, events.Progress)][-1] == 50, "the last progress is always told"


def test_progress_is_told_by_its_newest_when_there_is_much(desk: Desk) -> None:
    told = desk.loop.run(desk.work(shown("chatter", count=30_000)))
    steps = [e.done for e in told if isinstance(e, events.Progress)]
    assert steps == sorted(set(steps))
    assert steps[-1] == 30_000
    assert len(steps) < 15_000


def test_a_fan_of_thousands_is_told_in_full(desk: Desk) -> None:
    nodes = {str(i): ("number", {"value": 1000 + i}) for i in range(2000)}
    told = desk.loop.run(desk.work(graph(**nodes), *nodes))
    assert {e.node for e in told if isinstance(e, events.StepFinished)} == set(nodes)
    assert len([e for e in told if isinstance(e, DURABLE)]) == len(told) == 4003


def test_expansions_are_told(desk: Desk) -> None:
    told = desk.loop.run(desk.work(shown("grow", count=4)))
    assert next(e for e in told if isinstance(e, events.Expanded)).nodes == ("a.0", "a.1", "a.2", "a.3")
    assert next(e for e in told if isinstance(e, events.StepFinished) and e.node == "z").ui == {"text": ["3"]}


def test_large_values_and_odd_characters_come_through(desk: Desk) -> None:
    text = "năm \udcff 🦊 \x00 " * 3
    told = desk.loop.run(desk.work(shown("large", size=3_000_000)))
    assert len(told[-2].ui["text"][0]) == 3_000_000
    odd = desk.loop.run(desk.work(graph(z=("show", {"value": text}))))
    assert odd[-1].status in ("success", "error")


def test_without_a_device_nodes_that_need_one_say_so(desk: Desk) -> None:
    told = desk.loop.run(desk.work(shown("on_device")))
    failed = next(e for e in told if isinstance(e, events.StepFailed))
    assert failed.message == (
        'on_device (node a) needs a device, and there is none here (device "none"): '
        "run it where --device is auto, cpu or a GPU."
    )


def test_the_worker_tells_about_itself(desk: Desk) -> None:
    about = desk.channel.about
    assert desk.channel.state == "ready"
    assert (about["device"], about["torch"], about["share"], about["at_once"]) == ("none", "", "never", 8)
    assert about["salt"] == "no device"
    assert about["pid"] > 0


def test_explain_names_hits_and_what_changed(desk: Desk) -> None:
    plain = graph(a=("number", {"value": 31}), b=("add", {"a": "a"}), z=("show", {"value": "b"}))
    edited = graph(a=("number", {"value": 31}), b=("add", {"a": "a", "b": 9}), z=("show", {"value": "b"}))

    async def scene() -> None:
        before = await desk.channel.ask("explain", graph=plain)
        assert {w["code"] for w in before.values()} <= {"gone", "new", "changed", "above"}
        await desk.work(plain)
        after = await desk.channel.ask("explain", graph=plain, targets=["z"])
        assert [after[id]["code"] for id in "abz"] == ["hit", "hit", "hit"]
        changed = await desk.channel.ask("explain", graph=edited)
        assert changed["b"] == {"code": "changed", "args": {"inputs": ["b"]}, "text": "runs: b changed"}
        assert (changed["a"]["code"], changed["z"]["code"]) == ("hit", "above")

    desk.loop.run(scene())


def test_results_are_reported_and_freed(desk: Desk) -> None:
    async def scene() -> None:
        await desk.work(shown("large", size=100_000))
        report = await desk.channel.ask("report")
        assert report["weights"] == []
        assert report["memory"]["used"] > 100_000
        assert report["memory"]["budget"] == 2 << 30
        assert report["process"]["bytes"] > 1 << 20
        assert (await desk.channel.ask("free", cache=True))["cache"] >= 100_000
        assert (await desk.channel.ask("report"))["memory"] == {"used": 0, "budget": 2 << 30, "count": 0}
        assert (await desk.channel.ask("stats"))["jobs"] == 0

    desk.loop.run(scene())


def test_jobs_that_run_are_in_the_report(desk: Desk) -> None:
    async def scene() -> None:
        job = desk.give(shown("nap", seconds=600, key=5))
        await desk.until(lambda: desk.of(job, events.Progress))
        assert (await desk.channel.ask("report"))["jobs"] == [job]
        desk.channel.cancel(job)
        await desk.end(job)

    desk.loop.run(scene())


def test_tokens_of_a_prompt(desk: Desk) -> None:
    async def scene() -> None:
        tokens = await desk.channel.ask("tokens", text="a (red:1.3) fox", clip="mini1")
        assert tokens == [
            {"id": 320, "text": "a", "weight": 1.0, "chunk": 0},
            {"id": 736, "text": "red", "weight": 1.3, "chunk": 0},
            {"id": 3240, "text": "fox", "weight": 1.0, "chunk": 0},
        ]
        long = await desk.channel.ask("tokens", text="cat " * 80)
        assert [t["chunk"] for t in long] == [0] * 75 + [1] * 5
        assert await desk.channel.ask("tokens", text="", clip="mini-v1.safetensors") == []

    desk.loop.run(scene())


@pytest.mark.parametrize(
    ("what", "args", "sentence"),
    [
        ("weather", {}, "knows no question 'weather'"),
        ("tokens", {}, "was put wrongly"),
        ("tokens", {"text": "x", "clip": "gone.safetensors"}, "no family and no model file 'gone.safetensors'"),
        ("tokens", {"text": "embedding:gone"}, 'embedding "gone" was not found'),
        ("explain", {"graph": {"1": 5}}, "1"),
        ("explain", {"graph": {}, "more": 1}, "was put wrongly"),
    ],
)
def test_a_bad_question_is_answered_by_a_sentence(desk: Desk, what: str, args: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ChannelError, match=sentence):
        desk.loop.run(desk.channel.ask(what, **args))


def test_a_listener_that_fails_stops_nothing(fresh: Fresh, either: str) -> None:
    desk = fresh(either)
    told = desk.channel.on_event

    def listen(event: events.Event) -> None:
        told(event)
        raise RuntimeError("not today")

    desk.channel.on_event = listen
    assert desk.loop.run(desk.work(shown("number", value=8)))[-1].status == "success"


def test_stopping_lets_running_steps_end_and_begins_no_others(fresh: Fresh, either: str) -> None:
    desk = fresh(either)

    async def scene() -> None:
        chain = graph(a=("to_the_last", {}), b=("add", {"a": "a"}), z=("show", {"value": "b"}))
        running, done = desk.give(chain), desk.give(shown("number", value=4))
        await desk.end(done)
        await desk.until(lambda: desk.of(running, events.Progress))
        assert await desk.channel.stop(SECONDS) == (running,)
        assert [e.node for e in desk.of(running, events.StepFinished)] == ["a"]
        assert not desk.of(running, events.JobFinished)

    desk.loop.run(scene())
    assert desk.channel.state == "stopped"
    assert desk.states == ["starting", "ready", "stopped"]
    assert not desk.deaths
    with pytest.raises(ChannelError, match="is stopped"):
        desk.channel.run(Work("late", {}))
    with pytest.raises(ChannelError, match="is stopped"):
        desk.loop.run(desk.channel.ask("stats"))


def test_stopping_lets_a_job_in_its_last_step_succeed(fresh: Fresh, either: str) -> None:
    desk = fresh(either)

    async def scene() -> None:
        job = desk.give(graph(a=("to_the_last", {})), "a")
        await desk.until(lambda: desk.of(job, events.Progress))
        assert await desk.channel.stop(SECONDS) == ()
        assert desk.status(job) == "success"

    desk.loop.run(scene())


def test_stopping_does_not_wait_longer_than_it_may(fresh: Fresh, either: str, tmp_path: Path) -> None:
    desk = fresh(either)

    async def scene() -> None:
        mark = tmp_path / "begun"
        jobs = [
            desk.give(shown("deaf", seconds=600, mark=str(mark))),
            *(desk.give(shown("nap", seconds=600, key=k)) for k in range(10)),
        ]
        while not mark.exists():
            await asyncio.sleep(0.01)
        async with asyncio.timeout(SECONDS):
            assert set(await desk.channel.stop(0.3)) == set(jobs)
        mark.unlink()

    desk.loop.run(scene())
    assert not [e for e in desk.events if isinstance(e, events.JobFinished | events.StepFailed)]


def test_a_worker_starts_again_after_a_stop(fresh: Fresh, either: str) -> None:
    desk = fresh(either)

    async def scene() -> None:
        assert await desk.channel.stop(1) == ()
        assert await desk.channel.stop(1) == ()
        await desk.channel.start()
        await desk.channel.start()
        await desk.channel.ready(SECONDS)
        assert (await desk.work(shown("number", value=9)))[-1].status == "success"

    desk.loop.run(scene())


def test_jobs_may_be_given_and_cancelled_while_it_starts(fresh: Fresh, either: str) -> None:
    desk = fresh(either, start=False)

    async def scene() -> None:
        with pytest.raises(ChannelError, match="is stopped"):
            desk.channel.run(Work("early", {}))
        await desk.channel.start()
        assert desk.channel.state == "starting"
        with pytest.raises(ChannelError, match="is starting"):
            await desk.channel.ask("stats")
        kept, cancelled = desk.give(shown("number", value=1)), desk.give(shown("nap", seconds=600))
        desk.channel.cancel(cancelled)
        assert (await desk.end(kept), await desk.end(cancelled)) == ("success", "cancelled")

    desk.loop.run(scene())


def test_a_worker_is_stopped_while_it_starts(fresh: Fresh, either: str) -> None:
    desk = fresh(either, start=False)

    async def scene() -> None:
        await desk.channel.start()
        job = desk.give(shown("nap", seconds=600))
        assert await desk.channel.stop(2) == (job,)
        assert desk.channel.state == "stopped"

    desk.loop.run(scene())


def test_a_worker_that_cannot_start_says_why(fresh: Fresh, either: str, tmp_path: Path) -> None:
    desk = fresh(either, start=False, models=(tmp_path / "models.yaml",))
    (tmp_path / "models.yaml").write_text("a: [")

    async def scene() -> None:
        await desk.channel.start()
        job = desk.give(shown("number", value=1))
        with pytest.raises(ChannelError, match=r"models\.yaml"):
            await desk.channel.ready(SECONDS)
        await desk.until(lambda: desk.deaths)
        (died,) = desk.deaths
        assert died.reason.startswith("The worker could not start: ")
        assert died.reason.count("\n") == 0
        assert died.jobs == (job,)

    desk.loop.run(scene())
    assert desk.channel.state == "dead"


def test_temp_is_left_alone(fresh: Fresh, either: str, tmp_path: Path) -> None:
    kept = tmp_path / "temp" / "preview.png"
    kept.parent.mkdir()
    kept.write_bytes(b"x")
    desk = fresh(either)
    desk.loop.run(desk.work(shown("number", value=1)))
    assert kept.exists()

"""Jobs in one process: side by side, cancelled one by one, each with its record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engine.graph.context import Cancelled
from engine.graph.graph import Graph
from engine.graph.told import telling
from engine.run.errors import StepError
from engine.run.events import JobFinished, JobQueued, StepFinished, StepStarted, Warned
from engine.run.growth import Rules
from engine.run.jobs import Job, JobRunner
from engine.run.store import Memory
from engine.run.workers import Threads
from tests.run.kit import SECONDS, called, gate, graph, registry


@contextmanager
def runner(at_once: int = 8) -> Iterator[Callable[..., Job]]:
    called.clear()
    gate.clear()
    workers = {"cpu": Threads(4), "io": Threads(2, "io"), "device": Threads(1, "device")}
    runner = JobRunner(store=Memory(1 << 26), workers=workers, at_once=at_once)

    def submit(g: Graph, targets: list[str], **options: Any) -> Job:
        rules = Rules(registry(), job=runner.name())
        checked = rules.check(g, targets)
        assert not checked.errors
        return runner.submit(checked.plan, rules, **options)

    submit.runner = runner  # type: ignore[attr-defined]
    try:
        yield submit
    finally:
        gate.set()
        runner.close()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.005)


def test_exactly_one_job_is_cancelled() -> None:
    with runner() as submit:
        jobs = [submit(graph(h=("Hang", {"a": i})), ["h"]) for i in range(3)]
        until(lambda: called.count("hang") == 3)
        jobs[1].cancel()
        with pytest.raises(Cancelled):
            jobs[1].result(SECONDS)
        assert not jobs[0].future.done()
        gate.set()
        assert [jobs[i].result(SECONDS)["h"].outputs for i in (0, 2)] == [(0,), (2,)]
        assert [j.events[-1].status for j in jobs] == ["success", "cancelled", "success"]  # type: ignore[union-attr]


def test_every_job_has_its_record() -> None:
    with runner() as submit:
        jobs = [submit(graph(v=("Value", {"value": i}), a=("Add", {"a": "v.0"})), ["a"]) for i in range(10)]
        for i, job in enumerate(jobs):
            assert job.result(SECONDS)["a"].outputs == (i + 1,)
            assert {e.job for e in job.events} == {job.id}
            assert job.events[0] == JobQueued(job.id)
            assert job.events[-1] == JobFinished(job.id, "success")
            assert sum(isinstance(e, StepStarted) for e in job.events) == 2
        assert len({j.id for j in jobs}) == 10


def test_equal_jobs_share_what_is_made() -> None:
    with runner() as submit:
        g = graph(s=("Sleep", {"a": 1, "seconds": 0.1}), a=("Add", {"a": "s.0"}))
        jobs = [submit(g, ["a"]) for _ in range(5)]
        assert all(j.result(SECONDS)["a"].outputs == (2,) for j in jobs)
        assert called.count("sleep 1") == 1
        assert called.count("add 1 1") == 1


def test_a_failure_is_one_jobs_own() -> None:
    with runner() as submit:
        bad, good = submit(graph(f=("Fail", {"a": 1})), ["f"]), submit(graph(v=("Value", {})), ["v"])
        with pytest.raises(StepError, match="Fail"):
            bad.result(SECONDS)
        assert good.result(SECONDS)["v"].outputs == (0,)
        assert submit(graph(v=("Value", {"value": 8})), ["v"]).result(SECONDS)["v"].outputs == (8,)


def test_no_more_run_than_there_are_places_and_one_that_waits_can_be_cancelled() -> None:
    with runner(at_once=1) as submit:
        first = submit(graph(h=("Hang", {"a": 1})), ["h"])
        until(lambda: called == ["hang"])
        second, third = submit(graph(d=("Deaf", {"a": 2})), ["d"]), submit(graph(v=("Value", {})), ["v"])
        second.cancel()
        with pytest.raises(Cancelled):
            second.result(SECONDS)
        assert second.events == [JobQueued(second.id), JobFinished(second.id, "cancelled")]
        assert not third.future.done()
        gate.set()
        assert third.result(SECONDS)["v"].outputs == (0,)
        assert first.result(SECONDS)["h"].outputs == (1,)


def test_listeners_hear_one_event_at_a_time() -> None:
    inside, most, heard = 0, 0, []

    def listen(event: Any) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        heard.append(event)
        time.sleep(0.001)
        inside -= 1

    with runner() as submit:
        nodes = {f"r{i}": ("Read", {"a": i}) for i in range(10)}
        job = submit(graph(**nodes), list(nodes), listener=listen)
        job.result(SECONDS)
        assert most == 1
        assert heard == job.events
        assert sum(isinstance(e, StepFinished) for e in heard) == 10


def test_warnings_reach_the_running_jobs_or_the_next() -> None:
    with runner() as submit:
        submit.runner.warn("cache_unwritable", telling("the disk is full"))  # type: ignore[attr-defined]
        job = submit(graph(h=("Hang", {"a": 1})), ["h"])
        submit.runner.warn("other", telling("later"))  # type: ignore[attr-defined]
        gate.set()
        job.result(SECONDS)
        assert [e.code for e in job.events if isinstance(e, Warned)] == ["cache_unwritable", "other"]


def test_two_jobs_of_one_name_are_refused() -> None:
    with runner() as submit:
        rules = Rules(registry(), job="mine")
        plan = rules.check(graph(h=("Hang", {"a": 1})), ["h"]).plan
        job = submit.runner.submit(plan, rules)  # type: ignore[attr-defined]
        with pytest.raises(ValueError, match="mine"):
            submit.runner.submit(plan, rules)  # type: ignore[attr-defined]
        gate.set()
        job.result(SECONDS)


def test_closing_cancels_what_runs() -> None:
    with runner() as submit:
        job = submit(graph(h=("Hang", {"a": 1})), ["h"])
        until(lambda: called)
        submit.runner.close()  # type: ignore[attr-defined] # before the gate opens and lets the node end by itself
        with pytest.raises(Cancelled):
            job.result(0)


def test_a_closed_runner_refuses_jobs_and_lets_old_ones_be_cancelled() -> None:
    with runner() as submit:
        job = submit(graph(v=("Value", {})), ["v"])
        assert job.result(SECONDS)["v"].outputs == (0,)
    job.cancel()
    with pytest.raises(RuntimeError, match="closed"):
        submit(graph(v=("Value", {})), ["v"])


def test_a_listener_that_fails_at_once_leaves_no_job_behind() -> None:
    def deaf(event: Any) -> None:
        raise OSError("the line is dead")

    with runner() as submit:
        rules = Rules(registry(), job="mine")
        plan = rules.check(graph(v=("Value", {})), ["v"]).plan
        with pytest.raises(OSError, match="dead"):
            submit.runner.submit(plan, rules, listener=deaf)  # type: ignore[attr-defined]
        assert submit.runner.submit(plan, rules).result(SECONDS)["v"].outputs == (0,)  # type: ignore[attr-defined]


def test_of_jobs_that_wait_the_highest_priority_is_first_and_then_the_earliest() -> None:
    ended: list[str] = []
    with runner(at_once=1) as submit:
        first = submit(graph(h=("Hang", {"a": 0})), ["h"])
        until(lambda: called.count("hang") == 1)
        jobs = {
            name: submit(graph(v=("Value", {"value": i})), ["v"], priority=priority, listener=_ends(name, ended))
            for i, (name, priority) in enumerate((("low", -3), ("one", 0), ("two", 0), ("high", 7), ("gone", 9)))
        }
        jobs["gone"].cancel()
        with pytest.raises(Cancelled):
            jobs["gone"].result(SECONDS)
        gate.set()
        for name in ("low", "one", "two", "high"):
            jobs[name].result(SECONDS)
        first.result(SECONDS)
    assert ended == ["gone", "high", "one", "two", "low"]


def _ends(name: str, ended: list[str]) -> Callable[[Any], None]:
    return lambda event: ended.append(name) if isinstance(event, JobFinished) else None


def test_halting_lets_running_steps_end_and_begins_no_others() -> None:
    with runner() as submit:
        chain = graph(h=("Hang", {"a": 1}), b=("Add", {"a": "h.0"}), c=("Add", {"a": "b.0"}))
        busy, last = submit(chain, ["c"]), submit(graph(h=("Hang", {"a": 2})), ["h"])
        until(lambda: called.count("hang") == 2)
        told: list[Job] = []
        for job in (busy, last):  # heard after the job's own schedule, which listens since its start
            job.halted.listen(lambda job=job: told.append(job))  # type: ignore[misc]
        halting = threading.Thread(target=submit.runner.halt, args=(SECONDS,))  # type: ignore[attr-defined]
        halting.start()
        until(lambda: len(told) == 2)
        turned = threading.Event()
        submit.runner._loop.call_soon_threadsafe(turned.set)  # type: ignore[attr-defined]
        assert turned.wait(SECONDS)  # and the loop has done what they asked of it
        gate.set()
        halting.join(SECONDS)
        assert last.result(SECONDS)["h"].outputs
        with pytest.raises(Cancelled):
            busy.result(SECONDS)
        assert [e.node for e in busy.events if isinstance(e, StepFinished)] == ["h"]
        assert busy.events[-1] == JobFinished(busy.id, "cancelled")
        with pytest.raises(RuntimeError, match="closed"):
            submit(chain, ["c"])


def test_halting_waits_no_longer_than_it_may() -> None:
    with runner(at_once=1) as submit:
        jobs = [submit(graph(h=("Hang", {"a": i})), ["h"]) for i in range(3)]
        until(lambda: called.count("hang") == 1)
        submit.runner.halt(0.05)  # type: ignore[attr-defined]
        assert set(submit.runner.jobs) == {jobs[0]}  # type: ignore[attr-defined]
        for job in jobs[1:]:
            with pytest.raises(Cancelled):
                job.result(SECONDS)
        gate.set()
        assert jobs[0].result(SECONDS)


@pytest.mark.parametrize("count", [1, 2, 40])
def test_halting_at_any_moment_ends_a_job_as_done_or_cancelled(count: int) -> None:
    for delay in (0.0, 0.0005, 0.002, 0.005):
        with runner() as submit:
            nodes = {str(i): ("Add", {"a": i, "b": count}) for i in range(count)}
            job = submit(graph(**nodes), list(nodes))
            time.sleep(delay)
            submit.runner.halt(SECONDS)  # type: ignore[attr-defined]
            status = next(e.status for e in job.events if isinstance(e, JobFinished))
            made = {e.node for e in job.events if isinstance(e, StepFinished)}
            assert (status == "success") == (made == set(nodes))


def test_what_a_step_takes_in_memory_is_told_when_it_ran_and_when_it_was_found() -> None:
    with runner() as submit:
        for cached in (False, True):
            job = submit(graph(v=("Value", {"value": 5}), a=("Add", {"a": "v.0"})), ["a"])
            made = job.result(SECONDS)
            told = next(e for e in job.events if isinstance(e, StepFinished) and e.node == "a")
            assert told.cached is cached
            assert told.nbytes == made["a"].nbytes > 0

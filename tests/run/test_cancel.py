"""Cancelling, and calls that several jobs share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.graph.context import Cancelled
from engine.run.cancel import Cancel
from engine.run.events import JobFinished, StepStarted
from engine.run.flights import Flights
from engine.run.store import Memory
from tests.run.kit import SECONDS, Kit, Ran, called, gate, graph


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


def run(body: object) -> None:
    called.clear()
    gate.clear()
    asyncio.run(asyncio.wait_for(body, 2 * SECONDS))  # type: ignore[arg-type]


def test_a_node_that_looks_is_cancelled_within() -> None:
    async def body() -> None:
        cancel, events = Cancel(), []  # type: ignore[var-annotated]
        kit = Kit()
        g = graph(v=("Value", {"value": 3}), a=("Add", {"a": "v.0"}), h=("Hang", {"a": "a.0"}), b=("Add", {"a": "h.0"}))
        job = asyncio.create_task(kit.run_async(g, ["b"], cancel=cancel, events=events))
        await until(lambda: "hang" in called)
        cancel.set()
        ran = await job
        assert isinstance(ran.error, Cancelled)
        assert events[-1] == JobFinished("job1", "cancelled")
        again = await kit.run_async(graph(v=("Value", {"value": 3}), a=("Add", {"a": "v.0"})), ["a"])
        assert not again.started, "what was finished is kept"

    run(body())


def test_a_coroutine_is_cancelled_at_once() -> None:
    async def body() -> None:
        cancel = Cancel()
        job = asyncio.create_task(Kit().run_async(graph(s=("Sleep", {"a": 1, "seconds": 600.0})), ["s"], cancel=cancel))
        await until(lambda: called)
        cancel.set()
        assert isinstance((await asyncio.wait_for(job, SECONDS)).error, Cancelled)

    run(body())


def test_a_node_that_does_not_look_ends_no_job_late_and_its_result_is_kept() -> None:
    async def body() -> None:
        kit, cancel, events = Kit(), Cancel(), []  # type: ignore[var-annotated]
        g = graph(d=("Deaf", {"a": 9}))
        job = asyncio.create_task(kit.run_async(g, ["d"], cancel=cancel, events=events))
        await until(lambda: called)
        cancel.set()
        assert isinstance((await asyncio.wait_for(job, SECONDS)).error, Cancelled)
        gate.set()
        await until(lambda: len(kit.store))  # type: ignore[arg-type]
        assert events[-1] == JobFinished("job1", "cancelled"), "a closed job says nothing more"
        assert not (await kit.run_async(g, ["d"])).started

    run(body())


def test_a_job_cancelled_before_it_starts_runs_nothing() -> None:
    async def body() -> None:
        cancel = Cancel()
        cancel.set()
        ran = await Kit().run_async(graph(v=("Value", {}), s=("Add", {"a": "v.0"})), ["s"], cancel=cancel)
        assert isinstance(ran.error, Cancelled)
        assert not ran.started

    run(body())


def test_cancelling_the_task_cancels_the_job() -> None:
    async def body() -> None:
        cancel = Cancel()
        job = asyncio.create_task(Kit().run_async(graph(h=("Hang", {"a": 1})), ["h"], cancel=cancel))
        await until(lambda: called)
        job.cancel()
        await asyncio.wait([job])
        assert cancel.is_set()

    run(body())


# --- single flight --------------------------------------------------------------------------


def two_jobs(kit: Kit, a: str) -> tuple[Callable[..., asyncio.Task[Ran]], Callable[[], bool]]:
    """What starts a job with a step `a`, each time an equal one; and whether one waits for another's step."""
    flights = Flights()
    g = graph(x=(a, {"a": 1}), y=("Add", {"a": "x.0"}))

    def start(cancel: Cancel | None = None) -> asyncio.Task[Ran]:
        return asyncio.create_task(kit.run_async(g, ["y"], cancel=cancel, flights=flights))

    return start, lambda: any(flights._waiting.values())


def test_equal_steps_of_two_jobs_run_once() -> None:
    async def body() -> None:
        kit = Kit(store=Memory(0))
        start, waits = two_jobs(kit, "Hang")
        jobs = [start(), start()]
        await until(waits)
        gate.set()
        first, second = await asyncio.gather(*jobs)
        assert first.value("y") == second.value("y") == 2
        assert called.count("hang") == 1
        assert len([e for ran in (first, second) for e in ran.of(StepStarted) if e.node == "x"]) == 1

    run(body())


def test_a_cancelled_leader_hands_its_call_over() -> None:
    async def body() -> None:
        cancel = Cancel()
        start, waits = two_jobs(Kit(), "Hang")
        leader = start(cancel)
        await until(lambda: called.count("hang") == 1)
        waiter = start()
        await until(waits)
        cancel.set()
        await until(lambda: called.count("hang") == 2)
        gate.set()
        assert isinstance((await leader).error, Cancelled)
        assert (await waiter).value("y") == 2

    run(body())


def test_a_cancelled_leader_that_does_not_look_still_serves_the_waiter() -> None:
    async def body() -> None:
        cancel = Cancel()
        start, waits = two_jobs(Kit(store=Memory(0)), "Deaf")
        leader = start(cancel)
        await until(lambda: called)
        waiter = start()
        await until(waits)
        cancel.set()
        assert isinstance((await leader).error, Cancelled)
        gate.set()
        assert (await waiter).value("y") == 2
        assert called.count("deaf") == 1

    run(body())


def test_the_leaders_own_failure_reaches_all() -> None:
    async def body() -> None:
        flights, kit = Flights(), Kit()
        g = graph(s=("Sleep", {"a": 1, "seconds": 0.05}), f=("Fail", {"a": "s.0"}))
        first, second = await asyncio.gather(*(kit.run_async(g, ["f"], flights=flights) for _ in range(2)))
        assert "the value is odd" in first.failed["f"]
        assert "the value is odd" in second.failed["f"]

    run(body())


def test_cancelling_the_waiter_leaves_the_leader_alone() -> None:
    async def body() -> None:
        cancel = Cancel()
        start, waits = two_jobs(Kit(), "Hang")
        leader = start()
        await until(lambda: called)
        waiter = start(cancel)
        await until(waits)
        cancel.set()
        assert isinstance((await waiter).error, Cancelled)
        gate.set()
        assert (await leader).value("y") == 2
        assert called.count("hang") == 1

    run(body())


def test_many_jobs_share_a_graph_while_some_are_cancelled() -> None:
    async def body() -> None:
        kit, flights = Kit(), Flights()
        nodes = {f"s{i}": ("Sleep", {"a": i, "seconds": 0.01}) for i in range(5)}
        g = graph(**nodes, l=("Loop", {"a": "s0.0", "times": 20}), y=("Sum", {"a": "l.0", "b": "s1.0", "c": "s2.0"}))
        cancels = [Cancel() for _ in range(12)]
        jobs = [asyncio.create_task(kit.run_async(g, ["y"], cancel=c, flights=flights)) for c in cancels]
        for i, cancel in enumerate(cancels[::3]):
            await asyncio.sleep(0.004 * i)
            cancel.set()
        ran = await asyncio.gather(*jobs)
        assert {r.value("y") for r in ran if r.error is None} == {20 + 2 * 1 + 3 * 2}
        assert all(isinstance(r.error, Cancelled) for r in ran if r.error is not None)
        assert sum(r.error is None for r in ran) >= 8
        await until(lambda: not flights._waiting)

    run(body())


def test_listeners_are_called_once_and_late_ones_at_once() -> None:
    cancel, heard = Cancel(), []  # type: ignore[var-annotated]
    cancel.listen(lambda: heard.append(1))
    cancel.set()
    cancel.set()
    cancel.listen(lambda: heard.append(2))
    assert heard == [1, 2]

"""Dispatch: a real queue, a worker on strings, and every moment at which a job can be cancelled or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.queue.jobs import JobQueue
from engine.run.events import JobFinished, JobInterrupted, JobQueued, JobStarted
from engine.service.dispatch import Dispatcher
from engine.service.service import Service
from tests.service.conftest import SECONDS, opened, until
from tests.service.puppet import Puppet

Case = Callable[[Service, Puppet], Awaitable[None]]


def shows(number: int) -> dict[str, Any]:
    return {
        "1": {"class_type": "PrimitiveInt", "inputs": {"value": number}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
    }


def run(data: Path, case: Case, *puppets: Puppet, **settings: Any) -> None:
    """A case over a service whose first worker is given to it."""
    puppets = puppets or (Puppet(),)

    async def whole() -> None:
        async with asyncio.timeout(2 * SECONDS), opened(data, *puppets, **settings) as service:
            await case(service, puppets[0])

    asyncio.run(whole())


async def put(service: Service, *ids: str) -> None:
    for number, id in enumerate(ids):
        await service.submit(shows(number), id=id)


async def settled(service: Service) -> None:
    """All that was told is on disk."""
    await asyncio.sleep(0)
    await service.queue.flush()


async def kinds(service: Service, job: str) -> list[str]:
    await settled(service)
    return [type(entry.event).__name__ for entry in await service.queue.events(job=job)]


def test_jobs_go_to_the_worker_in_order_and_at_most_so_many(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        await put(service, "a", "b", "c")
        await until(lambda: puppet.given == ["a", "b"])
        await asyncio.sleep(0.02)
        assert puppet.given == ["a", "b"]
        puppet.begin("a")
        puppet.finish("a")
        await until(lambda: puppet.given == ["a", "b", "c"])
        assert await kinds(service, "a") == ["JobQueued", "JobStarted", "JobFinished"]
        assert await service.state("a") == "success"

    run(data, case, at_once=2)


def test_earlier_jobs_have_the_higher_priority(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        await put(service, "a", "b")
        await service.submit(shows(3), id="first", front=True)
        await until(lambda: len(puppet.works) == 3)
        works = puppet.works
        assert works["first"].priority > works["a"].priority > works["b"].priority

    run(data, case)


def test_two_workers_share_the_jobs(data: Path) -> None:
    one, two = Puppet("one"), Puppet("two")

    async def case(service: Service, puppet: Puppet) -> None:
        await until(lambda: one.state == two.state == "ready")
        await put(service, "a", "b", "c", "d")
        await until(lambda: len(one.given) == len(two.given) == 2)

    run(data, case, one, two)


def test_nothing_is_handed_out_before_the_worker_is_ready_nor_while_paused(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        await service.pause()
        await put(service, "a")
        await until(lambda: puppet.state == "ready")
        await asyncio.sleep(0.02)
        assert puppet.given == []
        await service.resume()
        await until(lambda: puppet.given == ["a"])

    run(data, case)


def test_cancelling_what_waits_ends_just_that(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        await put(service, "a", "b", "c")
        await until(lambda: puppet.given == ["a"])
        assert await service.cancel("b")
        assert not await service.cancel("b")
        assert [await service.state(id) for id in "abc"] == ["running", "cancelled", "queued"]
        assert puppet.cancelled == []

    run(data, case, at_once=1)


def test_cancelling_what_runs_ends_just_that(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        await put(service, "a", "b")
        await until(lambda: len(puppet.given) == 2)
        assert await service.cancel("a")
        assert puppet.cancelled == ["a"]
        puppet.finish("a", "cancelled")
        assert not await service.cancel("a")
        await settled(service)
        assert [await service.state(id) for id in "ab"] == ["cancelled", "running"]

    run(data, case)


def test_cancelling_what_has_ended_or_was_never_there_does_nothing(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        await put(service, "a")
        await until(lambda: puppet.given)
        puppet.finish("a")
        assert not await service.cancel("a")
        assert not await service.cancel("nobody")
        await settled(service)
        assert await service.state("a") == "success"
        assert puppet.cancelled == []

    run(data, case)


def test_a_job_is_cancelled_on_its_way_to_the_worker(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is running for the queue, and no worker has it: the graph is still being read from the disk."""
    gate, taken = asyncio.Event(), asyncio.Event()
    take = JobQueue.take

    async def slow(self: JobQueue) -> Any:
        found = await take(self)
        if found is not None:
            taken.set()
            await gate.wait()
        return found

    monkeypatch.setattr(JobQueue, "take", slow)

    async def case(service: Service, puppet: Puppet) -> None:
        await put(service, "a")
        await taken.wait()
        cancelled = [asyncio.ensure_future(service.cancel(id)) for id in ("a", "a", "other")]
        await asyncio.sleep(0.02)
        assert not any(task.done() for task in cancelled)
        gate.set()
        assert await asyncio.gather(*cancelled) == [True, True, False]
        await settled(service)
        assert await service.state("a") == "cancelled"
        assert puppet.given == []

    run(data, case)


@pytest.mark.parametrize("seed", range(8))
def test_cancelling_at_any_moment_is_honest(data: Path, seed: int) -> None:
    """True means that the job ends as cancelled or was just ending; False that it had ended. None is left over."""

    async def case(service: Service, puppet: Puppet) -> None:
        import random

        dice = random.Random(seed)
        ids = [f"j{i}" for i in range(40)]

        async def works() -> None:
            while any([await service.state(id) in ("queued", "running") for id in ids]):
                for job in list(puppet.works):
                    if job in puppet.cancelled:
                        puppet.finish(job, "cancelled")
                    elif dice.random() < 0.4:
                        puppet.finish(job)
                await asyncio.sleep(0)

        async def cancels(id: str) -> bool:
            await asyncio.sleep(dice.random() * 0.05)
            return await service.cancel(id)

        await put(service, *ids)
        told, _ = await asyncio.gather(asyncio.gather(*map(cancels, ids)), works())
        states = [await service.state(id) for id in ids]
        assert all(state == ("cancelled" if was else "success") for state, was in zip(states, told, strict=True))

    run(data, case, at_once=3)


def test_interrupt_without_an_id_ends_all_that_run_and_nothing_that_waits(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        await put(service, "a", "b", "c")
        await until(lambda: len(puppet.given) == 2)
        assert not await service.interrupt("c")
        assert await service.interrupt()
        assert puppet.cancelled == ["a", "b"]
        assert await service.state("c") == "queued"

    run(data, case, at_once=2)


def test_a_dead_worker_is_named_and_its_jobs_go_back_once(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        await put(service, "a", "b")
        await until(lambda: puppet.given == ["a"])
        puppet.begin("a")
        puppet.die("The worker was killed by signal 9.")
        await until(lambda: puppet.given == ["a", "a"])
        assert await kinds(service, "a") == ["JobQueued", "JobStarted", "JobInterrupted"]
        entry = (await service.queue.events(job="a"))[-1].event
        assert entry == JobInterrupted("a", "worker_died", True, "The worker was killed by signal 9.")
        puppet.die("The worker was killed by signal 9.")
        await until(lambda: puppet.given == ["a", "a", "b"])
        row = await service.queue.job("a")
        assert row is not None
        assert (row.state, row.interruptions) == ("parked", 2)
        assert row.error is not None
        assert "signal 9" in row.error["message"]
        await service.queue.unpark("a")
        puppet.finish("b")
        await until(lambda: puppet.given == ["a", "a", "b", "a"])

    run(data, case, at_once=1)


def test_a_job_that_was_to_be_cancelled_is_not_run_again_when_its_worker_dies(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        await put(service, "a")
        await until(lambda: puppet.given)
        assert await service.cancel("a")
        puppet.die()
        await settled(service)
        assert await service.state("a") == "cancelled"

    run(data, case)


def test_what_a_dead_worker_still_tells_is_not_heard(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        await put(service, "a")
        await until(lambda: puppet.given)
        puppet.works.clear()
        puppet.die()
        puppet.on_event(JobStarted("nobody", (), ()))
        await until(lambda: puppet.given == ["a", "a"])
        puppet.finish("a")
        assert await kinds(service, "a") == ["JobQueued", "JobInterrupted", "JobFinished"]
        assert await kinds(service, "nobody") == []

    run(data, case)


def test_a_worker_that_does_not_start_is_tried_again(data: Path) -> None:
    puppet = Puppet()
    puppet.fails = 2

    async def case(service: Service, puppet: Puppet) -> None:
        states: list[Any] = []
        subscription = service.hub.subscribe()
        await put(service, "a")
        await until(lambda: puppet.given == ["a"])
        for item in await subscription.next(1.0):
            states.append(getattr(item, "details", {}).get("state"))
        assert puppet.starts == 3
        assert "dead" in states
        assert "ready" in states

    run(data, case, puppet)


def test_the_pauses_between_starts_grow_and_have_an_end() -> None:
    async def pauses() -> list[float]:
        dispatch = Dispatcher(None, (), None, at_once=1, metadata=True)  # type: ignore[arg-type]
        dispatch._began["x"] = asyncio.get_running_loop().time()
        import time

        dispatch._began["x"] = time.monotonic()
        return [dispatch._pause("x") for _ in range(10)]

    found = asyncio.run(pauses())
    assert found == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_at_the_end_what_is_done_is_done_and_the_rest_keeps_its_place(data: Path) -> None:
    puppet = Puppet()
    puppet.finishes_on_stop = ("a",)

    async def first() -> None:
        async with opened(data, puppet, at_once=2) as service:
            await put(service, "a", "b", "c")
            await until(lambda: len(puppet.given) == 2)

    async def second() -> None:
        async with opened(data, again := Puppet(), at_once=2) as service:
            await until(lambda: again.given == ["b", "c"])
            assert await service.state("a") == "success"
            row = await service.queue.job("b")
            assert row is not None
            assert row.interruptions == 0
            events = [entry.event for entry in await service.queue.events(job="b")]
            assert events == [JobQueued("b"), JobInterrupted("b", "server_stopped", True)]

    asyncio.run(first())
    asyncio.run(second())


def test_a_job_cancelled_just_before_the_end_does_not_come_back(data: Path) -> None:
    async def first() -> None:
        async with opened(data, puppet := Puppet()) as service:
            await put(service, "a")
            await until(lambda: puppet.given)
            await service.cancel("a")

    async def second() -> None:
        async with opened(data) as service:
            assert await service.state("a") == "cancelled"
            assert isinstance((await service.queue.events(job="a"))[-1].event, JobFinished)

    asyncio.run(first())
    asyncio.run(second())


def test_the_same_id_and_graph_is_the_same_job(data: Path) -> None:
    from engine.service.errors import IdTaken

    async def case(service: Service, puppet: Puppet) -> None:
        first = await service.submit(shows(1), id="a")
        again = await service.submit(shows(1), id="a")
        assert (first.new, again.new) == (True, False)
        with pytest.raises(IdTaken):
            await service.submit(shows(2), id="a")
        await until(lambda: puppet.given == ["a"])

    run(data, case)

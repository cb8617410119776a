"""The hub: order, bounds, and what happens to those who do not keep up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from engine.queue.log import Logged
from engine.run.events import Event, JobFinished, Preview, Progress, StepFinished, StepStarted
from engine.service.hub import Hub, Item, Live, Notice, Subscription
from tests.service.conftest import SECONDS


def logged(first: int, *events: Event) -> list[Logged]:
    return [Logged(first + i, 0.0, event) for i, event in enumerate(events)]


def numbers(items: Iterable[Item]) -> list[int]:
    return [item.seq for item in items if isinstance(item, Logged)]


runner = asyncio.Runner()


def taken(subscription: Subscription) -> list[Item]:
    return runner.run(subscription.next(0.0))


def test_all_items_come_in_order() -> None:
    hub = Hub()
    subscription = hub.subscribe()
    hub.publish(logged(1, StepStarted("j", "a")))
    hub.live(Progress("j", "a", 1, 2))
    hub.publish(logged(2, StepFinished("j", "a", 0.1), JobFinished("j", "success")))
    items = taken(subscription)
    assert numbers(items) == [1, 2, 3]
    assert items[1] == Live(Progress("j", "a", 1, 2))


def test_progress_comes_between_the_start_and_the_end_of_its_step() -> None:
    """Progress is told at once, a start after its commit: what is early waits, and what is late is gone."""
    hub = Hub()
    subscription = hub.subscribe()
    hub.live(Progress("j", "a", 1, 9))
    hub.live(Progress("j", "a", 2, 9))
    assert taken(subscription) == []
    assert hub.progress("j") == {}
    hub.publish(logged(1, StepStarted("j", "a")))
    assert taken(subscription)[1:] == [Live(Progress("j", "a", 2, 9))]
    assert hub.progress("j") == {"a": Progress("j", "a", 2, 9)}
    hub.publish(logged(2, StepFinished("j", "a", 0.1)))
    hub.live(Progress("j", "a", 9, 9))
    assert numbers(taken(subscription)) == [2]
    assert hub.progress("j") == {}


def test_a_filter_chooses() -> None:
    hub = Hub()
    mine = hub.subscribe(lambda item: isinstance(item, Logged) and item.event.job == "mine")
    hub.publish(logged(1, JobFinished("mine", "success"), JobFinished("other", "success")))
    hub.notice(Notice("queue", {"queued": 1}))
    assert numbers(taken(mine)) == [1]


def test_a_batch_of_any_size_is_kept_by_who_had_kept_up() -> None:
    hub = Hub()
    subscription = hub.subscribe(limit=10)
    hub.publish(logged(1, *(StepStarted("j", str(i)) for i in range(500))))
    assert numbers(taken(subscription)) == list(range(1, 501))
    assert subscription.lost_since is None


def test_of_progress_and_previews_the_last_ones_stay() -> None:
    hub = Hub()
    subscription = hub.subscribe(limit=10)
    hub.publish(logged(1, StepStarted("j", "a")))
    for done in range(100):
        hub.live(Progress("j", "a", done, 100))
        hub.live(Preview("j", "a", done))
    items = taken(subscription)
    assert len(items) <= 12
    assert subscription.lost_since is None
    lives = [item.event for item in items if isinstance(item, Live)]
    assert Progress("j", "a", 99, 100) in lives
    assert Preview("j", "a", 99) in lives


def test_one_that_does_not_take_is_told_where_to_go_on() -> None:
    hub = Hub()
    slow, quick = hub.subscribe(limit=10), hub.subscribe(limit=10)
    seen: list[int] = []
    for seq in range(1, 41):
        hub.publish(logged(seq, StepStarted("j", str(seq))))
        seen += numbers(taken(quick))
    assert seen == list(range(1, 41))
    kept = numbers(taken(slow))
    assert kept == list(range(1, 11))
    assert slow.lost_since == 10
    assert slow.resync() == 10
    hub.publish(logged(41, JobFinished("j", "success")))
    assert numbers(taken(slow)) == [41]


def test_nobody_waits_for_one_that_has_lost_its_way() -> None:
    """`next` returns at once, so that the consumer sees `lost_since`."""
    hub = Hub()
    subscription = hub.subscribe(limit=1)
    hub.publish(logged(1, JobFinished("a", "success")))
    hub.publish(logged(2, JobFinished("b", "success")))
    assert numbers(taken(subscription)) == [1]

    async def again() -> list[Item]:
        async with asyncio.timeout(SECONDS):
            return await subscription.next()

    assert runner.run(again()) == []
    assert subscription.lost_since == 1


@given(st.lists(st.sampled_from(["publish", "live", "notice", "take"]), max_size=80), st.integers(1, 6))
def test_nothing_is_lost_in_silence(actions: list[str], limit: int) -> None:
    """What is taken, and what the log has after `lost_since`, are all events, each once; and the backlog is bounded."""
    hub = Hub()
    subscription = hub.subscribe(limit=limit)
    hub.publish(logged(1, StepStarted("j", "a")))
    log, seen = [1], []
    for action in actions:
        match action:
            case "publish":
                log.append(log[-1] + 1)
                hub.publish(logged(log[-1], StepStarted("j", str(log[-1]))))
            case "live":
                hub.live(Progress("j", "a", len(seen), 100))
            case "notice":
                hub.notice(Notice("queue", {}))
            case "take":
                items = taken(subscription)
                assert len(items) <= 2 * limit + 2
                seen += numbers(items)
                if subscription.lost_since is not None:
                    since = subscription.resync()
                    assert since is not None
                    seen += [seq for seq in log if seq > since]
    seen += numbers(taken(subscription))
    if (since := subscription.resync()) is not None:
        seen += [seq for seq in log if seq > since]
    assert seen == log


def test_a_closed_subscription_ends_its_waiter() -> None:
    async def waits() -> list[Item]:
        hub = Hub()
        subscription = hub.subscribe()
        asyncio.get_running_loop().call_soon(hub.close)
        async with asyncio.timeout(SECONDS):
            return await subscription.next()

    assert asyncio.run(waits()) == []

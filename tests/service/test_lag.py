"""The lag of the event loop: a loop that is blocked is seen."""

from __future__ import annotations

import asyncio
import time

from engine.service.lag import BOUNDS, Lag


def test_looks_are_counted_by_how_late_they_came() -> None:
    lag = Lag()
    for seconds in (0.0, 0.0005, 0.003, 0.06, 7.0):
        lag.add(seconds)
    told = lag.about()
    assert dict(zip([*BOUNDS, "above"], told["counts"], strict=True)) == {
        **dict.fromkeys(BOUNDS, 0),
        0.001: 2,
        0.005: 1,
        0.1: 1,
        "above": 1,
    }
    assert told["count"] == 5
    assert told["max"] == 7.0


def test_a_blocked_loop_is_seen() -> None:
    async def blocked() -> Lag:
        lag = Lag()
        lag.start()
        await asyncio.sleep(0.05)
        time.sleep(0.3)
        await asyncio.sleep(0.05)
        lag.stop()
        return lag

    lag = asyncio.run(blocked())
    assert lag.most >= 0.2


def test_it_stops() -> None:
    async def stopped() -> tuple[int, int]:
        lag = Lag()
        lag.start()
        lag.stop()
        before = sum(lag.counts)
        await asyncio.sleep(0.06)
        return before, sum(lag.counts)

    before, after = asyncio.run(stopped())
    assert before == after

"""Following the log: whatever a reader's pace, it sees every event once and in order."""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing

import pytest

from engine.queue.log import Logged
from engine.run.events import StepStarted
from engine.service.follow import follow
from engine.service.hub import Hub


class Book:
    """A log in memory that tells a hub."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.entries: list[Logged] = []

    def write(self, count: int) -> None:
        first = len(self.entries) + 1
        new = [Logged(first + i, 0.0, StepStarted("j", str(first + i))) for i in range(count)]
        self.entries += new
        self.hub.publish(new)

    async def events(self, after: int = 0, limit: int = 1000, job: str | None = None) -> list[Logged]:
        await asyncio.sleep(0)
        return [entry for entry in self.entries if entry.seq > after][:limit]


async def read(book: Book, dice: random.Random, after: int, until: int) -> list[int]:
    seen: list[int] = []
    async with aclosing(follow(book, book.hub, after=after, limit=5)) as items:
        async for some in items:
            seen += [item.seq for item in some if isinstance(item, Logged)]
            for _ in range(dice.randrange(12)):
                await asyncio.sleep(0)
            if seen and seen[-1] >= until:
                break
    return seen


async def write(book: Book, dice: random.Random, total: int) -> None:
    while len(book.entries) < total:
        book.write(min(dice.randrange(1, 8), total - len(book.entries)))
        for _ in range(dice.randrange(3)):
            await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(20))
def test_every_event_once_and_in_order(seed: int) -> None:
    async def both() -> list[list[int]]:
        dice = random.Random(seed)
        book = Book(Hub())
        book.write(30)
        readers = [read(book, random.Random(seed + i), after, 1500) for i, after in enumerate((0, 17, 30))]
        *seen, _ = await asyncio.gather(*readers, write(book, dice, 1500))
        return seen  # type: ignore[return-value]

    for seen, after in zip(asyncio.run(both()), (0, 17, 30), strict=True):
        assert seen == list(range(after + 1, 1501))


def test_who_asks_for_no_past_gets_none() -> None:
    async def from_now() -> list[int]:
        book = Book(Hub())
        book.write(3)
        async with aclosing(follow(book, book.hub)) as items:
            asyncio.get_running_loop().call_soon(book.write, 2)
            return [item.seq for item in await anext(items) if isinstance(item, Logged)]

    assert asyncio.run(from_now()) == [4, 5]


def test_a_beat_comes_when_nothing_does() -> None:
    async def quiet() -> list[object]:
        book = Book(Hub())
        async with aclosing(follow(book, book.hub, beat=0.01)) as items:
            return list(await anext(items))

    assert asyncio.run(quiet()) == []


def test_the_end_of_the_hub_ends_it() -> None:
    async def ending() -> int:
        book = Book(Hub())
        asyncio.get_running_loop().call_soon(book.hub.close)
        return sum([1 async for _ in follow(book, book.hub)])

    assert asyncio.run(ending()) == 0

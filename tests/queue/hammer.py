"""Hammers a queue until it is killed, and says on stdout what was acknowledged: `put ID`, `told SEQ JOB KIND`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.queue.jobs import JobQueue, Logged
from tests.queue.kit import graph, life, new


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


async def main(path: Path, name: str) -> None:
    queue = JobQueue.open(path)

    def listen(logged: Sequence[Logged]) -> None:
        say("\n".join(f"told {x.seq} {x.event.job} {type(x.event).__name__}" for x in logged))

    queue.listener = listen
    say("open")

    async def client(number: int) -> None:
        for n in range(10_000):
            id = f"{name}-{number}-{n}"
            await queue.put(new(id, graph=graph(id), front=n % 5 == 0))
            say(f"put {id}")

    async def server() -> None:
        while True:
            await queue.ready()
            taken = await queue.take()
            if taken is None:
                continue
            for event in life(taken.row.id):
                queue.record(event)
            await asyncio.sleep(0)

    await asyncio.gather(*(client(n) for n in range(4)), server())


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))

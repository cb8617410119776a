"""The messages of jobs that have ended, made of their logs once and remembered."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from engine.compat.views import Messages, job_messages
from engine.queue.jobs import Body, JobQueue, JobRow, Logged

PAGE = 2000
REMEMBERED = 1000
MANY = 200
"""Events beyond which they are read in a thread."""


class Ended:
    """Messages by job and the time of its end."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, float | None], Messages] = OrderedDict()

    async def messages(self, queue: JobQueue, row: JobRow, body: Body) -> Messages:
        """What was said of a job and lasts."""
        key = (row.id, row.ended)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        logged = await _log(queue, row.id)
        if len(logged) > MANY:
            made = await asyncio.to_thread(job_messages, row, body, logged)
        else:
            made = job_messages(row, body, logged)
        if row.ended is not None:
            self._known[key] = made
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return made


async def _log(queue: JobQueue, job: str) -> list[Logged]:
    logged: list[Logged] = []
    while page := await queue.events(logged[-1].seq if logged else 0, PAGE, job):
        logged += page
    return logged

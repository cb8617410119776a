"""The bodies of jobs that wait, kept in memory from `put` to `take` as far as there is room."""

from __future__ import annotations

from collections.abc import Iterator

from engine.queue.rows import Body

ROOM = 8 << 20
"""Characters of JSON."""


class Carried:
    """What is not in here is read from the database."""

    def __init__(self) -> None:
        self.room = ROOM
        self._bodies: dict[str, tuple[Body, int]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._bodies)

    def get(self, id: str) -> Body | None:
        """The body of a job, if it is carried."""
        return self._bodies[id][0] if id in self._bodies else None

    def keep(self, id: str, body: Body, size: int) -> None:
        """Carry the body of a new job, unless it is too large for the room that is left."""
        if size <= self.room:
            self.room -= size
            self._bodies[id] = body, size

    def drop(self, id: str) -> None:
        """Give up its room, if it is carried."""
        if id in self._bodies:
            self.room += self._bodies.pop(id)[1]

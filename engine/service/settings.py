"""What a person chooses for a server, beside what counts for any run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.queue.rows import Retention
from engine.settings import Settings

Requeue = Literal["once", "never"]

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Keep:
    """How long what is made is kept: seconds, bytes and counts; 0 keeps without limit. The disk cache has `disk`."""

    temp_age: float = DAY
    temp_bytes: int = 10 << 30
    history_age: float = 90 * DAY
    history_count: int = 100_000
    events_age: float = 30 * DAY
    jobs_bytes: int = 10 << 30

    def of_jobs(self) -> Retention:
        """What the queue is to keep."""
        return Retention(
            self.history_age or None, self.history_count or None, self.jobs_bytes or None, self.events_age or None
        )


@dataclass(frozen=True, slots=True)
class ServerSettings(Settings):
    """Choices with their defaults.

    Args:
        listen: the address to bind. port: 0 takes any free one.
        token: what requests must show; empty: none is asked for on loopback. auth: False asks for none anywhere.
        allow_hosts: further names by which browsers may call this server.
        requeue: "once" queues a job again that was interrupted by a death; the second time it waits for a person.
        userdata: where settings and workflows of the editor are kept, in place of DATA/user.
        front_end_root: a folder with an index.html to serve at `/`.
        editor_build: whether the editor is built at the start when it is missing or stale.
        metadata: whether pictures carry the workflow.
        max_upload: bytes of a request's body.
        open_browser: whether the start opens the page. options: the command line as it was given, for reports.
    """

    listen: str = "127.0.0.1"
    port: int = 8188
    token: str = ""
    auth: bool = True
    allow_hosts: tuple[str, ...] = ()
    requeue: Requeue = "once"
    userdata: Path | None = None
    front_end_root: Path | None = None
    editor_build: bool = True
    metadata: bool = True
    max_upload: int = 100 << 20
    keep: Keep = Keep()
    open_browser: bool = False
    options: tuple[str, ...] = ()

    @property
    def user_folder(self) -> Path:
        """Where settings and saved workflows of the editor are kept."""
        return self.userdata or self.data / "user"

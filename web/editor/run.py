"""Commands that build: their last lines are kept for who must be told, and they can be stopped from another thread."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

KEPT = 12
"""Last lines of a command that failed."""


class CannotBuild(Exception):
    """Why there is no editor: a sentence, and below it the last lines of what failed."""


class Runner:
    """Runs one command at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.stopped = False

    def run(self, command: Sequence[str], cwd: Path, failure: str, env: Mapping[str, str] | None = None) -> None:
        """Run a command to its end; raises CannotBuild with this sentence when it does not end well."""
        tail: deque[str] = deque(maxlen=KEPT)
        if self.stopped:
            raise CannotBuild("it was stopped.")
        try:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=sys.platform != "win32",
            )
        except OSError as error:
            raise CannotBuild(f"{failure} {command[0]}: {error.strerror}.") from error
        with self._process as process:
            for line in process.stdout or ():
                tail.append(line.rstrip())
        if process.returncode:
            raise CannotBuild("\n".join((failure, *filter(None, tail))))

    def stop(self) -> None:
        """End what runs, with its children; nothing runs afterwards."""
        self.stopped = True
        process = self._process
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                process.terminate()
            else:
                os.killpg(process.pid, signal.SIGTERM)

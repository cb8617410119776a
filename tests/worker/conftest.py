"""Workers of both kinds, warm for a whole module or fresh for a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.worker.channel import Channel
from engine.worker.in_process import InProcess
from engine.worker.process import WorkerProcess
from tests.worker.kit import SECONDS, Desk, Loop, settings

KINDS: dict[str, Callable[..., Channel]] = {"in_process": InProcess, "process": WorkerProcess}

Fresh = Callable[..., Desk]


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


@pytest.fixture(scope="module", params=KINDS)
def desk(request: pytest.FixtureRequest, loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A warm worker of each kind."""
    made = Desk(KINDS[request.param](settings(tmp_path_factory.mktemp("data"))), loop)
    loop.run(_started(made))
    yield made
    loop.run(made.channel.stop(1))


@pytest.fixture
def fresh(request: pytest.FixtureRequest, loop: Loop, tmp_path: Path) -> Iterator[Fresh]:
    """Makes started workers; `fresh("process", …settings)`."""
    made: list[Desk] = []

    def make(kind: str, *, start: bool = True, **others: Any) -> Desk:
        desk = Desk(KINDS[kind](settings(others.pop("data", tmp_path), **others)), loop)
        made.append(desk)
        if start:
            loop.run(_started(desk))
        return desk

    yield make
    for desk in made:
        loop.run(desk.channel.stop(0))


@pytest.fixture(params=KINDS)
def either(request: pytest.FixtureRequest) -> str:
    """The name of each kind in turn."""
    return str(request.param)


async def _started(desk: Desk) -> None:
    await desk.channel.start()
    await desk.channel.ready(SECONDS)

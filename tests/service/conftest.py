"""A service with a real queue and a worker on strings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.service.service import Service
from engine.service.settings import ServerSettings
from tests.service.puppet import Puppet
from tests.web.conftest import served

__all__ = ["served"]

Opened = Callable[..., Any]
SECONDS = 180.0
"""The longest wait for anything that must come."""


@asynccontextmanager
async def opened(data: Path, *puppets: Puppet, **settings: Any) -> AsyncIterator[Service]:
    """A service over these workers, closed with the block."""
    service = await Service.open(ServerSettings(data=data, device="none", **settings), puppets or (Puppet(),))
    try:
        yield service
    finally:
        await service.close(0.5)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def until(look: Callable[[], Any] | Callable[[], Awaitable[Any]], what: str = "it") -> Any:
    """The first thing that `look` finds."""
    import asyncio
    import inspect

    async with asyncio.timeout(SECONDS):
        while True:
            found = look()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.001)

"""Threads for what would hold up the event loop: big graphs, big JSON, disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_POOL = ThreadPoolExecutor(4, "service")


async def off(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of a call that is made in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, partial(call, *args, **kwargs))


LONG = 64 << 10
"""Bytes of JSON above which a thread reads it."""


async def loads(text: bytes, read: Callable[[bytes], Any]) -> Any:
    """What `read` makes of a text: here when it is short, for a hop to a thread costs more; else in a thread."""
    return read(text) if len(text) <= LONG else await off(read, text)

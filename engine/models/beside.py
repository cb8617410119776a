"""What readers of model files share: answers kept while the file stays as it is, and the config.json beside it.

Torch-free.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, TypeVar

from engine.graph.told import why
from engine.models.header import ModelFileError

T = TypeVar("T")

CONFIG = "config.json"
MAX_CONFIG = 1 << 20
"""Bytes of a configuration; a larger one is none."""


def remembered(read: Callable[[Path], T]) -> Callable[[Path], T]:
    """A reader whose answers are kept by path, size and time of change of the file and of the config.json beside it.

    A file that cannot be looked at is a ModelFileError.
    """

    @lru_cache(maxsize=64)
    def kept(path: Path, *stamp: int) -> T:
        return read(path)

    @wraps(read)
    def look(path: Path) -> T:
        try:
            stat = path.stat()
        except OSError as error:
            raise ModelFileError(
                "{name} cannot be read: {reason}.",
                name=path.name,
                reason=why(error),
            ) from None
        config = path.parent / CONFIG
        return kept(path, stat.st_size, stat.st_mtime_ns, config.stat().st_mtime_ns if config.is_file() else 0)

    return look


def configuration(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file; empty where there is none that can be read."""
    try:
        value = json.loads(path.read_bytes()) if path.stat().st_size <= MAX_CONFIG else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}

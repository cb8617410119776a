"""Libraries that are loaded only when something of them is used, so that `import torch` alone costs nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType


class _Finder(MetaPathFinder):
    """Finds the named top modules as lazy ones."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = frozenset(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in self.names else None
        if spec is None or spec.loader is None:
            return None
        spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def put_off(names: Sequence[str]) -> Iterator[Callable[[], list[str]]]:
    """Until the end of the block, importing one of these modules only promises it.

    Yields a function: which of them were really loaded since it was last called.
    """
    told = {name for name in names if _is_loaded(name)}
    finder = _Finder(names)
    sys.meta_path.insert(0, finder)

    def loaded() -> list[str]:
        new = [name for name in names if name not in told and _is_loaded(name)]
        told.update(new)
        return new

    try:
        yield loaded
    finally:
        sys.meta_path.remove(finder)


def _is_loaded(name: str) -> bool:
    """Whether a module is there and no promise; looking at a promise's attributes would keep it."""
    module = sys.modules.get(name)
    return module is not None and type(module).__name__ != "_LazyModule"

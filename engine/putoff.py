"""Libraries that are loaded only when something of them is used, so that `import torch` alone costs nothing."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_lock = threading.RLock()


class _Promise(ModuleType):
    """Stands for a module until the first of its attributes is wanted, and passes that on ever after.

    `importlib.util.LazyLoader` would do less: it fails for libraries that put another module in their own place, and
    loads what `inspect` merely looks at.
    """

    def __getattr__(self, name: str) -> Any:
        if self.__name__ not in sys.modules:  # the import system looks while it is made
            raise AttributeError(name)
        return getattr(_kept(self), name)


def _kept(promise: _Promise) -> ModuleType:
    """The module that was promised."""
    name = promise.__name__
    with _lock:
        if sys.modules.get(name) is promise:
            del sys.modules[name]
            try:
                with _really(name):
                    importlib.import_module(name)
            except BaseException:
                sys.modules[name] = promise
                raise
        return sys.modules[name]


@contextmanager
def _really(name: str) -> Iterator[None]:
    """Within the block no finder promises this module."""
    finders = [finder for finder in sys.meta_path if isinstance(finder, _Finder) and name in finder.names]
    for finder in finders:
        finder.names.discard(name)
    try:
        yield
    finally:
        for finder in finders:
            finder.names.add(name)


class _Promising(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Promise(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is executed yet."""


class _Finder(MetaPathFinder):
    """Finds the named top modules as promises."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = set(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(fullname) if fullname in self.names else None
        if found is None:
            return None
        spec = ModuleSpec(fullname, _Promising(), origin=found.origin)
        spec.has_location = found.has_location
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
    module = sys.modules.get(name)
    return module is not None and not isinstance(module, _Promise)

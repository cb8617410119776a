"""Routes of packs: functions that answer HTTP requests under the pack's own address, marked by `@route`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PATH = re.compile(r"(/([A-Za-z0-9._~-]+|{[A-Za-z_][A-Za-z0-9_]*}))+")

Answer = Callable[[Any], Awaitable[Any]]
F = TypeVar("F", bound=Callable[..., Any])


class RouteError(ValueError):
    """A route that cannot be served; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route of a pack: the method, the path below the pack's address, and the function that answers."""

    method: str
    path: str
    answer: Answer


def route(method: str, path: str) -> Callable[[F], F]:
    """Mark a coroutine function as the answer to requests of `/api/v1/packs/PACK` + `path`; it is returned unchanged.

    It is given the request (aiohttp's) and returns a response, or a value that is sent as JSON. The server has checked
    token, Host and Origin before; GET must change nothing. Names of files in a request go through `engine.files`.
    """

    def mark(function: F) -> F:
        function.__routes__ = (*getattr(function, "__routes__", ()), (method, path))  # type: ignore[attr-defined]
        return function

    return mark


def routes_of(modules: Sequence[ModuleType]) -> tuple[Route, ...]:
    """The routes of functions that these modules define; raises RouteError for one that cannot be served."""
    found: dict[tuple[str, str], Route] = {}
    for module in modules:
        for function in vars(module).values():
            if isinstance(function, ModuleType) or getattr(function, "__module__", None) != module.__name__:
                continue
            for made in (_checked(function, *mark) for mark in getattr(function, "__routes__", ())):
                if found.setdefault((made.method, _shape(made.path)), made) is not made:
                    raise RouteError(f"the route {made.method} {made.path} is there twice")
    return tuple(found.values())


def _checked(function: Any, method: Any, path: Any) -> Route:
    name = getattr(function, "__name__", "?")
    if method not in METHODS:
        raise RouteError(f"the method of the route {name} is one of {', '.join(METHODS)}, not {method!r}")
    if not isinstance(path, str) or _PATH.fullmatch(path) is None or {".", ".."} & set(path.split("/")):
        raise RouteError(f"the path of the route {name} is like '/things/{{id}}', not {path!r}")
    if not inspect.iscoroutinefunction(function):
        raise RouteError(f"the route {name} must be an async def")
    return Route(method, path, function)


def _shape(path: str) -> str:
    """The path with its parameters without names, by which routes clash."""
    return re.sub(r"{\w+}", "{}", path)

"""Tables of routes."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web


def both(routes: Iterable[web.RouteDef]) -> list[web.RouteDef]:
    """Each route bare and under /api, as ComfyUI has them."""
    return [
        web.RouteDef(route.method, prefix + route.path, route.handler, route.kwargs)
        for prefix in ("", "/api")
        for route in routes
    ]

"""The aiohttp application: every table of routes, put together."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec

from aiohttp import web

from engine.service.service import Service
from web import front
from web.access import Access
from web.guard import protect
from web.keys import SERVICE

__all__ = ["SERVICE", "both", "make_app"]

TABLES = ("web.api", "web.comfy", "web.files")
"""Packages with `ROUTES`, the routes that they serve, and `prepare(app)`, if these share something."""


def both(routes: Iterable[web.RouteDef]) -> list[web.RouteDef]:
    """Each route bare and under /api, as ComfyUI has them."""
    return [
        web.RouteDef(route.method, prefix + route.path, route.handler, route.kwargs)
        for prefix in ("", "/api")
        for route in routes
    ]


def make_app(service: Service) -> web.Application:
    """The application that serves everything of one service."""
    app = web.Application(client_max_size=service.settings.max_upload)
    app[SERVICE] = service
    protect(app, Access.of(service.settings))
    for table in TABLES:
        if find_spec(table) is not None:
            module = import_module(table)
            getattr(module, "prepare", _nothing)(app)
            app.add_routes(getattr(module, "ROUTES", ()))
    from web.files import packs  # it needs `both`, which is here

    packs.add_routes(app, service.loaded)
    app.add_routes(front.ROUTES)
    app.on_shutdown.append(_end_streams)
    return app


def _nothing(app: web.Application) -> None:
    """Most tables share nothing."""


async def _end_streams(app: web.Application) -> None:
    """Who waits for events is told that none will come."""
    app[SERVICE].hub.close()

"""The aiohttp application: every table of routes, put together."""

from __future__ import annotations

from aiohttp import web

from engine.service.service import Service
from web import api, comfy, files, front
from web.access import Access
from web.editor.served import Editor
from web.files import packs
from web.guard import protect
from web.keys import EDITOR, SERVICE

__all__ = ["SERVICE", "make_app"]


def make_app(service: Service) -> web.Application:
    """The application that serves everything of one service."""
    app = web.Application(client_max_size=service.settings.max_upload)
    app[SERVICE] = service
    app[EDITOR] = Editor(service.settings.front_end_root)
    protect(app, Access.of(service.settings))
    api.prepare(app)
    comfy.prepare(app)
    for table in (api.ROUTES, comfy.ROUTES, files.ROUTES):
        app.add_routes(table)
    packs.add_routes(app, service.loaded)
    app.add_routes(front.ROUTES)
    app.on_shutdown.append(_end_streams)
    return app


async def _end_streams(app: web.Application) -> None:
    """Who waits for events is told that none will come."""
    app[SERVICE].hub.close()

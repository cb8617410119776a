"""ComfyUI's wire: its routes and its websocket, as views of the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from web.comfy import history, jobs, models, nodes, prompt, socket, system
from web.comfy.catalogue import Catalogue
from web.comfy.conductor import Conductor
from web.comfy.keys import CATALOGUE, CONDUCTOR, ENDED, SOCKETS
from web.comfy.logs import Ended
from web.keys import SERVICE
from web.tables import both

TOPICS = (prompt, history, jobs, nodes, models, system, socket)
ROUTES = both([route for topic in TOPICS for route in topic.ROUTES])


def prepare(app: web.Application) -> None:
    """What the routes share."""
    app[CONDUCTOR] = Conductor(app[SERVICE])
    app[SOCKETS] = set()
    app[ENDED] = Ended()
    app[CATALOGUE] = Catalogue()
    app.cleanup_ctx.append(_conducted)
    app.on_shutdown.append(socket.close_all)


async def _conducted(app: web.Application) -> AsyncIterator[None]:
    running = asyncio.ensure_future(app[CONDUCTOR].run())
    yield
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

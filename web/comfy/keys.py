"""What ComfyUI's routes share in an application."""

from __future__ import annotations

from aiohttp import web

from web.comfy.catalogue import Catalogue
from web.comfy.conductor import Conductor
from web.comfy.logs import Ended

CONDUCTOR = web.AppKey("conductor", Conductor)
SOCKETS = web.AppKey("sockets", set[web.WebSocketResponse])
ENDED = web.AppKey("ended", Ended)
CATALOGUE = web.AppKey("catalogue", Catalogue)

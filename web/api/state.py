"""What the API keeps beside the service, as long as the application lives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiohttp import web

from engine.graph.graph import Graph
from engine.graph.plan import Plan
from engine.service.forecast import Forecaster
from engine.service.service import Service
from engine.workflow.checking import examine
from web.api.hashes import Hashes
from web.api.meter import Meter
from web.keys import SERVICE
from web.pictures import Thumbnails


class State:
    """One for an application; made by `prepare`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.forecaster = Forecaster(service, self._plan)
        self.hashes = Hashes(service.library)
        self.thumbnails = Thumbnails()
        self.meter = Meter(service)

    def _plan(self, graph: Mapping[str, Any]) -> Plan:
        return examine(Graph.from_api(graph), self._service.registry, self._service.library).plan


STATE = web.AppKey("api", State)


def prepare(app: web.Application) -> None:
    """Give an application what the API's handlers need."""
    app[STATE] = State(app[SERVICE])
    app.cleanup_ctx.append(_running)


async def _running(app: web.Application) -> AsyncIterator[None]:
    """The meter listens as long as the application serves."""
    meter = app[STATE].meter
    meter.start()
    yield
    meter.stop()

"""Our own API, under /api/v1: each topic is a file with a table OPERATIONS, from which routes and OpenAPI are made."""

from __future__ import annotations

from engine.version import VERSION
from web.api import (
    checking,
    compare,
    events,
    images,
    jobs,
    models,
    nodes,
    opening,
    packs,
    queue,
    recordings,
    status,
    values,
    versions,
    worker,
    workflows,
)
from web.api.docs import described
from web.api.handle import rest, route
from web.api.state import prepare

__all__ = ["OPERATIONS", "ROUTES", "prepare"]

_TOPICS = (
    checking,
    jobs,
    compare,
    recordings,
    queue,
    events,
    workflows,
    opening,
    versions,
    nodes,
    packs,
    models,
    images,
    values,
    worker,
    status,
)
_OWN = tuple(operation for topic in _TOPICS for operation in topic.OPERATIONS)

OPERATIONS = (*_OWN, *described(_OWN, VERSION))
ROUTES = [*map(route, OPERATIONS), *rest(OPERATIONS)]

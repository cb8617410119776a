"""Node types as they are defined."""

from __future__ import annotations

from typing import Any

from engine.graph.described import described
from engine.graph.registry import Registry
from engine.near import nearest
from engine.service.problems import plain
from engine.service.threads import off
from web.answers import Refusal, dumped
from web.api.operation import Call, Operation, path
from web.api.schema import map_of, ref


async def list_nodes(call: Call) -> bytes:
    """All node types by name."""
    return await off(_all, call.service.registry)


async def get_node(call: Call) -> dict[str, Any]:
    """One node type."""
    registry, name = call.service.registry, call["type"]
    if name not in registry:
        near = ", ".join(nearest(name, registry))
        raise Refusal(404, "no_such_node", f"There is no node type {name[:80]!r}{f'; near: {near}' if near else ''}.")
    told: dict[str, Any] = plain(await off(described, registry[name]))
    return told


def _all(registry: Registry) -> bytes:
    return dumped({name: plain(described(registry[name])) for name in sorted(registry)})


OPERATIONS = (
    Operation("GET", "/nodes", list_nodes, "List node types", "nodes", answers={200: map_of(ref("NodeType"))}),
    Operation(
        "GET",
        "/nodes/{type}",
        get_node,
        "Look at a node type",
        "nodes",
        (path("type", "Its name.", slashes=True),),
        answers={200: ref("NodeType")},
    ),
)

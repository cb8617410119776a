"""Installed node packs: what they add, also to the editor."""

from __future__ import annotations

from typing import Any

from engine.service.threads import off
from web.api.operation import Call, Operation
from web.api.schema import TEXT, TEXTS, list_of, maybe, obj, told
from web.files.packs import editor_module, slug

PACK = obj(
    {
        "name": told(TEXT, "As its folder is called."),
        "address": told(TEXT, "Its name in addresses: its routes are under /api/v1/packs/ADDRESS."),
        "nodes": told(TEXTS, "Its node types."),
        "editor": told(maybe(TEXT), "Where the ES module lies that it adds to the editor, if it has one."),
    }
)
LEFT_OUT = obj({"name": TEXT, "reason": TEXT})


async def list_packs(call: Call) -> dict[str, Any]:
    """The packs that were loaded when the server started, and those that could not be."""
    loaded = call.service.loaded
    modules = await off(lambda: [editor_module(pack) for pack in loaded.packs])
    return {
        "packs": [
            {"name": pack.name, "address": slug(pack.name), "nodes": list(pack.nodes), "editor": module}
            for pack, module in zip(loaded.packs, modules, strict=True)
        ],
        "failures": [{"name": failure.name, "reason": failure.reason} for failure in loaded.failures],
    }


OPERATIONS = (
    Operation(
        "GET",
        "/packs",
        list_packs,
        "List node packs",
        "packs",
        answers={200: obj({"packs": list_of(PACK), "failures": list_of(LEFT_OUT)})},
    ),
)

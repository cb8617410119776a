"""The user's saved workflows as they were saved, and their former versions: every save through /userdata keeps one."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from engine.files import contained
from engine.service.threads import off
from web.answers import Refusal
from web.api.operation import Call, Operation, path
from web.api.schema import ANY, TEXT, WHOLE, list_of, obj, told
from web.files.send import send
from web.files.userdata import home
from web.files.versions import WORKFLOWS, listed, place_of

NAME = path("name", "The file's name in the folder of workflows, with its folders.", slashes=True)
ID = path("id", "The version's id.")

VERSION = obj({"id": TEXT, "modified": told(WHOLE, "Milliseconds since 1970."), "size": told(WHOLE, "Bytes.")})


async def list_versions(call: Call) -> dict[str, Any]:
    """What a workflow held before it was saved again, the latest first; a deleted one has its versions still."""
    found = await off(listed, home(call.request), call["name"])
    return {"versions": [{"id": v.id, "modified": v.modified, "size": v.size} for v in found]}


async def get_version(call: Call) -> web.StreamResponse:
    """One version, as it was saved."""
    found = await off(place_of, home(call.request), call["name"], call["id"])
    if found is None:
        raise Refusal(404, "no_such_version", f"There is no version {call['id'][:40]!r} of {call['name'][:80]!r}.")
    return await send(found, media=lambda path: "application/json")


async def get_save(call: Call) -> web.StreamResponse:
    """A saved workflow as it was saved; /userdata tells stock front ends theirs instead."""
    path = await off(contained, home(call.request) / WORKFLOWS, call["name"])
    if not path.is_file():
        raise Refusal(404, "not_found", f"There is no saved workflow {call['name'][:80]!r}.")
    return await send(path, media=lambda path: "application/json")


OPERATIONS = (
    Operation(
        "GET",
        "/saves/{name}/versions",
        list_versions,
        "Former versions of a saved workflow",
        "workflows",
        (NAME,),
        answers={200: obj({"versions": list_of(VERSION)})},
        errors=(400, 403),
    ),
    Operation(
        "GET",
        "/saves/{name}/versions/{id}",
        get_version,
        "A former version of a saved workflow",
        "workflows",
        (NAME, ID),
        answers={200: ANY},
        errors=(400, 403),
    ),
    Operation(
        "GET",
        "/saves/{name}",
        get_save,
        "A saved workflow",
        "workflows",
        (NAME,),
        answers={200: ANY},
        errors=(400, 403),
    ),
)

"""Models: what there is of each kind, what it is by its header, its hash, its metadata."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.files import FileProblem, Library
from engine.folders import OWN_KINDS, kind_named
from engine.models.detect import inspect_file, read_header
from engine.models.facts import NEEDED
from engine.models.families import FAMILIES
from engine.models.header import ModelFileError
from engine.service.service import Service
from engine.service.threads import off
from web.answers import Refusal
from web.api.hashes import Hashes
from web.api.operation import LIMIT, Call, Operation, flag, number, path, query
from web.api.previews import get_preview, preview_url
from web.api.schema import TEXT, WHOLE, list_of, map_of, maybe, obj, ref
from web.api.state import STATE

KIND = path("kind", "A kind of models: checkpoints, loras, vae, …")
NAME = path("name", "The file's name, with its folders.", slashes=True)
HASH = flag("hash", "Work out the whole sha256 in the background; ask again for it.")
SIDE = number("side", "The most pixels of a side.", 256, low=16, high=1024)
AFTER = query("cursor", TEXT, "`next` of the page before; without it the first page.")

UNKNOWN: Mapping[str, Any] = {"family": None, "title": None, "parts": {}, "prediction": None, "unusable": None}


async def list_kinds(call: Call) -> dict[str, Any]:
    """How many models there are of each kind."""
    library = call.service.library
    return await off(lambda: {kind: len(library.names(kind)) for kind in _kinds(library)})


async def list_models(call: Call) -> dict[str, Any]:
    """The models of a kind by name, a page at a time."""
    kind = _kind(call.service.library, call["kind"])
    told, more = await off(_page, call.service.library, kind, call["cursor"], call["limit"])
    models = await asyncio.gather(*(_model(call, kind, name) for name in told))
    return {"models": [m for m in models if m is not None], "next": told[-1] if more else None}


async def get_model(call: Call) -> dict[str, Any]:
    """One model."""
    kind = _kind(call.service.library, call["kind"])
    model = await _model(call, kind, call["name"])
    if model is None:
        raise _gone(kind, call["name"])
    return model


async def get_model_metadata(call: Call) -> dict[str, Any]:
    """The texts in a model file's header: how it was trained, its licence, whatever its maker wrote."""
    kind = _kind(call.service.library, call["kind"])
    return {"metadata": await off(_metadata, call.service.library, kind, call["name"])}


async def _model(call: Call, kind: str, name: str) -> dict[str, Any] | None:
    """None when the file is gone since it was listed."""
    hashes = call.request.app[STATE].hashes
    found = await off(_look, call.service, hashes, kind, name)
    if found is None:
        return None
    told, place = found
    if call["hash"] and told["sha256"] is None and place.is_file():
        hashes.want(place)
        told["hashing"] = True
    return told


def _look(service: Service, hashes: Hashes, kind: str, name: str) -> tuple[dict[str, Any], Path] | None:
    try:
        place = service.library.path(kind, name)
        stat = place.stat()
        sha256 = None if place.is_dir() else hashes.known(place)
    except FileProblem as problem:
        if problem.code == "value_not_in_list":
            return None
        raise
    except OSError:
        return None
    about = _seen(place, stat.st_size, stat.st_mtime_ns) if kind in NEEDED else UNKNOWN
    size = stat.st_size if place.is_file() else _folder_size(place)
    told = {"kind": kind, "name": name, "size": size, "modified": stat.st_mtime, **about}
    return {**told, "preview": preview_url(kind, name, place), "sha256": sha256, "hashing": False}, place


@lru_cache(maxsize=4096)
def _seen(place: Path, size: int, mtime: int) -> Mapping[str, Any]:
    """What the header shows; small, so that it is kept for large libraries too."""
    try:
        seen = inspect_file(place)
    except (ModelFileError, OSError) as error:
        return {**UNKNOWN, "unusable": str(error)}
    return {
        "family": seen.family,
        "title": FAMILIES[seen.family].title,
        "parts": dict(seen.nbytes),
        "prediction": seen.sampling.prediction if "denoiser" in seen.parts else None,
        "unusable": None,
    }


def _folder_size(folder: Path) -> int:
    return sum(os.path.getsize(Path(parent, name)) for parent, _, names in os.walk(folder) for name in names)


def _page(library: Library, kind: str, after: str | None, limit: int) -> tuple[list[str], bool]:
    names = [name for name in library.names(kind) if after is None or name > after]
    return names[:limit], len(names) > limit


def _metadata(library: Library, kind: str, name: str) -> dict[str, str]:
    try:
        place = library.path(kind, name)
        return {} if place.is_dir() else dict(read_header(place).metadata)
    except ModelFileError as error:
        raise Refusal(400, "bad_model_file", str(error)) from None


def _kinds(library: Library) -> list[str]:
    return sorted(kind for kind in library.folders if kind not in OWN_KINDS)


def _kind(library: Library, named: str) -> str:
    kind = kind_named(named)
    if kind not in _kinds(library):
        raise Refusal(
            404, "no_such_kind", f"There is no kind {named[:60]!r} of models; there are {', '.join(_kinds(library))}."
        )
    return kind


def _gone(kind: str, name: str) -> Refusal:
    return Refusal(404, "no_such_model", f"There is no file {name[:200]!r} among {kind}.")


MODELS = obj({"models": list_of(ref("Model")), "next": maybe(TEXT)})

OPERATIONS = (
    Operation("GET", "/models", list_kinds, "Count models by kind", "models", answers={200: map_of(WHOLE)}),
    Operation(
        "GET",
        "/models/{kind}",
        list_models,
        "List models of a kind",
        "models",
        (KIND, HASH, LIMIT, AFTER),
        answers={200: MODELS},
    ),
    Operation(
        "GET",
        "/models/{kind}/{name}/metadata",
        get_model_metadata,
        "The texts in a model's header",
        "models",
        (KIND, NAME),
        answers={200: obj({"metadata": map_of(TEXT)})},
    ),
    Operation(
        "GET",
        "/models/{kind}/{name}/preview",
        get_preview,
        "A model's picture",
        "models",
        (KIND, NAME, SIDE),
        answers={200: {"type": "string", "contentMediaType": "image/webp"}},
        errors=(413, 415),
        media="image/webp",
    ),
    Operation(
        "GET",
        "/models/{kind}/{name}",
        get_model,
        "Look at a model",
        "models",
        (KIND, NAME, HASH),
        answers={200: ref("Model")},
    ),
)

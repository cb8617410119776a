"""Files of users as clients see them: pictures whole or encoded anew, lists, the metadata of models."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, cast, get_args

from aiohttp import web

from engine.files import Library
from engine.folders import OWN_KINDS
from engine.models.header import ModelFileError, read_safetensors
from web.answers import Refusal, answer
from web.files.send import send, send_made
from web.files.upload import named
from web.keys import SERVICE
from web.pictures import LARGEST_PREVIEW, Channel, encoded, in_background

PREVIEWS = {"webp": "WEBP", "jpeg": "JPEG", "jpg": "JPEG"}
QUALITY = 90


async def view(request: web.Request) -> web.StreamResponse:
    """A file of input, output or temp; `preview` and `channel` encode a picture anew."""
    library, query = request.app[SERVICE].library, request.query
    if not query.get("filename"):
        raise Refusal(400, "no_filename", "Say which file: /view?filename=…&type=output.")
    path = await asyncio.to_thread(named, library, query, "output")
    channel = query.get("channel", "rgba")
    if channel not in get_args(Channel):
        raise Refusal(400, "bad_channel", f"channel is one of rgba, rgb, a, not {channel!r:.40}.")
    if "preview" in query:
        kind, quality = _preview(query["preview"])
        made = await in_background(encoded, path, kind, quality=quality, side=LARGEST_PREVIEW)
        return send_made(request, made, f"{path.stem}.{kind.lower()}")
    if channel != "rgba":
        made = await in_background(encoded, path, "PNG", channel=cast(Channel, channel))
        return send_made(request, made, f"{path.stem}.png")
    return await send(path)


def _preview(text: str) -> tuple[str, int]:
    """Format and quality of "webp;80"; what is not known is webp, as in ComfyUI."""
    kind, _, quality = text.partition(";")
    known = quality.isascii() and quality.isdigit() and len(quality) <= 3
    return PREVIEWS.get(kind.lower(), "WEBP"), min(max(int(quality), 1), 100) if known else QUALITY


async def view_metadata(request: web.Request) -> web.Response:
    """The text metadata of a safetensors file."""
    folder, name = request.match_info["folder"], request.query.get("filename", "")
    if not name.lower().endswith(".safetensors"):
        raise Refusal(404, "no_metadata", "Only .safetensors files have metadata; name one in `filename`.")
    metadata = await asyncio.to_thread(_metadata, request.app[SERVICE].library, folder, name)
    if not metadata:
        raise Refusal(404, "no_metadata", f"{name!r:.100} has no metadata.")
    return answer(metadata)


def _metadata(library: Library, folder: str, name: str) -> dict[str, str]:
    try:
        return dict(read_safetensors(library.path(folder, name, near=lambda kind, name: ())).metadata)
    except ModelFileError as error:
        raise Refusal(404, "no_metadata", str(error)) from None


async def internal_files(request: web.Request) -> web.Response:
    """The names of the files directly in input, output or temp, newest first."""
    kind = request.match_info["kind"]
    if kind not in OWN_KINDS:
        raise Refusal(400, "bad_type", f"There are lists of {', '.join(OWN_KINDS)}, not of {kind!r:.60}.")
    return answer(await asyncio.to_thread(_newest, request.app[SERVICE].library.folder(kind)))


def _newest(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            found: list[Any] = [e for e in entries if not e.name.startswith(".") and e.is_file(follow_symlinks=False)]
    except OSError:
        return []
    return [e.name for e in sorted(found, key=lambda e: -e.stat(follow_symlinks=False).st_mtime_ns)]

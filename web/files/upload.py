"""Pictures that clients send: read with limits, verified, stored under names of their own."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web

from engine.files import Library, contained
from engine.folders import OWN_KINDS
from web.answers import Refusal, answer, each_chunk, parsed, patience, too_large
from web.files.storing import keep, part_of, place
from web.guard import MULTIPART, takes
from web.keys import SERVICE
from web.pictures import FORMATS, format_of, in_background, masked

MOST_FIELDS = 20
LONGEST_FIELD = 4 << 10
_SLASHES = "/\\"


@dataclass(slots=True)
class Form:
    """What came: the texts, and the file with the name that its sender gave it."""

    texts: dict[str, str] = field(default_factory=dict)
    name: str = ""
    file: Path | None = None


@takes(MULTIPART)
async def upload_image(request: web.Request) -> web.Response:
    """Store a picture; the same name with the same bytes is the file that is there."""
    root = _folder(request)
    with part_of(root) as part:
        form = await _form(request, part)
        kind = await in_background(format_of, part, form.name)
        return await _stored(request, form, part, kind)


@takes(MULTIPART)
async def upload_mask(request: web.Request) -> web.Response:
    """Store a picture that has the colours of `original_ref` and the transparency of what is sent."""
    root = _folder(request)
    with part_of(root) as part:
        form = await _form(request, part)
        original = await asyncio.to_thread(_original, request.app[SERVICE].library, form.texts.get("original_ref"))
        mask = io.BytesIO(await asyncio.to_thread(part.read_bytes))
        await asyncio.to_thread(part.write_bytes, await in_background(masked, original, mask))
        return await _stored(request, form, part, "PNG")


async def _stored(request: web.Request, form: Form, part: Path, kind: str) -> web.Response:
    texts = form.texts
    place_kind, subfolder = texts.get("type") or "input", texts.get("subfolder", "").replace("\\", "/").strip("/")
    if place_kind not in OWN_KINDS:
        raise Refusal(400, "bad_type", f"type is one of {', '.join(OWN_KINDS)}, not {place_kind!r:.60}.")
    overwrite = texts.get("overwrite", "").lower() in ("true", "1")
    root, name = request.app[SERVICE].library.folder(place_kind), fit_name(form.name, kind)
    whole = f"{subfolder}/{name}" if subfolder else name
    written = await asyncio.to_thread(_write, part, root, whole, overwrite)
    return answer({"name": written.name, "subfolder": subfolder, "type": place_kind})


def _write(part: Path, root: Path, name: str, overwrite: bool) -> Path:
    target = contained(root, name)
    with part_of(target.parent) as moved:
        part.replace(moved)
        if overwrite:
            place(moved, target, overwrite=True)
            return target
        return keep(moved, root, name)


def fit_name(name: str, kind: str) -> str:
    """The last part of the name that a client gave, with the suffix of a picture; "picture" when there is none."""
    last = re.split(r"[/\\]", name)[-1].strip() or "picture"
    suffixes = {suffix for _, known in FORMATS.values() for suffix in known}
    known = Path(last).suffix.lower() in suffixes
    return last if known else last + FORMATS[kind][1][0]


def _folder(request: web.Request) -> Path:
    """Where uploads wait until they are complete: in the same file system as where they go."""
    return request.app[SERVICE].library.folder("input")


def _original(library: Library, text: str | None) -> Path:
    """The picture that a mask is for."""
    value, problems = parsed((text or "").encode())
    if problems or not isinstance(value, Mapping):
        raise Refusal(
            400, "bad_original", 'original_ref names the picture: {"filename": …, "subfolder": …, "type": …}.'
        )
    return named(library, value, "input")


def named(library: Library, where: Mapping[str, Any], default: str) -> Path:
    """The file of ComfyUI's filename, subfolder and type; raises FileProblem, Refusal."""
    name, subfolder, kind = (where.get(key) or "" for key in ("filename", "subfolder", "type"))
    kind = kind or default
    if not all(isinstance(text, str) for text in (name, subfolder, kind)):
        raise Refusal(400, "bad_name", "filename, subfolder and type are texts.")
    if kind not in OWN_KINDS:
        raise Refusal(400, "bad_type", f"type is one of {', '.join(OWN_KINDS)}, not {kind!r:.60}.")
    whole = f"{subfolder.rstrip(_SLASHES)}/{name}" if subfolder else name
    return library.path(kind, whole, near=lambda kind, name: ())


async def _form(request: web.Request, part: Path) -> Form:
    """Read a multipart body, its file into `part`; raises Refusal: 400, 408, 413."""
    if not request.content_type.startswith("multipart/"):
        raise Refusal(415, "media_type", "Send a form (multipart/form-data) with the picture in its field 'image'.")
    form, limit = Form(), request.app[SERVICE].settings.max_upload
    if (request.content_length or 0) > limit + MOST_FIELDS * LONGEST_FIELD:
        raise too_large(limit)
    try:
        reader = await request.multipart()
        for _ in range(MOST_FIELDS):
            async with patience():
                field = await reader.next()
            if field is None:
                break
            if not isinstance(field, BodyPartReader):
                raise Refusal(400, "bad_form", "A form within a form is not taken.")
            await _field(field, form, part, limit)
    except (ValueError, AssertionError, RuntimeError, LookupError) as error:
        raise Refusal(400, "bad_form", f"The form cannot be read: {error!s:.200}.") from None
    if form.file is None:
        raise Refusal(400, "no_picture", "The form has no file in its field 'image'.")
    return form


async def _field(field: BodyPartReader, form: Form, part: Path, limit: int) -> None:
    if field.name == "image" and form.file is None:
        form.name, form.file = field.filename or "", part
        with part.open("wb") as out:
            await each_chunk(limit, lambda: field.read_chunk(1 << 18), out.write)
        return
    body = bytearray()
    await each_chunk(LONGEST_FIELD, lambda: field.read_chunk(LONGEST_FIELD), body.extend)
    if field.name:
        form.texts[field.name] = body.decode("utf-8", "replace")

"""Files to clients: the media type from the content, everything that is not plainly a picture as a download."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from web.files.media import SANDBOX, UNKNOWN, disposition, media_of
from web.pictures import Encoded


class _File(web.FileResponse):
    """Only ever the file itself: never a `name.gz` that lies beside it."""

    def _get_file_path_stat_encoding(self, accept_encoding: str) -> Any:
        return super()._get_file_path_stat_encoding("")


async def send(path: Path, *, download: bool = False, media: Callable[[Path], str] = media_of) -> web.StreamResponse:
    """A file, whole or in ranges, that runs no script wherever it is opened.

    Args:
        download: as an attachment whatever it is. media: tells what it is.
    """
    kind = UNKNOWN if download else await asyncio.to_thread(media, path)
    headers = {
        "Content-Type": kind,
        "Content-Disposition": disposition("attachment" if kind == UNKNOWN else "inline", path.name),
        "Content-Security-Policy": SANDBOX,
    }
    return _File(path, headers=headers)


def send_made(request: web.Request, made: Encoded, name: str) -> web.Response:
    """A picture that was encoded here; 304 when the client has it."""
    tag = hashlib.sha256(made.data).hexdigest()[:32]
    if any(known.value in (tag, "*") for known in request.if_none_match or ()):
        return web.Response(status=304, headers={"ETag": f'"{tag}"'})
    headers = {
        "ETag": f'"{tag}"',
        "Content-Disposition": disposition("inline", name),
        "Content-Security-Policy": SANDBOX,
    }
    return web.Response(body=made.data, content_type=made.media, headers=headers)

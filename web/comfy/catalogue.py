"""The description of all node types as it goes over the wire: plain, packed, and with a tag that changes with it."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from dataclasses import dataclass

from engine.compat.object_info import object_info
from engine.compat.stand_ins import stand_ins
from engine.files import Library
from engine.graph.registry import Registry
from web.answers import dumped

LEVEL = 6


@dataclass(frozen=True, slots=True)
class Copy:
    """The whole description at one time; `tag` changes with it."""

    plain: bytes
    packed: bytes
    tag: str


class Catalogue:
    """The description as it was asked for last, for editors and for all others."""

    def __init__(self) -> None:
        self._copies: dict[bool, Copy] = {}

    async def copy(self, registry: Registry, library: Library, *, editor: bool = False) -> Copy:
        """The description as of now: the lists of files are made anew, all else that did not change is kept.

        Args:
            editor: with the types that ComfyUI's editors take for granted.
        """
        copy = await asyncio.to_thread(_made, registry, library, editor, self._copies.get(editor))
        self._copies[editor] = copy
        return copy


def _made(registry: Registry, library: Library, editor: bool, last: Copy | None) -> Copy:
    listed: dict[str, tuple[str, ...]] = {}

    def names(kind: str) -> tuple[str, ...]:
        if kind not in listed:
            listed[kind] = library.names(kind)
        return listed[kind]

    told = object_info(registry, names)
    plain = dumped({**told, **stand_ins(registry, names)} if editor else told)
    tag = hashlib.sha256(plain).hexdigest()[:32]
    return last if last is not None and last.tag == tag else Copy(plain, gzip.compress(plain, LEVEL, mtime=0), tag)

"""What is said on ComfyUI's websocket: texts, previews, and the states of a job's steps; each is encoded once."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from engine.graph.graph import NodeId
from engine.run.picture import Picture

State = Literal["running", "finished", "error"]
Standing: TypeAlias = tuple[float, float, State]
"""Of a step: value, max, state."""

PREVIEW, PREVIEW_WITH_METADATA = 1, 4
_FORMATS = {"jpeg": 1, "png": 2}
MOST_NODES = 4000
"""Steps in one progress_state: common clients refuse messages above 1 MiB."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What a client said that it understands."""

    preview_metadata: bool = False
    progress_delta: bool = False


@dataclass(slots=True, eq=False)
class Message:
    """A text. `everyone`: for all clients; `slot`: a later message of the same slot makes this one needless."""

    type: str
    data: Mapping[str, Any]
    everyone: bool = False
    slot: tuple[str, ...] | None = None
    _text: str = field(default="", repr=False)

    def frame(self, flags: Flags) -> str:
        """What goes over the wire."""
        if not self._text:
            self._text = encoded({"type": self.type, "data": self.data})
        return self._text

    def replaces(self, flags: Flags) -> tuple[str, ...] | None:
        """The slot that it takes for a client of these flags."""
        return self.slot


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step belongs: its id, the node that the editor shows for it, and the node that expanded to it."""

    node: NodeId
    shown: NodeId
    parent: NodeId | None = None

    def keys(self) -> dict[str, NodeId | None]:
        """As ComfyUI's messages name them."""
        return {
            "node_id": self.node,
            "display_node_id": self.shown,
            "parent_node_id": self.parent,
            "real_node_id": self.node,
        }


@dataclass(slots=True, eq=False)
class Shown:
    """A preview: with its step's name for clients that know such frames, else the bare picture."""

    job: str
    place: Place
    picture: Picture
    everyone: bool = False
    _plain: bytes = field(default=b"", repr=False)
    _named: bytes = field(default=b"", repr=False)

    def frame(self, flags: Flags) -> bytes:
        """What goes over the wire."""
        if flags.preview_metadata:
            self._named = self._named or self._with_metadata()
            return self._named
        if not self._plain:
            self._plain = struct.pack(">II", PREVIEW, _FORMATS[self.picture.format]) + self.picture.data
        return self._plain

    def replaces(self, flags: Flags) -> tuple[str, ...] | None:
        """A newer preview of a step makes an older one needless."""
        return ("preview", self.job, self.place.node)

    def _with_metadata(self) -> bytes:
        told = {"prompt_id": self.job, **self.place.keys(), "image_type": f"image/{self.picture.format}"}
        text = encoded(told).encode()
        return struct.pack(">II", PREVIEW_WITH_METADATA, len(text)) + text + self.picture.data


@dataclass(slots=True, eq=False)
class Standings:
    """`progress_state`: how far the steps of a job are, in full; or what changed, for clients that take that."""

    job: str
    full: Mapping[NodeId, Standing]
    changed: Mapping[NodeId, Standing]
    places: Mapping[NodeId, Place]
    everyone: bool = False
    _full: str = field(default="", repr=False)
    _changed: str = field(default="", repr=False)

    def frame(self, flags: Flags) -> str:
        """What goes over the wire."""
        if flags.progress_delta:
            self._changed = self._changed or self._encoded(self.changed)
            return self._changed
        if not self._full:
            self._full = self._encoded(newest(self.full, MOST_NODES))
        return self._full

    def replaces(self, flags: Flags) -> tuple[str, ...] | None:
        """A newer full one makes an older one needless."""
        return None if flags.progress_delta else ("state", self.job)

    def _encoded(self, standings: Mapping[NodeId, Standing]) -> str:
        nodes = {id: self._told(id, standing) for id, standing in standings.items()}
        return encoded({"type": "progress_state", "data": {"prompt_id": self.job, "nodes": nodes}})

    def _told(self, id: NodeId, standing: Standing) -> dict[str, Any]:
        value, most, state = standing
        place = self.places.get(id) or Place(id, id)
        return {"value": value, "max": most, "state": state, "prompt_id": self.job, **place.keys()}


Said = Message | Shown | Standings


def newest(standings: Mapping[NodeId, Standing], most: int) -> Mapping[NodeId, Standing]:
    """The steps that are not finished, and the last of those that are, `most` in all."""
    if len(standings) <= most:
        return standings
    open_ = [id for id, (_, _, state) in standings.items() if state != "finished"][-most:]
    left = most - len(open_)
    done = [id for id, (_, _, state) in standings.items() if state == "finished"]
    return {id: standings[id] for id in (done[-left:] if left else []) + open_}


def encoded(value: Any) -> str:
    """JSON, small; numbers that JSON does not have become null, what else is no JSON value goes as text."""
    try:
        return json.dumps(value, separators=(",", ":"), default=str, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), default=str, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(v) for key, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, list | tuple) else value

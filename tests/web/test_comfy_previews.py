"""Previews over the real server with the mini, in both forms."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from engine.graph.graph import Graph
from tests.web import kit
from tests.web.wire import Wire, wire

pytestmark = pytest.mark.slow

JPEG = b"\xff\xd8\xff"


def prompt(seed: int) -> dict[str, Any]:
    nodes = Graph.from_file(kit.ROOT / "workflows" / "text_to_image.json").to_api()
    next(n for n in nodes.values() if n["class_type"] == "KSampler")["inputs"] |= {"steps": 12, "seed": seed}
    return nodes


def previews(server: kit.Server, wire: Wire, client: str, seed: int) -> list[bytes]:
    """The binary frames of a job."""
    wire.end(server.submit(prompt(seed), client_id=client))
    return [frame for frame in wire.heard if isinstance(frame, bytes)]


def test_previews_in_the_form_that_the_client_knows(tmp_path: Path) -> None:
    options = ("--device", "cpu", "--preview-method", "auto")
    with kit.server(tmp_path, *options) as server, wire(server, "old") as old, wire(server, "new") as new:
        new.send("feature_flags", supports_preview_metadata=True)
        new.until("feature_flags")
        plain, named = previews(server, old, "old", 1), previews(server, new, "new", 2)
    assert plain
    assert named
    for frame in plain:
        assert struct.unpack(">II", frame[:8]) == (1, 1)
        assert frame[8:11] == JPEG
    for frame in named:
        kind, size = struct.unpack(">II", frame[:8])
        told = json.loads(frame[8 : 8 + size])
        assert kind == 4
        assert told["image_type"] == "image/jpeg"
        assert prompt(2)[told["node_id"]]["class_type"] == "KSampler"
        assert frame[8 + size :].startswith(JPEG)

"""Why did it change: two jobs side by side, their inputs, their first step that differs, their pictures."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aiohttp import web

from engine.files import FileProblem, Library
from engine.graph.graph import Graph, NodeId
from engine.service.service import Service
from engine.service.threads import off
from engine.why import Changes, Ran, changes, first_difference
from web.answers import Refusal
from web.api.errors import no_job
from web.api.images import PICTURES
from web.api.jobs import ID, files
from web.api.operation import BASE, Call, Operation, path
from web.api.schema import FLOAT, TEXT, WHOLE, YES_NO, list_of, maybe, obj, one_of, told
from web.files.send import send_made
from web.pictures import Encoded, in_background

if TYPE_CHECKING:
    from PIL import Image

MOST = 32
"""Pairs of pictures that are compared."""

OTHER = path("other", "The id of the job that is compared with it, usually the later one.")
NUMBER = path("number", "Which pair of pictures, counted from 0.")


async def compare_jobs(call: Call) -> dict[str, Any]:
    """What differs between two jobs: inputs by name, the first step whose output differs, the pictures."""
    before, after = await _ran(call.service, call["id"]), await _ran(call.service, call["other"])
    changed = changes(before.graph, after.graph)
    first = first_difference(before, after, changed)
    pairs = await _pairs(call, changed)
    shown = [await in_background(_compared, call, number, pair) for number, pair in enumerate(pairs)]
    return {
        "same": changed.same,
        "parameters": [asdict(p) for p in changed.parameters],
        "added": [asdict(p) for p in changed.added],
        "removed": [asdict(p) for p in changed.removed],
        "first": None if first is None else {**asdict(first), "text": str(first)},
        "pictures": shown,
    }


async def get_difference(call: Call) -> web.StreamResponse:
    """Where two pictures of two jobs differ, brightened so that the greatest difference is white."""
    before, after = await _ran(call.service, call["id"]), await _ran(call.service, call["other"])
    pairs = await _pairs(call, changes(before.graph, after.graph))
    if not call["number"].isdigit() or int(call["number"]) >= len(pairs):
        raise Refusal(404, "not_found", f"The jobs have {len(pairs)} pairs of pictures, counted from 0.")
    made = await in_background(_difference, call.service.library, pairs[int(call["number"])])
    return send_made(call.request, made, "difference.webp")


async def _ran(service: Service, id: str) -> Ran:
    """A job's graph, and what is recorded of it; raises Refusal 404."""
    body = await service.queue.body(id)
    if body is None:
        raise no_job(id)
    return await off(_recorded, service.settings.recordings_folder, id, Graph.from_api(body.graph))


def _recorded(folder: Path, id: str, graph: Graph) -> Ran:
    from engine.recording.format import RecordingError
    from engine.recording.read import recordings_of

    found = recordings_of(folder, id)
    if found is None:
        return Ran(graph)
    steps: dict[NodeId, tuple[str, ...]] = {}
    for run in found.runs:
        with suppress(RecordingError):  # it may have gone for newer ones
            steps[run.node] = steps.get(run.node, ()) + tuple(frame.fingerprint for frame in run.open().frames)
    return Ran(graph, found.outputs, steps)


Pair = tuple[Mapping[str, Any], Mapping[str, Any]]


async def _pairs(call: Call, changed: Changes) -> list[Pair]:
    """The pictures that the same node of both jobs made, in order."""
    was = _by_node(await call.service.queue.results(call["id"]))
    now = _by_node(await call.service.queue.results(call["other"]))
    found = (
        pair for id, other in changed.pairs.items() for pair in zip(was.get(id, ()), now.get(other, ()), strict=False)
    )
    return [pair for _, pair in zip(range(MOST), found, strict=False)]


def _by_node(shown: Mapping[str, Any]) -> dict[NodeId, list[Mapping[str, Any]]]:
    found: dict[NodeId, list[Mapping[str, Any]]] = defaultdict(list)
    for file in files(shown):
        if Path(file["filename"]).suffix.lower() in PICTURES:
            found[file["node"]].append(file)
    return found


def _compared(call: Call, number: int, pair: Pair) -> dict[str, Any]:
    from engine.why.pictures import compared

    told: dict[str, Any] = {"before": pair[0]["url"], "after": pair[1]["url"], "node": pair[0]["node"]}
    both = tuple(_opened(call.service.library, pair))
    found = compared(*both) if len(both) == 2 else None
    where = f"{BASE}/jobs/{quote(call['id'])}/compare/{quote(call['other'])}/{number}"
    differs = found is not None and not found.equal
    return {
        **told,
        "equal": found is not None and found.equal,
        "psnr": found.psnr if found is not None else None,
        "difference": where if differs else None,
    }


def _difference(library: Library, pair: Pair) -> Encoded:
    from engine.why.pictures import difference

    both = tuple(_opened(library, pair))
    if len(both) < 2:
        raise Refusal(404, "not_found", "One of the two pictures is no longer there.")
    if both[0].size != both[1].size:
        sizes = " and ".join(f"{p.width} × {p.height}" for p in both)
        raise Refusal(409, "sizes_differ", f"The pictures have different sizes ({sizes}), so no pixel has a partner.")
    buffer = io.BytesIO()
    difference(*both).save(buffer, "WEBP", lossless=True)
    return Encoded(buffer.getvalue(), "image/webp")


def _opened(library: Library, pair: Pair) -> Iterator[Image.Image]:
    """Those of the two pictures that are still there."""
    from engine.why.pictures import read

    for file in pair:
        name = f"{file['subfolder']}/{file['filename']}" if file["subfolder"] else file["filename"]
        try:
            picture = read(library.path(file["type"], name))
        except FileProblem:
            continue
        if picture is not None:
            yield picture


PLACES = list_of(obj({"node": TEXT, "title": TEXT, "type": TEXT}))
ANY = told({}, "A constant, or where a link leads, as TITLE.OUTPUT; null where the input is not set.")
COMPARED = obj(
    {
        "same": told(YES_NO, "Whether the two graphs are the same."),
        "parameters": list_of(obj({"node": TEXT, "title": TEXT, "input": TEXT, "before": ANY, "after": ANY})),
        "added": PLACES,
        "removed": PLACES,
        "first": maybe(
            obj(
                {
                    "node": TEXT,
                    "title": TEXT,
                    "kind": one_of("inputs", "output", "sampler_step", "environment"),
                    "step": maybe(WHOLE),
                    "text": TEXT,
                }
            )
        ),
        "pictures": list_of(
            obj(
                {
                    "node": TEXT,
                    "before": TEXT,
                    "after": TEXT,
                    "equal": YES_NO,
                    "psnr": maybe(FLOAT),
                    "difference": maybe(TEXT),
                }
            )
        ),
    }
)

OPERATIONS = (
    Operation(
        "GET",
        "/jobs/{id}/compare/{other}",
        compare_jobs,
        "Say why two jobs made different pictures",
        "jobs",
        (ID, OTHER),
        answers={200: COMPARED},
    ),
    Operation(
        "GET",
        "/jobs/{id}/compare/{other}/{number}",
        get_difference,
        "Where two pictures of two jobs differ",
        "jobs",
        (ID, OTHER, NUMBER),
        answers={200: {"type": "string", "contentMediaType": "image/webp"}},
        errors=(409,),
        media="image/webp",
    ),
)

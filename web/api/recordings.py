"""Recordings: what samplers did, step by step, as pictures; the words that a spot of a picture read."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from engine.service.threads import off
from engine.worker.channel import ChannelError
from web.answers import Refusal
from web.api.jobs import ID, folder_of, forgotten, found
from web.api.operation import Call, Operation, Parameter, flag, number, path, query
from web.api.schema import FLOAT, TEXT, WHOLE, YES_NO, Schema, list_of, map_of, maybe, obj, one_of, ref, told
from web.files.send import send_made
from web.pictures import Encoded, in_background

if TYPE_CHECKING:
    from engine.recording.folder import Folder
    from engine.recording.read import Recording, RunOf

T = TypeVar("T")

VIEWS = ("x", "clean", "noise", "guidance", "difference", "attention")
STATUS: Mapping[str, int] = {"other_version": 409, "damaged_recording": 409, "unreadable": 503}
"""Of what a recording is refused for; all else is 404."""

KEY = path("key", "The name of a recorded run of a sampler.")
STEP = Parameter("step", told(WHOLE, "The sampler step, counted from 0."), "path", parse=number("step", "").parse)
VIEW = Parameter("view", told(one_of(*VIEWS), "What to show."), "path")
SIZE = number("size", "Pixels of the longer side.", 256, low=16, high=1024)
BRANCH = query(
    "branch",
    TEXT,
    "positive or negative; left out: what guidance made of both (attention: positive). Of attention the second prompt "
    "of the positive is positive.2.",
    "",
)
TOKEN = number("token", "Attention: which token, by its index; left out: the whole prompt.")
PICTURE = number("picture", "Which picture of the batch.", 0)
OVERLAY = flag("overlay", "Attention: alone on nothing, to be laid over a picture.")
DECODED = flag("decoded", "By the checkpoint's own autoencoder, which takes the worker a while; else quick colours.")


async def get_recording(call: Call) -> dict[str, Any]:
    """The recorded runs of a job: each call of a sampler, with its steps."""
    row = await found(call.service, call["id"])
    made = await off(_listed, folder_of(call.service), row.id)
    if made is None:
        raise Refusal(
            404, "no_recording", "Nothing of this job was recorded, or it was removed: run it again with record."
        )
    return made


async def delete_recording(call: Call) -> dict[str, Any]:
    """Remove what is recorded of a job, but for what other jobs have too."""
    row = await found(call.service, call["id"])
    return {"done": await forgotten(call.service, row.id)}


async def get_recordings(call: Call) -> dict[str, Any]:
    """How much is recorded, and how much there may be."""
    folder = folder_of(call.service)
    return {"bytes": await off(folder.used), "budget": folder.budget}


async def delete_recordings(call: Call) -> dict[str, Any]:
    """Remove all recordings; pictures and jobs stay."""
    return {"bytes": await off(folder_of(call.service).clear)}


async def get_recorded_view(call: Call) -> web.StreamResponse:
    """A picture of a recorded sampler step."""
    made = await (_decoded(call) if call["decoded"] else _quick(call))
    return send_made(
        call.request, Encoded(made, "image/webp"), f"{call['key'][:40]}-{call['step']}-{call['view']}.webp"
    )


async def _quick(call: Call) -> bytes:
    def work() -> bytes:
        from engine.recording.look import Shown, view

        shown = Shown(call["step"], call["branch"], call["token"], call["size"], call["picture"], call["overlay"])
        return view(_opened(call), call["view"], shown)

    return await in_background(partial(_told, work))


async def _decoded(call: Call) -> bytes:
    """By the worker; what it cannot decode is refused with its sentence."""
    await off(partial(_told, lambda: _opened(call)))
    names = ("key", "step", "view", "branch", "picture", "size")
    try:
        made = await call.service.ask("decoded", **{name: call[name] for name in names})
    except ChannelError as error:
        raise Refusal(409, "not_decoded", str(error)) from error
    return base64.b64decode(made["webp"])


async def get_words(call: Call) -> dict[str, Any]:
    """Which words a spot of the picture read, the most first."""

    def work() -> dict[str, Any]:
        from engine.recording.look import words_at

        read = words_at(_opened(call), call["step"], call["branch"], call["x"], call["y"], call["picture"])
        return {"words": [{"text": token.text, "index": token.index, "weight": share} for token, share in read]}

    return await off(partial(_told, work))


def _opened(call: Call) -> Recording:
    from engine.recording.read import opened

    return opened(folder_of(call.service), call["key"])


def _told(work: Callable[[], T]) -> T:
    """What the work gives; what is wrong with a recording becomes a refusal."""
    from engine.recording.format import RecordingError

    try:
        return work()
    except RecordingError as error:
        raise Refusal(STATUS.get(error.code, 404), error.code, str(error)) from error


def _listed(folder: Folder, job: str) -> dict[str, Any] | None:
    """All runs of a job that can be read; None where nothing was recorded."""
    from engine.recording.format import RecordingError
    from engine.recording.read import recordings_of

    listed = recordings_of(folder, job)
    if listed is None:
        return None
    runs: list[dict[str, Any]] = []
    size = 0
    warnings: list[tuple[str, Any]] = list(zip_longest(listed.warnings, listed.tellings))
    for run in listed.runs:
        try:
            recording = run.open()
            size += recording.bytes
            runs.append(_run(run, recording))
        except (RecordingError, OSError) as error:
            warnings.append((str(error), error.telling.plain() if isinstance(error, RecordingError) else None))
    texts, tellings = [text for text, _ in warnings], [telling for _, telling in warnings]
    return {"job": job, "bytes": size, "runs": runs, "warnings": texts, "tellings": tellings}


def _run(run: RunOf, recording: Recording) -> dict[str, Any]:
    batch, _, height, width = recording.shape
    tokens = {n: [{"text": t.text, "index": t.index} for t in row] for n, row in recording.tokens.items()}
    return {
        "node": run.node,
        "title": run.title,
        "type": run.type,
        "key": run.key,
        "sampler": recording.sampler,
        "total": len(recording.sigmas) - 1,
        "partial": recording.partial,
        "width": width,
        "height": height,
        "pictures": batch,
        "frames": [{"step": f.step, "sigma": f.sigma, "fingerprint": f.fingerprint} for f in recording.frames],
        "branches": list(recording.branches),
        "attention": {"steps": list(recording.attention), "tokens": tokens} if recording.attention else None,
    }


def _fraction(name: str, help: str) -> Parameter:
    schema: Schema = {**FLOAT, "minimum": 0, "maximum": 1, "default": 0.5}
    return Parameter(name, told(schema, help), default=0.5, parse=_number)


def _number(text: str) -> float | str:
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text


TOKENS = list_of(obj({"text": TEXT, "index": WHOLE}))
RUN = obj(
    {
        "node": TEXT,
        "title": TEXT,
        "type": TEXT,
        "key": told(TEXT, "Its name, for pictures of it and for LoadRecording."),
        "sampler": TEXT,
        "total": told(WHOLE, "Sampler steps."),
        "partial": told(YES_NO, "The run failed or was cancelled: only its first sampler steps are there."),
        "width": told(WHOLE, "Of the latent, in cells."),
        "height": WHOLE,
        "pictures": told(WHOLE, "In the batch."),
        "frames": list_of(
            obj({"step": WHOLE, "sigma": FLOAT, "fingerprint": told(TEXT, "Of the noisy and the clean latent.")})
        ),
        "branches": told(list_of(TEXT), "What guidance asked for."),
        "attention": maybe(
            obj(
                {
                    "steps": told(list_of(WHOLE), "Those that were watched."),
                    "tokens": told(map_of(TOKENS), "By branch."),
                }
            )
        ),
    }
)
RECORDING = obj(
    {
        "job": TEXT,
        "bytes": WHOLE,
        "runs": list_of(RUN),
        "warnings": told(list_of(TEXT), "Why some of it is not there, one sentence each."),
        "tellings": told(
            list_of(maybe(ref("Telling"))), "The same in the same order, from which other languages are told."
        ),
    }
)
WORDS = obj({"words": list_of(obj({"text": TEXT, "index": WHOLE, "weight": told(FLOAT, "0 to 1.")}))})

OPERATIONS = (
    Operation(
        "GET",
        "/jobs/{id}/recording",
        get_recording,
        "What is recorded of a job",
        "recordings",
        (ID,),
        answers={200: RECORDING},
    ),
    Operation(
        "DELETE",
        "/jobs/{id}/recording",
        delete_recording,
        "Remove what is recorded of a job",
        "recordings",
        (ID,),
        answers={200: ref("Done")},
    ),
    Operation(
        "GET",
        "/recordings",
        get_recordings,
        "How much is recorded",
        "recordings",
        answers={200: obj({"bytes": WHOLE, "budget": WHOLE})},
    ),
    Operation(
        "DELETE",
        "/recordings",
        delete_recordings,
        "Remove all recordings",
        "recordings",
        answers={200: obj({"bytes": told(WHOLE, "That are free now.")})},
    ),
    Operation(
        "GET",
        "/recordings/{key}/{step}/words",
        get_words,
        "Which words a spot read",
        "recordings",
        (
            KEY,
            STEP,
            BRANCH,
            PICTURE,
            _fraction("x", "From the left edge (0) to the right (1)."),
            _fraction("y", "From the upper edge (0) to the lower (1)."),
        ),
        answers={200: WORDS},
        errors=(409, 503),
    ),
    Operation(
        "GET",
        "/recordings/{key}/{step}/{view}",
        get_recorded_view,
        "A picture of a recorded sampler step",
        "recordings",
        (KEY, STEP, VIEW, SIZE, BRANCH, TOKEN, PICTURE, OVERLAY, DECODED),
        answers={200: {"type": "string", "contentMediaType": "image/webp"}},
        errors=(409, 503),
        media="image/webp",
    ),
)

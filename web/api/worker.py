"""What the worker holds, what it should let go of, and how it reads a prompt."""

from __future__ import annotations

from typing import Any

from engine.worker.channel import ChannelError
from web.answers import Refusal
from web.api.operation import Call, Operation
from web.api.schema import FLOAT, TEXT, TEXTS, WHOLE, list_of, maybe, obj, text, told

MOST_TEXT = 100_000
"""Characters of a prompt."""
CHUNK = 75
"""Tokens that a text encoder reads at a time, beside start and end."""

USE = {"used": WHOLE, "budget": WHOLE}
HELD = obj(
    {
        "name": TEXT,
        "part": TEXT,
        "bytes": WHOLE,
        "place": told(TEXT, "device or host."),
        "holders": told(TEXTS, "Who uses it now; empty: it may be let go of."),
        "seconds": told(FLOAT, "How long it took to load."),
    }
)
MEMORY = obj(
    {
        "weights": list_of(HELD),
        "device": obj({"name": TEXT, "used": WHOLE, "bytes": WHOLE}),
        "results": told(obj({**USE, "count": WHOLE}), "Results of steps in memory."),
        "process": obj({"pid": WHOLE, "bytes": WHOLE}),
        "jobs": told(TEXTS, "Jobs that the worker has."),
    }
)
CACHE = obj(
    {
        "memory": obj({**USE, "count": WHOLE}),
        "disk": obj({**USE, "path": told(maybe(TEXT), "null: none is kept on disk.")}),
    }
)
FREED = obj({"weights": told(WHOLE, "Bytes."), "cache": told(WHOLE, "Bytes.")})

TOKENS = obj(
    {"text": text(maxLength=MOST_TEXT), "clip": text("A family, or a model file; the first family.", maxLength=1000)},
    "clip",
)
TOKEN = obj({"id": WHOLE, "text": TEXT, "weight": FLOAT, "chunk": WHOLE})
READ = obj(
    {
        "tokens": list_of(TOKEN),
        "chunks": told(WHOLE, "Of 75 tokens each."),
        "free": told(WHOLE, "Left in the last one."),
    }
)


async def get_memory(call: Call) -> dict[str, Any]:
    """Who holds what: weights by file and part and by whom, results, the process."""
    report = await call.service.ask("report")
    return {
        "weights": [_held(weight) for weight in report["weights"]],
        "device": {
            "name": call.service.channels[0].name,
            "used": report["device_used"],
            "bytes": report["device_bytes"],
        },
        "results": report["memory"],
        "process": report["process"],
        "jobs": report["jobs"],
    }


async def get_cache(call: Call) -> dict[str, Any]:
    """The results that are kept, in memory and on disk."""
    report = await call.service.ask("report")
    return {"memory": report["memory"], "disk": report["disk"]}


async def clear_cache(call: Call) -> Any:
    """Let go of the results in memory; those on disk stay."""
    return await call.service.ask("free", cache=True)


async def free_memory(call: Call) -> Any:
    """Let go of all weights that nobody uses."""
    return await call.service.ask("free", weights=True)


async def read_tokens(call: Call) -> dict[str, Any]:
    """How a prompt is read: its tokens with their weights, in chunks of 75."""
    try:
        tokens = await call.service.ask("tokens", text=call.body["text"], clip=call.body.get("clip", ""))
    except ChannelError as error:
        raise Refusal(400, "bad_prompt", str(error)) from error
    chunks = 1 + max((token["chunk"] for token in tokens), default=0)
    last = sum(token["chunk"] == chunks - 1 for token in tokens)
    return {"tokens": tokens, "chunks": chunks, "free": CHUNK - last}


def _held(weight: dict[str, Any]) -> dict[str, Any]:
    names = {
        "name": "name",
        "part": "part",
        "bytes": "nbytes",
        "place": "place",
        "holders": "holders",
        "seconds": "seconds",
    }
    return {ours: weight[theirs] for ours, theirs in names.items()}


OPERATIONS = (
    Operation("GET", "/memory", get_memory, "Who holds what", "worker", answers={200: MEMORY}, errors=(503,)),
    Operation(
        "POST", "/memory/free", free_memory, "Let go of unused weights", "worker", answers={200: FREED}, errors=(503,)
    ),
    Operation("GET", "/cache", get_cache, "The results that are kept", "worker", answers={200: CACHE}, errors=(503,)),
    Operation(
        "POST",
        "/cache/clear",
        clear_cache,
        "Let go of results in memory",
        "worker",
        answers={200: FREED},
        errors=(503,),
    ),
    Operation(
        "POST",
        "/tokens",
        read_tokens,
        "How a prompt is read",
        "worker",
        body=TOKENS,
        answers={200: READ},
        errors=(503,),
    ),
)

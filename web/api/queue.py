"""The queue as a whole."""

from __future__ import annotations

from typing import Any

from web.api.jobs import job_json
from web.api.operation import LIMIT, Call, Operation
from web.api.schema import YES_NO, obj, ref

PAUSED = obj({"paused": YES_NO})


async def get_queue(call: Call) -> dict[str, Any]:
    """What runs and what waits, in order."""
    queue = call.service.queue
    running, queued = await queue.running(), await queue.queued(call["limit"])
    return {
        "paused": queue.paused,
        "counts": dict(queue.counts()),
        "running": [job_json(call.service, row) for row in running],
        "queued": [job_json(call.service, row) for row in queued],
    }


async def pause_queue(call: Call) -> dict[str, Any]:
    """Begin no further jobs, also after a restart; what runs goes on."""
    await call.service.pause()
    return {"paused": True}


async def resume_queue(call: Call) -> dict[str, Any]:
    """Begin jobs again."""
    await call.service.resume()
    return {"paused": False}


OPERATIONS = (
    Operation("GET", "/queue", get_queue, "What runs and what waits", "queue", (LIMIT,), answers={200: ref("Queue")}),
    Operation(
        "POST", "/queue/pause", pause_queue, "Begin no further jobs", "queue", answers={200: PAUSED}, errors=(503, 507)
    ),
    Operation(
        "POST", "/queue/resume", resume_queue, "Begin jobs again", "queue", answers={200: PAUSED}, errors=(503, 507)
    ),
)

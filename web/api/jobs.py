"""Jobs: submit, look, cancel exactly one, move, forget."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from engine.queue.rows import ENDED, JobRow
from engine.recording.folder import Folder
from engine.recording.wanted import MOST_ATTENTION
from engine.service.service import Service
from engine.service.threads import off
from web.answers import Refusal
from web.api.checking import TARGETS, VALUES, WORKFLOW, ready_to_run
from web.api.errors import BadRequest, no_job
from web.api.operation import CURSOR, LIMIT, Answer, Call, Operation, path, query
from web.api.schema import ANY_OBJECT, FLOAT, SAFE, Misfit, list_of, obj, one_of, ref, text, told
from web.api.schemas import STATES

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"

RECORD = told(
    {
        **obj({"attention": {"type": "integer", "minimum": 0, "maximum": MOST_ATTENTION}}, "attention"),
        "type": ["boolean", "object"],
    },
    "Write down each sampler step, to be looked at and gone on from; with attention also, at so many sampler steps "
    "spread evenly, which words were read where.",
)

SUBMIT = obj(
    {
        "workflow": WORKFLOW,
        "id": text(
            "Of your choice: the same id and workflow again gives the job that is there, so that a request may be "
            "sent again when no answer came.",
            pattern=ID_PATTERN,
        ),
        "targets": TARGETS,
        "values": VALUES,
        "number": told({**FLOAT, "minimum": -SAFE, "maximum": SAFE}, "Its place in the queue: lower is earlier."),
        "front": {"type": "boolean", "description": "Before all that wait."},
        "title": text("For lists.", maxLength=200),
        "client": text("Whose it is, for lists and for whoever watches.", maxLength=100),
        "partial": {"type": "boolean", "description": "Run the sound targets though others have problems (true)."},
        "record": RECORD,
    },
    "id",
    "targets",
    "values",
    "number",
    "front",
    "title",
    "client",
    "partial",
    "record",
)

MOVE = obj(
    {"to": one_of("front", "back"), "before": text("The id of the job that is to come after it.")}, "to", "before"
)

ID = path("id", "The job's id.")
STATE = query("state", text(), f"Only these, with commas between: {', '.join(STATES)}.")


async def submit_job(call: Call) -> Answer:
    """Queue a workflow."""
    body = call.body
    workflow, targets = await ready_to_run(call.service, body["workflow"], body.get("values"), body.get("targets"))
    number = body.get("number")
    done = await call.service.submit(
        workflow,
        id=body.get("id"),
        client=body.get("client", ""),
        targets=targets,
        number=None if number is None else float(number),
        front=body.get("front", False),
        title=body.get("title", ""),
        partial=body.get("partial", True),
        record=body.get("record") or None,
    )
    return Answer(job_json(call.service, done.row), 201 if done.new else 200)


async def list_jobs(call: Call) -> dict[str, Any]:
    """Jobs, newest first, a page at a time; jobs that come meanwhile are not on later pages."""
    states = _states(call["state"])
    rows = await call.service.queue.page(call["limit"] + 1, _serial(call["cursor"]), states)
    shown = rows[: call["limit"]]
    following = _cursor(shown[-1].serial) if len(rows) > len(shown) else None
    return {"jobs": [job_json(call.service, row) for row in shown], "next": following}


async def get_job(call: Call) -> dict[str, Any]:
    """One job: its state, its error, the progress of what runs."""
    return job_json(call.service, await found(call.service, call["id"]))


async def get_results(call: Call) -> dict[str, Any]:
    """What a job made so far: files with their addresses, and what its nodes show."""
    row = await found(call.service, call["id"])
    shown = await call.service.queue.results(row.id)
    # What is shown inside an expansion is shown by the node that expanded, too.
    once = {file["url"]: file for file in files(shown)}
    return {"job": row.id, "state": row.state, "files": list(once.values()), "shown": shown}


async def get_job_workflow(call: Call) -> dict[str, Any]:
    """The workflow of a job: as it was submitted, and as plain API format."""
    body = await call.service.queue.body(call["id"])
    if body is None:
        raise no_job(call["id"])
    return {"source": _source(body.source), "graph": body.graph, "targets": list(body.targets)}


async def cancel_job(call: Call) -> dict[str, Any]:
    """End exactly this job, queued or running; `done` is false when it has ended already."""
    row = await found(call.service, call["id"])
    return {"done": await call.service.cancel(row.id)}


async def hold_job(call: Call) -> dict[str, Any]:
    """Let one queued job wait until it is released."""
    return await _changed(call, await call.service.queue.hold(call["id"]), "queued")


async def release_job(call: Call) -> dict[str, Any]:
    """Let a held job run again when its turn comes."""
    return await _changed(call, await call.service.queue.release(call["id"]), "held")


async def retry_job(call: Call) -> dict[str, Any]:
    """Queue a parked job again: one that was interrupted twice waits for this."""
    return await _changed(call, await call.service.queue.unpark(call["id"]), "parked")


async def move_job(call: Call) -> dict[str, Any]:
    """Give a waiting job another place: {"to": "front"}, {"to": "back"} or {"before": ID}."""
    to, before = call.body.get("to"), call.body.get("before")
    if (to is None) == (before is None):
        raise BadRequest(Misfit("", "one of to and before", "both" if to else "neither"))
    if before is not None:
        await found(call.service, before)
    return await _changed(call, await call.service.queue.move(call["id"], to, before=before), "waiting")


async def delete_job(call: Call) -> dict[str, Any]:
    """Forget a job that has ended, with its events, results and recording; files that it made stay."""
    row = await found(call.service, call["id"])
    if row.state not in ENDED:
        raise Refusal(409, "not_ended", f"The job is {row.state}: cancel it first.")
    await forgotten(call.service, row.id)
    return {"done": bool(await call.service.queue.delete_history([row.id]))}


def folder_of(service: Service) -> Folder:
    """The folder of recordings."""
    return Folder(service.settings.recordings_folder, service.settings.recordings)


async def forgotten(service: Service, job: str) -> bool:
    """Remove what is recorded of a job, but for what other jobs have too; False where that is nothing."""
    return await off(_forget, folder_of(service), job)


def _forget(folder: Folder, job: str) -> bool:
    if not folder.job_file(job).exists():
        return False
    from engine.recording.remove import forget

    return forget(folder, job)


async def found(service: Service, id: str) -> JobRow:
    """The job; raises Refusal 404."""
    row = await service.queue.job(id)
    if row is None:
        raise no_job(id)
    return row


def job_json(service: Service, row: JobRow) -> dict[str, Any]:
    """A job as the schema `Job` tells it."""
    progress = service.progress(row.id) if row.state == "running" else {}
    return {
        "id": row.id,
        "number": row.number,
        "state": row.state,
        "client": row.client,
        "title": row.title,
        "created": row.created,
        "started": row.started,
        "ended": row.ended,
        "interruptions": row.interruptions,
        "error": row.error,
        "problems": list(row.problems),
        "warnings": list(row.warnings),
        "progress": {node: {"done": p.done, "total": p.total} for node, p in progress.items()},
        "recorded": row.state in ENDED and _recorded(service, row.id),
    }


def _recorded(service: Service, job: str) -> bool:
    from engine.recording.folder import Folder

    return Folder(service.settings.recordings_folder, 0).job_file(job).is_file()


def files(shown: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The files among what nodes show, each with its address."""
    for node, ui in shown.items():
        for name, items in ui.items() if isinstance(ui, Mapping) else ():
            for item in items if isinstance(items, list | tuple) else ():
                if isinstance(item, Mapping) and all(isinstance(item.get(k), str) for k in _PLACE):
                    place = {key: item[key] for key in _PLACE}
                    yield {"node": node, "field": name, **place, "url": view_url(place)}


_PLACE = ("filename", "subfolder", "type")


def view_url(place: Mapping[str, str]) -> str:
    """Where a file is, relative to the server."""
    return f"/view?{urlencode({key: place[key] for key in _PLACE})}"


async def _changed(call: Call, row: JobRow | None, needed: str) -> dict[str, Any]:
    """The job after a change that was possible only in one state."""
    if row is not None:
        return job_json(call.service, row)
    there = await found(call.service, call["id"])
    raise Refusal(409, "wrong_state", f"The job is {there.state}, not {needed}.")


def _states(given: str | None) -> tuple[Any, ...]:
    """The states that "queued,running" names; raises BadRequest."""
    if given is None:
        return STATES
    names = tuple(dict.fromkeys(name.strip() for name in given.split(",")))
    for name in names:
        if name not in STATES:
            raise BadRequest(Misfit("state", f"some of {', '.join(STATES)}", json.dumps(name[:60])))
    return names


def _cursor(serial: int) -> str:
    return base64.urlsafe_b64encode(b"j%d" % serial).decode().rstrip("=")


def _serial(cursor: str | None) -> int | None:
    """The serial in a cursor; raises BadRequest."""
    if cursor is None:
        return None
    try:
        read = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        read = b""
    if not (read.startswith(b"j") and read[1:].isdigit() and len(read) < 18):
        raise BadRequest(Misfit("cursor", "`next` of the page before", json.dumps(cursor[:60])))
    return int(read[1:])


def _source(source: str | None) -> Any:
    try:
        return json.loads(source) if source is not None else None
    except ValueError:
        return None


JOB = ref("Job")
BODY_OF_JOB = obj(
    {
        "source": told({}, "The workflow as it was submitted; null where it was the plain graph."),
        "graph": told(ANY_OBJECT, "Flattened, in plain API format: what runs."),
        "targets": list_of(text()),
    }
)

OPERATIONS = (
    Operation(
        "POST",
        "/jobs",
        submit_job,
        "Queue a workflow",
        "jobs",
        body=SUBMIT,
        answers={201: JOB, 200: JOB},
        errors=(409, 503, 507),
    ),
    Operation(
        "GET", "/jobs", list_jobs, "List jobs, newest first", "jobs", (STATE, LIMIT, CURSOR), answers={200: ref("Jobs")}
    ),
    Operation("GET", "/jobs/{id}", get_job, "Look at a job", "jobs", (ID,), answers={200: JOB}),
    Operation(
        "DELETE",
        "/jobs/{id}",
        delete_job,
        "Forget a job that has ended",
        "jobs",
        (ID,),
        answers={200: ref("Done")},
        errors=(409,),
    ),
    Operation(
        "GET", "/jobs/{id}/results", get_results, "What a job made", "jobs", (ID,), answers={200: ref("Results")}
    ),
    Operation(
        "GET",
        "/jobs/{id}/workflow",
        get_job_workflow,
        "The workflow of a job",
        "jobs",
        (ID,),
        answers={200: BODY_OF_JOB},
    ),
    Operation(
        "POST", "/jobs/{id}/cancel", cancel_job, "End exactly this job", "jobs", (ID,), answers={200: ref("Done")}
    ),
    *(
        Operation("POST", f"/jobs/{{id}}/{verb}", handler, summary, "jobs", (ID,), answers={200: JOB}, errors=(409,))
        for verb, handler, summary in (
            ("hold", hold_job, "Let a queued job wait"),
            ("release", release_job, "Undo hold"),
            ("retry", retry_job, "Queue a parked job again"),
        )
    ),
    Operation(
        "POST",
        "/jobs/{id}/move",
        move_job,
        "Move a waiting job",
        "jobs",
        (ID,),
        body=MOVE,
        answers={200: JOB},
        errors=(409,),
    ),
)

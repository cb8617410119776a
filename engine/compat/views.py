"""Jobs in ComfyUI's words: items of the queue, entries of the history, and the jobs of its newer editors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.compat.messages import Message
from engine.compat.wire import DURABLE, JobView
from engine.queue.log import Logged
from engine.queue.rows import Body, JobRow, State

STATUS: Mapping[State, str] = {
    "queued": "pending",
    "held": "pending",
    "running": "in_progress",
    "success": "completed",
    "error": "failed",
    "parked": "failed",
    "cancelled": "cancelled",
}
"""What its newer editors call our states."""

Messages = list[list[Any]]
"""[type, data] each."""

STATES: Mapping[str, tuple[State, ...]] = {
    status: tuple(state for state, called in STATUS.items() if called == status)
    for status in dict.fromkeys(STATUS.values())
}


def queue_item(row: JobRow, body: Body) -> list[Any]:
    """A job as `/queue` and the history have it: [number, id, prompt, extra_data, outputs]."""
    extra = {**body.extra, "client_id": row.client, "create_time": _ms(row.created)}
    return [number(row), row.id, body.graph, extra, list(body.targets)]


def number(row: JobRow) -> float:
    """Its place in the queue, whole where it is."""
    return int(row.number) if row.number.is_integer() else row.number


def history_entry(row: JobRow, body: Body, results: Mapping[str, Any], messages: Messages) -> dict[str, Any]:
    """A job that has ended, with the messages that its events stand for."""
    status = "success" if row.state == "success" else "error"
    return {
        "prompt": queue_item(row, body),
        "outputs": dict(results),
        "meta": {id: _meta(id) for id in results},
        "status": {"status_str": status, "completed": row.state == "success", "messages": messages},
    }


def job_messages(row: JobRow, body: Body, logged: Iterable[Logged]) -> Messages:
    """The messages of a job that last: those of its last run."""
    view = JobView(row.id, graph=body.graph)
    kept: Messages = []
    for entry in logged:
        for said in view.feed(entry.event, entry.time):
            if isinstance(said, Message) and said.type in DURABLE:
                kept = [] if said.type == "execution_start" else kept
                kept.append([said.type, dict(said.data)])
    return kept or _from_row(row)


def _from_row(row: JobRow) -> Messages:
    """What is left to say of a job whose events are no longer kept."""
    if row.started is None:
        return []
    began = ["execution_start", {"prompt_id": row.id, "timestamp": _ms(row.started)}]
    end = {"prompt_id": row.id, "timestamp": _ms(row.ended)}
    match STATUS[row.state]:
        case "completed":
            return [began, ["execution_success", end]]
        case "failed":
            return [began, ["execution_error", _job_error(row) or end]]
        case "cancelled":
            return [began, ["execution_interrupted", {**end, "node_id": "", "node_type": "", "executed": []}]]
    return [began]


def job(row: JobRow, results: Mapping[str, Any]) -> dict[str, Any]:
    """A job as `/jobs` lists it; what is not known is left out."""
    # What is shown inside an expansion is shown by the node that expanded, too.
    files = list({(f["type"], f["subfolder"], f["filename"]): f for f in _files(results)}.values())
    told = {
        "id": row.id,
        "status": STATUS[row.state],
        "priority": number(row),
        "create_time": _ms(row.created),
        "execution_start_time": _ms(row.started),
        "execution_end_time": _ms(row.ended) if row.started is not None else None,
        "outputs_count": len(files),
        "preview_output": next((f for f in files if f["type"] == "output"), files[0] if files else None),
        "execution_error": _job_error(row),
    }
    return {key: value for key, value in told.items() if value is not None}


def job_details(row: JobRow, body: Body, results: Mapping[str, Any], messages: Messages) -> dict[str, Any]:
    """A job as `/jobs/{id}` has it."""
    error = next((data for type, data in messages if type == "execution_error"), None)
    return {
        **job(row, results),
        **({"execution_error": error} if error is not None else {}),
        "update_time": _ms(row.ended or row.started or row.created),
        "outputs": dict(results),
        "workflow": {"prompt": body.graph, "extra_data": {**body.extra, "client_id": row.client}},
        "execution_status": {
            "status_str": "success" if row.state == "success" else STATUS[row.state],
            "completed": row.state == "success",
            "messages": messages,
        },
        "execution_meta": {id: _meta(id) for id in results},
    }


def jobs_page(jobs: list[dict[str, Any]], offset: int, limit: int | None, total: int) -> dict[str, Any]:
    """A page of jobs with its four numbers; without a limit it reaches to the end."""
    numbers = {
        "offset": offset,
        "limit": total if limit is None else limit,
        "total": total,
        "has_more": offset + len(jobs) < total,
    }
    return {"jobs": jobs, "pagination": numbers}


def _files(results: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The files that the nodes of a job show."""
    for node, shown in results.items():
        for media, items in shown.items() if isinstance(shown, Mapping) else ():
            for item in items if isinstance(items, list | tuple) else ():
                if isinstance(item, Mapping) and "filename" in item:
                    place = {"subfolder": item.get("subfolder", ""), "type": item.get("type", "output")}
                    yield {"filename": item["filename"], **place, "nodeId": node, "mediaType": media}


def _job_error(row: JobRow) -> dict[str, Any] | None:
    if row.error is None or STATUS[row.state] != "failed":
        return None
    message = str(row.error.get("message", ""))
    return {
        "prompt_id": row.id,
        "node_id": str(row.error.get("node", "")),
        "node_type": str(row.error.get("node_type", "")),
        "executed": [],
        "exception_message": message,
        "exception_type": str(row.error.get("exception") or row.error.get("code") or "Error"),
        "traceback": [message],
        "current_inputs": {},
        "current_outputs": [],
        "timestamp": _ms(row.ended),
    }


def _meta(node: str) -> dict[str, Any]:
    return {"node_id": node, "display_node": node, "parent_node": None, "real_node_id": node}


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)

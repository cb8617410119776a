"""Opening files of any kind as our file, and workflows in the formats of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph.graph import Graph
from engine.graph.jsontext import parse
from engine.graph.problems import Problem
from engine.service.problems import problem_json
from engine.service.service import Service
from engine.service.threads import off
from engine.workflow.error import WorkflowError
from engine.workflow.file import EDIT, Opened, opened
from web.answers import Refusal
from web.api.checking import WORKFLOW
from web.api.missing import MISSING, missing
from web.api.operation import Call, Operation
from web.api.schema import ANY_OBJECT, list_of, obj, one_of, ref, told
from web.files.stock import in_comfys_form
from web.guard import JSON

FILES = (JSON, "application/octet-stream", "image/png", "image/webp", "image/jpeg")

MENDABLE = frozenset({"invalid_prompt", "invalid_subgraph", "missing_subgraph", "subgraph_recursion"})
"""What an editor opens all the same, so that people can put it right; the problems are told."""

OTHER_PICTURES = (b"GIF8", b"BM", b"II*\0", b"MM\0*", b"\0\0\0 ftypavif", b"\0\0\0\x1cftypavif")
"""How pictures begin that never carry a workflow."""

OPENED = obj(
    {
        "workflow": told(ANY_OBJECT, "Our file."),
        "problems": told(list_of(ref("Problem")), "What was lost or is wrong."),
        "form": told(
            one_of("ours", "ui", "a1111"), "What it was: ours or ComfyUI's API format, its UI format, A1111's."
        ),
        "missing": MISSING,
    }
)

EXPORT = obj(
    {
        "workflow": WORKFLOW,
        "form": told(
            one_of("api", "comfy"),
            "api: ComfyUI's API format, subgraphs flattened, muted and bypassed nodes gone; "
            "comfy: as ComfyUI's editor saves it.",
        ),
    }
)


async def open_workflow(call: Call) -> Any:
    """Our file for a file of any kind, as it is: JSON (ours, ComfyUI's API or UI format), a picture, A1111's text."""
    data: bytes = call.body
    if not data.strip():
        raise Refusal(400, "no_body", "The file is empty.")
    return await off(_opened, call.service, data)


async def export_workflow(call: Call) -> Any:
    """A workflow in a format of ComfyUI's."""
    workflow = call.body["workflow"]
    source = workflow.encode() if isinstance(workflow, str) else workflow
    return await off(_exported, call.service, source, call.body["form"])


def _opened(service: Service, data: bytes) -> dict[str, Any]:
    """In a thread. A picture without a workflow is 422, so is what cannot be text at all."""
    if data.startswith(OTHER_PICTURES):
        raise Refusal(422, "no_workflow", "This picture carries no workflow.")
    try:
        read, problems = _read(service, data)
    except WorkflowError as error:
        if any(p.code == "no_workflow" for p in error.problems):
            raise Refusal(422, "no_workflow", "This picture carries no workflow.") from error
        if b"\0" in data[:4096]:
            text = "This is neither a workflow nor a picture with one: open JSON, PNG, WebP or JPEG files."
            raise Refusal(422, "not_a_workflow", text) from error
        raise
    file = read.file if isinstance(read.file, Mapping) else parse(read.file or b"{}")[0]
    return {
        "workflow": file,
        "problems": [problem_json(p) for p in problems],
        "form": read.form,
        "missing": missing(read.graph, service.registry, service.library, file),
    }


def _read(service: Service, data: bytes) -> tuple[Opened, tuple[Problem, ...]]:
    """The file, and what is to be told; one of ours that cannot run as it is, is opened without a graph."""
    try:
        read = opened(data, service.registry, library=service.library, order=EDIT)
        return read, read.problems
    except WorkflowError as error:
        value, wrong = parse(data)
        nodes = isinstance(value, dict) and any(isinstance(e, dict) and "class_type" in e for e in value.values())
        if wrong or not nodes or not all(p.code in MENDABLE for p in error.problems):
            raise
        return Opened(Graph(), value), error.problems


def _exported(service: Service, source: bytes | Mapping[str, Any], form: str) -> Any:
    read = opened(source, service.registry, library=service.library, order=EDIT)
    return read.graph.to_api() if form == "api" else in_comfys_form(read, service.registry)


OPERATIONS = (
    Operation(
        "POST",
        "/workflows/open",
        open_workflow,
        "Open a file",
        "workflows",
        takes=FILES,
        answers={200: OPENED},
        errors=(422,),
    ),
    Operation(
        "POST",
        "/workflows/export",
        export_workflow,
        "A workflow in a format of ComfyUI's",
        "workflows",
        body=EXPORT,
        answers={200: ANY_OBJECT},
    ),
)

"""The OpenAPI 3.1 document, made of the operations' own declarations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from web.api.operation import BASE, Operation, Parameter
from web.api.schema import NOTHING, Schema, ref
from web.api.schemas import COMPONENTS

ERRORS = {
    400: "The request does not fit, or the workflow cannot run.",
    401: "A token is needed.",
    403: "This Host or Origin is not allowed.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    409: "It clashes with what is there.",
    413: "The body is too large.",
    415: "A page in a browser must send JSON.",
    422: "There is no workflow in it.",
    503: "The worker or the queue is not ready; try again.",
    507: "The disk is full.",
}

ABOUT = (
    "Queue workflows, watch them and fetch what they make. Every event has a number; "
    "whoever missed some asks for all after the last number seen. Errors have one form."
)


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Inkwater", "version": version, "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": BASE}],
        "paths": paths,
        "components": {
            "schemas": dict(COMPONENTS),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "query": {"type": "apiKey", "in": "query", "name": "token"},
            },
        },
        "security": [{}, {"bearer": []}, {"query": []}],
    }


def _operation(operation: Operation) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.handler.__doc__ or "",
        "tags": [operation.tag],
        "parameters": [_parameter(p) for p in operation.parameters],
        "responses": _answers(operation),
    }
    if operation.body is not None:
        content = {"application/json": {"schema": operation.body}}
        shown["requestBody"] = {"required": not operation.may_be_empty, "content": content}
    if operation.takes:
        shown["requestBody"] = {"required": True, "content": {media: {"schema": {}} for media in operation.takes}}
    if operation.open:
        shown["security"] = []
    return shown


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.where == "path",
        "description": parameter.schema.get("description", ""),
        "schema": {k: v for k, v in parameter.schema.items() if k != "description"},
    }


def _answers(operation: Operation) -> dict[str, Any]:
    """By status; what a JSON body or a path can make wrong is added by itself."""
    shown = {str(status): _content(schema, operation.media, "Done.") for status, schema in operation.answers.items()}
    sent = operation.body is not None or bool(operation.takes)
    body = (408, 413, 415) if sent else ()
    asked = (400,) if sent or any(p.where == "query" for p in operation.parameters) else ()
    named = (404,) if any(p.where == "path" for p in operation.parameters) else ()
    closed = () if operation.open else (401,)
    for status in sorted({*asked, *closed, 403, *named, *body, *operation.errors}):
        shown.setdefault(str(status), _content(ref("Error"), "application/json", ERRORS[status]))
    return shown


def _content(schema: Schema, media: str, description: str) -> dict[str, Any]:
    if schema is NOTHING:
        return {"description": "Nothing is left to tell."}
    return {"description": description, "content": {media: {"schema": schema}}}

"""The API described: for programs as OpenAPI, for people as a page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from itertools import groupby
from typing import Any

from web.api.openapi import document
from web.api.operation import BASE, Call, Operation
from web.api.schema import ANY_OBJECT

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#222}"
    "code,pre{font:.9em ui-monospace,monospace}pre{overflow:auto;background:#f4f4f4;padding:.7rem}"
    "summary{cursor:pointer;padding:.25rem 0}@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}"
    "pre{background:#222}a{color:#8bf}}"
)


def described(operations: Iterable[Operation], version: str) -> tuple[Operation, ...]:
    """The operations that give the document and the page of these operations, and of themselves."""
    whole: list[Operation] = []

    async def get_openapi(call: Call) -> dict[str, Any]:
        """This document."""
        return document(whole, version)

    async def get_docs(call: Call) -> str:
        """This page."""
        return page(document(whole, version), whole)

    own = (
        Operation("GET", "/openapi.json", get_openapi, "This document", "status", answers={200: ANY_OBJECT}),
        Operation(
            "GET",
            "/docs",
            get_docs,
            "The same for people",
            "status",
            answers={200: {"type": "string"}},
            media="text/html",
        ),
    )
    whole += (*operations, *own)
    return own


def page(told: dict[str, Any], operations: Iterable[Operation]) -> str:
    """All operations as one page without scripts or outside resources."""
    parts = []
    for tag, group in groupby(sorted(operations, key=lambda o: o.tag), key=lambda o: o.tag):
        parts.append(f"<h2>{escape(tag)}</h2>")
        parts += [_entry(told, operation) for operation in group]
    components = escape(json.dumps(told["components"]["schemas"], indent=1, ensure_ascii=False))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Inkwater API</title><style>{STYLE}</style>'
        f"<h1>Inkwater API</h1><p>{escape(told['info']['description'])} For programs: "
        f'<a href="openapi.json">openapi.json</a>.</p>{"".join(parts)}'
        f"<h2>Shapes</h2><details><summary>Schemas of several operations</summary><pre>{components}</pre></details>"
        "</html>\n"
    )


def _entry(told: dict[str, Any], operation: Operation) -> str:
    shown = told["paths"][operation.path][operation.method.lower()]
    more = {name: shown[name] for name in ("parameters", "requestBody", "responses") if shown.get(name)}
    help = escape(operation.handler.__doc__ or "")
    return (
        f"<details><summary><code>{operation.method} {escape(BASE + operation.path)}</code> {escape(operation.summary)}"
        f"</summary><p>{help}</p><pre>{escape(json.dumps(more, indent=1, ensure_ascii=False))}</pre></details>"
    )

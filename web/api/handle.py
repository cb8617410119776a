"""From a declared operation to a route: parameters parsed, the body checked, the answer made JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from engine.graph.jsontext import LARGEST
from web.answers import answer, read_body, read_json
from web.api.errors import BadRequest, known
from web.api.operation import BASE, Answer, Call, Operation, Parameter
from web.api.schema import misfit
from web.guard import takes
from web.keys import SERVICE

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def route(operation: Operation) -> web.RouteDef:
    """The route that serves an operation."""

    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            args = {p.name: _value(p, request) for p in operation.parameters}
            body = await _body(operation, request)
            made = await operation.handler(Call(request, request.app[SERVICE], args, body))
        except Exception as error:
            if (told := known(error)) is None:
                raise
            return told
        return _response(operation, made)

    serve.__name__ = operation.name
    handler = takes(*operation.takes)(serve) if operation.takes else serve
    return web.RouteDef(operation.method, operation.template, handler, {})


def rest(operations: Iterable[Operation]) -> list[web.RouteDef]:
    """The routes behind all others: who comes here has the address or the method wrong."""
    known = [(operation, re.compile(_pattern(operation))) for operation in operations]

    async def refuse(request: web.Request) -> web.StreamResponse:
        fitting = [operation for operation, pattern in known if pattern.fullmatch(request.path)]
        plain = [operation for operation in fitting if operation.template == request.path]
        methods = {operation.method for operation in plain or fitting}
        if not methods:
            raise web.HTTPNotFound
        raise web.HTTPMethodNotAllowed(request.method, methods | ({"HEAD"} if "GET" in methods else set()))

    return [web.RouteDef(method, f"{BASE}/{{path:.*}}", refuse, {}) for method in METHODS]


def _pattern(operation: Operation) -> str:
    """What the path of an operation's address looks like."""
    return re.sub(r"{\w+(?::(.+?))?}", lambda m: m[1] or "[^/]+", operation.template)


def _response(operation: Operation, made: Any) -> web.StreamResponse:
    match made:
        case web.StreamResponse():
            return made
        case Answer():
            return answer(made.value, made.status)
        case bytes():
            return web.Response(body=made, content_type=operation.media)
        case str():
            return web.Response(text=made, content_type=operation.media)
        case _:
            return answer(made, next(iter(operation.answers), 200))


def _value(parameter: Parameter, request: web.Request) -> Any:
    """What a request has for a parameter; raises BadRequest."""
    sources: Mapping[str, Mapping[str, str]] = {
        "path": request.match_info,
        "query": request.query,
        "header": request.headers,
    }
    given = sources[parameter.where].get(parameter.name)
    if given is None:
        return parameter.default
    value = parameter.parse(given)
    shown = given if isinstance(value, bool) else value
    if (wrong := misfit(parameter.schema, shown, parameter.name)) is not None:
        raise BadRequest(wrong)
    return value


async def _body(operation: Operation, request: web.Request) -> Any:
    if operation.takes:
        return await read_body(request, LARGEST)
    if operation.body is None:
        return None
    body = await (read_json(request, empty={}) if operation.may_be_empty else read_json(request))
    if (wrong := misfit(operation.body, body)) is not None:
        raise BadRequest(wrong)
    return body

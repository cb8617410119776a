"""What every request passes before its handler: Host, token, Origin, media type; and what every answer carries."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from engine.files import FileProblem
from engine.graph.sentences import plain, show
from engine.service.errors import ServiceBusy, ServiceProblem
from web.access import Access, cookie_name, foreign, from_browser, shown_token
from web.answers import Refusal, refused

log = logging.getLogger(__name__)

ACCESS = web.AppKey("access", Access)

OPEN = frozenset({"/api/v1/health"})
"""Paths that are answered without a token."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
JSON = "application/json"
MULTIPART = "multipart/form-data"

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""On every answer that does not say otherwise itself."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
F = TypeVar("F", bound=Callable[..., Any])


def takes(*media: str) -> Callable[[F], F]:
    """Mark a handler: the media types that a page in a browser may send to it, in place of JSON."""

    def mark(handler: F) -> F:
        handler.__takes__ = frozenset(media)  # type: ignore[attr-defined]
        return handler

    return mark


def protect(app: web.Application, access: Access) -> None:
    """Guard all routes of an application, those added later too."""
    app[ACCESS] = access
    app.middlewares.extend((errors, gate))
    app.on_response_prepare.append(_dress)


@web.middleware
async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through when every check does."""
    access = request.app[ACCESS]
    for check in CHECKS:
        check(request, access)
    return await handler(request)


def _host(request: web.Request, access: Access) -> None:
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or not access.knows(hosts[0]):
        shown = hosts[0][:100] if hosts else ""
        raise Refusal(403, "unknown_host", f"This server is not called {shown!r}; start it with --allow-host NAME.")


def _token(request: web.Request, access: Access) -> None:
    if request.path in OPEN and request.method in SAFE_METHODS:
        return
    cookie = request.cookies.get(cookie_name(request.headers["Host"]))
    shown = shown_token(request.headers.get("Authorization"), request.query.get("token"), cookie)
    if not access.admits(shown):
        challenge = {"WWW-Authenticate": 'Basic realm="Inkwater", charset="UTF-8"'}
        text = "This server wants its token: Authorization: Bearer TOKEN, the password of Basic, or ?token=TOKEN."
        raise Refusal(401, "token_wanted", text, headers=challenge)


def _origin(request: web.Request, access: Access) -> None:
    why = foreign(request.headers, request.headers["Host"], writes=_writes(request))
    if why is not None:
        raise Refusal(403, "foreign_origin", f"Refused: {why}.")


def _media(request: web.Request, access: Access) -> None:
    """Forms can be sent by any page without asking; JSON cannot."""
    if request.method in SAFE_METHODS or not request.can_read_body or not from_browser(request.headers):
        return
    wanted: frozenset[str] = getattr(request.match_info.handler, "__takes__", frozenset({JSON}))
    sent = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if sent not in wanted:
        raise Refusal(415, "media_type", f"A page must send this as {' or '.join(sorted(wanted))}, not {sent!r:.100}.")


Check = Callable[[web.Request, Access], None]
CHECKS: Sequence[Check] = (_host, _token, _origin, _media)


def _writes(request: web.Request) -> bool:
    return request.method not in SAFE_METHODS or "websocket" in request.headers.get("Upgrade", "").lower()


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure as JSON with one sentence; what is our own fault goes to the log, never to the client."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _of_aiohttp(request, error)
    except (ConnectionError, asyncio.CancelledError):
        raise
    except Exception as error:
        return refused(_refusal(request, error), request.path)


def _of_aiohttp(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    """aiohttp's 404, 405 and 413 in our form; redirects as they are."""
    if error.status < 400:
        return error
    allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    texts = {
        404: ("not_found", "There is nothing at this address."),
        405: ("method_not_allowed", f"{request.method} is not possible here; use {allow.get('Allow', 'another')}."),
        413: ("body_too_large", "The body is too large."),
    }
    code, text = texts.get(error.status, ("refused", f"{error.reason}."))
    return refused(Refusal(error.status, code, text, headers=allow), request.path)


def _refusal(request: web.Request, error: Exception) -> Refusal:
    match error:
        case Refusal():
            return error
        case FileProblem():
            return _of_file(error)
        case ServiceBusy():
            return Refusal(503, error.code, str(error), headers={"Retry-After": "1"})
        case ServiceProblem():
            return Refusal(409, error.code, str(error))
        case HttpProcessingError():
            return Refusal(400, "bad_request", "The request cannot be read: it breaks the rules of HTTP.")
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return Refusal(507, "disk_full", "The disk is full; free some space and try again.")
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return Refusal(500, "internal_error", "The server failed at this request; its log says why.")


def _of_file(error: FileProblem) -> Refusal:
    if error.code == "value_not_in_list":  # its sentence names folders of this machine
        text = f"There is no file {show(error.details['value'])} among {plain(error.details['kind'])}."
        return Refusal(404, "not_found", text)
    status = 403 if error.details.get("reason") == "link" else 400
    return Refusal(status, error.code, str(error)[:1].upper() + str(error)[1:])


async def _dress(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "Inkwater"

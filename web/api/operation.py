"""One operation of the API, declared once: its route, the check of what it is given, and its place in the document."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from engine.service.service import Service
from web.api.schema import SAFE, TEXT, Schema, told

BASE = "/api/v1"
Method = Literal["GET", "POST", "DELETE"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value in the path or the query, as text that `parse` reads; `schema` describes what is allowed.

    Args:
        default: what an absent one of the query is.
        pattern: of a part of the path that may hold "/".
        array: the query may name it several times, or list values with ",".
    """

    name: str
    schema: Schema
    where: Literal["path", "query", "header"] = "query"
    default: Any = None
    pattern: str = ""
    parse: Callable[[str], Any] = str


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its parameters and body, parsed and checked."""

    request: web.Request
    service: Service
    args: Mapping[str, Any]
    body: Any = None

    def __getitem__(self, name: str) -> Any:
        return self.args[name]


@dataclass(frozen=True, slots=True)
class Answer:
    """JSON with another status than the operation's first."""

    value: Any
    status: int


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be asked for; a row of a topic's table.

    Args:
        handler: gives JSON, the bytes of it, text of another medium, an `Answer`, or a whole response.
        body: the schema of the JSON that is sent; None: nothing is. may_be_empty: no body is taken as {}.
        takes: media types of a body that is a file as it is; the handler gets its bytes.
        answers: schema by status, the usual one first. errors: further statuses, all with the one form of errors.
        media: what the answer is when it is not JSON.
    """

    method: Method
    path: str
    handler: Handler
    summary: str
    tag: str
    parameters: tuple[Parameter, ...] = ()
    body: Schema | None = None
    may_be_empty: bool = False
    takes: tuple[str, ...] = ()
    answers: Mapping[int, Schema] = field(default_factory=dict)
    errors: tuple[int, ...] = ()
    media: str = "application/json"
    open: bool = False

    @property
    def name(self) -> str:
        """Unique: the name of the handler."""
        return self.handler.__name__

    @property
    def template(self) -> str:
        """The path as aiohttp writes it."""
        patterns = {p.name: f":{p.pattern}" for p in self.parameters if p.where == "path" and p.pattern}
        return BASE + re.sub(r"{(\w+)}", lambda m: f"{{{m[1]}{patterns.get(m[1], '')}}}", self.path)


def path(name: str, help: str, *, slashes: bool = False) -> Parameter:
    """A part of the path; `slashes`: it may hold "/"."""
    return Parameter(name, told({**TEXT, "minLength": 1}, help), "path", pattern=".+" if slashes else "")


def query(name: str, schema: Schema, help: str, default: Any = None) -> Parameter:
    """A text in the query."""
    return Parameter(name, told(schema, help), default=default)


def number(name: str, help: str, default: int | None = None, low: int = 0, high: int = SAFE) -> Parameter:
    """A whole number in the query."""
    shown = {} if default is None else {"default": default}
    schema = {"type": "integer", "minimum": low, "maximum": high, **shown}
    return Parameter(name, told(schema, help), default=default, parse=_whole)


def flag(name: str, help: str, default: bool = False) -> Parameter:
    """1 or 0 in the query."""
    schema = {"type": "string", "enum": ["0", "1", "false", "true"], "default": "1" if default else "0"}
    return Parameter(name, told(schema, help), default=default, parse=_flag)


def _whole(text: str) -> int | str:
    """The number that a text is; else the text, which then does not fit."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def _flag(text: str) -> bool | str:
    return {"1": True, "true": True, "0": False, "false": False}.get(text, text)


LIMIT = number("limit", "How many at most.", 50, low=1, high=1000)
CURSOR = query("cursor", TEXT, "`next` of the page before; without it the first page.")

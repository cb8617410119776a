"""Signatures: the sockets that a function's annotations, defaults and docstring say it has."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from engine.files import FileRef
from engine.graph.context import Context
from engine.graph.docstrings import help_of, returns_of
from engine.graph.expand import Expand
from engine.graph.sockets import (
    LAZY,
    MISSING,
    RECIPE,
    Choice,
    File,
    Range,
    Socket,
    UniqueId,
    Widget,
    members,
    parse_constant,
    parse_list,
    type_name,
)


def inputs_of(fn: Callable[..., Any]) -> tuple[tuple[Socket, ...], str | None, str | None]:
    """The inputs, and the parameters that take the Context and the node's id; TypeError on a wrong signature."""
    hints = _hints(fn)
    helps = help_of(fn)[1]
    sockets: list[Socket] = []
    special: dict[Any, str] = {}
    for p in inspect.signature(fn).parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY):
            raise wrong(fn, f"parameter {p.name!r}: every input needs a name (no *args, **kwargs or /)")
        if p.name not in hints:
            raise wrong(fn, f"parameter {p.name!r} has no annotation")
        if hints[p.name] in (Context, UniqueId):
            special[hints[p.name]] = p.name
            continue
        default = MISSING if p.default is p.empty else p.default
        sockets.append(_input(fn, p.name, hints[p.name], default, helps.get(p.name, "")))
    return tuple(sockets), special.get(Context), special.get(UniqueId)


def _input(fn: Callable[..., Any], name: str, hint: Any, default: Any, help: str) -> Socket:
    hint, extras = _peel(hint)
    optional = default is None and NoneType in members(hint)
    if optional:
        hint, inner = _peel(_without(hint, NoneType))
        extras += inner
    is_list = get_origin(hint) is list
    if is_list:
        hint, inner = _peel(get_args(hint)[0])
        extras += inner
    constraints = tuple(e for e in extras if isinstance(e, Range | Choice | File) or hasattr(e, "complaint"))
    widget = next((e for e in extras if isinstance(e, Widget)), None)
    socket = Socket(name, hint, default, optional, LAZY in extras, is_list, constraints, widget, help, RECIPE in extras)
    _sound(fn, socket)
    if default is MISSING or default is None:
        return socket
    return socket if socket.file else replace(socket, default=_default(fn, socket, default))


def _default(fn: Callable[..., Any], socket: Socket, default: Any) -> Any:
    """The default as the socket's type; options that a function lists are not asked for at import."""
    parsed = parse_list(default, socket.type) if socket.is_list else parse_constant(default, socket.type)
    known = [c for c in socket.constraints if not callable(getattr(c, "options", None))]
    values = parsed if socket.is_list and parsed is not MISSING else [parsed]
    if parsed is MISSING or any(c.complaint(v) for c in known for v in values):
        raise wrong(fn, f"parameter {socket.name!r}: its default {default!r} is not a good {socket.wire}")
    return parsed


def _sound(fn: Callable[..., Any], socket: Socket) -> None:
    for t in members(socket.type):
        if t is not Any and not isinstance(t, type):
            raise wrong(fn, f"parameter {socket.name!r}: {t!r} is not a type that can flow along a link")
    if (socket.file is not None) != (socket.type is FileRef):
        raise wrong(fn, f"parameter {socket.name!r}: a file is Annotated[FileRef, File(kind)], nothing else")


def outputs_of(fn: Callable[..., Any]) -> tuple[tuple[Socket, ...], tuple[str, ...] | None, str | None]:
    """The outputs, the fields of a NamedTuple result and the one that is shown; TypeError on a wrong annotation."""
    hints = _hints(fn)
    if "return" not in hints:
        raise wrong(fn, "has no return annotation; say -> None where it gives nothing")
    hint = _without(_peel(hints["return"])[0], Expand)
    helps, told = returns_of(fn)
    if hint is NoneType or _is_ui(hint):
        return (), None, None
    if isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields"):
        fields = typing.get_type_hints(hint, include_extras=True)
        shown = next((k for k, v in fields.items() if _is_ui(v)), None)
        outputs = tuple(_output(fn, k, v, helps.get(k, "")) for k, v in fields.items() if k != shown)
        return outputs, tuple(fields), shown
    return (_output(fn, "", hint, told),), None, None


def _is_ui(hint: Any) -> bool:
    origin = get_origin(hint) or hint
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _output(fn: Callable[..., Any], name: str, hint: Any, help: str) -> Socket:
    hint, extras = _peel(hint)
    is_list = get_origin(hint) is list
    if is_list:
        hint, inner = _peel(get_args(hint)[0])
        extras += inner
    for t in members(hint):
        if t is not Any and (not isinstance(t, type) or t is tuple):
            raise wrong(fn, f"returns {t!r}; several outputs are a NamedTuple, one output is a plain type or list[T]")
    constraints = tuple(e for e in extras if isinstance(e, Choice))
    return Socket(name or type_name(hint), hint, is_list=is_list, constraints=constraints, help=help)


def _peel(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type inside `Annotated`, and the extras."""
    if get_origin(hint) is Annotated:
        inner, *extras = get_args(hint)
        return inner, tuple(extras)
    return hint, ()


def _without(hint: Any, unwanted: Any) -> Any:
    """A union less one member."""
    parts = members(hint)
    if len(parts) == 1:
        return hint
    kept = tuple(p for p in parts if p is not unwanted)
    return typing.Union[kept]  # noqa: UP007 - built at run time


def _hints(fn: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(fn, include_extras=True)
    except NameError as error:
        raise wrong(fn, f"an annotation cannot be read ({error}); import its types outside TYPE_CHECKING") from error


def wrong(fn: Callable[..., Any], what: str) -> TypeError:
    """What is wrong with a function, and which it is."""
    return TypeError(f"{place_of(fn)}: {what}.")


def place_of(fn: Callable[..., Any]) -> str:
    """The module and name of a function."""
    return f"{fn.__module__}.{fn.__qualname__}"

"""`@node`: a typed function becomes a node type; its signature and docstring are the definition."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from engine.files import FileRef
from engine.graph.context import Context
from engine.graph.expand import Expand
from engine.graph.facts import FactsOf
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

Kind = Literal["pure", "sink", "volatile"]
RunsOn = Literal["cpu", "device", "io"]
Demand = Callable[..., Iterable[str]]
F = TypeVar("F", bound=Callable[..., Any])


class Ui(dict[str, Any]):
    """What a node shows besides its outputs: returned by a sink, or as a field of this type in its NamedTuple."""


@dataclass(frozen=True, slots=True, eq=False)
class NodeDef:
    """Everything known about one node type; read off a function, never written by hand.

    Args:
        context: the parameter that receives the Context, if there is one.
        unique_id: the parameter that receives the node's id, if there is one.
        fields: the fields of a NamedTuple result (a Ui field among them), None for a plain result.
        demand: from the inputs that are not lazy (by name) to the names of the lazy ones that are wanted.
        gives_list: whether any output is a list.
        facts: from what is known of the inputs to what is known of the outputs.
    """

    name: str
    fn: Callable[..., Any]
    inputs: tuple[Socket, ...]
    outputs: tuple[Socket, ...]
    kind: Kind = "pure"
    runs_on: RunsOn = "cpu"
    category: str = ""
    label: str = ""
    help: str = ""
    context: str | None = None
    unique_id: str | None = None
    fields: tuple[str, ...] | None = None
    ui_field: str | None = None
    demand: Demand | None = None
    facts: FactsOf | None = None
    experimental: bool = False
    deprecated: bool = False
    aliases: tuple[str, ...] = ()
    gives_list: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gives_list", any(s.is_list for s in self.outputs))

    @property
    def module(self) -> str:
        """The module that defines it; the salt of its pack is found by it."""
        return str(self.fn.__module__)

    @property
    def place(self) -> str:
        """The function, for messages."""
        return _place(self.fn)

    def input(self, name: str) -> Socket | None:
        """The input of this name."""
        return next((s for s in self.inputs if s.name == name), None)

    def split(self, result: Any) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """What the function returned, as its outputs and what it shows; raises TypeError on a wrong count."""
        if self.fields is None:
            if self.outputs:
                return (result,), {}
            return (), _shown(self, result)
        if not isinstance(result, tuple) or len(result) != len(self.fields):
            found = f"{len(result)} values" if isinstance(result, tuple) else type(result).__name__
            raise TypeError(f"{self.place} must return {len(self.fields)} values, and returned {found}.")
        outputs = tuple(v for k, v in zip(self.fields, result, strict=True) if k != self.ui_field)
        shown = result[self.fields.index(self.ui_field)] if self.ui_field is not None else None
        return outputs, _shown(self, shown)


def _shown(definition: NodeDef, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{definition.place} has no outputs: it returns None or a mapping for the front end.")
    return value


def node(
    name: str = "",
    *,
    kind: Kind = "pure",
    runs_on: RunsOn = "cpu",
    category: str = "",
    label: str = "",
    demand: Demand | None = None,
    facts: FactsOf | None = None,
    experimental: bool = False,
    deprecated: bool = False,
    aliases: Iterable[str] = (),
) -> Callable[[F], F]:
    """Mark a function as a node type (`fn.__node__`) and return it unchanged.

    Args:
        name: its name in files; the function's own if left out.
        kind: "sink" runs for its effect and is a target; "volatile" may give another result in each job.
        runs_on: "device" for work of the accelerator's thread, "io" for waiting on files.
        aliases: other names by which files may call it.
    """

    def mark(fn: F) -> F:
        inputs, context, unique_id = _inputs(fn)
        outputs, fields, ui_field = _outputs(fn)
        if any(s.lazy and not s.recipe for s in inputs) and demand is None:
            raise _wrong(fn, "has lazy inputs: say demand=, which names those it wants")
        fn.__node__ = NodeDef(  # type: ignore[attr-defined]
            name=name or fn.__name__,
            fn=fn,
            inputs=inputs,
            outputs=outputs,
            kind=kind,
            runs_on=runs_on,
            category=category,
            label=label or name or fn.__name__,
            help=_docstring(fn)[0],
            context=context,
            unique_id=unique_id,
            fields=fields,
            ui_field=ui_field,
            demand=demand,
            facts=facts,
            experimental=experimental,
            deprecated=deprecated,
            aliases=tuple(aliases),
        )
        return fn

    return mark


def missing_help(definition: NodeDef) -> tuple[str, ...]:
    """The inputs whose meaning the docstring does not tell, and "" if it does not tell the node's own."""
    return (*(() if definition.help else ("",)), *(s.name for s in definition.inputs if not s.help))


def _inputs(fn: Callable[..., Any]) -> tuple[tuple[Socket, ...], str | None, str | None]:
    hints = _hints(fn)
    helps = _docstring(fn)[1]
    sockets: list[Socket] = []
    special: dict[Any, str] = {}
    for p in inspect.signature(fn).parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY):
            raise _wrong(fn, f"parameter {p.name!r}: every input needs a name (no *args, **kwargs or /)")
        if p.name not in hints:
            raise _wrong(fn, f"parameter {p.name!r} has no annotation")
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
        raise _wrong(fn, f"parameter {socket.name!r}: its default {default!r} is not a good {socket.wire}")
    return parsed


def _sound(fn: Callable[..., Any], socket: Socket) -> None:
    for t in members(socket.type):
        if t is not Any and not isinstance(t, type):
            raise _wrong(fn, f"parameter {socket.name!r}: {t!r} is not a type that can flow along a link")
    if (socket.file is not None) != (socket.type is FileRef):
        raise _wrong(fn, f"parameter {socket.name!r}: a file is Annotated[FileRef, File(kind)], nothing else")


def _outputs(fn: Callable[..., Any]) -> tuple[tuple[Socket, ...], tuple[str, ...] | None, str | None]:
    hints = _hints(fn)
    if "return" not in hints:
        raise _wrong(fn, "has no return annotation; say -> None where it gives nothing")
    hint = _without(_peel(hints["return"])[0], Expand)
    helps, told = _returns(fn)
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
            raise _wrong(fn, f"returns {t!r}; several outputs are a NamedTuple, one output is a plain type or list[T]")
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
        raise _wrong(fn, f"an annotation cannot be read ({error}); import its types outside TYPE_CHECKING") from error


def _wrong(fn: Callable[..., Any], what: str) -> TypeError:
    return TypeError(f"{_place(fn)}: {what}.")


def _place(fn: Callable[..., Any]) -> str:
    return f"{fn.__module__}.{fn.__qualname__}"


def _docstring(fn: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The text above the sections, and the `name: help` lines of `Args:`."""
    sections = _sections(fn)
    return "\n".join(sections.get("", ())).strip(), _entries(sections.get("Args:", ()))


def _returns(fn: Callable[..., Any]) -> tuple[dict[str, str], str]:
    """The `Returns:` section as `name: help` lines, and as one text."""
    lines = _sections(fn).get("Returns:", ())
    return _entries(lines), " ".join(line.strip() for line in lines).strip()


def _sections(fn: Callable[..., Any]) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {"": []}
    name = ""
    for line in (inspect.getdoc(fn) or "").splitlines():
        if line in ("Args:", "Returns:", "Raises:", "Example:"):
            name = line
            sections[name] = []
        else:
            sections[name].append(line)
    return sections


def _entries(lines: Iterable[str]) -> dict[str, str]:
    """`name: help` entries; a line indented deeper than its entry goes on with it."""
    entries: dict[str, str] = {}
    margin, current = None, ""
    for line in lines:
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if not text:
            continue
        margin = indent if margin is None else margin
        if indent > margin and current:
            entries[current] += f" {text}"
        else:
            current, _, told = text.partition(":")
            entries[current] = told.strip()
    return entries

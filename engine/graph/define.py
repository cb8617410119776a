"""`@node`: a typed function becomes a node type; its signature and docstring are the definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from engine.graph.docstrings import help_of
from engine.graph.facts import FactsOf
from engine.graph.signature import inputs_of, outputs_of, place_of, wrong
from engine.graph.sockets import Socket

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
        mentions: the inputs whose text may name files.
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
    mentions: tuple[Socket, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gives_list", any(s.is_list for s in self.outputs))
        object.__setattr__(self, "mentions", tuple(s for s in self.inputs if s.mentions is not None))

    @property
    def module(self) -> str:
        """The module that defines it; the salt of its pack is found by it."""
        return str(self.fn.__module__)

    @property
    def place(self) -> str:
        """The function, for messages."""
        return place_of(self.fn)

    def input(self, name: str) -> Socket | None:
        """The input of this name."""
        return next((s for s in self.inputs if s.name == name), None)

    def wants(self, values: Mapping[str, Any]) -> frozenset[str]:
        """The lazy inputs that its demand asks for, its other inputs being `values`; one name may stand alone."""
        assert self.demand is not None
        names = self.demand(**values)
        return frozenset((names,) if isinstance(names, str) else names)

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
        inputs, context, unique_id = inputs_of(fn)
        outputs, fields, ui_field = outputs_of(fn)
        if any(s.lazy and not s.recipe for s in inputs) and demand is None:
            raise wrong(fn, "has lazy inputs: say demand=, which names those it wants")
        fn.__node__ = NodeDef(  # type: ignore[attr-defined]
            name=name or fn.__name__,
            fn=fn,
            inputs=inputs,
            outputs=outputs,
            kind=kind,
            runs_on=runs_on,
            category=category,
            label=label or name or fn.__name__,
            help=help_of(fn)[0],
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

"""Why a step runs: told from its key, a store, and the plan before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from engine.graph.graph import Const, Link, NodeId
from engine.graph.plan import Plan, Step

WhyCode = Literal["hit", "volatile", "new", "retyped", "changed", "above", "salt", "gone"]


class Finds(Protocol):
    """What can say whether the result of a key is kept (a store)."""

    def get(self, key: Any) -> object | None:
        """The result, or None."""


@dataclass(frozen=True, slots=True)
class Why:
    """The reason: "hit", or why it runs.

    Codes and args: volatile; new: not in the plan before; retyped {type}: what it was; changed {inputs}; above {nodes}:
    what it gets changed; salt: code or settings did; gone: nothing is kept under its key.
    """

    code: WhyCode
    args: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return _SENTENCES[self.code](self.args)


_SENTENCES: Mapping[WhyCode, Callable[[Mapping[str, Any]], str]] = {
    "hit": lambda a: "hit",
    "volatile": lambda a: "runs: it may give another result each time",
    "new": lambda a: "runs: it was not in the graph before",
    "retyped": lambda a: f"runs: it was a {a['type']} before",
    "changed": lambda a: f"runs: {' and '.join(a['inputs'])} changed",
    "above": lambda a: f"runs: what it gets from {' and '.join(a['nodes'])} changed",
    "salt": lambda a: "runs: code or settings changed",
    "gone": lambda a: "runs: no result is kept",
}


def explain(plan: Plan, store: Finds, before: Plan | None = None) -> dict[NodeId, Why]:
    """For each step "hit", or why it runs; which input changed is told where the plan before is given."""
    kept: dict[bytes, bool] = {}
    for step in plan.steps.values():
        if step.key not in kept:
            kept[step.key] = store.get(step.key) is not None
    return {id: Why("hit") if kept[step.key] else _reason(step, plan, before) for id, step in plan.steps.items()}


def _reason(step: Step, plan: Plan, before: Plan | None) -> Why:
    if step.definition.kind == "volatile":
        return Why("volatile")
    if before is None:
        return Why("gone")
    old = before.steps.get(step.id)
    if old is None:
        return Why("new")
    if old.key == step.key:
        return Why("gone")
    if old.definition.name != step.definition.name:
        return Why("retyped", {"type": old.definition.name})
    if changed := tuple(_changed(step, old)):
        return Why("changed", {"inputs": changed})
    nodes = dict.fromkeys(a.node for a in step.args.values() if isinstance(a, Link))
    moved = tuple(n for n in nodes if _key(plan, n) != _key(before, n))
    return Why("above", {"nodes": moved}) if moved else Why("salt")


def _changed(step: Step, old: Step) -> Iterator[str]:
    """The inputs that are now another constant or link."""
    for name, arg in step.args.items():
        was = old.args.get(name)
        if was is None or _told(arg) != _told(was):
            yield name


def _told(arg: Link | Const) -> Any:
    """A form that tells 1, 1.0 and True apart."""
    return (arg.node, arg.output) if isinstance(arg, Link) else (type(arg.value).__name__, repr(arg.value))


def _key(plan: Plan, node: NodeId) -> bytes | None:
    step = plan.steps.get(node)
    return step.key if step is not None else None

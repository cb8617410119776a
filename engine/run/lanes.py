"""What a step waits for, and where it queues."""

from __future__ import annotations

from functools import lru_cache

from engine.graph.define import NodeDef
from engine.graph.graph import Link, NodeId
from engine.graph.plan import Step
from engine.run.calls import is_async

NONE: frozenset[str] = frozenset()


def links(step: Step) -> tuple[tuple[NodeId, ...], tuple[NodeId, ...]]:
    """The steps that a step needs before it can start, and those it may ask for then; never those of a recipe."""
    recipes, lazies = _set_apart(step.definition)
    found = {name: a.node for name, a in step.args.items() if type(a) is Link}
    if not (recipes or lazies):
        return tuple(dict.fromkeys(found.values())), ()
    if step.demanded is not None:
        lazies = NONE
    eager = dict.fromkeys(id for name, id in found.items() if name not in recipes and name not in lazies)
    late = dict.fromkeys(id for name, id in found.items() if name in lazies and id not in eager)
    return tuple(eager), tuple(late)


@lru_cache(maxsize=4096)
def _set_apart(definition: NodeDef) -> tuple[frozenset[str], frozenset[str]]:
    """The inputs that are never made, and those that are made on demand."""
    recipes = frozenset(s.name for s in definition.inputs if s.recipe)
    return recipes, frozenset(s.name for s in definition.inputs if s.lazy) - recipes


def lane(step: Step) -> str:
    """Where a step queues: "async", a worker, or "quick" for what may travel to the cpu in a bundle."""
    name = _lane(step.definition)
    return "cpu" if name == "quick" and step.tentative else name


@lru_cache(maxsize=4096)
def _lane(definition: NodeDef) -> str:
    if is_async(definition):
        return "async"
    return "quick" if definition.runs_on == "cpu" and definition.kind == "pure" else definition.runs_on

"""What a kept result holds, as views that a canvas can draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.graph.keys import Key
from engine.graph.plan import Plan, Step
from engine.run.artifact import Artifact

if TYPE_CHECKING:
    from engine.session import Session


class NoOutput(Exception):
    """There is no such node or output; `str()` of it is one sentence."""


def shown(
    session: Session,
    graph: Mapping[str, Any],
    node: str,
    output: int,
    job: str = "",
    ran: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Of an output {state, type}, and where it is "kept" its views too; nothing is run for it.

    Args:
        graph: flattened, in plain API format, as it is now. node: the id of one of its nodes.
        job: whose volatile results count. ran: the graph of that job: a result under its key is told as `stale`.

    Raises NoOutput.
    """
    from engine.looking.describe import describe

    step = _step(session, graph, node, job)
    if step is None:
        raise NoOutput(f"There is no node {node!r} that can run.")
    outputs = step.definition.outputs
    if not 0 <= output < len(outputs):
        raise NoOutput(
            f"{step.definition.name} has {len(outputs)} outputs, counted from 0: there is no output {output}."
        )
    told = {"type": outputs[output].wire, "volatile": step.definition.kind == "volatile"}
    found, stale = kept(session, step.key), False
    if found is None and ran is not None and (old := _step(session, ran, node, job)) is not None:
        found, stale = kept(session, old.key), True
    if found is None or output >= len(found.outputs):
        return {"state": "missing", **told}
    views = describe(found.outputs[output])
    return {"state": "kept", "stale": stale, "seconds": found.seconds, "views": list(views), **told}


def kept(session: Session, key: Key) -> Artifact | None:
    """The artifact of a key, in memory or on disk; what one leads to that only names another."""
    works = session.works
    found = works.memory.get(key) or (works.behind.get(key) if works.behind is not None else None)
    return kept(session, found.alias) if found is not None and found.alias is not None else found


def _step(session: Session, graph: Mapping[str, Any], node: str, job: str) -> Step | None:
    from engine.workflow.file import from_json

    if node not in graph:
        return None
    plan: Plan = session.rules(job).check(from_json(graph, session.registry), [node]).plan
    return plan.steps.get(node)

"""A check as it is told: the workflow with values from outside, its steps in order, and why each runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.files import FileRef
from engine.graph.check import Checked
from engine.graph.graph import Const, Graph, Link
from engine.graph.plan import Plan, Step
from engine.graph.registry import Registry
from engine.service.problems import plain, problem_json
from engine.service.reading import Workflow
from engine.workflow.error import WorkflowError
from engine.workflow.file import edited, opened
from engine.workflow.values import find, named, with_values

Values = Mapping[str, Any]


def prepared(
    workflow: bytes | Mapping[str, Any], registry: Registry, values: Values, targets: Iterable[str] | None
) -> tuple[Workflow, list[str] | None]:
    """The workflow with values set, by "NODE.INPUT", and the ids of its targets, which may be given as titles.

    Raises WorkflowError for what cannot be read, and for a node or input that is not there.
    """
    plain = isinstance(workflow, Mapping) and all(target in workflow for target in targets or ())
    if not values and (targets is None or plain):
        return workflow, None if targets is None else list(targets)
    read = opened(workflow, registry)
    graph = read.graph
    ids = None if targets is None else [_target(graph, target) for target in targets]
    if not values:
        return workflow, ids
    told = {find(graph, registry, target): value for target, value in values.items()}
    text = edited(read.text or b"{}", told)
    return text.encode() if text is not None else with_values(graph, registry, values), ids


def _target(graph: Graph, target: str) -> str:
    ids = named(graph, target)
    if len(ids) > 1:
        raise WorkflowError([f"{len(ids)} nodes are called {target!r} ({', '.join(ids)}); use an id."])
    return ids[0] if ids else target


def problems_json(checked: Checked) -> list[dict[str, Any]]:
    """All problems, the errors first."""
    return [problem_json(p) for p in sorted(checked.problems, key=lambda p: p.severity != "error")]


def unreadable(error: WorkflowError) -> list[dict[str, Any]]:
    """What keeps a workflow from being read, in the form of problems."""
    if error.problems:
        told = [problem_json(p) for p in error.problems]
        return [t | {"message": s} for t, s in zip(told, error.sentences, strict=False)] or told
    nothing: dict[str, Any] = {"node": None, "input": None, "args": {}, "mend": None}
    return [{"code": "unreadable_workflow", "severity": "error", "message": s, **nothing} for s in error.sentences]


def steps_json(plan: Plan, why: Mapping[str, Mapping[str, Any]] | None, seconds: Mapping[str, Any]) -> list[Any]:
    """The steps in order.

    Args:
        why: {node: {code, args, text}} of the worker; None while it is not known. seconds: the forecast of each node.
    """
    return [_step(step, plan, why, seconds.get(id)) for id, step in plan.steps.items()]


def _step(step: Step, plan: Plan, why: Mapping[str, Mapping[str, Any]] | None, seconds: Any) -> dict[str, Any]:
    reason = None if why is None else why.get(step.id)
    node = plan.graph.nodes.get(step.id)
    return {
        "node": step.id,
        "type": step.definition.name,
        "title": node.title if node is not None else "",
        "after": list(dict.fromkeys(a.node for a in step.args.values() if isinstance(a, Link))),
        "cached": None if reason is None else reason["code"] == "hit",
        "why": reason,
        "seconds": seconds,
        "facts": [plain(facts) for facts in step.facts],
    }


def files_of(plan: Plan) -> dict[tuple[str, str], FileRef]:
    """The files that the steps name, by kind and name."""
    refs = (a.value for s in plan.steps.values() for a in s.args.values() if isinstance(a, Const))
    return {(ref.kind, ref.name): ref for ref in refs if isinstance(ref, FileRef)}

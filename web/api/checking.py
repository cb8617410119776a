"""Check: what is wrong with a workflow, what it would do, why each step runs, and what that takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.graph.check import Checked
from engine.service.errors import ServiceBusy
from engine.service.forecast import Forecaster, memory_json, seconds_json, time_json, too_large
from engine.service.planner import prepared, problems_json, steps_json, unreadable
from engine.service.problems import problem_json
from engine.service.reading import Workflow
from engine.service.service import Service
from engine.service.threads import off
from engine.worker.channel import ChannelError
from engine.workflow.error import WorkflowError
from web.answers import dumped
from web.api.operation import Call, Operation
from web.api.schema import Schema, list_of, map_of, obj, ref, text, told
from web.api.state import STATE

WORKFLOW: Schema = told(
    {"type": ["object", "string"], "additionalProperties": True},
    "Our own format, ComfyUI's API format, or a workflow as ComfyUI's editor saves it; or the text of a file, A1111's "
    "text of a picture too.",
)
VALUES: Schema = told(map_of({}), 'Inputs to set, by "NODE.INPUT"; NODE is an id or a title that only one node has.')
TARGETS: Schema = told(
    {**list_of(text(maxLength=1000)), "maxItems": 1000}, "Ids or titles of the nodes to make; all sinks if left out."
)

CHECK = obj({"workflow": WORKFLOW, "targets": TARGETS, "values": VALUES}, "targets", "values")

NOTHING_KNOWN: Mapping[str, Any] = {
    "time": {"low": 0, "typical": 0, "high": 0, "unknown": []},
    "memory": {
        "weights": [],
        "weight_bytes": 0,
        "at_once": 0,
        "least": 0,
        "workspace": 0,
        "values": 0,
        "budget": None,
        "fits": None,
    },
}


async def ready_to_run(
    service: Service, workflow: str | Mapping[str, Any], values: Mapping[str, Any] | None, targets: Iterable[str] | None
) -> tuple[Workflow, list[str] | None]:
    """The workflow with values set, and the ids of its targets; raises WorkflowError."""
    source = workflow.encode() if isinstance(workflow, str) else workflow
    if not values and targets is None:
        return source, None
    return await off(prepared, source, service.registry, values or {}, targets)


async def check_workflow(call: Call) -> Any:
    """All problems, and for what is sound the plan, what would be found, and the forecast."""
    body, service = call.body, call.service
    try:
        workflow, targets = await ready_to_run(service, body["workflow"], body.get("values"), body.get("targets"))
        checked = await service.check(workflow, targets)
    except WorkflowError as error:
        return {
            "runs": False,
            "problems": unreadable(error),
            "targets": [],
            "steps": [],
            "explained": "The workflow cannot be read.",
            "forecast": NOTHING_KNOWN,
        }
    why, explained = await _explained(service, checked)
    forecaster = call.request.app[STATE].forecaster
    await forecaster.learn()
    about = service.channels[0].about if service.channels else {}
    return await off(_told, service, checked, forecaster, why, explained, about)


def _told(
    service: Service,
    checked: Checked,
    forecaster: Forecaster,
    why: Mapping[str, Any] | None,
    explained: str,
    about: Mapping[str, Any],
) -> bytes:
    """In a thread, as JSON already: the plan of a big graph is long."""
    plan = checked.plan
    times = forecaster.times(plan)
    memory = memory_json(plan, service.library, about)
    hits = [node for node, reason in (why or {}).items() if reason["code"] == "hit"]
    told = {
        "runs": bool(plan.targets) and not checked.errors,
        "problems": [*problems_json(checked), *map(problem_json, too_large(memory))],
        "targets": list(plan.targets),
        "steps": steps_json(plan, why, seconds_json(times)),
        "explained": explained,
        "forecast": {"time": time_json(plan, times, hits), "memory": memory},
    }
    return dumped(told)


async def _explained(service: Service, checked: Checked) -> tuple[dict[str, Any] | None, str]:
    """{node: {code, args, text}} from the worker, or None; and in a word or a sentence why it is not known."""
    plan = checked.plan
    if not plan.steps:
        return {}, "known"
    try:
        graph = await off(plan.graph.to_api)
        return await service.ask("explain", graph=graph, targets=list(plan.targets)), "known"
    except ServiceBusy:
        return None, "starting"
    except ChannelError as error:
        return None, str(error)


OPERATIONS = (
    Operation(
        "POST",
        "/check",
        check_workflow,
        "What is wrong with a workflow, and what it would do",
        "workflows",
        body=CHECK,
        answers={200: ref("Checked")},
    ),
)

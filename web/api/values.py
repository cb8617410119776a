"""What an output of a node holds, to be looked at without a node for it."""

from __future__ import annotations

from typing import Any

from engine.graph.sentences import sentence
from engine.service.threads import off
from engine.workflow.error import WorkflowError
from web.answers import Refusal
from web.api.checking import WORKFLOW, ready_to_run
from web.api.operation import Call, Operation
from web.api.schema import ANY_OBJECT, FLOAT, TEXT, YES_NO, list_of, obj, one_of, text, told

MOST_OUTPUTS = 1000

ASKED = obj(
    {
        "workflow": WORKFLOW,
        "node": text("The id or title of a node; inside a subgraph with the ids around it, 12:3.", maxLength=1000),
        "output": {"type": "integer", "minimum": 0, "maximum": MOST_OUTPUTS, "description": "Counted from 0."},
        "job": text("A job of this workflow: what it made counts too, if nothing newer is kept.", maxLength=200),
    },
    "job",
)

VIEW = told(
    ANY_OBJECT,
    "By `kind`: picture {png (base64), width, height, title}, table {rows: [[key, value]]}, tokens {tokens: [{id, "
    "text, weight, chunk}]}, curve {x, y, x_name, y_name}, text {text}.",
)
VALUE = obj(
    {
        "state": one_of("kept", "missing"),
        "type": told(TEXT, "What flows from the output."),
        "volatile": told(YES_NO, "It is made anew in each run, and kept of the job alone."),
        "stale": told(YES_NO, "It is the job's, and the workflow has changed since."),
        "seconds": told(FLOAT, "What it took to make."),
        "views": list_of(VIEW),
    },
    "stale",
    "seconds",
    "views",
)


async def show_value(call: Call) -> dict[str, Any]:
    """What is kept of one output, as pictures, tables, tokens, curves and texts; nothing runs for it."""
    body, service = call.body, call.service
    workflow, targets = await ready_to_run(service, body["workflow"], None, [body["node"]])
    checked = await service.check(workflow, targets)
    [node] = targets or [body["node"]]
    if node not in checked.plan.steps:
        raise WorkflowError(map(sentence, checked.errors), checked.errors)
    outputs = checked.plan.steps[node].definition.outputs
    if body["output"] >= len(outputs):
        raise Refusal(400, "no_such_output", _no_output(node, body["output"], [output.name for output in outputs]))
    ran = await service.queue.body(body["job"]) if body.get("job") else None
    told: dict[str, Any] = await service.ask(
        "value",
        graph=await off(checked.plan.graph.to_api),
        node=node,
        output=body["output"],
        job=body.get("job", ""),
        ran=None if ran is None else ran.graph,
    )
    return told


def _no_output(node: str, output: int, names: list[str]) -> str:
    if not names:
        return f"Node {node!r} has no outputs."
    there = ", ".join(f"{index} {name}" for index, name in enumerate(names))
    return f"Node {node!r} has the outputs {there}: there is no output {output}."


OPERATIONS = (
    Operation(
        "POST",
        "/values",
        show_value,
        "What an output of a node holds",
        "workflows",
        body=ASKED,
        answers={200: VALUE},
        errors=(503,),
    ),
)

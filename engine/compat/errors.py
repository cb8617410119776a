"""Problems in ComfyUI's words: what `POST /prompt` answers when a graph, or a part of it, cannot run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.compat.object_info import input_config
from engine.graph.graph import NodeId
from engine.graph.problems import Problem
from engine.graph.registry import Registry
from engine.graph.sentences import sentence, show, tell
from engine.graph.sockets import Socket

Args = Mapping[str, Any]
Told = tuple[str, str]
"""A message and its details."""

MOST_LISTED = 20
MOST_NODES = 1000
"""Nodes whose errors are told."""
MOST_EDGES = 200_000
"""Links that are followed to name the outputs that depend on a bad node."""


def error(type: str, message: str, details: str = "", **extra_info: Any) -> dict[str, Any]:
    """The error of a whole prompt: {type, message, details, extra_info}."""
    return {"type": type, "message": message, "details": details, "extra_info": extra_info}


NO_PROMPT = error("no_prompt", "No prompt provided", "No prompt provided")
NO_OUTPUTS = error("prompt_no_outputs", "Prompt has no outputs")


def refusal(
    problems: Sequence[Problem], prompt: Mapping[str, Any], registry: Registry, targets: Iterable[NodeId] | None = None
) -> dict[str, Any]:
    """The body of a 400: {error, node_errors}, for a prompt of which nothing can run.

    Args:
        prompt: API JSON. targets: the outputs that were asked for; all if left out.
    """
    errors = [p for p in problems if p.severity == "error"] or list(problems)
    nodes = node_errors(errors, prompt, registry, targets)
    whole = next((e for e in map(_whole, errors) if e is not None), None)
    if whole is None:
        details = "\n".join(sentence(p) for p in errors[:MOST_LISTED])
        whole = error("prompt_outputs_failed_validation", "Prompt outputs failed validation", details)
    return {"error": whole, "node_errors": nodes}


def _whole(p: Problem) -> dict[str, Any] | None:
    """The error of a problem that concerns the whole prompt; None for one of a node's inputs."""
    if p.code == "prompt_no_outputs":
        return NO_OUTPUTS
    if p.code == "missing_node_type":
        return unknown_type(str(p.node), str(p.args.get("type", "")))
    if p.code == "invalid_prompt" and p.args.get("reason") == "no_class_type":
        return no_type(str(p.node))
    return error(p.code, _plain_sentence(p)) if p.node is None or p.code == "invalid_prompt" else None


def unknown_type(node: NodeId, type: str) -> dict[str, Any]:
    """The error of a prompt that names a node type which is not installed."""
    told = f"Cannot execute because node {show(type)[1:-1]} does not exist."
    return error("invalid_prompt", told, f"Node ID '#{show(node)[1:-1]}'")


def no_type(node: NodeId) -> dict[str, Any]:
    """The error of a prompt with a node that lacks a class_type: editors send those of unknown types so."""
    told = "Cannot execute because a node is missing the class_type property."
    return error("invalid_prompt", told, f"Node ID '#{show(node)[1:-1]}'")


def node_errors(
    problems: Iterable[Problem],
    prompt: Mapping[str, Any],
    registry: Registry,
    targets: Iterable[NodeId] | None = None,
) -> dict[str, Any]:
    """{id: {errors, dependent_outputs, class_type}} of the problems that are errors of the first MOST_NODES nodes."""
    found: dict[NodeId, list[dict[str, Any]]] = {}
    for p in problems:
        if p.node is not None and p.severity == "error" and (p.node in found or len(found) < MOST_NODES):
            found.setdefault(p.node, []).append(_told(p, _socket(p, prompt, registry)))
    if not found:
        return {}
    outputs = _dependent(found, prompt, list(targets) if targets is not None else sinks(prompt, registry))
    return {
        id: {"errors": errors, "dependent_outputs": outputs.get(id, []), "class_type": class_type(prompt, id)}
        for id, errors in found.items()
    }


def sinks(prompt: Mapping[str, Any], registry: Registry) -> list[NodeId]:
    """The nodes of a prompt that save or show something."""
    known = ((id, registry.get(class_type(prompt, id))) for id in prompt)
    return [id for id, definition in known if definition is not None and definition.kind == "sink"]


def class_type(prompt: Mapping[str, Any], node: NodeId) -> str:
    """The type of a node of a prompt, "" where it has none."""
    entry = prompt.get(node)
    type = entry.get("class_type") if isinstance(entry, Mapping) else None
    return type if isinstance(type, str) else ""


def _socket(p: Problem, prompt: Mapping[str, Any], registry: Registry) -> Socket | None:
    definition = registry.get(class_type(prompt, str(p.node)) or str(p.args.get("type", "")))
    return definition.input(p.input) if definition is not None and p.input is not None else None


def _told(p: Problem, socket: Socket | None) -> dict[str, Any]:
    """One error of a node, with the types and texts that clients know."""
    known = _TEXTS.get(p.code)
    message, details = known(p.args, p.input or "") if known is not None else _own(p)
    extra: dict[str, Any] = {}
    if p.input is not None:
        extra["input_name"] = p.input
    if socket is not None:
        config = input_config(socket, lambda kind: ())
        long = socket.file is not None or (socket.choice is not None and len(config[0]) > MOST_LISTED)
        extra["input_config"] = None if long else config
    if "value" in p.args:
        extra["received_value"] = p.args["value"]
    if p.code == "return_type_mismatch":
        extra |= {"received_type": p.args["received"], "linked_node": [p.args["source"], p.args["output"]]}
    elif p.code == "bad_linked_input":
        extra["received_value"] = [p.args["source"], p.args["output"]]
    type = p.code if known is not None else "custom_validation_failed"
    return {"type": type, "message": message, "details": details, "extra_info": extra}


def _own(p: Problem) -> Told:
    told = tell(p.code, p.args)
    return "Custom validation failed for node", f"{p.input} - {told}" if p.input is not None else told


def _not_in_list(a: Args, name: str) -> Told:
    options = a.get("options")
    if options is None:
        near = ", ".join(map(show, a.get("near", ())))
        listed = f"the files of {a.get('kind', 'its folder')}" + (f"; near: {near}" if near else "")
    else:
        listed = str(list(options)) if len(options) <= MOST_LISTED else f"(list of length {len(options)})"
    return "Value not in list", f"{name}: {_quoted(a['value'])} not in {listed}"


def _quoted(value: Any) -> str:
    return f"'{show(value)[1:-1]}'" if isinstance(value, str) else show(value)


def _mismatch(a: Args, name: str) -> Told:
    details = f"{name}, received_type({a['received']}) mismatch input_type({a['expected']})"
    return "Return type mismatch between linked nodes", details


_TEXTS: Mapping[str, Callable[[Args, str], Told]] = {
    "required_input_missing": lambda a, name: ("Required input is missing", name),
    "bad_linked_input": lambda a, name: (
        "Bad linked input, must be a length-2 list of [node_id, slot_index]",
        f"{name}: {tell('bad_linked_input', a)}",
    ),
    "return_type_mismatch": _mismatch,
    "invalid_input_type": lambda a, name: (
        f"Failed to convert an input value to a {a['expected']} value",
        f"{name}, {show(a['value'])}",
    ),
    "value_smaller_than_min": lambda a, name: (f"Value {a['value']} smaller than min of {a['min']}", name),
    "value_bigger_than_max": lambda a, name: (f"Value {a['value']} bigger than max of {a['max']}", name),
    "value_not_in_list": _not_in_list,
    "exception_during_validation": lambda a, name: ("Exception when validating node", f"{name}: {a['reason']}"),
    "dependency_cycle": lambda a, name: ("Dependency cycle detected", tell("dependency_cycle", a)),
    "missing_node_type": lambda a, name: ("Node type not found", f"There is no node type {show(a.get('type'))} here."),
}
"""Message and details of the errors that ComfyUI has too."""


def _plain_sentence(p: Problem) -> str:
    text = sentence(p)
    return text[:1].upper() + text[1:]


def _dependent(
    bad: Iterable[NodeId], prompt: Mapping[str, Any], targets: Sequence[NodeId]
) -> dict[NodeId, list[NodeId]]:
    """Which of the targets need each of these nodes, as far as MOST_EDGES links tell."""
    users: dict[NodeId, list[NodeId]] = {}
    for id, entry in prompt.items():
        inputs = entry.get("inputs") if isinstance(entry, Mapping) else None
        for value in inputs.values() if isinstance(inputs, Mapping) else ():
            if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
                users.setdefault(value[0], []).append(id)
    left = MOST_EDGES
    order = {id: place for place, id in enumerate(targets)}
    found: dict[NodeId, list[NodeId]] = {}
    for node in bad:
        seen, todo = {node}, [node]
        while todo and left > 0:
            after = [u for u in users.get(todo.pop(), ()) if u not in seen]
            left -= 1 + len(after)
            seen.update(after)
            todo += after
        found[node] = sorted(seen & order.keys(), key=order.__getitem__)
    return found

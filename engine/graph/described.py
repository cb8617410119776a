"""Node types as JSON, for programs."""

from __future__ import annotations

from typing import Any

from engine.graph.define import NodeDef
from engine.graph.sockets import MISSING, Range, Socket


def described(definition: NodeDef) -> dict[str, Any]:
    """A node type as JSON."""
    return {
        "label": definition.label,
        "category": definition.category,
        "kind": definition.kind,
        "help": definition.help,
        "inputs": {s.name: _input(s) for s in definition.inputs},
        "outputs": {s.name: {"type": s.wire, "list": s.is_list, "help": s.help} for s in definition.outputs},
        "module": definition.module,
    }


def _input(socket: Socket) -> dict[str, Any]:
    told: dict[str, Any] = {"type": socket.wire, "required": socket.default is MISSING, "help": socket.help}
    if socket.default is not MISSING and not socket.optional:
        told["default"] = socket.default
    for constraint in socket.constraints:
        if isinstance(constraint, Range):
            told |= {"min": constraint.low, "max": constraint.high}
            steps = {"step": constraint.step, "round": constraint.round}
            told |= {name: value for name, value in steps.items() if value is not None}
    if socket.choice is not None:
        told["options"] = list(socket.choice.listed())
    if socket.file is not None:
        told["file"] = socket.file.kind
    if socket.widget is not None:
        told["widget"] = {"name": socket.widget.name, **socket.widget.options}
    flags = {"lazy": socket.lazy, "list": socket.is_list}
    return told | {name: True for name, on in flags.items() if on}

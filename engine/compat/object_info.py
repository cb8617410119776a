"""Node types in ComfyUI's words: what its editors build their nodes, widgets and menus from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.graph.define import NodeDef
from engine.graph.registry import Registry
from engine.graph.sockets import MISSING, Choice, Range, Socket

log = logging.getLogger(__name__)

Names = Callable[[str], Iterable[str]]
"""From a kind of files to the names that there are now."""

PACKS = "inkwater_packs."
FINEST = {"step": 0.01, "round": False}
"""For fractions that say nothing of it: editors would otherwise round them to tenths."""

_FLAGS: Mapping[str, Mapping[str, Any]] = {
    "seed": {"control_after_generate": True},
    "multiline": {"multiline": True, "dynamicPrompts": True},
    "image_upload": {"image_upload": True},
}
"""What our widgets are called there."""


def object_info(registry: Registry, names: Names) -> dict[str, Any]:
    """Every node type by name; combos of files hold what `names` gives."""
    return {name: node_info(definition, names) for name, definition in registry.items()}


def node_info(d: NodeDef, names: Names) -> dict[str, Any]:
    """One node type."""
    groups: dict[str, dict[str, Any]] = {"required": {}}
    for socket in d.inputs:
        group = "optional" if _may_be_left_out(socket) else "required"
        groups.setdefault(group, {})[socket.name] = input_config(socket, names)
    order = {group: list(inputs) for group, inputs in groups.items()}
    if d.unique_id is not None:
        groups["hidden"] = {d.unique_id: "UNIQUE_ID"}
    told = {
        "input": groups,
        "input_order": order,
        "output": [s.wire for s in d.outputs],
        "output_is_list": [s.is_list for s in d.outputs],
        "output_name": [s.name for s in d.outputs],
        "output_tooltips": [s.help for s in d.outputs],
        "name": d.name,
        "display_name": d.label,
        "description": d.help,
        "python_module": _module(d.module),
        "category": d.category,
        "output_node": d.kind == "sink",
    }
    flags = {"deprecated": d.deprecated, "experimental": d.experimental}
    return told | {flag: True for flag, said in flags.items() if said}


def input_config(socket: Socket, names: Names) -> list[Any]:
    """An input as `[type, options]`; of a combo the first is the list to choose from."""
    options: dict[str, Any] = {}
    if socket.default is not MISSING and socket.default is not None:
        options["default"] = socket.default
    for constraint in socket.constraints:
        if isinstance(constraint, Range):
            options |= _bounds(constraint, socket.type)
    if socket.widget is not None:
        options |= {**_FLAGS.get(socket.widget.name, {}), **socket.widget.options}
    if socket.lazy:
        options["lazy"] = True
    if socket.help:
        options["tooltip"] = socket.help
    return [_type(socket, names), options]


def _type(socket: Socket, names: Names) -> Any:
    if socket.file is not None:
        return list(names(socket.file.kind))
    return _listed(socket.choice) if socket.choice is not None else socket.wire


def _listed(choice: Choice) -> list[str]:
    """The options; none where a pack's own function fails, which must not take all other types with it."""
    try:
        return list(choice.listed())
    except Exception:
        log.exception("a list of options cannot be made")
        return []


def _bounds(r: Range, t: Any) -> dict[str, Any]:
    if t is int:
        return {"min": int(r.low), "max": int(r.high), "step": int(r.step or 1)}
    steps = {"step": r.step, "round": r.round} if r.step is not None else FINEST
    return {"min": r.low, "max": r.high, **{k: v for k, v in steps.items() if v is not None}}


def _may_be_left_out(socket: Socket) -> bool:
    """A typed-in input has a widget and so always a value; what is only connected may be missing when it may be."""
    return socket.optional or (socket.default is not MISSING and not (socket.typed_in or socket.choice))


def _module(name: str) -> str:
    """Editors take "nodes" for built in, and name the pack after "custom_nodes."."""
    return f"custom_nodes.{name.removeprefix(PACKS)}" if name.startswith(PACKS) else name

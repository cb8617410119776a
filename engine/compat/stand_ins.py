"""Node types that ComfyUI's own editors take for granted: without them some do not start, so they are told of them.

They cannot run here: a prompt that holds one is refused by name. Each leaves the list as soon as there is a real one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.compat.object_info import Names
from engine.graph.registry import Registry

Inputs = Mapping[str, str | list[Any]]
"""By name: a type, a whole config, or "file:KIND" for a list of files."""

STAND_INS: Mapping[str, tuple[Inputs, tuple[str, ...]]] = {
    "ImageOnlyCheckpointLoader": ({"ckpt_name": "file:checkpoints"}, ("MODEL", "CLIP_VISION", "VAE")),
    "StyleModelLoader": ({"style_model_name": "file:style_models"}, ("STYLE_MODEL",)),
    "GLIGENLoader": ({"gligen_name": "file:gligen"}, ("GLIGEN",)),
}
"""Inputs and outputs as ComfyUI has them, so that saved workflows keep their values."""


def stand_ins(registry: Registry, names: Names) -> dict[str, Any]:
    """Those types that are not here, in the form of `object_info`, marked as deprecated so that menus hide them."""
    return {name: _told(name, *STAND_INS[name], names) for name in STAND_INS if name not in registry}


def _told(name: str, inputs: Inputs, outputs: tuple[str, ...], names: Names) -> dict[str, Any]:
    return {
        "input": {"required": {key: _config(told, names) for key, told in inputs.items()}},
        "input_order": {"required": list(inputs)},
        "output": list(outputs),
        "output_is_list": [False] * len(outputs),
        "output_name": list(outputs),
        "output_tooltips": [""] * len(outputs),
        "name": name,
        "display_name": f"{name} (not here)",
        "description": "This server does not have this node type: a workflow that uses it is kept, but cannot run.",
        "python_module": "nodes",
        "category": "not here",
        "output_node": False,
        "deprecated": True,
    }


def _config(told: str | list[Any], names: Names) -> list[Any]:
    if isinstance(told, list):
        return told
    kind = told.removeprefix("file:")
    return [told, {}] if kind == told else [list(names(kind)), {}]

"""What the factors of a LoRA are multiplied by: alpha / rank, wherever the file keeps alpha.  Torch-free."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

METADATA = "lora_adapter_metadata"
"""Where diffusers keeps the settings of peft, as JSON: names "unet.lora_alpha", "text_encoder.r" and so on."""


@dataclass(frozen=True, slots=True)
class Scales:
    """Settings of peft by component ("unet", "text_encoder"); empty where the file has none."""

    settings: Mapping[str, Mapping[str, Any]]

    def of(self, stem: str, rank: int, alpha: float | None) -> float:
        """The factor of a layer of this rank; `alpha` is the file's own, and 1 is meant where nothing tells."""
        if rank < 1:
            return 1.0
        if alpha is not None:
            return alpha / rank
        component, _, layer = stem.partition(".")
        told = self.settings.get(component, {})
        value = _named(told.get("alpha_pattern"), layer, told.get("lora_alpha"))
        if value is None:
            return 1.0
        return value / (math.sqrt(rank) if told.get("use_rslora") is True else rank)


def scales_of(metadata: Mapping[str, str]) -> Scales:
    """The scales that a file's metadata tell; what is no sound JSON tells nothing."""
    try:
        told = json.loads(metadata.get(METADATA, "{}"))
    except (ValueError, RecursionError):
        told = {}
    settings: dict[str, dict[str, Any]] = {}
    for key, value in told.items() if isinstance(told, dict) else ():
        component, _, name = key.partition(".")
        settings.setdefault(component, {})[name] = value
    return Scales(settings)


def _named(pattern: Any, layer: str, default: Any) -> float | None:
    """peft's rule: a pattern names a layer that it equals, or that ends in it after a dot."""
    own = pattern if isinstance(pattern, dict) else {}
    found = next((own[key] for key in own if layer == key or layer.endswith(f".{key}")), default)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None

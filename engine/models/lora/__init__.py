"""LoRA files: what they change in a network's weights.

LoRA: Hu et al. 2021.  LoCon, LoHa, LoKr: Yeh et al. 2023 (LyCORIS).  DoRA: Liu et al. 2024.  IA3: Liu et al. 2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.models.handle import Patch
    from engine.models.patching import Change, Target


def plan(patch: Patch, path: Path, target: Target) -> Mapping[str, Change]:
    """What a LoRA does to each parameter of a network (`patching.Plan`)."""
    from engine.models.lora.merge import changes

    return changes(patch, path, target)

"""What the shipped denoiser has to do for a latent of a size, counted without doing it."""

from __future__ import annotations

import functools
from typing import Any

import torch
from safetensors import safe_open
from torch.utils.flop_counter import FlopCounterMode

from engine.models.build_sd import blueprint
from engine.models.detect import inspect_file
from engine.models.families import FAMILIES
from engine.settings import ROOT

MINI = ROOT / "models" / "checkpoints" / "mini-v1.safetensors"


@functools.cache
def mini() -> Any:
    """Its network, with no numbers in it."""
    found = inspect_file(MINI).parts["denoiser"]
    with safe_open(MINI, "pt") as file:
        names = [name for name in file.keys() if name.startswith(found.prefix)]  # noqa: SIM118  # not a mapping
        shapes = {name.removeprefix(found.prefix): tuple(file.get_slice(name).get_shape()) for name in names}
    with torch.device("meta"):
        return blueprint(found, shapes, FAMILIES[found.family]).module


@functools.cache
def operations(height: int, width: int) -> int:
    """Multiplications and additions of one evaluation, for one picture and one prompt.

    Args:
        height, width: of the latent, in cells.
    """
    network = mini()
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad(), torch.device("meta"):
        prompt = torch.zeros(1, 77, network.config.cross_attention_dim)
        network(torch.zeros(1, 4, height, width), torch.zeros(1), prompt)
    return int(counter.get_total_flops())

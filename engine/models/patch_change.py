"""How much the patches of a handle change each layer, measured on the weights of its file."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal, cast

import torch

from engine.files import FileRef
from engine.models.fill import Numbers, Unfilled
from engine.models.handle import ModelHandle
from engine.models.hypernetwork import additions
from engine.models.load import BUILDERS, Builder
from engine.models.patching import Change, Target, planner
from engine.models.precision import policy

Sort = Literal["self", "words", "forward", "other"]
"""What a layer belongs to: attention of the picture (or text) to itself, attention to the words, the feed-forward
layers behind attention, and all else."""

SORTS: Mapping[Sort, re.Pattern[str]] = {
    "self": re.compile(r"\.(attn1|self_attn)\."),
    "words": re.compile(r"\.attn2\."),
    "forward": re.compile(r"\.(ff|mlp)\."),
    "other": re.compile(""),
}
_BLOCK = re.compile(r"(?:^|\.)(down_blocks|up_blocks|layers)\.(\d+)\.|(?:^|\.)(mid_block)\.")
_TITLES = {"down_blocks": "down", "up_blocks": "up", "layers": "layer", "mid_block": "middle"}


@dataclass(frozen=True, slots=True)
class LayerChange:
    """A weight and how far patches move it: `change` is the norm of the difference, `norm` that of the weight.

    Of a hypernetwork `name` is a projection, `change` the norm of what is added to x and `norm` that of x.
    """

    name: str
    change: float
    norm: float
    added: bool = False
    """Whether it is a hypernetwork's."""

    @property
    def share(self) -> float:
        """The change beside the weight; 0 where the weight is 0 and stays so."""
        return self.change / self.norm if self.norm else math.inf if self.change else 0.0

    @property
    def block(self) -> str:
        """The block of the network that it is in: "down 1", "middle", "layer 3"; "other" outside of all."""
        found = _BLOCK.search(self.name)
        if found is None:
            return "other"
        kind, number = found[1] or found[3], found[2]
        return _TITLES[kind] if number is None else f"{_TITLES[kind]} {number}"

    @property
    def sort(self) -> Sort:
        """What it belongs to there."""
        return next(sort for sort, pattern in SORTS.items() if pattern.search(self.name))


def together(changes: Iterable[LayerChange]) -> float:
    """The norm of the change of all these weights as one vector, over that of the weights."""
    rows = list(changes)
    whole = math.sqrt(sum(row.norm**2 for row in rows))
    return math.sqrt(sum(row.change**2 for row in rows)) / whole if whole else 0.0


def layer_changes(handle: ModelHandle, path: Callable[[FileRef], Path]) -> Iterator[LayerChange]:
    """Every weight that the patches of a handle change, then what hypernetworks add; raises ModelFileError."""
    if not handle.patches:
        return
    draft = _draft(handle, path)
    target = Target(handle.part, handle.family, handle.source.name, draft.module, draft.original)
    yield from _weights(handle, path, draft, target)
    for patch in handle.patches:
        if patch.kind == "hypernetwork":
            for name, share in additions(patch, path(patch.source), target).items():
                yield LayerChange(name, share, 1.0, added=True)


def _draft(handle: ModelHandle, path: Callable[[FileRef], Path]) -> Unfilled:
    module, _, name = BUILDERS[handle.part].partition(":")
    build = cast(Builder, getattr(import_module(module), name))
    return build(path(handle.source), handle, policy("cpu", "full"))


@torch.no_grad()
def _weights(
    handle: ModelHandle, path: Callable[[FileRef], Path], draft: Unfilled, target: Target
) -> Iterator[LayerChange]:
    planned: dict[str, list[Change]] = {}
    for patch in handle.patches:
        if (plan := planner(patch.kind)) is not None:
            for key, change in plan(patch, path(patch.source), target).items():
                planned.setdefault(key, []).append(change)
    numbers = Numbers(handle.source.name, draft.tensors, draft.original)
    for key, changes in planned.items():
        before = torch.empty(draft.module.get_parameter(key).shape)
        numbers.read(key, before)
        after = before.clone()
        for change in changes:
            after = change(after)
        yield LayerChange(key, float((after - before).norm()), float(before.norm()))

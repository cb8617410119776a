"""Branches into evaluations of the network and back: where each conditioning holds, when, and how strongly."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.diffusion.given import PIXELS, fitted, time_ids
from engine.diffusion.hints import fitted_hint
from engine.diffusion.trajectory import SigmaTable
from engine.diffusion.types import Area, Cond, Control, Wants
from engine.graph.told import Told

_FEATHER = 8
_LEAST = 8
_NOTHING = 1e-37
NOTHING_MORE = Wants()


@dataclass(frozen=True, slots=True, eq=False)
class PlacedControl:
    """A `Control` made ready for one job: its hint [B, 3, H, W] on the device, cut to the place of its conditioning."""

    handle: Hashable
    hint: Tensor
    strength: float
    mode: str
    sigmas: tuple[float, float]
    """The highest and the lowest sigma at which it counts."""

    def holds(self, sigma: float) -> bool:
        high, low = self.sigmas
        return low <= sigma <= high


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A `Cond` made ready for one job: tensors on the device, its place in cells, its time in sigma."""

    embeds: Tensor
    pooled: Tensor | None
    concat: Tensor | None
    extras: tuple[tuple[str, Tensor], ...]
    rows: slice
    columns: slice
    weight: Tensor | float
    """What its answer counts, a number or [1 or B, 1, h, w] over its place."""
    sigmas: tuple[float, float]
    """The highest and the lowest sigma at which it holds."""
    controls: tuple[PlacedControl, ...] = ()
    steps: tuple[int, int] | None = None
    """The first sampler step at which it holds and the first at which no more, in place of `sigmas`."""
    number: int = 0
    """Which of its branch's conditionings it is, counted from 0."""

    def holds(self, sigma: float, step: int = 0) -> bool:
        if isinstance(self.weight, float) and self.weight == 0:
            return False
        if self.steps is not None:
            return self.steps[0] <= step < self.steps[1]
        high, low = self.sigmas
        return low <= sigma <= high


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """One question to the network: a conditioning and the crop of x that it holds for."""

    x: Tensor
    sigma: float
    timestep: float
    placed: Placed
    prediction: str
    branch: str
    controls: tuple[PlacedControl, ...] = ()
    """Those that count at this sigma."""
    step: int = 0
    """The sampler step that it belongs to."""

    @property
    def shape(self) -> tuple[object, ...]:
        """What must be equal for two evaluations to go in one batch, apart from the length of the conditioning."""
        placed = self.placed
        return (
            self.prediction,
            self.x.shape[1:],
            placed.embeds.shape[2],
            placed.pooled is not None and placed.pooled.shape[1:],
            placed.concat is not None and placed.concat.shape[1:],
            tuple((name, value.shape[1:]) for name, value in placed.extras),
            tuple((control.handle, control.mode) for control in self.controls),
        )


def place(
    cond: Cond,
    x: Tensor,
    table: SigmaTable,
    wants: Wants = NOTHING_MORE,
    *,
    branch: str = "positive",
    concat: Tensor | None = None,
    steps: int = 0,
    number: int = 0,
) -> Placed:
    """`cond` for a job whose latents are shaped and kept as `x` [B, C, h, w]; ValueError for an area outside it.

    `wants` is what the network reads beside; `concat` are the joined channels of conditionings that bring none; `steps`
    is how many sampler steps the whole run has, `number` which of its branch's conditionings it is.
    """
    batch, _, height, width = x.shape
    own = concat if cond.concat is None else fitted(cond.concat, wants, x)
    ids = time_ids(cond, wants, branch, height, width)
    extras = cond.extras if ids is None else (*cond.extras, ("time_ids", ids))
    mask = None if cond.mask is None else resized_mask(cond.mask, x)
    bounds = _bounds(mask) if mask is not None and cond.within_mask else None
    rows, columns = _cells(bounds or cond.area, height, width)

    def moved(value: Tensor) -> Tensor:
        return _repeated(value.to(x.device, torch.float32), batch)

    return Placed(
        embeds=moved(cond.embeds),
        pooled=None if cond.pooled is None else moved(cond.pooled),
        concat=None if own is None else moved(own)[:, :, rows, columns],
        extras=tuple((name, moved(value)) for name, value in extras),
        rows=rows,
        columns=columns,
        weight=_weight(cond, mask, rows, columns, x),
        sigmas=(table.at(cond.when[0]), table.at(cond.when[1])),
        controls=tuple(_control(control, x, table, rows, columns) for control in cond.controls if control.counts),
        steps=cond.during[:2] if cond.during is not None and cond.during[2] == steps else None,
        number=number,
    )


def _control(control: Control, x: Tensor, table: SigmaTable, rows: slice, columns: slice) -> PlacedControl:
    batch, _, height, width = x.shape
    hint = fitted_hint(control.hint, height * PIXELS, width * PIXELS)[:, :, _pixels(rows), _pixels(columns)]
    return PlacedControl(
        handle=control.handle,
        hint=_repeated(hint.to(x.device), batch),
        strength=control.strength,
        mode=control.mode,
        sigmas=(table.at(control.when[0]), table.at(control.when[1])),
    )


def _pixels(cells: slice) -> slice:
    return slice(cells.start * PIXELS, cells.stop * PIXELS)


def evaluations(
    branch: str,
    conditioning: Sequence[Placed],
    x: Tensor,
    sigma: float,
    timestep: float,
    prediction: str,
    step: int = 0,
    done: int = 0,
) -> Iterator[Evaluation]:
    """What to ask the network for one branch; nothing if none of its conditionings holds now.

    `step` is the sampler step, and `done` of them were made in an earlier part of the run.
    """
    for placed in conditioning:
        if placed.holds(sigma, done + step):
            crop = x[:, :, placed.rows, placed.columns]
            active = tuple(control for control in placed.controls if control.holds(sigma))
            yield Evaluation(crop, sigma, timestep, placed, prediction, branch, active, step)


def combine(asked: Sequence[Evaluation], answers: Sequence[Tensor], x: Tensor) -> Tensor:
    """The branch's clean latent: answers averaged by weight where they meet, zero where none holds."""
    if len(asked) == 1 and isinstance(asked[0].placed.weight, float) and answers[0].shape == x.shape:
        return answers[0]
    total = torch.zeros_like(x)
    weights = x.new_full((x.shape[0], 1, *x.shape[2:]), _NOTHING)
    for evaluation, answer in zip(asked, answers, strict=True):
        placed = evaluation.placed
        total[:, :, placed.rows, placed.columns] += answer * placed.weight
        weights[:, :, placed.rows, placed.columns] += placed.weight
    return total / weights


def resized_mask(mask: Tensor, x: Tensor) -> Tensor:
    """A mask [B, H, W] or [B, 1, H, W] of any size as [B, 1, h, w] for the latents `x`, batch repeated as needed."""
    mask = mask.to(x.device, torch.float32).reshape(-1, 1, *mask.shape[-2:])
    if mask.shape[-2:] != x.shape[-2:]:
        mask = F.interpolate(mask, size=x.shape[-2:], mode="bilinear")
    return _repeated(mask, x.shape[0])


def _repeated(value: Tensor, batch: int) -> Tensor:
    """`value` with exactly `batch` rows, taken again from the first when they run out."""
    count = value.shape[0]
    if count == batch:
        return value
    if count == 1:
        return value.expand(batch, *value.shape[1:])
    return value[torch.arange(batch, device=value.device) % count]


def _cells(area: Area | None, height: int, width: int) -> tuple[slice, slice]:
    if area is None:
        return slice(0, height), slice(0, width)
    tall, wide = (height, width) if area.fractions else (1, 1)
    y, x = round(area.y * tall), round(area.x * wide)
    bottom = min(y + max(round(area.height * tall), 1), height)
    right = min(x + max(round(area.width * wide), 1), width)
    if y >= bottom or x >= right:
        raise Told(
            "The area of a conditioning starts at row {y}, column {x}, outside the latent of {height} by "
            "{width} cells; move it inside.",
            y=y,
            x=x,
            height=height,
            width=width,
        )
    return slice(y, bottom), slice(x, right)


def _bounds(mask: Tensor) -> Area:
    """The rectangle in which a mask [B, 1, h, w] is not 0, at least `_LEAST` cells a side where the latent has them."""
    spans = [_span(mask.any(dim=1).any(dim=0).any(dim=axis)) for axis in (1, 0)]
    (top, tall), (left, wide) = spans
    return Area(top, left, tall, wide)


def _span(line: Tensor) -> tuple[int, int]:
    found = line.nonzero()
    first, last = (int(found[0]), int(found[-1])) if len(found) else (0, 0)
    length = min(max(last + 1 - first, _LEAST), len(line))
    return min(first, len(line) - length), length


def _weight(cond: Cond, mask: Tensor | None, rows: slice, columns: slice, x: Tensor) -> Tensor | float:
    if mask is not None:
        return mask[:, :, rows, columns] * cond.strength if mask.any() else 0.0
    if cond.area is None:
        return float(cond.strength)
    tall, wide = _ramp(rows, x.shape[2]), _ramp(columns, x.shape[3])
    return (tall[:, None] * wide[None, :] * cond.strength).to(x)[None, None]


def _ramp(span: slice, size: int) -> Tensor:
    """Weights along one side of an area: they fall off towards an edge that is not the latent's own."""
    length = span.stop - span.start
    reach = min(_FEATHER, length // 4)
    ramp = torch.ones(length)
    rise = torch.arange(1, reach + 1) / max(reach, 1)
    if span.start > 0:
        ramp[:reach] *= rise
    if span.stop < size:
        ramp[length - reach :] *= rise.flip(0)
    return ramp

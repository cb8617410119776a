"""Evaluations in one call of the network: which fit together, laid out as rows, cut to what memory allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.diffusion.predict import Evaluation, Placed, PlacedControl
from engine.diffusion.prediction import PREDICTIONS
from engine.diffusion.types import ControlRows, Network
from engine.graph.told import Told

_LONGEST_REPEAT = 4
"""A conditioning is repeated to a common length at most so often; attention's cost would outgrow the batch's gain."""


def groups(evaluations: Sequence[Evaluation]) -> list[list[int]]:
    """Indices of evaluations that can go in one batch, in the order given."""
    found: list[tuple[tuple[object, ...], list[int]]] = []
    for index, evaluation in enumerate(evaluations):
        for shape, members in found:
            if shape == evaluation.shape and _lengths_fit([evaluations[i] for i in (*members, index)]):
                members.append(index)
                break
        else:
            found.append((evaluation.shape, [index]))
    return [members for _, members in found]


def _lengths_fit(evaluations: Sequence[Evaluation]) -> bool:
    lengths = [e.placed.embeds.shape[1] for e in evaluations]
    return math.lcm(*lengths) <= _LONGEST_REPEAT * min(lengths)


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What the network is told beside x and time, as rows [N, ...]."""

    embeds: Tensor
    pooled: Tensor | None
    concat: Tensor | None
    extras: Mapping[str, Tensor]

    def part(self, rows: slice) -> Given:
        return Given(
            self.embeds[rows],
            None if self.pooled is None else self.pooled[rows],
            None if self.concat is None else self.concat[rows],
            {name: value[rows] for name, value in self.extras.items()},
        )


def lay_out(placed: tuple[Placed, ...]) -> Given:
    """Conditionings one after the other, shorter ones repeated to the common length; the same at each step."""
    length = math.lcm(*(p.embeds.shape[1] for p in placed))
    return Given(
        embeds=torch.cat([_repeated(p.embeds, length) for p in placed]),
        pooled=_joined([p.pooled for p in placed]),
        concat=_joined([p.concat for p in placed]),
        extras={name: torch.cat([dict(p.extras)[name] for p in placed]) for name, _ in placed[0].extras},
    )


def _repeated(embeds: Tensor, length: int) -> Tensor:
    times = length // embeds.shape[1]
    return embeds if times == 1 else embeds.repeat(1, times, 1)


def _joined(tensors: Sequence[Tensor | None]) -> Tensor | None:
    present = [t for t in tensors if t is not None]
    return torch.cat(present) if present else None


def lay_out_controls(active: tuple[tuple[PlacedControl, ...], ...]) -> tuple[ControlRows, ...]:
    """The ControlNets of evaluations that all have the same ones, each with its hints and strengths by row."""
    return tuple(
        ControlRows(
            handle=same[0].handle,
            hint=torch.cat([control.hint for control in same]),
            strength=torch.cat([control.hint.new_full((control.hint.shape[0],), control.strength) for control in same]),
            mode=same[0].mode,
        )
        for same in zip(*active, strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Evaluations one after the other as rows of a batch."""

    x: Tensor
    sigma: Tensor
    """[N, 1, 1, 1]."""
    timestep: Tensor
    """[N]."""
    given: Given
    prediction: str
    controls: tuple[ControlRows, ...] = ()

    def part(self, rows: slice) -> Rows:
        return Rows(
            self.x[rows],
            self.sigma[rows],
            self.timestep[rows],
            self.given.part(rows),
            self.prediction,
            tuple(replace(c, hint=c.hint[rows], strength=c.strength[rows]) for c in self.controls),
        )

    def clean(self, network: Network) -> Tensor:
        """The clean latent behind each row, float32: one call of the network."""
        rule, given = PREDICTIONS[self.prediction], self.given
        out = network(
            self.x * rule.scale(self.sigma),
            self.timestep,
            given.embeds,
            pooled=given.pooled,
            concat=given.concat,
            extras=given.extras or None,
            controls=self.controls,
        )
        return rule.clean(self.x, out.float(), self.sigma, self.timestep[:, None, None, None])


def rows_of(evaluations: Sequence[Evaluation], given: Given, controls: tuple[ControlRows, ...] = ()) -> Rows:
    """A group of `groups` as rows; sigma and timestep are vectors over them."""
    x = torch.cat([e.x for e in evaluations])
    numbers = [(e.sigma, e.timestep) for e in evaluations for _ in range(e.x.shape[0])]
    sigma, timestep = torch.tensor(numbers, dtype=torch.float32).to(x.device, non_blocking=True).unbind(1)
    return Rows(x, sigma[:, None, None, None], timestep, given, evaluations[0].prediction, controls)


def run(
    network: Network, rows: Rows, limit: int, on_call: Callable[[int], None], on_halved: Callable[[int], None]
) -> Tensor:
    """The clean latents of all rows, at most `limit` a call; half as many after each time that memory runs out.

    `on_call(rows)` is told of each finished call, `on_halved(rows)` of each new limit.  RuntimeError when one row is
    too much.
    """
    done: list[Tensor] = []
    start, count = 0, rows.x.shape[0]
    while start < count:
        part = rows if limit >= count else rows.part(slice(start, start + limit))
        try:
            answer = part.clean(network)
        except torch.OutOfMemoryError as error:
            if part.x.shape[0] == 1:
                raise _too_large(part.x) from error
            answer = None
        if answer is None:
            # Outside the except block: the error's traceback keeps the failed call's tensors alive.
            limit = (part.x.shape[0] + 1) // 2
            on_halved(limit)
            _release(rows.x.device)
            continue
        on_call(part.x.shape[0])
        done.append(answer)
        start += part.x.shape[0]
    return done[0] if len(done) == 1 else torch.cat(done)


def _too_large(x: Tensor) -> Told:
    _, _, height, width = x.shape
    return Told(
        "Out of memory on {device}: the denoiser does not fit even one latent of {height} by {width} cells; make the "
        "picture smaller, or free memory.",
        device=str(x.device),
        height=height,
        width=width,
    )


def _release(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.empty_cache()


def split(clean: Tensor, evaluations: Sequence[Evaluation]) -> Iterator[Tensor]:
    """The rows of each evaluation."""
    return iter(torch.split(clean, [e.x.shape[0] for e in evaluations]))

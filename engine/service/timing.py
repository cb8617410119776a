"""How long node types take here, learnt from the runs there were."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.graph.graph import Const, Link, NodeId
from engine.graph.plan import Plan, Step
from engine.run.events import Event, StepFinished

REMEMBERED = 64
"""Runs of a node type that count; older ones are forgotten."""


@dataclass(frozen=True, slots=True)
class Range:
    """Seconds: a tenth of the runs were quicker than `low`, half than `typical`, a tenth slower than `high`."""

    low: float
    typical: float
    high: float
    runs: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a node type; `work` as `work_of` gives it."""

    type: str
    seconds: float
    work: float | None


class Timings:
    """Remembers the last runs of each node type."""

    def __init__(self) -> None:
        self._runs: defaultdict[str, deque[Run]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def add(self, runs: Iterable[Run]) -> None:
        """Learn from these."""
        for run in runs:
            self._runs[run.type].append(run)

    def estimate(self, type: str, work: float | None) -> Range | None:
        """How long a call is likely to take; None for a type that has not run.

        Where the work is known the time per unit of work counts, from the runs whose work was known.
        """
        runs = self._runs.get(type)
        if not runs:
            return None
        rates = [run.seconds / run.work for run in runs if run.work] if work else []
        scale = work if work and rates else 1.0
        times = sorted(rates or [run.seconds for run in runs])
        low, typical, high = (scale * _quantile(times, q) for q in (0.1, 0.5, 0.9))
        return Range(low, typical, high, len(times))


def runs_of(plan: Plan, events: Iterable[Event]) -> Iterator[Run]:
    """What a finished job tells about its node types; steps that were found, or are not in its graph, tell nothing."""
    for event in events:
        if isinstance(event, StepFinished) and not event.cached and (step := plan.steps.get(event.node)) is not None:
            yield Run(step.definition.name, event.seconds, work_of(step, plan.steps))


def work_of(step: Step, steps: Mapping[NodeId, Step]) -> float | None:
    """What its time grows with: pictures × cells × sampler steps; None where the size is not known."""
    cells = max(map(_cells, (*step.facts, *_above(step, steps))), default=0.0)
    return cells * _sampler_steps(step, steps) if cells else None


def _above(step: Step, steps: Mapping[NodeId, Step]) -> Iterator[Mapping[str, Any]]:
    """The facts of what it takes."""
    for arg in step.args.values():
        if isinstance(arg, Link) and arg.node in steps and arg.output < len(steps[arg.node].facts):
            yield steps[arg.node].facts[arg.output]


def _cells(facts: Mapping[str, Any]) -> float:
    width, height, batch = (facts.get(name) for name in ("width", "height", "batch"))
    return float(width * height * (batch or 1)) / 64 if width and height else 0.0


def _sampler_steps(step: Step, steps: Mapping[NodeId, Step]) -> int:
    """Its own `steps`, or those of what makes its sigmas; 1 for all that is no sampler."""
    own = step.args.get("steps")
    if isinstance(own, Const) and type(own.value) is int:
        return max(own.value, 1)
    sigmas = step.args.get("sigmas")
    if isinstance(sigmas, Link) and sigmas.node in steps and sigmas.node != step.id:
        return _sampler_steps(steps[sigmas.node], steps)
    return 1


def _quantile(ordered: list[float], q: float) -> float:
    """By linear interpolation between the values (Hyndman and Fan 1996, definition 7)."""
    place = q * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

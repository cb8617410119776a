"""What the engine adds when nothing, or only the seed, has changed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from engine.bench import models
from engine.bench.figure import Figure, best
from engine.run import events

WORK = ("5", "6", "7")
"""Sampler, decoder, sink."""


def figures() -> Iterator[Figure]:
    """Milliseconds of an unchanged run, and what a run with another seed spends outside its three steps."""
    from engine.session import Session

    with models.mini() as folders, tempfile.TemporaryDirectory() as data, Session(data=data, models=folders) as session:
        first = models.text_to_image(models.MINI, 128, 20, 0)
        session.run(first)
        yield Figure("unchanged run, in process", 1000 * best(lambda: session.run(first), 10), "ms", 5)
        spent = [_outside(session, models.MINI, 128, 20, seed)[0] for seed in range(1, 6)]
        yield Figure("another seed on the mini, outside sampler, decode, save", 1000 * median(spent), "ms", 15)
    with (
        models.random_model(full=True) as folder,
        tempfile.TemporaryDirectory() as data,
        Session(data=data, models=[folder]) as session,
    ):
        session.run(models.text_to_image(models.FULL, 256, 4, 0))
        outside, whole = _outside(session, models.FULL, 256, 4, 1)
        yield Figure("another seed on full size (256 x 256, 4 steps)", whole, "s")
        yield Figure("of that outside sampler, decode, save", 100 * outside / whole, "%", 1)


def _outside(session: Any, checkpoint: str, size: int, steps: int, seed: int) -> tuple[float, float]:
    """Seconds outside the three steps, and of the whole run."""
    inside = 0.0

    def listen(event: events.Event) -> None:
        nonlocal inside
        if isinstance(event, events.StepFinished) and event.node in WORK:
            inside += event.seconds

    began = time.perf_counter()
    session.run(models.text_to_image(checkpoint, size, steps, seed), on_event=listen)
    whole = time.perf_counter() - began
    return whole - inside, whole

"""Small jobs of the denoise loop, loops that end with their test, and leases that keep a diary."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from engine.diffusion.guidance import Cfg
from engine.diffusion.loop import DenoiseJob, DenoiseLoop
from engine.diffusion.noise import initial_noise
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import ModelSampling, Sampler
from tests.diffusion.tiny import Counting, conditioning, leased

SAMPLING = ModelSampling()
WAIT = 300
"""Seconds; no test needs them, and none is to hang."""


def a_job(seed: int = 1, steps: int = 20, shape: tuple[int, ...] = (1, 4, 8, 8), **fields: Any) -> DenoiseJob:
    plain = DenoiseJob(
        handle="model",
        sampling=SAMPLING,
        sampler=Sampler("euler"),
        guider=Cfg(conditioning(0.1), conditioning(-0.2), 4.0),
        sigmas=make_sigmas("karras", steps, SAMPLING),
        latent=torch.zeros(shape),
        noise=initial_noise(shape, seed),
        seed=seed,
    )
    return replace(plain, **fields)


@contextmanager
def a_loop(network: Any, **options: Any) -> Iterator[DenoiseLoop]:
    loop = DenoiseLoop(partial(leased, network), **options)
    try:
        yield loop
    finally:
        loop.close()


def alone(job: DenoiseJob, network: Any) -> Tensor:
    with a_loop(network) as loop:
        return loop.submit(job).result(WAIT).x


@contextmanager
def held(loop: DenoiseLoop) -> Iterator[None]:
    """The loop's thread stands still inside, so that what is submitted meanwhile begins together."""
    gate, reached = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        gate.wait(WAIT)

    loop.call(wait)
    reached.wait(WAIT)
    yield
    gate.set()


def far(x: Tensor, y: Tensor) -> float:
    return float((x - y).norm() / y.norm())


class Leases:
    """A lease that keeps a diary."""

    def __init__(self, load_seconds: float = 0.0) -> None:
        self.diary: list[str] = []
        self.open = 0
        self.load_seconds = load_seconds

    @contextmanager
    def __call__(self, handle: Hashable) -> Iterator[Any]:
        assert self.open == 0, "a lease is never nested"
        self.open += 1
        self.diary.append(str(handle))
        time.sleep(self.load_seconds)
        try:
            yield Counting()
        finally:
            self.open -= 1

"""The denoise loop: jobs that are cancelled or fail, alone."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

import pytest
from torch import Tensor

from engine.diffusion.guidance import Single
from engine.diffusion.loop import DenoiseLoop, StepState
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import Sampler
from engine.graph.context import Cancelled
from engine.graph.told import Told
from tests.diffusion.loops import SAMPLING, WAIT, a_job, a_loop, alone, far, held
from tests.diffusion.tiny import Counting, conditioning


def test_cancel_inside_a_sampler_ends_before_the_next_call() -> None:
    network = Counting()
    cancelled = threading.Event()
    steps: list[int] = []

    def on_step(state: StepState) -> None:
        steps.append(state.step)
        if state.step == 3:
            cancelled.set()

    with a_loop(network) as loop:
        with pytest.raises(Cancelled):
            loop.submit(a_job(on_step=on_step, cancelled=cancelled.is_set)).result(WAIT)
        assert (network.calls, steps) == (4, [0, 1, 2, 3])
        assert loop.submit(a_job()).result(WAIT).calls == 20


def test_cancelling_the_future_cancels_the_job() -> None:
    network = Counting()
    started, go_on = threading.Event(), threading.Event()

    def on_step(state: StepState) -> None:
        started.set()
        go_on.wait(WAIT)

    with a_loop(network) as loop:
        future = loop.submit(a_job(on_step=on_step))
        started.wait(WAIT)
        assert future.cancel()
        go_on.set()
        with pytest.raises(CancelledError):
            future.result(WAIT)
        assert loop.submit(a_job(steps=2)).result(WAIT).calls == 2
    assert network.calls == 1 + 2


def test_a_job_cancelled_before_it_began_makes_no_call() -> None:
    network = Counting()
    with a_loop(network) as loop, pytest.raises(Cancelled):
        loop.submit(a_job(cancelled=lambda: True)).result(WAIT)
    assert network.calls == 0


def failing_step(state: StepState) -> None:
    if state.step == 1:
        raise KeyError("preview")


def failing_network(x: Tensor, timestep: Tensor, embeds: Tensor, **more: Any) -> Tensor:
    raise ArithmeticError("network")


def failing_guider(x: Tensor, sigma: float, wants: frozenset[str] = frozenset()) -> Any:
    raise LookupError("guider")
    yield


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"on_step": failing_step}, KeyError),
        ({"guider": failing_guider}, LookupError),
        ({"sampler": Sampler("nothing")}, ValueError),
        ({"sampler": Sampler("euler", (("speed", 1),))}, ValueError),
        ({"cancelled": lambda: 1 / 0}, ZeroDivisionError),
    ],
)
@pytest.mark.parametrize("share", ["auto", "never"])
def test_a_failing_job_fails_alone(share: str, fields: dict[str, Any], error: type[Exception]) -> None:
    with a_loop(Counting(), share=share) as loop:
        with held(loop):
            bad, good = loop.submit(a_job(**fields)), loop.submit(a_job(seed=2))
        with pytest.raises(error):
            bad.result(WAIT)
        after = loop.submit(a_job(seed=2)).result(WAIT)
        assert far(good.result(WAIT).x, after.x) < 1e-5
    assert far(after.x, alone(a_job(seed=2), Counting())) == 0


def test_a_network_that_fails_on_one_jobs_rows_fails_that_job() -> None:
    network = Counting()

    def picky(x: Tensor, timestep: Tensor, embeds: Tensor, **more: Any) -> Tensor:
        if (embeds == 9).any():
            raise ArithmeticError("cannot do nine")
        return network(x, timestep, embeds, **more)

    with a_loop(picky, share="auto") as loop:
        with held(loop):
            bad = loop.submit(a_job(guider=Single(conditioning(9.0))))
            good = loop.submit(a_job(guider=Single(conditioning(1.0))))
        with pytest.raises(ArithmeticError, match="nine"):
            bad.result(WAIT)
        assert not good.result(WAIT).shared


def test_numbers_that_are_not_finite_name_step_and_sigma() -> None:
    def network(x: Tensor, timestep: Tensor, embeds: Tensor, **more: Any) -> Tensor:
        return x * (float("nan") if timestep[0] < 500 else 0.1)

    sigmas = make_sigmas("normal", 4, SAMPLING)
    with pytest.raises(Told, match=f"step 3 of 4, sigma {float(sigmas[2]):.4g}"):
        alone(a_job(sigmas=sigmas), network)


def test_a_lease_that_fails_fails_its_jobs_only() -> None:
    @contextmanager
    def lease(handle: Hashable) -> Iterator[Any]:
        if handle == "broken":
            raise OSError("no such file")
        yield Counting()

    loop = DenoiseLoop(lease)
    with pytest.raises(OSError, match="no such file"):
        loop.submit(a_job(handle="broken")).result(WAIT)
    assert loop.submit(a_job()).result(WAIT).calls == 20
    loop.close()


def test_a_lease_that_cannot_be_given_back_keeps_nobody_waiting() -> None:
    network = Counting()
    failures = iter([True, False])

    @contextmanager
    def lease(handle: Hashable) -> Iterator[Any]:
        yield network
        if next(failures, False):
            raise OSError("the device is gone")

    loop = DenoiseLoop(lease)
    try:
        with held(loop):
            job = loop.submit(a_job(steps=3))
            before, between, after = (loop.call(lambda n=n: n) for n in (1, 2, 3))  # type: ignore[misc]
        assert before.result(WAIT) == 1
        with pytest.raises(OSError, match="gone"):
            between.result(WAIT)
        assert after.result(WAIT) == 3
        assert job.result(WAIT).calls == 3
    finally:
        loop.close()

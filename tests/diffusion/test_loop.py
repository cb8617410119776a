"""The denoise loop: batches, sharing, memory, cancelling, failing, priorities, calls between turns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.diffusion.guidance import Cfg, Single
from engine.diffusion.loop import DenoiseJob, DenoiseLoop, StepState
from engine.diffusion.noise import initial_noise
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import Conditioning, ModelSampling, Sampler, Wants
from engine.graph.context import Cancelled
from tests.diffusion.tiny import Counting, conditioning, leased, unet_network

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


# --- batches


def test_positive_and_negative_go_in_one_call() -> None:
    network = Counting()
    with a_loop(network) as loop:
        result = loop.submit(a_job(shape=(3, 4, 8, 8))).result(WAIT)
        stats = loop.stats
    assert network.shapes == [(6, 4, 8, 8, 77)] * 20
    assert (result.calls, result.shared) == (20, False)
    assert (stats.calls, stats.rows, stats.shared_calls) == (20, 120, 0)


def test_scale_1_skips_the_negative() -> None:
    network = Counting()
    alone(a_job(guider=Cfg(conditioning(0.1), conditioning(-0.2), 1.0)), network)
    assert network.shapes == [(1, 4, 8, 8, 77)] * 20


def test_shorter_conditionings_repeat_to_the_common_length() -> None:
    """Attention without a mask does not see that the keys are there twice."""
    guider = Cfg(conditioning(0.1, 154), conditioning(-0.2, 77), 4.0)
    lengths: list[int] = []

    def network(x: Tensor, timestep: Tensor, embeds: Tensor, **more: Any) -> Tensor:
        lengths.append(embeds.shape[1])
        return unet_network(x, timestep, embeds, **more)

    together = alone(a_job(steps=4, guider=guider), network)
    assert lengths == [154] * 4
    one = alone(a_job(steps=4, guider=Cfg(conditioning(0.1, 77), conditioning(-0.2, 77), 4.0)), network)
    assert far(together, one) < 1e-5


def test_lengths_that_would_repeat_too_often_go_apart() -> None:
    network = Counting()
    alone(a_job(steps=2, guider=Cfg(conditioning(0.1, 77 * 5), conditioning(-0.2, 77), 4.0)), network)
    assert sorted(network.shapes) == sorted([(1, 4, 8, 8, 77), (1, 4, 8, 8, 385)] * 2)


def test_second_order_samplers_tell_the_network_each_level() -> None:
    network = Counting()
    alone(a_job(steps=5, sampler=Sampler("heun")), network)
    assert network.calls == 9


def test_pooled_concat_and_extras_arrive_row_by_row() -> None:
    seen: list[dict[str, Any]] = []

    def network(x: Tensor, timestep: Tensor, embeds: Tensor, **more: Any) -> Tensor:
        seen.append(more)
        return x * 0.1

    def full(value: float) -> Conditioning:
        cond = conditioning(value)[0]
        return Conditioning(
            (
                replace(
                    cond,
                    pooled=torch.full((1, 5), value),
                    concat=torch.full((1, 5, 8, 8), value),
                    extras=(("guidance", torch.full((1,), value)),),
                ),
            )
        )

    guider = Cfg(full(1.0), full(2.0), 4.0)
    alone(a_job(steps=1, shape=(2, 4, 8, 8), guider=guider, wants=Wants(concat=5)), network)
    (more,) = seen
    assert more["pooled"][:, 0].tolist() == [1, 1, 2, 2]
    assert more["concat"].shape == (4, 5, 8, 8)
    assert more["extras"]["guidance"].tolist() == [1, 1, 2, 2]


# --- sharing


def test_two_jobs_share_calls_and_equal_two_alone() -> None:
    network = Counting()
    jobs = [a_job(seed=1, steps=20), a_job(seed=2, steps=20, guider=Cfg(conditioning(0.3), conditioning(0.0), 7.0))]
    with a_loop(network, share="auto") as loop:
        with held(loop):
            futures = [loop.submit(job) for job in jobs]
        results = [future.result(WAIT) for future in futures]
    assert network.calls == 20
    assert all(result.shared and result.calls == 20 for result in results)
    for job, result in zip(jobs, results, strict=True):
        assert far(result.x, alone(job, Counting())) < 1e-5


def test_jobs_at_different_steps_share_calls_on_a_real_unet() -> None:
    """Sigma and timestep are vectors over the batch; lengths, schedules and samplers differ."""
    one = a_job(seed=1, steps=4, sampler=Sampler("euler_ancestral"))
    other = a_job(
        seed=2,
        steps=6,
        sampler=Sampler("dpmpp_2m"),
        guider=Cfg(conditioning(0.2, 154), conditioning(-0.1), 3.0),
        sigmas=make_sigmas("normal", 6, SAMPLING),
    )
    with a_loop(unet_network, share="auto") as loop:
        with held(loop):
            futures = [loop.submit(job) for job in (one, other)]
        results = [future.result(WAIT) for future in futures]
        assert loop.stats.calls == 6
    for job, result in zip((one, other), results, strict=True):
        assert far(result.x, alone(job, unet_network)) < 1e-5


def test_never_does_not_share_and_takes_turns() -> None:
    network = Counting()
    order: list[int] = []
    with a_loop(network) as loop:
        with held(loop):
            futures = [
                loop.submit(a_job(seed, steps=3, on_step=partial(lambda seed, state: order.append(seed), seed)))
                for seed in (1, 2)
            ]
        results = [future.result(WAIT) for future in futures]
    assert network.calls == 6
    assert not any(result.shared for result in results)
    assert order == [1, 2] * 3


def test_different_shapes_share_a_turn_but_no_call() -> None:
    network = Counting()
    with a_loop(network, share="auto") as loop:
        with held(loop):
            futures = [loop.submit(a_job(steps=3)), loop.submit(a_job(steps=3, shape=(1, 4, 8, 4)))]
        results = [future.result(WAIT) for future in futures]
    assert network.calls == 6
    assert not any(result.shared for result in results)


def test_jobs_that_may_share_do_and_others_take_turns_with_them() -> None:
    network = Counting()
    order: list[int] = []
    with a_loop(network) as loop:
        with held(loop):
            futures = [
                loop.submit(
                    a_job(
                        seed,
                        steps=3,
                        share=seed != 2,
                        on_step=partial(lambda seed, state: order.append(seed), seed),
                    )
                )
                for seed in (1, 2, 3)
            ]
        results = [future.result(WAIT) for future in futures]
    assert [result.shared for result in results] == [True, False, True]
    assert network.calls == 6
    assert order == [1, 3, 2] * 3
    assert far(results[0].x, alone(a_job(1, steps=3), Counting())) < 1e-5
    assert torch.equal(results[1].x, alone(a_job(2, steps=3), Counting()))


def test_of_many_jobs_that_share_the_first_end_first_and_nobody_waits_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.diffusion.loop.TOGETHER", 2)
    order: list[int] = []
    with a_loop(Counting()) as loop:
        with held(loop):
            futures = [
                loop.submit(
                    a_job(
                        seed,
                        steps=2,
                        share=seed < 5,
                        on_step=partial(lambda seed, state: order.append(seed), seed),
                    )
                )
                for seed in (1, 2, 3, 4, 5)
            ]
        results = [future.result(WAIT) for future in futures]
    assert order == [1, 2, 5, 1, 2, 5, 3, 4, 3, 4]
    assert [result.shared for result in results] == [True] * 4 + [False]


# --- memory


class Narrow(Counting):
    """Runs out of memory above `most` rows."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.refused = most, 0

    def __call__(self, x: Tensor, timestep: Tensor, embeds: Tensor, **more: Any) -> Tensor:
        if x.shape[0] > self.most:
            self.refused += 1
            raise torch.OutOfMemoryError("out of memory")
        return super().__call__(x, timestep, embeds, **more)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_out_of_memory_halves_the_batch_and_remembers(most: int) -> None:
    network = Narrow(most)
    job = a_job(steps=4, shape=(4, 4, 8, 8))
    with a_loop(network) as loop:
        result = loop.submit(job).result(WAIT)
        halvings = loop.stats.halvings
    assert far(result.x, alone(job, Counting())) < 1e-6
    assert halvings == network.refused == {1: 3, 2: 2, 3: 2}[most]
    assert max(shape[0] for shape in network.shapes) <= most


def test_one_row_too_many_is_a_clear_error_and_the_next_job_runs() -> None:
    network = Narrow(0)
    with a_loop(network) as loop:
        with pytest.raises(RuntimeError, match=r"Out of memory on cpu: .* 8 by 8 cells"):
            loop.submit(a_job()).result(WAIT)
        network.most = 8
        assert loop.submit(a_job()).result(WAIT).calls == 20


def test_room_sizes_the_batch() -> None:
    network = Counting()
    asked: list[tuple[Any, tuple[int, ...], int]] = []

    def room(network: Any, shape: Any, rows: int) -> int:
        asked.append((network, tuple(shape), rows))
        return 3

    with a_loop(network, room=room) as loop:
        loop.submit(a_job(steps=1, shape=(4, 4, 8, 8))).result(WAIT)
    assert [shape[0] for shape in network.shapes] == [3, 3, 2]
    assert asked == [(network, (4, 8, 8), 8)]


# --- cancelling and failing


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
    with pytest.raises(FloatingPointError, match=f"step 3 of 4, sigma {float(sigmas[2]):.4g}"):
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


# --- order


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


def test_higher_priority_goes_first() -> None:
    done: list[str] = []

    def note(name: str) -> Callable[[Future[Any]], None]:
        return lambda future: done.append(name)

    with a_loop(Counting()) as loop:
        with held(loop):
            low = loop.submit(a_job(steps=3))
            low.add_done_callback(note("low"))
            high = loop.submit(a_job(steps=3, priority=1))
            high.add_done_callback(note("high"))
        low.result(WAIT)
    assert done == ["high", "low"]


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


def test_one_set_of_weights_serves_its_jobs_before_the_next() -> None:
    leases = Leases()
    loop = DenoiseLoop(leases)
    with held(loop):
        futures = [loop.submit(a_job(seed, handle=handle)) for seed, handle in enumerate(["one", "two", "one", "two"])]
    for future in futures:
        future.result(WAIT)
    stats = loop.stats
    loop.close()
    assert leases.diary == ["one", "two"]
    assert stats.swaps == 2


def test_weights_are_swapped_when_their_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.diffusion.residence._LEAST_STAY", 0.0)
    monkeypatch.setattr("engine.diffusion.residence._SWAPS_WORTH", 0)
    leases = Leases()
    loop = DenoiseLoop(leases)
    with held(loop):
        futures = [loop.submit(a_job(handle=handle, steps=3)) for handle in ("one", "two")]
    for future in futures:
        future.result(WAIT)
    loop.close()
    assert leases.diary == ["one", "two"] * 3


def test_calls_run_between_turns_without_a_lease_and_jobs_go_on() -> None:
    leases = Leases()
    loop = DenoiseLoop(leases)
    held_leases: list[int] = []
    calls: list[Future[int]] = []

    def on_step(state: StepState) -> None:
        if state.step < 3:
            calls.append(loop.call(lambda: held_leases.append(leases.open) or state.step))

    result = loop.submit(a_job(steps=6, on_step=on_step)).result(WAIT)
    assert [call.result(WAIT) for call in calls] == [0, 1, 2]
    assert held_leases == [0, 0, 0]
    assert result.calls == 6
    assert loop.stats.swaps == 1
    loop.close()
    assert leases.open == 0


def test_a_long_queue_of_calls_does_not_starve_a_job() -> None:
    finished: list[str] = []
    with a_loop(Counting()) as loop:
        with held(loop):
            job = loop.submit(a_job(steps=2))
            job.add_done_callback(lambda future: finished.append("job"))
            calls = [loop.call(lambda: finished.append("call")) for _ in range(20)]
        for call in calls:
            call.result(WAIT)
    assert finished.index("job") < 5


def test_calls_give_results_and_errors_in_the_loops_thread() -> None:
    with a_loop(Counting()) as loop:
        assert loop.call(lambda: threading.current_thread().name).result(WAIT) == "denoise"
        assert loop.call(torch.is_grad_enabled).result(WAIT) is False
        with pytest.raises(ZeroDivisionError):
            loop.call(lambda: 1 // 0).result(WAIT)
        assert loop.call(lambda: 5).result(WAIT) == 5


def test_the_lease_is_given_back_when_idle() -> None:
    leases = Leases()
    loop = DenoiseLoop(leases)
    loop.submit(a_job(steps=1)).result(WAIT)
    for _ in range(1000):
        if not leases.open:
            break
        time.sleep(0.005)
    assert leases.open == 0
    loop.close()


def test_close_ends_the_thread_and_what_is_left() -> None:
    leases = Leases()
    loop = DenoiseLoop(leases)
    started, go_on = threading.Event(), threading.Event()

    def on_step(state: StepState) -> None:
        started.set()
        go_on.wait(WAIT)

    running = loop.submit(a_job(on_step=on_step))
    started.wait(WAIT)
    waiting, call = loop.submit(a_job()), loop.call(lambda: 1)
    closing = threading.Thread(target=loop.close)
    closing.start()
    while not loop._closed:
        time.sleep(0.001)
    go_on.set()
    closing.join(WAIT)
    assert not loop._thread.is_alive()
    assert leases.open == 0
    for future in (running, waiting, call):
        with pytest.raises(Cancelled):
            future.result(0)
    with pytest.raises(RuntimeError, match="closed"):
        loop.submit(a_job())
    loop.close()


# --- what a job is


def test_on_step_sees_every_step_once() -> None:
    states: list[StepState] = []
    alone(a_job(steps=5, sampler=Sampler("heun"), on_step=states.append), Counting())
    assert [(state.step, state.total) for state in states] == [(i, 5) for i in range(5)]
    torch.testing.assert_close([state.sigma for state in states], make_sigmas("karras", 5, SAMPLING)[:-1].tolist())
    assert {name for state in states for name in state.branches} == {"positive", "negative"}
    assert all(state.x.shape == state.clean.shape == (1, 4, 8, 8) for state in states)


@pytest.mark.parametrize("sigmas", [torch.empty(0), torch.tensor([3.0])])
def test_no_steps_return_the_latent(sigmas: Tensor) -> None:
    latent = torch.randn(1, 4, 8, 8)
    assert torch.equal(alone(a_job(latent=latent, sigmas=sigmas), Counting()), latent)


def first_x(job: DenoiseJob) -> Tensor:
    states: list[StepState] = []
    alone(replace(job, on_step=states.append), Counting())
    return states[0].x


def test_first_x_at_the_highest_level_has_the_variance_of_training() -> None:
    job = a_job(latent=torch.full((1, 4, 8, 8), 2.0))
    sigma = float(job.sigmas[0])
    assert job.noise is not None
    torch.testing.assert_close(first_x(job), 2.0 + job.noise * (1 + sigma**2) ** 0.5)


def test_first_x_below_it_is_latent_plus_noise() -> None:
    job = a_job(latent=torch.full((1, 4, 8, 8), 2.0), sigmas=make_sigmas("karras", 10, SAMPLING, denoise=0.5))
    assert job.noise is not None
    torch.testing.assert_close(first_x(job), 2.0 + job.noise * float(job.sigmas[0]))


def test_without_noise_x_is_the_latent() -> None:
    latent = torch.randn(1, 4, 8, 8)
    assert torch.equal(first_x(a_job(latent=latent, noise=None)), latent)


def test_a_run_cut_in_two_is_the_whole_run() -> None:
    whole = a_job(steps=10)
    first = replace(whole, sigmas=whole.sigmas[:6])
    second = replace(whole, sigmas=whole.sigmas[5:], latent=alone(first, Counting()), noise=None)
    assert far(alone(second, Counting()), alone(whole, Counting())) < 1e-6


def test_a_flow_model_cut_in_two_is_the_whole_run() -> None:
    sampling = ModelSampling(prediction="flow", schedule="flow")
    whole = a_job(steps=10, sampling=sampling, sigmas=make_sigmas("normal", 10, sampling))
    first = replace(whole, sigmas=whole.sigmas[:6])
    second = replace(whole, sigmas=whole.sigmas[5:], latent=alone(first, Counting()), noise=None)
    assert far(alone(second, Counting()), alone(whole, Counting())) < 1e-5


def test_flow_tells_the_network_sigma_and_starts_from_noise() -> None:
    sampling = ModelSampling(prediction="flow", schedule="flow")
    network = Counting()
    job = a_job(steps=4, sampling=sampling, sigmas=make_sigmas("simple", 4, sampling), latent=torch.ones(1, 4, 8, 8))
    alone(job, network)
    assert [levels[0] for levels in network.timesteps] == pytest.approx([1000, 750, 500, 250])
    assert torch.equal(first_x(job), job.noise)


@pytest.mark.parametrize("name", ["euler", "ddim", "dpmpp_2m", "euler_ancestral"])
def test_a_noise_mask_keeps_the_latent_outside_and_changes_it_inside(name: str) -> None:
    latent = torch.randn(1, 4, 8, 8)
    mask = torch.zeros(1, 64, 64)
    mask[:, :, 32:] = 1
    out = alone(a_job(latent=latent, noise_mask=mask, sampler=Sampler(name)), Counting())
    torch.testing.assert_close(out[..., :4], latent[..., :4], rtol=0, atol=1e-5)
    assert (out[..., 5:] - latent[..., 5:]).abs().mean() > 0.1


def test_under_a_noise_mask_the_network_sees_the_latent_noised() -> None:
    latent = torch.randn(1, 4, 8, 8)
    seen: list[Tensor] = []

    def network(x: Tensor, timestep: Tensor, embeds: Tensor, **more: Any) -> Tensor:
        seen.append(x)
        return x * 0.1

    job = a_job(steps=5, latent=latent, noise_mask=torch.zeros(1, 8, 8), guider=Single(conditioning()))
    alone(job, network)
    sigma = float(job.sigmas[3])
    assert job.noise is not None
    torch.testing.assert_close(seen[3], (latent + sigma * job.noise) / (1 + sigma**2) ** 0.5)


def test_the_jobs_tensors_are_not_changed() -> None:
    job = a_job(latent=torch.randn(1, 4, 8, 8), sampler=Sampler("dpm_2_ancestral"), noise_mask=torch.rand(1, 8, 8))
    assert job.noise is not None
    tensors = [job.latent, job.noise, job.sigmas, job.noise_mask]
    versions = [t._version for t in tensors if t is not None]
    state = torch.random.get_rng_state()
    alone(job, Counting())
    assert [t._version for t in tensors if t is not None] == versions
    assert torch.equal(torch.random.get_rng_state(), state)

"""The denoise loop: what is evaluated together, within a job and between jobs, and how much fits in memory."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.diffusion.guidance import Cfg
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import Conditioning, Sampler, Wants
from engine.graph.told import Told
from tests.diffusion.loops import SAMPLING, WAIT, a_job, a_loop, alone, far, held
from tests.diffusion.tiny import Counting, conditioning, unet_network

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
        with pytest.raises(Told, match=r"Out of memory on cpu: .* 8 by 8 cells"):
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

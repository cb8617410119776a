"""ControlNets in the denoise loop: whose rows, when, how strongly, and what is leased for them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.diffusion.guidance import Cfg, RescaledCfg, Single, cfg, steered_alike
from engine.diffusion.hints import fitted_hint
from engine.diffusion.loop import DenoiseJob, DenoiseLoop, DenoiseResult
from engine.diffusion.noise import initial_noise
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import Area, Conditioning, Control, ControlRows, ModelSampling, Sampler
from tests.diffusion.tiny import conditioning

SAMPLING = ModelSampling()
SHAPE = (1, 4, 8, 8)
WAIT = 300


def control(handle: Hashable = "net", value: float = 0.5, **fields: Any) -> Control:
    return Control(handle, torch.full((1, 64, 64, 3), value), **fields)


def job(
    positive: Sequence[Control] = (), negative: Sequence[Control] = (), steps: int = 4, **fields: Any
) -> DenoiseJob:
    sides = conditioning(0.1, controls=tuple(positive)), conditioning(-0.2, controls=tuple(negative))
    values: dict[str, Any] = {
        "handle": "model",
        "sampling": SAMPLING,
        "sampler": Sampler("euler"),
        "guider": Cfg(*sides, 4.0),
        "sigmas": make_sigmas("normal", steps, SAMPLING),
        "latent": torch.zeros(SHAPE),
        "noise": initial_noise(SHAPE, 1),
    }
    return DenoiseJob(**(values | fields))


class Steered:
    """A network that keeps what ControlNets it was given, and answers with x and their mean hints by strength."""

    def __init__(self, most: int = 100) -> None:
        self.seen: list[tuple[ControlRows, ...]] = []
        self.leases: list[tuple[Hashable, ...]] = []
        self.most = most

    def __call__(
        self,
        x: Tensor,
        timestep: Tensor,
        embeds: Tensor,
        *,
        pooled: Tensor | None = None,
        concat: Tensor | None = None,
        extras: Mapping[str, Tensor] | None = None,
        controls: Sequence[ControlRows] = (),
    ) -> Tensor:
        if x.shape[0] > self.most:
            raise torch.OutOfMemoryError("too many rows")
        self.seen.append(tuple(controls))
        added = sum((c.hint.mean((1, 2, 3)) * c.strength for c in controls), torch.zeros(x.shape[0]))
        return x * 0.1 + added[:, None, None, None]

    @contextmanager
    def lease(self, *handles: Hashable) -> Iterator[Any]:
        self.leases.append(handles)
        yield self

    @property
    def rows(self) -> list[tuple[tuple[Hashable, int], ...]]:
        """Of each call, the handles and how many rows each had."""
        return [tuple((c.handle, c.hint.shape[0]) for c in call) for call in self.seen]


def run(network: Steered, job: DenoiseJob) -> DenoiseResult:
    loop = DenoiseLoop(network.lease)
    try:
        return loop.submit(job).result(WAIT)
    finally:
        loop.close()


def test_branches_with_the_same_controlnets_go_in_one_call() -> None:
    network = Steered()
    result = run(network, job([control(strength=0.5)], [control(value=0.25)]))
    assert network.rows == [(("net", 2),)] * 4
    assert network.leases == [("model", "net")]
    (rows,) = network.seen[0]
    assert rows.strength.tolist() == [0.5, 1.0]
    assert rows.hint.shape == (2, 3, 64, 64)
    assert rows.hint.mean((1, 2, 3)).tolist() == [0.5, 0.25]
    assert result.calls == 4


def test_branches_with_other_controlnets_go_in_calls_of_their_own() -> None:
    sets, modes = Steered(), Steered()
    run(sets, job([control("a"), control("b")], [control("a")]))
    assert sets.rows[:2] == [(("a", 1), ("b", 1)), (("a", 1),)]
    assert sets.leases == [("model", "a", "b")]
    run(modes, job([control("a", mode="depth")], [control("a")]))
    assert modes.rows[:2] == [(("a", 1),), (("a", 1),)]
    assert modes.leases == [("model", "a")]


def test_several_on_one_side_are_all_given() -> None:
    network = Steered()
    run(network, job([control("a", strength=2.0), control("b"), control("a")]))
    assert network.rows[0] == (("a", 1), ("b", 1), ("a", 1))
    assert network.leases == [("model", "a", "b")]


@pytest.mark.parametrize("off", [{"strength": 0.0}, {"when": (0.5, 0.5)}, {"when": (0.7, 0.2)}])
def test_one_that_never_counts_costs_nothing(off: dict[str, Any]) -> None:
    network, plain = Steered(), Steered()
    ours = run(network, job([control(**off)]))
    expected = run(plain, job())
    assert network.leases == [("model",)]
    assert network.rows == [()] * 4
    assert torch.equal(ours.x, expected.x)


def test_one_holds_for_a_range_of_noise() -> None:
    network = Steered()
    run(network, job([control(when=(0.0, 0.5))], [control(when=(0.5, 1.0))]))
    first, last = [(("net", 1),), ()], [(), (("net", 1),)]
    assert network.rows == first * 2 + last * 2
    assert network.leases == [("model", "net")]


def test_an_area_gets_its_part_of_the_hint() -> None:
    network, ramp = Steered(), torch.arange(64.0)[None, :, None, None].expand(1, 64, 64, 3)
    here = conditioning(0.1, area=Area(4, 2, 4, 3), controls=(Control("net", ramp),))
    run(network, job(guider=Single(here)))
    (rows,) = network.seen[0]
    assert rows.hint.shape == (1, 3, 32, 24)
    assert rows.hint[0, 0, :, 0].tolist() == list(range(32, 64))


def test_pictures_of_a_batch_get_their_own_hints_and_too_few_begin_again() -> None:
    network, hints = Steered(), torch.tensor([0.0, 1.0])[:, None, None, None].expand(2, 64, 64, 3)
    shape = (3, *SHAPE[1:])
    one = conditioning(0.1, controls=(Control("net", hints),))
    run(network, job(guider=Single(one), latent=torch.zeros(shape), noise=initial_noise(shape, 1)))
    (rows,) = network.seen[0]
    assert rows.hint.mean((1, 2, 3)).tolist() == [0.0, 1.0, 0.0]


def test_halved_batches_keep_rows_and_their_hints_together() -> None:
    shape = (4, *SHAPE[1:])
    hints = torch.linspace(0, 1, 4)[:, None, None, None].expand(4, 64, 64, 3)
    one = conditioning(0.1, controls=(Control("net", hints, 0.3),))
    whole = job(guider=Single(one), latent=torch.zeros(shape), noise=initial_noise(shape, 1))
    small = Steered(most=1)
    expected, found = run(Steered(), whole), run(small, whole)
    assert set(small.rows) == {(("net", 1),)}
    torch.testing.assert_close(found.x, expected.x)


def test_jobs_with_the_same_controlnets_share_calls() -> None:
    network = Steered()
    with_one = [job(guider=Single(conditioning(0.1, controls=(control(value=v),)))) for v in (0.2, 0.8)]
    loop = DenoiseLoop(network.lease, share="auto")
    try:
        futures = loop.call(lambda: [loop.submit(job) for job in with_one]).result(WAIT)
        results = [future.result(WAIT) for future in futures]
    finally:
        loop.close()
    assert network.rows == [(("net", 2),)] * 4
    alone = [run(Steered(), job).x for job in with_one]
    for result, expected in zip(results, alone, strict=True):
        torch.testing.assert_close(result.x, expected)


def test_every_guider_tells_its_conditionings() -> None:
    one, two = conditioning(), conditioning()
    assert Cfg(one, two, 3.0).conditionings == RescaledCfg(Cfg(one, two, 3.0), 0.5).conditionings == (one, two)
    assert Single(one).conditionings == (one,)


# --- the old node's ControlNets, which are for both prompts


def test_a_controlnet_for_both_reaches_a_negative_that_has_none() -> None:
    both = control(both=True)
    rule = cfg(conditioning(controls=(both,)), conditioning(-0.2), 4.0)
    assert isinstance(rule, Cfg)
    assert rule.negative[0].controls == (both,)
    assert rule.negative[0].embeds.mean() == pytest.approx(-0.2)


def test_it_does_not_reach_one_that_has_its_own_or_is_for_an_area() -> None:
    positive, own = conditioning(controls=(control(both=True),)), conditioning(controls=(control("own"),))
    here = conditioning(area=Area(0, 0, 4, 4))
    assert steered_alike(positive, own) is own
    assert steered_alike(positive, here) is here
    assert steered_alike(conditioning(controls=(control(),)), here) is here
    area = conditioning(area=Area(0, 0, 4, 4), controls=(control(both=True),))
    assert steered_alike(area, plain := conditioning()) is plain


def test_several_are_dealt_out_in_turn() -> None:
    a, b, c = (control(name, both=True) for name in "abc")
    positive = Conditioning(tuple(conditioning(controls=(net,))[0] for net in (a, b, c)))
    negative = Conditioning((*conditioning(0.1), *conditioning(0.2)))
    dealt = steered_alike(positive, negative)
    assert [cond.controls for cond in dealt] == [(c,), (b,)]


# --- hints


def test_a_hint_of_the_size_is_left_as_it_is() -> None:
    picture = torch.rand(2, 16, 24, 3)
    assert torch.equal(fitted_hint(picture, 16, 24), picture.movedim(-1, 1))


def test_a_hint_is_cut_around_its_centre_and_not_blended() -> None:
    wide = torch.arange(8.0)[None, None, :, None].expand(1, 4, 8, 3)
    assert fitted_hint(wide, 4, 4)[0, 0, 0].tolist() == [2, 3, 4, 5]
    assert fitted_hint(wide, 8, 8)[0, 0, 0].tolist() == [2, 2, 3, 3, 4, 4, 5, 5]
    tall = wide.transpose(1, 2)
    assert fitted_hint(tall, 4, 4)[0, 0, :, 0].tolist() == [2, 3, 4, 5]
    assert fitted_hint(wide, 2, 4)[0, 0, 0].tolist() == [1, 3, 5, 7]


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (1, 1, 1000, 3), (1, 1000, 1, 3), (2, 7, 5, 1), (1, 3, 3, 4)])
def test_hints_of_any_shape_fit(shape: tuple[int, ...]) -> None:
    hint = fitted_hint(torch.rand(shape), 16, 8)
    assert hint.shape == (shape[0], 3, 16, 8)
    assert hint.isfinite().all()

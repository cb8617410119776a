"""Noise: the field's numbers, independent draws, one Brownian path."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.diffusion.noise import brownian_noise, initial_noise, step_noise
from engine.diffusion.philox import cuda_randn, philox


def test_initial_noise_is_one_draw_over_the_batch() -> None:
    expected = torch.randn((3, 4, 8, 8), generator=torch.Generator().manual_seed(42))
    assert torch.equal(initial_noise((3, 4, 8, 8), 42), expected)
    # The first numbers of torch.manual_seed(42); torch.randn(16 or more).
    assert initial_noise((1, 4, 4, 4), 42).flatten()[:3].tolist() == pytest.approx([1.9269, 1.4873, 0.9007], abs=1e-4)


def test_batch_index_names_pictures_of_a_larger_batch() -> None:
    whole = initial_noise((4, 4, 8, 8), 1, batch_index=[0, 1, 2, 3])
    some = initial_noise((3, 4, 8, 8), 1, batch_index=[2, 0, 2])
    assert torch.equal(some, whole[[2, 0, 2]])


@pytest.mark.parametrize("seed", [0, 2**63, 2**64 - 1])
def test_every_64_bit_seed_works(seed: int) -> None:
    x = torch.zeros(1, 4, 4, 4)
    assert torch.isfinite(initial_noise(x.shape, seed)).all()
    assert torch.isfinite(step_noise(x, seed)(2.0, 1.0)).all()
    assert torch.isfinite(brownian_noise(x, seed, [2.0, 1.0])(2.0, 1.0)).all()


def test_step_noise_does_not_repeat_the_initial_noise() -> None:
    x = initial_noise((1, 4, 8, 8), 5)
    draw = step_noise(x, 5)
    first, second = draw(2.0, 1.0), draw(1.0, 0.5)
    assert not torch.equal(first, x)
    assert not torch.equal(first, second)
    assert torch.equal(first, initial_noise(x.shape, 6))


def test_step_noise_wraps_at_64_bits() -> None:
    x = torch.zeros(1, 4, 4, 4)
    assert torch.equal(step_noise(x, 2**64 - 1)(2.0, 1.0), initial_noise(x.shape, 0))


def test_brownian_noise_is_unit_and_refines_one_path() -> None:
    x = torch.zeros(1, 4, 64, 64, dtype=torch.float64)
    draw = brownian_noise(x, 3, [4.0, 2.0, 1.0, 0.0])
    whole, one, two = draw(4.0, 1.0), draw(4.0, 2.0), draw(2.0, 1.0)
    for part in (whole, one, two):
        assert float(part.std()) == pytest.approx(1, rel=0.03)
    torch.testing.assert_close(one * 2**0.5 + two, whole * 3**0.5, rtol=1e-4, atol=1e-4)
    assert abs(float((one * two).mean())) < 0.03


def test_brownian_noise_depends_on_the_path_not_on_the_questions() -> None:
    x = torch.zeros(1, 4, 4, 4)
    straight, detour = brownian_noise(x, 3, [4.0, 1.0]), brownian_noise(x, 3, [4.0, 1.0])
    detour(4.0, 3.0)
    torch.testing.assert_close(straight(2.0, 1.0), detour(2.0, 1.0))


def word(text: str) -> list[int]:
    return [int(part, 16) for part in text.split()]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("0 0 0 0", "0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_philox_gives_the_published_answers(counter: str, key: str, expected: str) -> None:
    counters = np.array([word(counter)] * 2, dtype=np.uint64).T
    first, second = word(key)
    assert philox(counters, (first, second)).T.tolist() == [word(expected)] * 2


def test_nv_noise_is_what_cuda_draws() -> None:
    """torch.manual_seed(0); torch.randn(3, 4, device="cuda")."""
    cuda = [-0.92466259, -0.42534415, -2.6438457, 0.14518388, -0.12086647, -0.57972564]
    cuda += [-0.62285122, -0.32838709, -1.07454231, -0.36314407, -1.67105067, 2.26550497]
    drawn = initial_noise((3, 4), 0, source="nv")
    assert drawn.dtype == torch.float32
    torch.testing.assert_close(drawn.flatten(), torch.tensor(cuda), rtol=1e-6, atol=1e-6)
    assert torch.equal(initial_noise((3, 4), 2**64, source="nv"), drawn)
    assert not torch.equal(initial_noise((3, 4), 2**32, source="nv"), drawn)


def test_nv_noise_is_normal_and_each_picture_of_a_batch_its_own() -> None:
    drawn = initial_noise((2, 4, 128, 128), 7, source="nv")
    assert abs(drawn.mean()) < 0.01
    assert abs(drawn.std() - 1) < 0.01
    whole = initial_noise((3, 4, 8, 8), 1, [0, 1, 2], "nv")
    assert torch.equal(initial_noise((2, 4, 8, 8), 1, [2, 1], "nv"), whole[[2, 1]])
    assert torch.equal(whole[:1], initial_noise((1, 4, 8, 8), 1, source="nv"))
    assert not torch.equal(whole[0], whole[1])


def test_nv_step_noise_goes_on_where_the_first_noise_ended() -> None:
    x = torch.zeros(1, 4, 8, 8)
    draw = step_noise(x, 7, "nv")
    assert torch.equal(draw(2.0, 1.0), cuda_randn(x.shape, 7, 1))
    assert torch.equal(draw(1.0, 0.5), cuda_randn(x.shape, 7, 2))
    assert torch.equal(initial_noise(x.shape, 7, source="nv"), cuda_randn(x.shape, 7, 0))

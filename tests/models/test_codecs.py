from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from engine.diffusion.types import Area, Cond, Embeds, Latent, Tokens
from engine.models.codecs import DTYPES, codecs


def again(value: Any) -> Any:
    table = codecs()
    plain, buffers = table.encode(value)
    return table.decode(json.loads(json.dumps(plain)), [memoryview(bytearray(b)) for b in buffers])


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (2, 3, 4)])
def test_tensors_keep_every_bit(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    raw = torch.randint(0, 2, (*shape, dtype.itemsize), dtype=torch.uint8)
    value = raw.view(dtype).reshape(shape)
    back = again(value)
    assert back.dtype == dtype
    assert back.shape == value.shape
    assert torch.equal(back.contiguous().reshape(-1).view(torch.uint8), value.reshape(-1).view(torch.uint8))


def test_views_and_transposes_are_written_as_they_look() -> None:
    value = torch.arange(24.0).reshape(4, 6).t()[1:3]
    assert torch.equal(again(value), value)
    assert codecs().sizeof(value) < 200


def test_diffusions_values_come_back() -> None:
    latent = again(Latent(torch.randn(1, 4, 2, 2), noise_mask=torch.ones(1, 2, 2), batch_index=(3,)))
    assert latent.batch_index == (3,)
    assert latent.samples.shape == (1, 4, 2, 2)
    tokens = Tokens(((1, 2),), ((1.0, 1.5),))
    cond = Cond(torch.randn(1, 2, 3), torch.randn(1, 3), area=Area(0, 0, 0.5, 1, True), extras=(("a", torch.ones(1)),))
    (back,) = again((cond,))
    assert torch.equal(back.embeds, cond.embeds)
    assert back.area == cond.area
    assert back.when == (0.0, 1.0)
    assert back.extras[0][0] == "a"
    assert again(tokens) == tokens
    assert again(Embeds(torch.ones(1, 2, 3), tokens)).tokens == tokens


def test_size_counts_the_numbers() -> None:
    latent = Latent(torch.zeros(1, 4, 100, 100))
    assert 160_000 <= codecs().sizeof(latent) < 161_000

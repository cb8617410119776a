"""Random numbers as CUDA's `torch.randn` draws them, on any machine: Philox4x32-10 and the Box-Muller transform.

Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"; Box and Muller 1958.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Words = NDArray[np.uint64]
"""32-bit words in 64 bits, so that products keep their upper halves."""

ROUNDS = 10
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_MASK = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_UNIT = np.float32(2.0**-32)


def philox(counter: Words, key: tuple[int, int]) -> Words:
    """Philox4x32-10 of counters [4, n] under a key of two words: four random words each [4, n]."""
    a, b, c, d = counter
    for i in range(ROUNDS):
        k0, k1 = (np.uint64((word + i * weyl) & 0xFFFFFFFF) for word, weyl in zip(key, _WEYL, strict=True))
        first, second = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b, c, d = (second >> _HALF) ^ b ^ k0, second & _MASK, (first >> _HALF) ^ d ^ k1, first & _MASK
    return np.stack([a, b, c, d])


def cuda_randn(shape: Sequence[int], seed: int, draw: int = 0) -> Tensor:
    """The numbers of `torch.randn(shape, device="cuda")` under a seed, float32, the `draw`-th call after seeding.

    Of tensors with more elements than the GPU runs threads (some 200,000) it gives what a larger GPU would.
    """
    count = math.prod(shape)
    counter = np.zeros((4, count), dtype=np.uint64)
    counter[0] = draw
    counter[2] = np.arange(count)
    words = philox(counter, (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF))
    return torch.from_numpy(_normal(words[0], words[1])).reshape(tuple(shape))


def _normal(x: Words, y: Words) -> NDArray[np.float32]:
    """The sine half of Box and Muller's pair, in CUDA's single precision; neither word gives 0 or 1 itself."""
    radius = np.sqrt(np.float32(-2) * np.log(x.astype(np.float32) * _UNIT + _UNIT / np.float32(2)))
    turn = _UNIT * np.float32(2 * math.pi)
    result: NDArray[np.float32] = radius * np.sin(y.astype(np.float32) * turn + turn / np.float32(2))
    return result

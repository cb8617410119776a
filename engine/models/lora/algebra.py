"""The mathematics of LoRA files: from the pieces of a layer to the change of its weights.

A `Delta` adds scale x ΔW to a float32 matrix [out, columns] in place, where columns = inputs x kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from engine.models.patching import Change

Pieces = Mapping[str, Tensor]
Delta = Callable[[Tensor, float], Tensor]


def delta(title: str, pieces: Pieces) -> Delta:
    """ΔW of the form of this title (`forms.FORMS`)."""
    return DELTAS[title](pieces)


def _lora(pieces: Pieces) -> Delta:
    """ΔW = up · down; with a core (Tucker) ΔW[o, i, k] = Σ up[o, a] core[a, b, k] down[b, i]."""
    up, down, mid = pieces["up"], pieces["down"], pieces.get("mid")
    if mid is not None:
        return _whole(lambda on: _tucker(_on(mid, on), _flat(up, on).T, _flat(down, on)))
    return lambda onto, scale: onto.addmm_(_flat(up, onto), _flat(down, onto), alpha=scale)


def _hadamard(pieces: Pieces) -> Delta:
    """LoHa: ΔW = (w1_a · w1_b) ∘ (w2_a · w2_b)."""
    return _whole(lambda on: _half(pieces, "hada", "1", on).mul_(_half(pieces, "hada", "2", on)))


def _kronecker(pieces: Pieces) -> Delta:
    """LoKr: ΔW = w1 ⊗ w2; a kernel is the innermost index of columns, so that matrices are enough."""
    return _whole(lambda on: torch.kron(_half(pieces, "lokr", "1", on), _half(pieces, "lokr", "2", on)))


def _half(pieces: Pieces, form: str, half: str, on: Tensor) -> Tensor:
    whole = pieces.get(f"{form}_w{half}")
    if whole is not None:
        return _flat(whole, on)
    a, b, core = pieces[f"{form}_w{half}_a"], pieces[f"{form}_w{half}_b"], pieces.get(f"{form}_t{half}")
    return _flat(a, on) @ _flat(b, on) if core is None else _tucker(_on(core, on), _flat(a, on), _flat(b, on))


def _tucker(core: Tensor, out: Tensor, into: Tensor) -> Tensor:
    """W[o, i, k] = Σ core[a, b, k] out[a, o] into[b, i], as [out, inputs · kernel]."""
    return torch.einsum("abk,ao,bi->oik", core.flatten(2), out, into).flatten(1)


def _difference(leaf: str) -> Callable[[Pieces], Delta]:
    def made(pieces: Pieces) -> Delta:
        return lambda onto, scale: onto.add_(_on(pieces[leaf], onto).reshape(onto.shape), alpha=scale)

    return made


def _whole(make: Callable[[Tensor], Tensor]) -> Delta:
    return lambda onto, scale: onto.add_(make(onto), alpha=scale)


def _on(tensor: Tensor, like: Tensor) -> Tensor:
    return tensor.to(like.device, like.dtype)


def _flat(tensor: Tensor, like: Tensor) -> Tensor:
    return _on(tensor, like).flatten(1)


DELTAS: Mapping[str, Callable[[Pieces], Delta]] = {
    "LoRA": _lora,
    "LoHa": _hadamard,
    "LoKr": _kronecker,
    "full difference": _difference("diff"),
    "norm": _difference("w_norm"),
}


def added(change: Delta, scale: float) -> Change:
    """W + scale · ΔW."""

    def apply(weight: Tensor) -> Tensor:
        return change(_matrix(weight), scale).reshape(weight.shape)

    return apply


def decomposed(change: Delta, scale: float, magnitude: Tensor, strength: float) -> Change:
    """DoRA: W + strength · (m ∘ V / ‖V‖ − W), where V = W + scale · ΔW.

    Norms are of the rows of V where `magnitude` has a number for each output, else over all but the inputs.
    """

    def apply(weight: Tensor) -> Tensor:
        flat = _matrix(weight)
        merged = change(flat.clone(), scale).reshape(weight.shape)
        axes = tuple(i for i in range(weight.ndim) if i != (0 if by_output(magnitude, weight) else 1))
        norm = torch.linalg.vector_norm(merged, dim=axes, keepdim=True) + torch.finfo(merged.dtype).eps
        merged = merged.mul_(_on(magnitude, weight).reshape(norm.shape) / norm)
        return flat.lerp_(merged.reshape(flat.shape), strength).reshape(weight.shape)

    return apply


def by_output(magnitude: Tensor, weight: Tensor) -> bool:
    """Whether DoRA's magnitudes are one for each output, [n] or [n, 1…], and not for each input, [1, n, 1…]."""
    return magnitude.ndim == 1 or magnitude.shape[0] == weight.shape[0]


def scaled(weights: Tensor, on_input: bool, strength: float) -> Change:
    """IA3: rows (or, on the input, columns) of W times 1 + strength · w."""

    def apply(weight: Tensor) -> Tensor:
        shape = [1] * weight.ndim
        shape[int(on_input)] = -1
        return weight.mul_(1 + strength * _on(weights, weight).reshape(shape))

    return apply


def within(change: Delta, size: tuple[int, int], part: Any) -> Delta:
    """Of a ΔW of this size only what the index `part` picks."""

    def cut(onto: Tensor, scale: float) -> Tensor:
        return onto.add_(change(onto.new_zeros(size), scale)[part])

    return cut


def beside(change: Delta, columns: int) -> Delta:
    """A ΔW for the first `columns` columns only: the network has more inputs than the one it was made for."""

    def first(onto: Tensor, scale: float) -> Tensor:
        onto[:, :columns] += change(onto.new_zeros(onto.shape[0], columns), scale)
        return onto

    return first


def _matrix(weight: Tensor) -> Tensor:
    return weight.reshape(weight.shape[0], -1)

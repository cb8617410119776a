"""Hypernetworks: small networks before the key and value projections of attention (AUTOMATIC1111's program, 2022).

For x of a width that the file knows, keys are made from x + strength · h_k(x) and values from x + strength · h_v(x).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.handle import Patch
from engine.models.header import ModelFileError
from engine.models.hypernetwork_file import ACTIVATIONS, Hypernetwork, inspect_hypernetwork, ordered, pairs
from engine.models.patching import Target
from engine.models.weights import load_value

PROJECTIONS = ("to_k", "to_v")

VECTORS = 256
"""Random vectors that additions are measured on."""


def attach(patch: Patch, path: Path, target: Target) -> Callable[[], None]:
    """Hook a hypernetwork onto every attention of a fitting width (`patching.Attach`); raises ModelFileError."""
    if patch.strength == 0 or target.part != "denoiser":
        return lambda: None
    name = patch.source.name
    networks = _networks(name, inspect_hypernetwork(path), load_value(path))
    places = list(_places(target.module))
    _check(name, networks, places, target)
    handles = [
        layer.register_forward_pre_hook(_hook(networks[width][side], patch.strength))
        for _, layer, side, width in places
        if width in networks
    ]

    def detach() -> None:
        for handle in handles:
            handle.remove()

    return detach


@torch.no_grad()
def additions(patch: Patch, path: Path, target: Target) -> Mapping[str, float]:
    """By the name of each projection what a hypernetwork adds to what it reads: the norm of it over that of x.

    x are `VECTORS` random vectors of unit variance, as norms before attention make them; the same ones each time.
    Raises ModelFileError.
    """
    if patch.strength == 0 or target.part != "denoiser":
        return {}
    name = patch.source.name
    networks = _networks(name, inspect_hypernetwork(path), load_value(path))
    places = list(_places(target.module))
    _check(name, networks, places, target)
    told: dict[tuple[int, int], float] = {}
    for width, sides in networks.items():
        x = torch.randn(VECTORS, width, generator=torch.Generator().manual_seed(0))
        for side, network in enumerate(sides):
            told[width, side] = float(abs(patch.strength) * network(x).norm() / x.norm())
    return {at: told[width, side] for at, _, side, width in places if width in networks}


def _check(
    name: str, networks: Mapping[int, Any], places: Sequence[tuple[str, nn.Module, int, int]], target: Target
) -> None:
    if any(width in networks for *_, width in places):
        return
    there = ", ".join(map(str, sorted({width for *_, width in places})))
    ours = ", ".join(map(str, sorted(networks)))
    raise ModelFileError(
        "{name} changes attention of width {ours}, and {target} has only {there}.",
        name=name,
        ours=ours,
        target=target.name,
        there=there,
    )


def _places(module: nn.Module) -> list[tuple[str, nn.Module, int, int]]:
    """Every projection by its name, with the side it is for (0 keys, 1 values) and the width of what it reads."""
    return [
        (name, layer, PROJECTIONS.index(leaf), layer.in_features)
        for name, layer in module.named_modules()
        if (leaf := name.rpartition(".")[2]) in PROJECTIONS and isinstance(layer, nn.Linear)
    ]


def _networks(name: str, told: Hypernetwork, value: Any) -> Mapping[int, tuple[nn.Module, nn.Module]]:
    return {width: (_network(name, told, keys), _network(name, told, values)) for width, (keys, values) in pairs(value)}


def _network(name: str, told: Hypernetwork, side: Mapping[str, Any]) -> nn.Module:
    """Linear layers, each followed by the activation (the last only where the file says so) and a norm if it has one.

    Dropout is for training; its places in the file have no numbers and are passed over.
    """
    layers = ordered(side)
    linear = [i for i, (weight, _) in enumerate(layers) if weight.ndim == 2]
    made: list[nn.Module] = []
    for i, (weight, bias) in enumerate(layers):
        _sound(name, weight, bias)
        if weight.ndim == 1 and bias is None:
            continue
        made.append(_filled(weight, bias))
        if weight.ndim == 2 and (told.last or i != linear[-1]):
            slope = layers[i + 1][0] if i + 1 < len(layers) and layers[i + 1][1] is None else None
            made.append(_activation(told.activation, slope))
    return nn.Sequential(*made).eval().requires_grad_(False)


def _filled(weight: Tensor, bias: Tensor) -> nn.Module:
    layer: nn.Module
    # Numbers of their own would move the global random state.
    with torch.device("meta"):
        layer = nn.Linear(weight.shape[1], weight.shape[0]) if weight.ndim == 2 else nn.LayerNorm(weight.shape[0])
    layer.load_state_dict({"weight": weight.float(), "bias": bias.float()}, assign=True)
    return layer


def _activation(name: str, slope: Tensor | None) -> nn.Module:
    made: nn.Module = getattr(nn, ACTIVATIONS[name])()
    if isinstance(made, nn.PReLU) and slope is not None:
        made.load_state_dict({"weight": slope.float()})
    return made


def _sound(name: str, *tensors: Tensor | None) -> None:
    if not all(t is None or bool(torch.isfinite(t.sum(dtype=torch.float32))) for t in tensors):
        raise ModelFileError(
            "{name} is damaged: it holds numbers that are not finite.",
            name=name,
        )


def _hook(network: nn.Module, strength: float) -> Callable[[nn.Module, tuple[Any, ...]], tuple[Any, ...]]:
    def before(layer: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        x, *rest = given
        network.to(x.device)
        wide = x.float()
        return (torch.add(wide, network(wide), alpha=strength).to(x.dtype), *rest)

    return before

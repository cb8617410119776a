"""From a LoRA file to the changes of a network's parameters."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from torch import Tensor

from engine.models.handle import Patch
from engine.models.header import ModelFileError
from engine.models.lora import algebra
from engine.models.lora.blocks import block_of, factor
from engine.models.lora.file import Layer, LoraFile, inspect_lora
from engine.models.lora.names import Slot, slots
from engine.models.patching import Change, Target
from engine.models.weights import open_weights

log = logging.getLogger("inkwater.models")

CONV_IN = "conv_in"
"""The only layer with more inputs in models for inpainting and depth; those of the plain model come first."""


def changes(patch: Patch, path: Path, target: Target) -> Mapping[str, Change]:
    """What the file does to each parameter of the target (`patching.Plan`); raises ModelFileError."""
    if patch.strength == 0:
        return {}
    file = inspect_lora(path)
    known = slots(target.part, (name for name, _ in target.module.named_parameters()), target.original)
    own = [layer for layer in file.layers if layer.stem in known]
    _complain(patch.source.name, file, own, target)
    if not own:
        return {}
    stat = path.stat()
    if (name := _broken(path, stat.st_size, stat.st_mtime_ns)) is not None:
        raise ModelFileError(
            '{name} is damaged: "{tensor}" holds numbers that are not finite; get it anew.',
            name=patch.source.name,
            tensor=name,
        )
    return dict(_Planner(patch, file, target, open_weights(path)).all(own, known))


@lru_cache(maxsize=64)
def _broken(path: Path, size: int, mtime: int) -> str | None:
    """The first tensor with numbers that are not finite; remembered, as it reads the whole file."""
    return next((name for name, tensor in open_weights(path).items() if not _finite(tensor)), None)


def _finite(tensor: Tensor) -> bool:
    if not tensor.is_floating_point() or not tensor.numel():
        return True
    low, high = (tensor if tensor.dtype.itemsize > 1 else tensor.float()).aminmax()
    return math.isfinite(low) and math.isfinite(high)


def _complain(name: str, file: LoraFile, own: list[Layer], target: Target) -> None:
    """Refuse a file most of whose layers this network does not have; say so where it lacks a few."""
    stems = {layer.stem for layer in own}
    meant = [layer for layer in file.layers if layer.part == target.part]
    missing = [layer.stem for layer in meant if layer.stem not in stems]
    if not missing:
        return
    if 2 * len(missing) > len(meant):
        raise ModelFileError(
            "{name} does not fit {target}: that has none of {count} of the {all} layers that it changes, such as "
            '"{layer}".',
            name=name,
            target=target.name,
            count=len(missing),
            all=len(meant),
            layer=missing[0][:80],
        )
    log.warning(
        '%s: %s does not have %d of the %d layers that it changes, such as "%s"; these are left out.',
        name,
        target.name,
        len(missing),
        len(meant),
        missing[0][:80],
    )


class _Planner:
    """What is the same for all layers of one file and one network."""

    def __init__(self, patch: Patch, file: LoraFile, target: Target, tensors: Mapping[str, Tensor]) -> None:
        self._patch, self._file, self._target, self._tensors = patch, file, target, tensors
        self._shapes = {name: tuple(p.shape) for name, p in target.module.named_parameters()}

    def all(self, layers: list[Layer], known: Mapping[str, tuple[Slot, ...]]) -> Iterator[tuple[str, Change]]:
        found: dict[str, Change] = {}
        for layer in layers:
            pieces = {leaf: self._tensors[name] for leaf, name in layer.pieces.items()}
            for slot in known[layer.stem]:
                for name, change in self._of(layer, slot, pieces):
                    before = found.get(name)
                    found[name] = change if before is None else _then(before, change)
        yield from found.items()

    def _of(self, layer: Layer, slot: Slot, pieces: Mapping[str, Tensor]) -> Iterator[tuple[str, Change]]:
        weight, bias = f"{slot.layer}.weight", f"{slot.layer}.bias"
        named = self._target.original.get(weight, weight)
        strength = self._patch.strength * factor(self._patch.blocks, block_of(self._target.part, named))
        if strength == 0:
            return
        alpha = float(pieces["alpha"].float().reshape(-1)[0]) if pieces.get("alpha") is not None else None
        scale = self._file.scales.of(layer.stem, self._rank(layer, pieces), alpha)
        if layer.form.title == "IA3":
            yield weight, self._ia3(layer, weight, pieces, strength)
        elif layer.size[1]:
            yield weight, self._weight(layer, slot, pieces, scale, strength)
        for leaf, factor_ in (("diff_b", 1.0), ("b_norm", 1.0), ("up_bias", scale)):
            if leaf in pieces:
                yield bias, self._bias(layer, slot, leaf, pieces[leaf], factor_ * strength)

    def _rank(self, layer: Layer, pieces: Mapping[str, Tensor]) -> int:
        return next((pieces[leaf].shape[0] for leaf in layer.form.rank if leaf in pieces), 0)

    def _weight(self, layer: Layer, slot: Slot, pieces: Mapping[str, Tensor], scale: float, strength: float) -> Change:
        shape = self._shape(layer, f"{slot.layer}.weight")
        delta = algebra.delta(layer.form.title, pieces)
        size = (shape[0], math.prod(shape[1:]))
        if slot.third is not None:
            rows = slice(slot.third * size[0], (slot.third + 1) * size[0])
            delta, found = algebra.within(delta, layer.size, rows), (layer.size[0] / 3, layer.size[1])
        elif slot.layer == CONV_IN and layer.size[1] < size[1]:
            delta, found = algebra.beside(delta, layer.size[1]), (layer.size[0], size[1])
        else:
            found = layer.size
        if found != size:
            self._misfit(layer, list(layer.size), list(size))
        magnitude = pieces["magnitude"].reshape(-1) if "magnitude" in pieces else pieces.get("dora_scale")
        if magnitude is None:
            return algebra.added(delta, scale * strength)
        if magnitude.numel() not in shape[:2] or slot.third is not None:
            self._misfit(layer, list(magnitude.shape), list(shape))
        return algebra.decomposed(delta, scale, magnitude, strength)

    def _ia3(self, layer: Layer, name: str, pieces: Mapping[str, Tensor], strength: float) -> Change:
        if "ia3" not in pieces:
            raise ModelFileError(
                '{name} is not whole: "{layer}.weight" is missing.',
                name=self._patch.source.name,
                layer=layer.stem,
            )
        on_input, shape = bool(pieces["on_input"].reshape(-1)[0]), self._shape(layer, name)
        if len(shape) < 2 or pieces["ia3"].numel() != shape[int(on_input)]:
            self._misfit(layer, list(pieces["ia3"].shape), list(shape))
        return algebra.scaled(pieces["ia3"], on_input, strength)

    def _bias(self, layer: Layer, slot: Slot, leaf: str, tensor: Tensor, scale: float) -> Change:
        (size,) = self._shape(layer, f"{slot.layer}.bias")
        own = tensor.reshape(-1)
        if slot.third is not None and own.numel() == 3 * size:
            own = own[slot.third * size : (slot.third + 1) * size]
        if own.numel() != size:
            self._misfit(layer, [tensor.numel()], [size])
        return lambda weight: weight.add_(own.to(weight.device, weight.dtype), alpha=scale)

    def _shape(self, layer: Layer, name: str) -> tuple[int, ...]:
        shape = self._shapes.get(name)
        if shape is None:
            kind = name.rpartition(".")[2]
            raise ModelFileError(
                '{name} does not fit {target}: "{layer}" has no {kind} there.',
                name=self._patch.source.name,
                target=self._target.name,
                layer=layer.stem,
                kind=kind,
            )
        return shape

    def _misfit(self, layer: Layer, found: list[int], expected: list[int]) -> None:
        raise ModelFileError(
            '{name} does not fit {target}: "{layer}" changes {found} weights, and the model has {expected} there.',
            name=self._patch.source.name,
            target=self._target.name,
            layer=layer.stem[:100],
            found=str(found),
            expected=str(expected),
        )


def _then(first: Change, second: Change) -> Change:
    return lambda weight: second(first(weight))

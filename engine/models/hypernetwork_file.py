"""What a hypernetwork of AUTOMATIC1111's program holds, read without running anything in it.  Torch-free.

The file is a pickled table: for each width of attention it changes (an integer) two tables of tensors, for keys and for
values, and beside them how the layers are put together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.graph.facts import Facts
from engine.models.beside import remembered
from engine.models.detect import is_pickle
from engine.models.families import FAMILIES
from engine.models.header import Entry, ModelFileError, Shape, read_safetensors
from engine.models.mistaken import mistaken
from engine.models.pickles import read_value, sound

OLD_NAMES: Mapping[str, str] = {"linear1": "linear.0", "linear2": "linear.1"}
"""Names of layers in the first such files, and their names since."""

ACTIVATIONS: Mapping[str, str] = {
    "linear": "Identity", "relu": "ReLU", "leakyrelu": "LeakyReLU", "elu": "ELU", "swish": "Hardswish",
    "tanh": "Tanh", "sigmoid": "Sigmoid", "celu": "CELU", "gelu": "GELU", "hardshrink": "Hardshrink",
    "hardsigmoid": "Hardsigmoid", "hardswish": "Hardswish", "hardtanh": "Hardtanh", "logsigmoid": "LogSigmoid",
    "mish": "Mish", "prelu": "PReLU", "relu6": "ReLU6", "rrelu": "RReLU", "selu": "SELU", "silu": "SiLU",
    "softplus": "Softplus", "softshrink": "Softshrink", "softsign": "Softsign", "tanhshrink": "Tanhshrink",
}  # fmt: skip
"""What A1111 calls each activation, and torch.nn's class.  Those left out (softmax and its like) mix the pictures of a
batch, or change the width."""

OWN_WIDTHS = frozenset({320, 640, 1280})
"""Widths of self-attention, which tell no family."""

_NAME = re.compile(r"linear\.(\d{1,3})\.(weight|bias)")


@dataclass(frozen=True, slots=True)
class Hypernetwork:
    """A hypernetwork's widths and layers: which activation, whether after the last layer too, and norms."""

    widths: tuple[int, ...]
    activation: str
    last: bool
    """Whether the activation follows the last layer too."""

    @property
    def family(self) -> str | None:
        """The family whose denoisers read text vectors of one of the widths; None where nothing tells."""
        telling = set(self.widths) - OWN_WIDTHS
        fitting = [f.name for f in FAMILIES.values() if f.marks["denoiser"]["context"][1] in telling]
        return fitting[0] if len(fitting) == 1 else None


def facts(path: Path, name: str) -> Facts:
    """The family of a hypernetwork file; raises ModelFileError for another file."""
    family = inspect_hypernetwork(path).family
    return {"family": family} if family else {}


@remembered
def inspect_hypernetwork(path: Path) -> Hypernetwork:
    """What a file says of itself; raises ModelFileError.  Remembered by path, size and time of change."""
    value, _ = read_value(_pickled(path))
    found = dict(pairs(value))
    if not found:
        raise ModelFileError(
            "{name} is no hypernetwork: it holds no layers by width of attention.",
            name=path.name,
        )
    for width, sides in found.items():
        for side in sides:
            _complain(path.name, width, side)
    activation = value.get("activation_func") or "linear"
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ModelFileError(
            '{name} uses the activation "{activation}", and only these can be used: {known}.',
            name=path.name,
            activation=str(activation)[:40],
            known=known,
        )
    return Hypernetwork(tuple(found), activation, value.get("activate_output", True) is not False)


def _pickled(path: Path) -> Path:
    """The same, unless it is a sound safetensors file, which holds no hypernetwork."""
    with path.open("rb") as file:
        if is_pickle(file.read(2)):
            return path
    raise mistaken(path.name, read_safetensors(path)) or ModelFileError(
        "{name} is no hypernetwork: it is a safetensors file, and these are PyTorch files (.pt).", name=path.name
    )


def pairs(value: Any) -> Iterator[tuple[int, tuple[Mapping[str, Any], Mapping[str, Any]]]]:
    """Each width with its tables for keys and for values, under the present names."""
    for width, sides in value.items() if isinstance(value, dict) else ():
        if type(width) is int and isinstance(sides, list | tuple) and len(sides) >= 2:
            keys, values = sides[0], sides[1]
            if isinstance(keys, dict) and isinstance(values, dict):
                yield width, (_renamed(keys), _renamed(values))


def _renamed(table: Mapping[Any, Any]) -> dict[str, Any]:
    split = ((str(name).rpartition("."), item) for name, item in table.items())
    return {f"{OLD_NAMES.get(owner, owner)}.{leaf}": item for (owner, _, leaf), item in split}


def ordered(side: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Weight and bias (None where there is none) of each layer that has numbers, in order."""
    places = sorted({int(found[1]) for name in side if (found := _NAME.fullmatch(name))})
    return [(side.get(f"linear.{i}.weight"), side.get(f"linear.{i}.bias")) for i in places]


def _complain(name: str, width: int, side: Mapping[str, Any]) -> None:
    """Refuse layers that do not lead from this width back to it."""
    at = width
    layers = ordered(side)
    for weight, bias in layers:
        shape = _shape(weight)
        if len(shape) == 2 and shape[1] == at and _shape(bias) == (shape[0],):
            at = shape[0]
        elif not (len(shape) == 1 and (shape == (at,) == _shape(bias) or (shape == (1,) and bias is None))):
            raise ModelFileError(
                "{name} is damaged: a layer for width {width} has the shape {shape}, and {at} numbers reach it.",
                name=name,
                width=width,
                shape=str(list(shape)),
                at=at,
            )
    if not layers or at != width:
        raise ModelFileError(
            "{name} is damaged: its layers for width {width} end at width {at}.",
            name=name,
            width=width,
            at=at,
        )


def _shape(entry: Any) -> Shape:
    return entry.shape if isinstance(entry, Entry) and sound(entry) else ()

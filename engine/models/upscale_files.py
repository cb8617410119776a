"""What an upscaler's file is, from its header: RRDBNet in any of its namings, or SRVGGNetCompact.  Torch-free."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any, Literal

from engine.models.beside import remembered
from engine.models.detect import read_header
from engine.models.header import ModelFileError, Shape, first_names
from engine.models.mistaken import mistaken

KNOWN = "RRDBNet (ESRGAN, Real-ESRGAN), SRVGGNetCompact"
PREFIXES = ("", "module.", "params_ema.", "params.", "state_dict.", "net_g.")
COLOURS = 3

UpscalerKind = Literal["rrdb", "compact"]


@dataclass(frozen=True, slots=True)
class UpscaleLayout:
    """The sizes of an upscaler.

    Args:
        channels: of its first convolution's output. blocks: residual blocks, or of a compact net convolutions between.
        growth: channels that each dense layer adds. doublings: times it doubles the size. shuffle: side of the squares
            of pixels that become channels first. plus: whether dense blocks have the 1×1 shortcut of ESRGAN+.
        scale: of the picture, after all.
    """

    kind: UpscalerKind
    channels: int
    blocks: int
    scale: int
    growth: int = 0
    doublings: int = 0
    shuffle: int = 1
    plus: bool = False


@dataclass(frozen=True, slots=True)
class UpscaleFile:
    """An upscaler's file: its sizes, the file's name of each of the network's parameters, and its bytes as stored."""

    layout: UpscaleLayout
    names: Mapping[str, str]
    nbytes: int


@remembered
def inspect_upscaler(path: Path) -> UpscaleFile:
    """What the file holds; raises ModelFileError with one clear sentence."""
    header = read_header(path)
    shapes = header.shapes()
    for prefix in PREFIXES:
        own = {name.removeprefix(prefix): shape for name, shape in shapes.items() if name.startswith(prefix)}
        names = _renamed(own)
        if names:
            layout = _compact(path.name, own) if "body.0.weight" in names else _rrdb(path.name, own, names)
            nbytes = sum(entry.nbytes for entry in header.tensors.values())
            return UpscaleFile(layout, {name: prefix + source for name, source in names.items()}, nbytes)
    raise mistaken(path.name, header, "UpscaleModelLoader") or ModelFileError(
        "{name} is not an upscaler that can be used ({known}); its tensors are named like {some}.",
        name=path.name,
        known=KNOWN,
        some=first_names(header),
    )


_DENSE = r"conv(\d|1x1)(?:\.0)?\."

RENAMES: tuple[tuple[str, str], ...] = (
    (r"conv_first\.", "conv_first."),
    (rf"(?:body|RRDB_trunk)\.(\d+)\.(?:rdb|RDB)(\d)\.{_DENSE}", r"body.\1.rdb\2.conv\3."),
    (r"(?:conv_body|trunk_conv)\.", "conv_body."),
    (r"(?:conv_up|upconv)(\d)\.", r"conv_up\1."),
    (r"(?:conv_hr|HRconv)\.", "conv_hr."),
    (r"conv_last\.", "conv_last."),
)
"""From the names that Real-ESRGAN and ESRGAN's later code use to ours."""


def _renamed(own: Mapping[str, Shape]) -> Mapping[str, str]:
    """The file's name of each of our network's parameters; empty if this is no upscaler that is known."""
    if "conv_first.weight" in own:
        return _through(own, RENAMES)
    if "model.0.weight" in own and any(name.startswith("model.1.sub.") for name in own):
        return _through(own, _sequence(own))
    if "body.0.weight" in own and "body.1.weight" in own and len(own["body.1.weight"]) == 1:
        return {name: name for name in own if name.startswith("body.")}
    return {}


def _through(own: Mapping[str, Shape], rules: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name in own:
        for pattern, to in rules:
            if m := re.match(pattern, name):
                found[m.expand(to) + name[m.end() :]] = name
                break
    return found


def _sequence(own: Mapping[str, Shape]) -> tuple[tuple[str, str], ...]:
    """ESRGAN's first code numbers its layers in one row: the first convolution, the blocks, then three numbers for each
    doubling (resize, convolution, activation), and two convolutions with an activation between."""
    row = sorted({int(m[1]) for name in own if (m := re.match(r"model\.(\d+)\.weight", name)) and int(m[1]) > 1})
    *ups, hr, last = row if len(row) >= 2 else (2, 4)
    trunk = max((int(m[1]) for name in own if (m := re.match(r"model\.1\.sub\.(\d+)\.", name))), default=0)
    return (
        (r"model\.0\.", "conv_first."),
        (rf"model\.1\.sub\.(\d+)\.RDB(\d)\.{_DENSE}", r"body.\1.rdb\2.conv\3."),
        (rf"model\.1\.sub\.{trunk}\.", "conv_body."),
        *((rf"model\.{place}\.", f"conv_up{i}.") for i, place in enumerate(ups, 1)),
        (rf"model\.{hr}\.", "conv_hr."),
        (rf"model\.{last}\.", "conv_last."),
    )


def _rrdb(file: str, own: Mapping[str, Shape], names: Mapping[str, str]) -> UpscaleLayout:
    def of(name: str, axis: int) -> int:
        shape = own.get(names.get(name, ""), ())
        if len(shape) <= axis:
            raise ModelFileError(
                '{name} is not a whole RRDBNet: it has no sound tensor for its "{tensor}".',
                name=file,
                tensor=name,
            )
        return shape[axis]

    numbers = [int(m[1]) for name in names if (m := re.match(r"body\.(\d+)\.", name))]
    doublings = sum(1 for name in names if re.fullmatch(r"conv_up\d\.weight", name))
    shuffle = _shuffle(file, of("conv_first.weight", 1), of("conv_last.weight", 0))
    scale, rest = divmod(2**doublings, shuffle)
    if rest or not numbers:
        raise ModelFileError(
            "{name} is not a whole RRDBNet: it would make pictures smaller, or has no blocks.",
            name=file,
        )
    return UpscaleLayout(
        "rrdb",
        channels=of("conv_first.weight", 0),
        blocks=max(numbers) + 1,
        scale=scale,
        growth=of("body.0.rdb1.conv1.weight", 0),
        doublings=doublings,
        shuffle=shuffle,
        plus="body.0.rdb1.conv1x1.weight" in names,
    )


def _shuffle(file: str, given: int, made: int) -> int:
    side = isqrt(given // COLOURS)
    if made != COLOURS or side * side * COLOURS != given or side not in (1, 2, 4):
        raise ModelFileError(
            "{name} takes {given} channels and makes {made}; only upscalers of RGB pictures can be used.",
            name=file,
            given=given,
            made=made,
        )
    return side


def _compact(file: str, own: Mapping[str, Shape]) -> UpscaleLayout:
    last = max(int(m[1]) for name in own if (m := re.fullmatch(r"body\.(\d+)\.weight", name)))
    first, end = own["body.0.weight"], own[f"body.{last}.weight"]
    scale = isqrt(end[0] // COLOURS) if end else 0
    if len(first) != 4 or len(end) != 4 or first[1] != COLOURS or scale * scale * COLOURS != end[0] or last % 2:
        raise ModelFileError(
            "{name} is not a whole SRVGGNetCompact of RGB pictures.",
            name=file,
        )
    return UpscaleLayout("compact", channels=first[0], blocks=last // 2 - 1, scale=scale)


def facts(path: Path, name: str) -> Mapping[str, Any]:
    """What is known of an upscaler before a run; raises ModelFileError."""
    found = inspect_upscaler(path)
    return {"model_bytes": found.nbytes, "scale": found.layout.scale}

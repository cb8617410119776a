"""Two runs of one bundle: equal, within tolerance, or which step differs first and what is different. Torch-free."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.bundle.account import ModelFile, pixels
from engine.bundle.bundle import Bundle
from engine.bundle.environment import differences
from engine.graph.graph import Graph
from engine.why import First, Ran, changes, first_difference

if TYPE_CHECKING:
    from engine.why.pictures import Compared

TOLERANCE = 40.0
"""Decibels (PSNR): at and above this, people see no difference between two pictures."""

CLOSE = 1e-3
"""How far latents may be apart, relative to their length, where a run made no picture."""

Word = Literal["equal", "within", "differs"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a run that was run again.

    Args:
        first: where the two part; None when nothing that is known differs.
        psnr: of the picture that is farthest off, in decibels; None where all are equal or none can be compared.
        distance: of the last latent that differs, relative to its length (0 is equal); None where none is kept.
        lost: pictures that have no partner in the second run. here: (name, then, now) of what is different here.
        edited: pictures whose pixels are not those that were made. silent: what was there then is not told.
    """

    word: Word
    first: First | None = None
    psnr: float | None = None
    distance: float | None = None
    lost: tuple[str, ...] = ()
    here: tuple[tuple[str, str, str], ...] = ()
    counts: tuple[int, int, int] = (0, 0, 0)
    edited: tuple[str, ...] = ()
    silent: bool = False


def verdict(before: Bundle, after: Bundle, tolerance: float = TOLERANCE) -> Verdict:
    """Compare a bundle with that of a second run of the same graph."""
    first = _first(before, after)
    compared, lost = _pictures(before, after)
    here = (*_files(before, after), *_packs(before, after), *differences(before.environment, after.environment))
    edited, silent = tuple(_edited(before)), not before.environment
    counts = (*_counts(before, after), len(compared))
    unequal = [found for found in compared if found is None or not found.equal]
    if first is None and not unequal and not lost:
        return Verdict("equal", here=here, counts=counts, edited=edited, silent=silent)
    decibels = [found.psnr for found in unequal if found is not None and found.psnr is not None]
    distance = _distance(before, after)
    # A picture of another size, or of which only the transparency differs, has no decibels and is not close.
    near = all(found is not None and (found.psnr or 0.0) >= tolerance for found in unequal)
    if not compared:
        near = distance is not None and distance <= CLOSE
    word: Word = "within" if near and not lost else "differs"
    return Verdict(
        word, first, min(decibels, default=None), distance, lost, here=here, counts=counts, edited=edited, silent=silent
    )


def sentences(found: Verdict) -> Iterator[str]:
    """The verdict for people, a line each."""
    if found.word == "equal":
        names = zip(found.counts, ("step", "sampler step", "picture"), strict=True)
        told = [f"{count} {name}{'s' * (count != 1)}" for count, name in names if count]
        yield f"Equal to the last bit: {', '.join(told) or 'nothing to compare'}."
        return
    yield f"{'Within tolerance' if found.word == 'within' else 'Differs'}{_far(found)}."
    if found.first is not None:
        yield str(found.first)
    yield from (f"{name} was not made again." for name in found.lost)
    yield from (
        f"{name} was changed after it was made: its pixels are not those that it was saved with."
        for name in found.edited
    )
    yield from (f"Different here: {name} was {then}, is {now}." for name, then, now in found.here)
    if found.silent:
        yield "It is not told with which libraries and files it was made, so what is different here is not known."
    elif not found.here and not found.edited:
        yield "No library, file or setting that is known is different here."


def _far(found: Verdict) -> str:
    told = []
    if found.psnr is not None:
        told.append(f"the picture farthest off has {found.psnr:.1f} dB")
    if found.distance is not None:
        told.append(f"the last latent is {found.distance:.2g} of its length off")
    return f": {', '.join(told)}" if told else ""


def _first(before: Bundle, after: Bundle) -> First | None:
    was, now = _ran(before), _ran(after)
    return first_difference(was, now, changes(was.graph, now.graph))


def _ran(bundle: Bundle) -> Ran:
    return Ran(Graph.from_api(bundle.graph), bundle.outputs, {run.node: run.digests for run in bundle.sampling})


def _counts(before: Bundle, after: Bundle) -> tuple[int, int]:
    """Outputs of steps, and sampler steps, that are known of both."""
    now = {run.node: len(run.digests) for run in after.sampling}
    steps = sum(min(len(run.digests), now.get(run.node, 0)) for run in before.sampling)
    return len(before.outputs.keys() & after.outputs.keys()), steps


def _files(before: Bundle, after: Bundle) -> Iterator[tuple[str, str, str]]:
    now = {(file.kind, file.name): file for file in after.files}
    for file in before.files:
        other = now.get((file.kind, file.name))
        if other is None or not file.same(other):
            yield f"{file.kind}/{file.name}", _named(file), _named(other)


def _packs(before: Bundle, after: Bundle) -> Iterator[tuple[str, str, str]]:
    for name, was in before.packs.items():
        now = after.packs.get(name, "")
        if was != now:
            yield f"pack {name}", f"{was[:16]}…", f"{now[:16]}…" if now else "not there"


def _edited(before: Bundle) -> Iterator[str]:
    """The pictures that are not as they were made; of one that cannot be read the pixels are not known."""
    for made in before.pictures:
        with suppress(OSError, ValueError):
            if made.pixels and made.pixels != pixels(made.data):
                yield made.name


def _named(file: ModelFile | None) -> str:
    if file is None or not (file.sha256 or file.sample):
        return "not there"
    return f"sha256 {file.sha256[:16]}…" if file.sha256 else f"sample {file.sample[:16]}…"


def _pictures(before: Bundle, after: Bundle) -> tuple[list[Compared | None], tuple[str, ...]]:
    """Each picture against its partner (None: they cannot be compared), and those without one."""
    partners: dict[str, list[bytes]] = {}
    for made in after.pictures:
        partners.setdefault(made.node, []).append(made.data)
    compared: list[Compared | None] = []
    lost = []
    for made in before.pictures:
        if others := partners.get(made.node):
            compared.append(compare(made.data, others.pop(0)))
        else:
            lost.append(made.name)
    return compared, tuple(lost)


def compare(before: bytes, after: bytes) -> Compared | None:
    """Two files of pictures; None where one is damaged or their sizes differ."""
    from PIL import Image

    from engine.why.pictures import compared

    try:
        with Image.open(io.BytesIO(before)) as was, Image.open(io.BytesIO(after)) as now:
            return compared(was, now)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def _distance(before: Bundle, after: Bundle) -> float | None:
    """How far the last latents of both are apart that are kept, the farthest of all samplers."""
    import numpy as np

    now = {run.node: run for run in after.sampling}
    found = []
    for run in before.sampling:
        other = now.get(run.node)
        if other is not None and run.x is not None and other.x is not None and run.x.shape == other.x.shape:
            length = float(np.linalg.norm(run.x[-1]))
            found.append(float(np.linalg.norm(run.x[-1] - other.x[-1])) / (length or 1.0))
    return max((value for value in found if not math.isnan(value)), default=None)

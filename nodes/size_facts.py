"""Sizes that are known before a run: `facts=` functions of nodes that change the size of pictures, masks, latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.graph.facts import Facts, FactsOf, Known
from nodes.facts import FLOAT_BYTES, picture_of, sized, without_unknown

Make = Callable[[int | None, int | None, int | None], Facts]
Size = tuple[int | None, int | None]
SizeOf = Callable[[Known, int, int], Size]
"""From the inputs and the width and height that come in to those that go out."""


def mask_of(width: int | None, height: int | None, batch: int | None) -> Facts:
    """Facts of masks of this size."""
    size = None
    if width is not None and height is not None and batch is not None:
        size = batch * height * width * FLOAT_BYTES
    return without_unknown(width=width, height=height, batch=batch, bytes=size)


def size_at(known: Known, source: str) -> tuple[int | None, int | None, int | None]:
    """Width, height and batch of what is linked to `source`, each None where it is not known."""
    facts = known.facts(source)
    return facts.get("width"), facts.get("height"), facts.get("batch")


def same_size(source: str, *makes: Make) -> FactsOf:
    """One output for each of `makes`, as large as `source`."""
    return lambda known: [sized(make, known.facts(source), *size_at(known, source)) for make in makes]


def of_size(source: str, size: SizeOf, *makes: Make) -> FactsOf:
    """One output for each of `makes`, of the size that `size` makes of that of `source`."""

    def facts(known: Known) -> Sequence[Facts]:
        width, height, batch = size_at(known, source)
        if width is not None and height is not None:
            width, height = size(known, width, height)
        else:
            width = height = None
        return [sized(make, known.facts(source), width, height, batch) for make in makes]

    return facts


def of_batch(source: str, count: Callable[[Known, int], int | None], make: Make = picture_of) -> FactsOf:
    """The output has the size of `source` and as many pictures as `count` makes of those there."""

    def facts(known: Known) -> Sequence[Facts]:
        width, height, batch = size_at(known, source)
        return [sized(make, known.facts(source), width, height, None if batch is None else count(known, batch))]

    return facts


def together(first: str, second: str, make: Make = picture_of) -> FactsOf:
    """The output has the size of `first` and the pictures of both."""

    def facts(known: Known) -> Sequence[Facts]:
        width, height, batch = size_at(known, first)
        more = known.facts(second).get("batch")
        total = None if batch is None or more is None else batch + more
        return [sized(make, known.facts(first), width, height, total)]

    return facts


def constant_of(known: Known, name: str) -> float | None:
    """A number input that is a constant; None where it is linked."""
    value = known.facts(name).get("value", known.get(name))
    return value if type(value) in (int, float) else None

"""Work on pictures of any size in little memory: strips of rows with a border, running maxima, batches repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

STRIP = 1 << 18
"""Numbers that one strip holds, about: what a processor's cache keeps at hand."""
LEAST_ROWS = 4


def to_batch(x: Tensor, batch: int) -> Tensor:
    """`x` with exactly `batch` rows, taken again from the first when they run out."""
    import torch

    count = x.shape[0]
    return x if count == batch else x[torch.arange(batch) % count]


def strips(height: int, row: int, border: int = 0) -> Iterator[slice]:
    """Parts of `height` rows of `row` numbers each, higher where a border of rows comes on top of each."""
    step = max(LEAST_ROWS, 2 * border, STRIP // max(row, 1))
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))


def by_strips(fn: Callable[..., Tensor], *values: Tensor) -> Tensor:
    """`fn` of each strip of rows of `values` ([B, H, W, C] or [B, H, W]), put together; for what looks at one pixel."""
    import torch

    first = values[0]
    whole = torch.empty(0)
    for rows in strips(first.shape[1], first[:, :1].numel()):
        part = fn(*(value[:, rows] for value in values))
        if rows.start == 0:
            whole = part.new_empty(part.shape[0], first.shape[1], *part.shape[2:])
        whole[:, rows] = part
    return whole


def filtered(
    fn: Callable[[Tensor], Tensor], x: Tensor, before: int, after: int, outside: float | None = None
) -> Tensor:
    """`fn` over windows of pictures [B, H, W, C]: of a strip with `before` and `after` more pixels a side it makes the
    strip without them.  Outside a picture lies `outside`, or (None) the picture mirrored at its edge pixels.
    """
    import torch

    _, height, width, channels = x.shape
    result = torch.empty_like(x, memory_format=torch.contiguous_format)
    for i in range(len(x)):
        for rows in strips(height, (width + before + after) * channels, before + after):
            part = bordered(x[i], 0, rows, before, after, outside)
            part = bordered(part, 1, slice(0, width), before, after, outside)
            result[i, rows] = fn(part)
    return result


def bordered(x: Tensor, axis: int, span: slice, before: int, after: int, outside: float | None) -> Tensor:
    """The part `span` of `x` along `axis` with `before` and `after` more; see `filtered`."""
    import torch

    size = x.shape[axis]
    places = torch.arange(span.start - before, span.stop + after)
    if outside is None:
        return x.index_select(axis, mirrored(places, size))
    inside = slice(max(span.start - before, 0), min(span.stop + after, size))
    shape = list(x.shape)
    shape[axis] = len(places)
    result = x.new_full(shape, outside)
    start = inside.start - (span.start - before)
    length = inside.stop - inside.start
    result.narrow(axis, start, length).copy_(x.narrow(axis, inside.start, length))
    return result


def mirrored(places: Tensor, size: int) -> Tensor:
    """Places on a line of `size` pixels whose ends are mirrors that stand on the first and the last pixel."""
    if size == 1:
        return places * 0
    period = 2 * (size - 1)
    places = places % period
    return places.minimum(period - places)


def running_max(x: Tensor, length: int, dy: int, dx: int) -> Tensor:
    """The largest of `length` pixels of [H, W, C], each (dy, dx) from the one before: 1, 0 or 0, 1 or 1, 1 or 1, -1.

    The result is smaller by `length` - 1 along each direction that is not 0; time grows as log `length`.
    """
    covered = 1
    while covered < length:
        shift = min(covered, length - covered)
        x = _larger(x, shift * dy, shift * dx)
        covered += shift
    return x


def _larger(x: Tensor, down: int, across: int) -> Tensor:
    import torch

    height, width = x.shape[0] - down, x.shape[1] - abs(across)
    left, right = max(-across, 0), max(across, 0)
    return torch.maximum(x[:height, left : left + width], x[down : down + height, right : right + width])


def square_max(x: Tensor, before: int, after: int) -> Tensor:
    """Of each pixel of pictures [B, H, W, C], the largest in a square from `before` pixels ahead to `after` behind."""
    side = before + after + 1
    return filtered(
        lambda part: running_max(running_max(part, side, 1, 0), side, 0, 1), x, before, after, -float("inf")
    )


def diamond_max(x: Tensor, radius: int) -> Tensor:
    """Of each pixel of pictures [B, H, W, C], the largest within `radius` steps up, down, left and right.

    The diamond of radius n is that of the points of the parity of n - 1 (two diagonal lines of n points added) with a
    cross of five added.
    """

    def largest(part: Tensor) -> Tensor:
        part = running_max(running_max(part, radius, 1, 1), radius, 1, -1)
        return running_max(part[:, 1:-1], 3, 1, 0).maximum(running_max(part[1:-1], 3, 0, 1))

    return filtered(largest, x, radius, radius, -float("inf"))

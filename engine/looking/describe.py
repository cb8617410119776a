"""Any value of a graph as views: what it is, its numbers, and how it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.diffusion.traces import Trace
from engine.diffusion.types import Cond, Embeds, Latent, Noise, Sampler, Tokens
from engine.looking.latents import channels, rough, span
from engine.looking.models import VIEWS as MODELS
from engine.looking.numbers import Part, is_tensor, numbers, parts, short
from engine.looking.pieces import pieces
from engine.looking.plain import as_text
from engine.looking.views import MOST_PICTURES, MOST_POINTS, Told, View, bounded, curve, picture, table, text

if TYPE_CHECKING:
    from torch import Tensor

MOST_ITEMS = 8
"""Of a list, and of a conditioning's prompts, this many are shown."""


def describe(value: Any, name: str = "", *, pictures: int = MOST_PICTURES) -> tuple[View, ...]:
    """What a value is, as views for the canvas: at most 16 pictures, 2,000 points a curve and 2,000 tokens.

    Args:
        name: the socket type it comes out of ("IMAGE", "LATENT" …), shown first; "" leaves it out.
        pictures: how many pictures are made at most.
    """
    views = bounded(_views(value), pictures)
    if not name:
        return views
    heading = table([("type", name)])
    if views and views[0]["kind"] == "table":
        return ({**heading, "rows": heading["rows"] + views[0]["rows"]}, *views[1:])
    return (heading, *views)


def _views(value: Any) -> Iterable[Told]:
    find = _VIEWS.get(type(value))
    if find is not None:
        return find(value)
    if is_tensor(value):
        return _tensor(value)
    if isinstance(value, tuple) and value and all(isinstance(one, Cond) for one in value):
        return (view for cond in value[:MOST_ITEMS] for view in _cond(cond))
    if isinstance(value, list | tuple):
        return _items(value)
    return [text(as_text(value))]


def rows_of(part: Part) -> list[tuple[str, Any]]:
    """The rows of a table that sum a tensor up."""
    found = numbers(part.tensor)
    return [
        ("shape", "×".join(map(str, found.shape)) or "1"),
        *zip(part.dimensions, found.shape, strict=False),
        ("min", found.min),
        ("max", found.max),
        ("mean", found.mean),
        ("std", found.std),
        ("bytes", found.nbytes),
        ("dtype", found.dtype),
        ("not_finite", found.bad or None),
    ]


def _tensor(value: Tensor) -> Iterator[Told]:
    (part,) = parts(value)
    yield table(rows_of(part))
    if part.name == "sigmas":
        yield curve(range(len(value)), value.tolist(), "levels", "sigmas")
    elif part.name == "image":
        yield from (partial(picture, one) for one in value[:MOST_PICTURES])
    elif part.name == "mask":
        yield from (partial(picture, one[..., None]) for one in value[:MOST_PICTURES])


def _latent(value: Latent) -> Iterator[Told]:
    samples = value.samples
    masked = "yes" if value.noise_mask is not None else None
    yield table([*rows_of(parts(value)[0]), ("downscale", value.downscale), ("noise_mask", masked)])
    most = span(samples)
    for number, sample in enumerate(samples[: MOST_PICTURES // max(1, samples.shape[1])]):
        for index, plane in enumerate(channels(sample, most)):
            yield partial(picture, plane, f"{number}:{index}" if len(samples) > 1 else str(index))
    if value.noise_mask is not None:
        yield partial(picture, value.noise_mask.reshape(-1, *value.noise_mask.shape[-2:])[0][..., None], "noise_mask")


def _cond(cond: Cond) -> Iterator[Told]:
    yield table([*rows_of(parts(cond)[0]), *_how(cond)])
    yield _lengths(cond.embeds[0])


def _how(cond: Cond) -> Iterator[tuple[str, Any]]:
    """Where, when and how strongly it holds; what is as always is left out."""
    yield "pooled", cond.pooled.shape[-1] if cond.pooled is not None else None
    yield "strength", cond.strength if cond.strength != 1 else None
    if cond.area is not None:
        sides = (cond.area.x, cond.area.y, cond.area.width, cond.area.height)
        yield "area", " ".join(map(short, sides))
    yield "mask", "×".join(map(str, cond.mask.shape)) if cond.mask is not None else None
    yield "when", f"{short(cond.when[0])}–{short(cond.when[1])}" if cond.when != (0.0, 1.0) else None
    yield "during", "{}–{} / {}".format(*cond.during) if cond.during is not None else None
    yield "controls", len(cond.controls) or None
    yield "concat", "×".join(map(str, cond.concat.shape)) if cond.concat is not None else None
    yield "size_crop", " ".join(map(str, cond.size_crop)) if cond.size_crop else None
    yield "term", f"{cond.term[0]} ×{short(cond.term[1])}" if cond.term else None


def _lengths(vectors: Tensor) -> View:
    """The length of each token's vector, [T, D]."""
    lengths = vectors.detach().float().norm(dim=-1).flatten()[: 4 * MOST_POINTS]
    return curve(range(len(lengths)), lengths.tolist(), "tokens", "vector")


def _tokens(value: Tokens) -> Iterator[Told]:
    shown = list(pieces(value))
    total = sum(map(len, value.ids))
    yield table([("chunks", len(value.ids)), ("tokens", len(shown)), ("padding", total - len(shown))])
    told = ({"id": p.id, "text": p.text, "weight": p.weight, "chunk": p.chunk} for p in shown[:MOST_POINTS])
    yield {"kind": "tokens", "tokens": list(told)}


def _embeds(value: Embeds) -> Iterator[Told]:
    yield table(rows_of(parts(value)[0]))
    yield from _tokens(value.tokens)
    yield _lengths(value.vectors.reshape(-1, value.vectors.shape[-1]))


def _trace(value: Trace) -> Iterator[Told]:
    yield table(
        [
            ("steps", len(value.steps)),
            ("sampler", value.sampler.name),
            ("seed", str(value.seed)),
            ("prediction", value.sampling.prediction),
            *rows_of(parts(value)[0]),
        ]
    )
    yield curve(range(len(value.sigmas)), value.sigmas, "steps", "sigmas")
    for step in _spread(value.steps, MOST_PICTURES):
        pixels = rough(step.clean[0], value.family)
        if pixels is not None:
            yield partial(picture, pixels, f"{step.step} · σ {short(step.sigma)}")


def _spread(many: tuple[Any, ...], count: int) -> list[Any]:
    """At most `count` of them, evenly, the first and the last among them."""
    if len(many) <= count:
        return list(many)
    return [many[round(index * (len(many) - 1) / (count - 1))] for index in range(count)]


def _noise(value: Noise) -> list[View]:
    return [table([("seed", "" if value.seed is None else str(value.seed)), ("source", value.source)])]


def _sampler(value: Sampler) -> list[View]:
    options = ", ".join(f"{name} {option}" for name, option in value.options)
    return [table([("sampler", value.name), ("options", options)])]


def _items(value: list[Any] | tuple[Any, ...]) -> Iterator[Told]:
    if all(isinstance(one, str | int | float | bool | None) for one in value):
        yield table([("items", len(value))])
        yield text("\n".join(map(str, value)))
        return
    yield table([("items", len(value))])
    for one in value[:MOST_ITEMS]:
        yield from _views(one)


_VIEWS: Mapping[type, Callable[[Any], Iterable[Told]]] = {
    Latent: _latent,
    Cond: _cond,
    Tokens: _tokens,
    Embeds: _embeds,
    Trace: _trace,
    Noise: _noise,
    Sampler: _sampler,
    **MODELS,
}

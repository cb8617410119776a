"""What is known of values before a run: the `facts=` functions of the nodes.  Torch-free."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.graph.facts import NOTHING, Facts, FactsOf, Known
from engine.graph.graph import Const
from engine.models.handle import Part
from nodes.resize import fill_in

FLOAT_BYTES = 4
COLOURS = 3


def number(known: Known, name: str) -> int | None:
    """A whole-number input: its constant, or the value that the linked output is known to have."""
    value = known.facts(name).get("value", known.get(name))
    return value if type(value) is int else None


def without_unknown(**facts: Any) -> Facts:
    """Only what is known: entries that are None are left out."""
    return {name: value for name, value in facts.items() if value is not None}


def constant(known: Known) -> Sequence[Facts]:
    """A primitive's output has the value of its input."""
    value = known.get("value")
    return ({"value": value} if type(value) in (int, float, str, bool) else {},)


def loaded(source: str, *outputs: Part) -> FactsOf:
    """Each output is one part of the file that the input `source` names, and has its facts.

    Where the file lacks the part, the fact `absent` of the output says so.  An autoencoder is of no family: it serves
    all whose latents are of its space.
    """

    def facts(known: Known) -> Sequence[Facts]:
        file = dict(known.facts(source))
        lacks = file.pop("lacks", {})
        absent: dict[Part, Facts] = {part: {"absent": lacks[part]} for part in outputs if part in lacks}
        hidden = {"denoiser": (), "text": ("space", "reads"), "vae": ("family", "families", "reads")}
        return tuple(
            {name: value for name, value in file.items() if name not in hidden.get(part, ())}
            | dict(absent.get(part, {}))
            for part in outputs
        )

    return facts


def sampled(outputs: int = 1) -> FactsOf:
    """Each output is a latent of the size of `latent_image` and the space of the model that sampled it."""

    def facts(known: Known) -> Sequence[Facts]:
        model = known.facts("model") or known.facts("guider")
        return ({**known.facts("latent_image"), **without_unknown(space=model.get("space"))},) * outputs

    return facts


def passed(*sources: str) -> FactsOf:
    """One output for each of `sources`, with that input's facts."""

    def facts(known: Known) -> Sequence[Facts]:
        return tuple(known.facts(name) for name in sources)

    return facts


def merged(*sources: str) -> FactsOf:
    """One output that is made of all these inputs: what is known of any, of the first where they differ."""

    def facts(known: Known) -> Sequence[Facts]:
        told: dict[str, Any] = {}
        for name in reversed(sources):
            told |= known.facts(name)
        return (told,)

    return facts


def agreed(*sources: str) -> FactsOf:
    """One output that is one of these inputs, or a list of them: what is known of all that are there alike."""

    def facts(known: Known) -> Sequence[Facts]:
        given = [n for n in sources if n in known.args and known.args[n] != Const(None)]
        told = [known.facts(name) for name in given] or [NOTHING]
        return ({k: v for k, v in told[0].items() if all(k in other and other[k] == v for other in told[1:])},)

    return facts


def predicting(names: Mapping[str, str]) -> FactsOf:
    """The model's facts, with the prediction that the input `sampling` names in `names`."""

    def facts(known: Known) -> Sequence[Facts]:
        prediction = names.get(known.get("sampling", ""))
        return ({**known.facts("model"), **without_unknown(prediction=prediction)},)

    return facts


def family_of(source: str) -> FactsOf:
    """The output has the family of the model at `source` and nothing else of it."""

    def facts(known: Known) -> Sequence[Facts]:
        return (without_unknown(family=known.facts(source).get("family")),)

    return facts


def latent_of(width: int | None, height: int | None, batch: int | None, channels: int | None = 4) -> Facts:
    """Facts of latents for pictures of this size."""
    size = None
    if width is not None and height is not None and batch is not None and channels is not None:
        width, height = width // 8 * 8, height // 8 * 8
        size = batch * channels * (width // 8) * (height // 8) * FLOAT_BYTES
    return without_unknown(width=width, height=height, batch=batch, channels=channels, bytes=size)


def picture_of(width: int | None, height: int | None, batch: int | None) -> Facts:
    """Facts of pictures of this size."""
    size = None
    if width is not None and height is not None and batch is not None:
        size = batch * height * width * COLOURS * FLOAT_BYTES
    return without_unknown(width=width, height=height, batch=batch, bytes=size)


def sized(
    make: Callable[[int | None, int | None, int | None], Facts],
    old: Facts,
    width: int | None,
    height: int | None,
    batch: int | None,
) -> Facts:
    """Facts of this size; latents also keep the channels and the space of those that they were made of."""
    if make is not latent_of:
        return make(width, height, batch)
    return {**latent_of(width, height, batch, old.get("channels")), **without_unknown(space=old.get("space"))}


def resized(source: str, make: Callable[[int | None, int | None, int | None], Facts], least: int = 0) -> FactsOf:
    """The output has the size that the inputs width and height say; a 0 keeps the proportions, two the size.

    Args:
        least: of each side.
    """

    def facts(known: Known) -> Sequence[Facts]:
        width, height, old = number(known, "width"), number(known, "height"), known.facts(source)
        if width is None or height is None:
            return (sized(make, old, None, None, old.get("batch")),)
        if not width and not height:
            return (old,)
        if not width or not height:
            if "width" not in old or "height" not in old:
                return (sized(make, old, None, None, old.get("batch")),)
            width, height = fill_in(width, height, old["width"], old["height"])
        return (sized(make, old, max(least, width), max(least, height), old.get("batch")),)

    return facts


def empty_latent(known: Known) -> Sequence[Facts]:
    """An empty latent has the size that its inputs say."""
    return (latent_of(number(known, "width"), number(known, "height"), number(known, "batch_size")),)


def encoded(known: Known) -> Sequence[Facts]:
    """Latents of the pictures at `pixels`."""
    pixels = known.facts("pixels")
    size = latent_of(pixels.get("width"), pixels.get("height"), pixels.get("batch"))
    return ({**size, **without_unknown(space=known.facts("vae").get("space"))},)


def decoded(known: Known) -> Sequence[Facts]:
    """Pictures of the latents at `samples`."""
    samples = known.facts("samples")
    return (picture_of(samples.get("width"), samples.get("height"), samples.get("batch")),)

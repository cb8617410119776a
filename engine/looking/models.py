"""Models as tables: which file, which family, what is changed in it.  Nothing is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.looking.numbers import short
from engine.looking.views import View, table
from engine.models.families import FAMILIES
from engine.models.handle import (
    Clip,
    ControlNet,
    DepthModel,
    EdgeModel,
    Guider,
    Model,
    ModelHandle,
    Patch,
    UpscaleModel,
    Vae,
)

Rows = list[tuple[str, Any]]


def _handle(handle: ModelHandle) -> Rows:
    family = FAMILIES.get(handle.family)
    return [
        ("file", handle.source.name),
        ("family", family.title if family else handle.family),
        ("part", handle.part),
        ("patches", ", ".join(map(_patch, handle.patches))),
    ]


def _patch(patch: Patch) -> str:
    return f"{patch.source.name} ×{short(patch.strength)}"


def _model(model: Model) -> Rows:
    return [
        *_handle(model.handle),
        ("prediction", model.sampling.prediction),
        ("schedule", model.sampling.schedule),
        ("latent_channels", model.latent.channels),
        ("latent_factor", model.latent.factor),
        ("downscale", model.latent.downscale),
        ("concat", model.wants.concat or None),
    ]


def _clip(clip: Clip) -> Rows:
    return [*(row for handle in clip.handles for row in _handle(handle)), ("layer", clip.layer)]


def _vae(vae: Vae) -> Rows:
    return [
        *_handle(vae.handle),
        ("latent_channels", vae.latent.channels),
        ("latent_factor", vae.latent.factor),
        ("downscale", vae.latent.downscale),
    ]


def _guider(guider: Guider) -> Rows:
    rule = guider.rule
    return [("rule", type(rule).__name__), ("scale", getattr(rule, "scale", None)), *_model(guider.model)]


def _rows(rows: Callable[[Any], Rows]) -> Callable[[Any], Iterable[View]]:
    return lambda value: [table(rows(value))]


VIEWS: Mapping[type, Callable[[Any], Iterable[View]]] = {
    Model: _rows(_model),
    Clip: _rows(_clip),
    Vae: _rows(_vae),
    Guider: _rows(_guider),
    ControlNet: _rows(lambda net: [*_handle(net.handle), ("mode", net.mode)]),
    DepthModel: _rows(lambda model: _handle(model.handle)),
    EdgeModel: _rows(lambda model: _handle(model.handle)),
    UpscaleModel: _rows(lambda model: [*_handle(model.handle), ("scale", model.scale)]),
}

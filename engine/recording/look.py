"""Pictures of a recorded sampler step, in the quick colours of its family; and the words that a spot read."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.graph.told import telling
from engine.models.families import FAMILIES
from engine.recording.format import RecordingError
from engine.recording.read import Floats, Frame, Recording, Token

Pixels = NDArray[np.uint8]

HEAT = (255, 64, 0)
"""Colour of what was read."""
POSITIVE, NEGATIVE = "positive", "negative"
QUALITY = 90


@dataclass(frozen=True, slots=True)
class Shown:
    """What is asked for.

    Args:
        branch: "" is what guidance made of all; of attention, the positive.
        token: place in the conditioning; None is the whole prompt.
        size: pixels of the longer side. picture: of the batch. overlay: attention alone, to be laid over a picture.
    """

    step: int
    branch: str = ""
    token: int | None = None
    size: int = 256
    picture: int = 0
    overlay: bool = False


def view(recording: Recording, name: str, shown: Shown) -> bytes:
    """A view of VIEWS as WebP; raises RecordingError."""
    if not 0 <= shown.picture < recording.shape[0]:
        last = recording.shape[0] - 1
        raise RecordingError(
            "The recording has no picture {picture}: there are 0 to {last}.",
            "no_such_picture",
            picture=shown.picture,
            last=last,
        )
    return webp(VIEWS[name](recording, shown), shown.size, smooth=name in SMOOTH)


def latent_of(recording: Recording, name: str, shown: Shown) -> Floats:
    """The latent [C, h, w] that a view shows, in the sampler's units."""
    frame = recording.frame(shown.step)
    found: Floats = LATENTS[name](recording, frame, shown.branch)[shown.picture]
    return found


def _x(recording: Recording, frame: Frame, branch: str) -> Floats:
    """As strong as a clean latent is: at high noise only noise would be seen otherwise, all of it out of range."""
    found: Floats = (frame.x / math.hypot(alpha_of(recording, frame), frame.sigma)).astype(np.float32)
    return found


def _clean(recording: Recording, frame: Frame, branch: str) -> Floats:
    return answer(frame, branch) if branch else frame.clean


def _noise(recording: Recording, frame: Frame, branch: str) -> Floats:
    clean = _clean(recording, frame, branch)
    if frame.sigma == 0:
        return np.zeros_like(clean)
    found: Floats = ((frame.x - alpha_of(recording, frame) * clean) / frame.sigma).astype(np.float32)
    return found


def _guidance(recording: Recording, frame: Frame, branch: str) -> Floats:
    """How the noise of the positive's answer differs from that of the negative's, brought to unit deviation."""
    away = answer(frame, NEGATIVE) - answer(frame, POSITIVE)
    found: Floats = away / np.float32(max(float(away.std()), 1e-12))
    return found


def alpha_of(recording: Recording, frame: Frame) -> float:
    """The share of the clean latent in x."""
    return 1.0 - frame.sigma if recording.head["sampling"]["prediction"] == "flow" else 1.0


def answer(frame: Frame, branch: str) -> Floats:
    """The clean latent of a branch; raises RecordingError."""
    if branch not in frame.branches:
        raise RecordingError(
            "Sampler step {step} did not ask the branch {branch}; it asked {there}.",
            "no_branch",
            step=frame.step,
            branch=f"{branch!r:.40}",
            there=list(frame.branches) or telling("none"),
        )
    return frame.branches[branch]


LATENTS: Mapping[str, Callable[[Recording, Frame, str], Floats]] = {
    "x": _x,
    "clean": _clean,
    "noise": _noise,
    "guidance": _guidance,
}
"""Views that are latents."""


def colours(latent: Floats, family: str) -> Pixels:
    """A latent [C, h, w] in the sampler's units as pixels [h, w, 3], by the family's factors, or its first channels."""
    row = FAMILIES.get(family)
    if row is None or not row.rgb or len(row.rgb) != len(latent) + 1:
        three = np.resize(latent, (3, *latent.shape[1:]))
        return as_pixels(np.moveaxis(three, 0, -1) / np.float32(3))
    *factors, added = np.asarray(row.rgb, np.float32)
    return as_pixels(np.tensordot(latent, np.stack(factors), axes=(0, 0)) + added)


def as_pixels(rgb: NDArray[np.floating[Any]]) -> Pixels:
    """Numbers from -1 to 1 as 0 to 255; what is no number is black."""
    found: Pixels = np.nan_to_num((rgb + 1) * 127.5, nan=0.0).clip(0, 255).round().astype(np.uint8)
    return found


def _latent_view(name: str) -> Callable[[Recording, Shown], Image.Image]:
    return lambda recording, shown: Image.fromarray(colours(latent_of(recording, name, shown), recording.family))


def _difference(recording: Recording, shown: Shown) -> Image.Image:
    """How much each cell of the clean picture changed since the step before: black is not at all."""
    now = colours(latent_of(recording, "clean", shown), recording.family).astype(np.int16)
    at = [f.step for f in recording.frames].index(shown.step)
    before = recording.frames[max(at - 1, 0)].step
    earlier = Shown(before, shown.branch, picture=shown.picture)
    was = colours(latent_of(recording, "clean", earlier), recording.family).astype(np.int16)
    return Image.fromarray(np.abs(now - was).clip(0, 255).astype(np.uint8))


def _attention(recording: Recording, shown: Shown) -> Image.Image:
    """Where a token was read, over the clean picture; of a step that was not watched, the nearest one that was."""
    heat = heat_of(recording, shown)
    share = Image.fromarray((heat * 255).round().astype(np.uint8))
    size = _fitted(share.size, shown.size)
    mask = share.resize(size, Image.Resampling.BICUBIC)
    if shown.overlay:
        over = Image.new("RGBA", size, (*HEAT, 0))
        over.putalpha(mask)
        return over
    base = Image.fromarray(colours(latent_of(recording, "clean", shown), recording.family))
    dim = base.resize(size, Image.Resampling.BICUBIC).point(lambda v: v * 0.6)
    return Image.composite(Image.new("RGB", size, HEAT), dim, mask.point(lambda v: v * 0.8))


VIEWS: Mapping[str, Callable[[Recording, Shown], Image.Image]] = {
    **{name: _latent_view(name) for name in LATENTS},
    "difference": _difference,
    "attention": _attention,
}
SMOOTH = ("clean",)


def maps_of(recording: Recording, step: int, branch: str, picture: int = 0) -> NDArray[np.float32]:
    """What each cell read of each token [T, h, w] at the watched step nearest to `step`; raises RecordingError."""
    frame = recording.frame(step)
    nearest = min(recording.attention, key=lambda at: abs(at - frame.step), default=None)
    found = recording.frame(nearest).attention if nearest is not None else {}
    if any(picture >= len(maps) for maps in found.values()) or not found:
        raise RecordingError(
            'Attention was not recorded: run the job again with record {{"attention": 3}}.', "no_attention"
        )
    if branch not in found:
        raise RecordingError(
            "The attention of the branch {branch} was not recorded; there is {there}.",
            "no_branch",
            branch=f"{branch!r:.40}",
            there=list(found),
        )
    maps: NDArray[np.float32] = found[branch][picture].astype(np.float32)
    return maps


def heat_of(recording: Recording, shown: Shown) -> Floats:
    """How strongly each cell [h, w] read a token: from 0 where it is least to 1 where it is most."""
    branch = shown.branch or POSITIVE
    maps = maps_of(recording, shown.step, branch, shown.picture)
    if shown.token is not None and not 0 <= shown.token < len(maps):
        raise RecordingError(
            "There is no token {token}: there are 0 to {last}.", "no_token", token=shown.token, last=len(maps) - 1
        )
    words = [t.index for t in recording.tokens.get(branch, ()) if t.index < len(maps)]
    heat: Floats = maps[shown.token] if shown.token is not None else maps[words].sum(0) if words else maps[1:].sum(0)
    low, high = float(heat.min()), float(heat.max())
    stretched: Floats = (heat - low) / max(high - low, 1e-9)
    return stretched


def words_at(
    recording: Recording, step: int, branch: str, x: float, y: float, picture: int = 0
) -> list[tuple[Token, float]]:
    """How much a spot (fractions of width and height) read each token of the prompt, the most first."""
    branch = branch or POSITIVE
    maps = maps_of(recording, step, branch, picture)
    height, width = maps.shape[1:]
    cell = maps[:, min(int(y * height), height - 1), min(int(x * width), width - 1)]
    found = [(t, float(cell[t.index])) for t in recording.tokens.get(branch, ()) if t.index < len(cell)]
    return sorted(found, key=lambda row: -row[1])


def webp(picture: Image.Image, size: int, *, smooth: bool) -> bytes:
    """A picture whose longer side has `size` pixels."""
    wanted = _fitted(picture.size, size)
    if wanted != picture.size:
        picture = picture.resize(wanted, Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    options: dict[str, Any] = {"quality": QUALITY} if smooth else {"lossless": True, "quality": 20}
    picture.save(buffer, "WEBP", method=0, **options)
    return buffer.getvalue()


def _fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    scale = longest / max(size)
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)

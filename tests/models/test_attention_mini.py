"""What the heat of words tells on the shipped model: why the layers that are looked at by default are those."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.diffusion.guidance import Cfg
from engine.diffusion.job import DenoiseJob
from engine.diffusion.noise import initial_noise
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import Conditioning, Sampler
from engine.files import Library
from engine.models.attention import LAYERS, AttentionWatch
from engine.models.detect import inspect_file
from engine.models.handle import ModelHandle
from engine.models.prompts import encode, reader
from engine.models.tokens import tokenize_prompt
from engine.models.words import find_word
from engine.session.device import Device
from engine.settings import SHIPPED, Settings

MINI = "mini-v1.safetensors"
PROMPTS = (("fox", "yellow", 1), ("cat", "green", 3), ("dog", "pink", 5))
STEPS = 8

pytestmark = pytest.mark.skipif(not (SHIPPED / "checkpoints" / MINI).exists(), reason="no mini")


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("data")
    made = Device(Library.standard(folder, [SHIPPED]), Settings(folder, precision="full"))
    yield made
    made.close()


def inside(heat: Tensor, shape: Tensor) -> float:
    """How often a cell inside the shape has more heat than one outside: 0.5 is chance."""
    cells = F.adaptive_avg_pool2d(shape[None, None], (heat.shape[0], heat.shape[1]))[0, 0] > 0.5
    here, there = heat[cells], heat[~cells]
    more = (here[:, None] > there).float() + 0.5 * (here[:, None] == there).float()
    return float(more.mean())


def shape_of(picture: Tensor) -> Tensor:
    """[H, W], 1 where a picture [H, W, 3] differs from the colour of its corners."""
    corners = torch.cat([picture[y, x].reshape(-1, 3) for y in (slice(6), slice(-6, None)) for x in (slice(6),)])
    return ((picture - corners.median(0).values).abs().amax(-1) > 0.2).float()


def seen(device: Device, library: Library, thing: str, colour: str, seed: int) -> tuple[dict[str, Tensor], Tensor]:
    """The heat of three words by layers at the first sampler step, and the shape of the thing in the end."""
    ref = library.ref("checkpoints", MINI)
    found = inspect_file(library.resolve(ref))
    denoiser, text, vae = (ModelHandle(ref, found.family, part) for part in ("denoiser", "text", "vae"))
    prompt = tokenize_prompt(f"flat emoji of a {thing} on a {colour} background", found.family)
    with device.lease(text) as encoders:
        sides = [
            Conditioning((encode(encoders, (tokens,), None, reader(library.resolve)),))
            for tokens in (prompt, tokenize_prompt("", found.family))
        ]
    watches = {name: AttentionWatch([0], choose=LAYERS[name]) for name in ("middle", "last")}
    sigmas, latent = make_sigmas("simple", STEPS, found.sampling), torch.zeros(1, 4, 16, 16)
    for name, watch in watches.items():
        job = DenoiseJob(
            denoiser,
            found.sampling,
            Sampler("euler"),
            Cfg(sides[0], sides[1], 4.0),
            sigmas if name == "last" else sigmas[:2],
            latent,
            initial_noise(latent.shape, seed),
            watch=watch,
        )
        x = device.loop.submit(job).result(120).x
    heats = {
        f"{name} {word}": watch.heats(0, "positive")[0].maps[0, list(find_word(prompt, word).places)].sum(0)
        for name, watch in watches.items()
        for word in (thing, colour, "background")
    }
    with device.lease(vae) as (decoder,):
        picture = decoder.decode(x / 0.18215)[0].clamp(0, 1)
    return heats, shape_of(picture)


def test_the_layers_looked_at_tell_where_the_thing_is_and_where_not(device: Device, tmp_path: Path) -> None:
    library = Library.standard(tmp_path, [SHIPPED])
    scores: dict[str, list[float]] = {}
    for thing, colour, seed in PROMPTS:
        heats, shape = seen(device, library, thing, colour, seed)
        assert 0.2 < shape.mean() < 0.8, "there is a thing on a ground"
        for name, heat in heats.items():
            layers, word = name.split()
            key = {thing: "thing", colour: "colour"}.get(word, word)
            scores.setdefault(f"{layers} {key}", []).append(inside(heat, shape))
    mean = {name: sum(each) / len(each) for name, each in scores.items()}
    assert mean["last thing"] > 0.6
    assert mean["last colour"] < 0.4, "the colour of the ground is read outside the thing"
    # The last word of a prompt has taken in all before it (the text transformer is causal): it says what the thing is.
    assert mean["last background"] > 0.85
    assert abs(mean["middle thing"] - 0.5) < mean["last thing"] - 0.5

"""Our whole path, from files to a latent, against diffusers' StableDiffusionPipeline under our decisions.

Ours: the first x, integer timesteps (the "simple" schedule, diffusers' "trailing"), the step noise of our generator,
and a last step to no noise at all.  Its networks come from diffusers' own conversion of the same file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import diffusers
import pytest
import torch
from torch import Tensor

from engine.diffusion.guidance import Cfg
from engine.diffusion.loop import DenoiseLoop
from engine.diffusion.noise import initial_noise
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import Conditioning, Latent, Sampler
from engine.models.families import FAMILIES
from engine.models.handle import Guider, Model, ModelHandle
from engine.models.manager import ModelManager
from engine.models.sample import denoise_job, finished
from engine.models.text_encoder import TextEncoder
from engine.models.vocabulary import clip_tokenizer
from tests.models import make
from tests.models.test_build import oracle

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' own

STEPS = 10
SEED = 42
SCALE = 6.5
SHAPE = (2, 4, 16, 8)
TABLE: dict[str, Any] = {
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "timestep_spacing": "trailing",
    "steps_offset": 1,
}


@dataclass(frozen=True)
class Peer:
    """A scheduler of diffusers, and what it calls the latent that we call x at the first sigma."""

    scheduler: Callable[[], Any]
    first: Callable[[Any, Tensor, float], Tensor]


def variance_exploding(scheduler: Any, x: Tensor, sigma: float) -> Tensor:
    """The pipeline multiplies what it is given by the scheduler's first sigma."""
    scheduler.set_timesteps(STEPS)
    return x / float(scheduler.init_noise_sigma)


def variance_preserving(scheduler: Any, x: Tensor, sigma: float) -> Tensor:
    return x / (1 + sigma**2) ** 0.5


PEERS = {
    "euler": Peer(lambda: diffusers.EulerDiscreteScheduler(**TABLE), variance_exploding),
    "ddim": Peer(
        lambda: diffusers.DDIMScheduler(**TABLE, clip_sample=False, set_alpha_to_one=True), variance_preserving
    ),
    "dpmpp_2m": Peer(
        lambda: diffusers.DPMSolverMultistepScheduler(**TABLE, final_sigmas_type="zero"), variance_preserving
    ),
    "euler_ancestral": Peer(lambda: diffusers.EulerAncestralDiscreteScheduler(**TABLE), variance_exploding),
}


@pytest.fixture(scope="module")
def parts() -> dict[str, Any]:
    return {part: oracle(make.TINY, part) for part in make.PARTS}


@pytest.fixture(scope="module")
def loop(manager: ModelManager) -> Iterator[DenoiseLoop]:
    @contextmanager
    def lease(handle: Any) -> Iterator[Any]:
        with manager.lease(handle) as (network,):
            yield network

    made = DenoiseLoop(lease)
    yield made
    made.close()


@pytest.fixture
def model(handles: dict[str, ModelHandle]) -> Model:
    return Model(handles["denoiser"])


def encode(manager: ModelManager, handles: dict[str, ModelHandle], prompt: str) -> Conditioning:
    with manager.lease(handles["text"]) as (encoder,):
        return Conditioning((encoder.encode(prompt),))


def ours(
    loop: DenoiseLoop, model: Model, name: str, positive: Conditioning, negative: Conditioning
) -> tuple[Tensor, Guider]:
    guider = Guider(model, Cfg(positive, negative, SCALE))
    sigmas = make_sigmas("simple", STEPS, model.sampling, sampler=name)
    job = denoise_job(guider, Sampler(name), sigmas, Latent(torch.zeros(SHAPE)), initial_noise(SHAPE, SEED), seed=SEED)
    return loop.submit(job).result(60).x, guider


def theirs(parts: dict[str, Any], model: Model, name: str, **prompts: Any) -> Tensor:
    peer = PEERS[name]
    scheduler = peer.scheduler()
    pipe = diffusers.StableDiffusionPipeline(
        vae=parts["vae"],
        text_encoder=parts["text"],
        tokenizer=clip_tokenizer(),
        unet=parts["denoiser"],
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    sigma = float(make_sigmas("simple", STEPS, model.sampling)[0])
    x = initial_noise(SHAPE, SEED) * (1 + sigma**2) ** 0.5
    result: Tensor = pipe(
        **prompts,
        height=8 * SHAPE[2],
        width=8 * SHAPE[3],
        latents=peer.first(scheduler, x, sigma),
        num_inference_steps=STEPS,
        guidance_scale=SCALE,
        generator=torch.Generator().manual_seed(SEED + 1),
        output_type="latent",
    ).images
    return result


def assert_same(found: Tensor, expected: Tensor) -> None:
    assert found.isfinite().all()
    assert (found - expected).norm() / expected.norm() < 1e-4


@pytest.mark.parametrize("name", PEERS)
def test_plain_prompts_give_the_latent_of_the_pipeline(
    manager: ModelManager, handles: Any, loop: DenoiseLoop, model: Model, parts: Any, name: str
) -> None:
    prompt, other = "a photo of a cat", "blurry"
    x, _ = ours(loop, model, name, encode(manager, handles, prompt), encode(manager, handles, other))
    assert_same(x, theirs(parts, model, name, prompt=[prompt] * 2, negative_prompt=[other] * 2))
    with pytest.raises(AssertionError):
        assert_same(x, theirs(parts, model, name, prompt=["a photo of a dog"] * 2, negative_prompt=[other] * 2))


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("prompt", ["a (photo:1.4) of a [red] ((cat))", "a (very:0.7) detailed painting, " * 25])
def test_weighted_and_long_prompts_give_the_latent_of_the_pipeline(
    manager: ModelManager, handles: Any, loop: DenoiseLoop, model: Model, parts: Any, name: str, prompt: str
) -> None:
    negative = "blurry"
    x, _ = ours(loop, model, name, encode(manager, handles, prompt), encode(manager, handles, negative))
    wanted = reference_embeds(parts["text"], prompt)
    unwanted = reference_embeds(parts["text"], negative).repeat(1, wanted.shape[1] // 77, 1)
    embeds = {"prompt_embeds": wanted.repeat(2, 1, 1), "negative_prompt_embeds": unwanted.repeat(2, 1, 1)}
    assert_same(x, theirs(parts, model, name, **embeds))


@torch.no_grad()
def reference_embeds(text: Any, prompt: str) -> Tensor:
    """empty + w · (own - empty) at each place, chunks one after the other, by transformers."""
    encoder = TextEncoder(text, FAMILIES["mini1"].texts["text"])
    tokens = encoder.tokenize(prompt)
    own = text(torch.tensor(tokens.ids)).last_hidden_state
    empty = text(torch.tensor(encoder.tokenize("").ids)).last_hidden_state
    weighted = empty + torch.tensor(tokens.weights)[..., None] * (own - empty)
    return weighted.reshape(1, -1, own.shape[-1])


@torch.no_grad()
def test_the_picture_is_that_of_the_pipeline(
    manager: ModelManager, handles: Any, loop: DenoiseLoop, model: Model, parts: Any
) -> None:
    prompt, other = "a photo of a cat", ""
    x, guider = ours(loop, model, "euler", encode(manager, handles, prompt), encode(manager, handles, other))
    latent = theirs(parts, model, "euler", prompt=[prompt] * 2, negative_prompt=[other] * 2)
    picture = parts["vae"].decode(latent / 0.18215).sample.permute(0, 2, 3, 1).div(2).add(0.5).clamp(0, 1)
    with manager.lease(handles["vae"]) as (vae,):
        found = vae.decode(finished(guider, x))
    assert (found - picture).abs().max() < 1e-3

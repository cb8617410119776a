"""Every family from its single file to a latent, against diffusers' pipelines, on small random members.

Theirs: networks of diffusers and transformers with the layouts written out here, filled by diffusers' own conversion of
the same file.  Ours: the loaders' handles, the manager, the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import diffusers
import pytest
import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint
from safetensors.torch import load_file
from torch import Tensor

from engine.diffusion.guidance import cfg
from engine.diffusion.loop import DenoiseLoop
from engine.diffusion.noise import initial_noise
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import Cond, Conditioning, Latent, Sampler
from engine.files import Library
from engine.models.families import FAMILIES
from engine.models.handle import Guider
from engine.models.load import make_manager
from engine.models.manager import ModelManager
from engine.models.precision import policy
from engine.models.prompts import encode
from engine.models.sample import denoise_job, finished
from engine.models.tokens import tokenize_prompt
from nodes.loaders import Checkpoint, checkpoint_loader_simple
from tests.models import members
from tests.models.test_text_families import answers, transformers_model

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' own

STEPS = 4
SEED = 42
SCALE = 5.0
SHAPE = (2, 4, 16, 8)
HEIGHT, WIDTH = 128, 64
TABLE: dict[str, Any] = {
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "timestep_spacing": "trailing",
    "steps_offset": 1,
}
POSITIVE, NEGATIVE = "a photo of a cat", "blurry"

DOWN = {
    "sd1": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "sd2": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "sdxl": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 2,
    "sdxl_refiner": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 2 + ("DownBlock2D",),
}
VECTOR: dict[str, Any] = {"addition_embed_type": "text_time", "addition_time_embed_dim": 256}
CONFIG: Mapping[str, dict[str, Any]] = {
    "sd1": {"block_out_channels": (32, 32, 64, 64), "attention_head_dim": 8, "cross_attention_dim": 768},
    "sd2": {
        "block_out_channels": (64,) * 4,
        "attention_head_dim": (1, 1, 1, 1),
        "cross_attention_dim": 1024,
        "use_linear_projection": True,
    },
    "sdxl": {
        "block_out_channels": (64,) * 3,
        "attention_head_dim": (1, 1, 1),
        "cross_attention_dim": 2048,
        "use_linear_projection": True,
        "transformer_layers_per_block": (1, 1, 2),
        "projection_class_embeddings_input_dim": 2816,
        **VECTOR,
    },
    "sdxl_refiner": {
        "block_out_channels": (64,) * 4,
        "attention_head_dim": (1, 1, 1, 1),
        "cross_attention_dim": 1280,
        "use_linear_projection": True,
        "transformer_layers_per_block": 2,
        "projection_class_embeddings_input_dim": 2560,
        **VECTOR,
    },
}
"""As in the config.json of each family, but narrower and, in XL, less deep."""


@dataclass(frozen=True)
class Bench:
    """A member, ours through its loader and theirs through diffusers' conversion."""

    name: str
    ours: Checkpoint
    manager: ModelManager
    loop: DenoiseLoop
    unet: Any
    vae: Any
    texts: tuple[Any, ...]

    @property
    def family(self) -> str:
        return members.MEMBERS[self.name].family

    def cond(self, prompt: str) -> Cond:
        with self.manager.lease(*self.ours.CLIP.handles) as encoders:
            return encode(encoders, [tokenize_prompt(prompt, self.family)])

    def guider(self, positive: Cond, negative: Cond) -> Guider:
        return Guider(self.ours.MODEL, cfg(Conditioning((positive,)), Conditioning((negative,)), SCALE))

    def sample(
        self, positive: Cond, negative: Cond, *, name: str = "euler", latent: Tensor | None = None, skip: int = 0
    ) -> Tensor:
        """x of the sampler; `latent` is in its units, and with `skip` steps the first are left out."""
        model = self.ours.MODEL
        sigmas = make_sigmas("simple", STEPS, model.sampling)[skip:]
        start = torch.zeros(SHAPE) if latent is None else latent
        guider, noise = self.guider(positive, negative), initial_noise(start.shape, SEED)
        job = denoise_job(guider, Sampler(name), sigmas, Latent(start / model.latent.factor), noise)
        return self.loop.submit(job).result(60).x

    def theirs(self, kind: Any, given: Mapping[str, Any], batch: int = 2, **parts: Any) -> Tensor:
        """The pipeline's latent for our prompts, as transformers encodes them."""
        wide = FAMILIES[self.family].vector != ""
        parts |= {"tokenizer": None, "text_encoder": None}
        if wide:
            parts |= {"tokenizer_2": None, "text_encoder_2": None, "add_watermarker": False}
        else:
            parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
        if kind is diffusers.StableDiffusionDepth2ImgPipeline:
            parts = {name: value for name, value in parts.items() if "safety" not in name}
        pipe = kind(unet=self.unet, vae=self.vae, **parts)
        pipe.set_progress_bar_config(disable=True)
        prompts = {}
        for prefix, prompt in (("", POSITIVE), ("negative_", NEGATIVE)):
            embeds, pooled = self.reference(prompt)
            prompts[f"{prefix}prompt_embeds"] = embeds.repeat(batch, 1, 1)
            if wide:
                prompts[f"{prefix}pooled_prompt_embeds"] = pooled.repeat(batch, 1)
        told = {"num_inference_steps": STEPS, "guidance_scale": SCALE, "output_type": "latent"}
        found: Tensor = pipe(**prompts, **{**told, **given}).images
        return found

    def reference(self, prompt: str) -> tuple[Tensor, Tensor]:
        """Text states and pooled text by transformers: the last layer's, or the one's before, normed only in v2."""
        states, pooled = [], torch.zeros(0)
        for part, module in zip(FAMILIES[self.family].texts, self.texts, strict=True):
            pad = 0 if part == "text_g" or self.family == "sd2" else 49407
            hidden, pooled, norm = answers(module, [_padded(tokenize_prompt(prompt, self.family).ids[0], pad)])
            layer = {"sd1": -1}.get(self.family, -2)
            states.append(norm(hidden[layer]) if self.family in ("sd1", "sd2") else hidden[layer])
        return torch.cat(states, -1), pooled


def _padded(ids: Any, pad: int) -> list[int]:
    end = ids.index(49407)
    return [*ids[: end + 1], *[pad] * (len(ids) - end - 1)]


@contextmanager
def benched(name: str, root: Path) -> Iterator[Bench]:
    path = members.member(name, root)
    library = Library({"checkpoints": (root,)})
    manager = make_manager(library, policy("cpu", "full"))

    @contextmanager
    def lease(*handles: Any) -> Iterator[Any]:
        with manager.lease(*handles) as (network,):
            yield network

    context: Any = SimpleNamespace(path=library.resolve)
    ours = checkpoint_loader_simple(ckpt_name=library.ref("checkpoints", path.name), context=context)
    loop = DenoiseLoop(lease)
    yield Bench(name, ours, manager, loop, *oracles(name, path))
    loop.close()


def oracles(name: str, path: Path) -> tuple[Any, Any, tuple[Any, ...]]:
    found, state = members.MEMBERS[name], load_file(path)
    family = found.family
    make: Any = diffusers.UNet2DConditionModel
    unet = make(
        sample_size=64,
        in_channels=found.unet.channels,
        down_block_types=DOWN[family],
        up_block_types=tuple(kind.replace("Down", "Up") for kind in reversed(DOWN[family])),
        **CONFIG[family],
    )
    convert: Any = convert_ldm_unet_checkpoint
    unet.load_state_dict(convert(dict(state), unet.config))
    make = diffusers.AutoencoderKL
    vae = make(
        block_out_channels=(32, 32, 32, 64),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        scaling_factor=0.13025 if "xl" in family else 0.18215,
    )
    convert = convert_ldm_vae_checkpoint
    vae.load_state_dict(convert(dict(state), vae.config))
    heads = {"text": "gelu" if family == "sd2" else "quick_gelu", "text_g": "gelu"}
    texts = tuple(transformers_model(state, text, heads[text.part]) for text in found.texts)
    return unet.eval(), vae.eval(), texts


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Bench]]:
    """The bench of a member; one is held at a time, as each takes some hundred MB."""
    held: dict[str, tuple[Bench, ExitStack]] = {}

    def bench(name: str) -> Bench:
        if name not in held:
            close()
            stack = ExitStack()
            held[name] = stack.enter_context(benched(name, tmp_path_factory.mktemp(name))), stack
        return held[name][0]

    def close() -> None:
        for _, stack in held.values():
            stack.close()
        held.clear()

    yield bench
    close()


def scheduler(name: str, bench: Bench) -> Any:
    told = {"eps": "epsilon", "v": "v_prediction"}[bench.ours.MODEL.sampling.prediction]
    make: Any = diffusers.EulerDiscreteScheduler if name == "euler" else diffusers.DDIMScheduler
    more = {} if name == "euler" else {"clip_sample": False, "set_alpha_to_one": True}
    return make(**TABLE, prediction_type=told, **more)


def first(name: str, made: Any) -> Tensor:
    """What the pipeline is to be given so that its x at the first level is ours."""
    made.set_timesteps(STEPS)
    sigma = float(make_sigmas("simple", STEPS, FAMILIES["sd1"].sampling)[0])
    x = initial_noise(SHAPE, SEED) * (1 + sigma**2) ** 0.5
    return x / float(made.init_noise_sigma) if name == "euler" else initial_noise(SHAPE, SEED)


def assert_same(found: Tensor, expected: Tensor) -> None:
    assert found.isfinite().all()
    assert (found - expected).norm() / expected.norm() < 1e-4


PIPES: Mapping[str, Any] = {
    "sd1": diffusers.StableDiffusionPipeline,
    "sd2": diffusers.StableDiffusionPipeline,
    "sdxl": diffusers.StableDiffusionXLPipeline,
}


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "sampler"),
    [
        ("sd1", "ddim"),
        ("sd2_v", "euler"),
        ("sd2_v", "ddim"),
        ("sdxl", "euler"),
        pytest.param("sd2", "euler", marks=pytest.mark.slow),
    ],
)
def test_prompts_give_the_latent_of_the_pipeline(benches: Any, name: str, sampler: str) -> None:
    bench = benches(name)
    made = scheduler(sampler, bench)
    given = {"latents": first(sampler, made), "height": HEIGHT, "width": WIDTH}
    expected = bench.theirs(PIPES[bench.family], given, scheduler=made)
    found = bench.sample(bench.cond(POSITIVE), bench.cond(NEGATIVE), name=sampler)
    assert_same(found, expected)
    with pytest.raises(AssertionError):
        assert_same(bench.sample(bench.cond("a dog"), bench.cond(NEGATIVE), name=sampler), expected)


@torch.no_grad()
def test_sizes_and_crop_of_xl_are_read(benches: Any) -> None:
    """One picture: of several, the pipeline gives some the sizes of the other prompt."""
    bench = benches("sdxl")
    made = scheduler("euler", bench)
    given = {
        "latents": first("euler", made)[:1],
        "original_size": (512, 1024),
        "crops_coords_top_left": (3, 7),
        "target_size": (768, 640),
        "negative_original_size": (64, 32),
        "negative_crops_coords_top_left": (1, 2),
        "negative_target_size": (128, 256),
        "height": HEIGHT,
        "width": WIDTH,
    }
    expected = bench.theirs(PIPES["sdxl"], given, batch=1, scheduler=made)
    empty = torch.zeros(1, *SHAPE[1:])
    positive = replace(bench.cond(POSITIVE), size_crop=(512, 1024, 3, 7, 768, 640))
    negative = replace(bench.cond(NEGATIVE), size_crop=(64, 32, 1, 2, 128, 256))
    assert_same(bench.sample(positive, negative, latent=empty), expected)
    with pytest.raises(AssertionError):
        assert_same(bench.sample(positive, replace(negative, size_crop=None), latent=empty), expected)


@torch.no_grad()
def test_the_picture_of_xl_is_that_of_the_pipeline(benches: Any) -> None:
    bench = benches("sdxl")
    made = scheduler("euler", bench)
    given = {"latents": first("euler", made), "height": HEIGHT, "width": WIDTH, "output_type": "pt"}
    expected = bench.theirs(PIPES["sdxl"], given, scheduler=made).permute(0, 2, 3, 1)
    positive, negative = bench.cond(POSITIVE), bench.cond(NEGATIVE)
    raw = finished(bench.guider(positive, negative), bench.sample(positive, negative))
    with bench.manager.lease(bench.ours.VAE.handle) as (vae,):
        assert (vae.decode(raw) - expected).abs().max() < 1e-3


@torch.no_grad()
@pytest.mark.parametrize("scores", [None, (7.5, 1.5)])
def test_the_refiner_goes_on_where_the_base_stopped(benches: Any, scores: tuple[float, float] | None) -> None:
    bench = benches("sdxl_refiner")
    x = initial_noise(SHAPE, 7) * 2
    given: dict[str, Any] = {"image": x, "denoising_start": 0.5}
    positive, negative = bench.cond(POSITIVE), bench.cond(NEGATIVE)
    if scores:
        given |= {"aesthetic_score": scores[0], "negative_aesthetic_score": scores[1]}
        positive, negative = replace(positive, aesthetic=scores[0]), replace(negative, aesthetic=scores[1])
    expected = bench.theirs(
        diffusers.StableDiffusionXLImg2ImgPipeline,
        given,
        scheduler=scheduler("euler", bench),
        requires_aesthetics_score=True,
    )
    model = bench.ours.MODEL
    sigmas = make_sigmas("simple", STEPS, model.sampling)[STEPS // 2 :]
    job = denoise_job(bench.guider(positive, negative), Sampler("euler"), sigmas, Latent(x / model.latent.factor), None)
    assert_same(bench.loop.submit(job).result(60).x, expected)


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sd1_inpaint", diffusers.StableDiffusionInpaintPipeline),
        pytest.param("sd2_inpaint", diffusers.StableDiffusionInpaintPipeline, marks=pytest.mark.slow),
        pytest.param("sdxl_inpaint", diffusers.StableDiffusionXLInpaintPipeline, marks=pytest.mark.slow),
    ],
)
def test_inpainting_models_read_the_mask_and_the_masked_picture(benches: Any, name: str, kind: Any) -> None:
    bench = benches(name)
    made = scheduler("euler", bench)
    mask = torch.zeros(1, 1, HEIGHT, WIDTH)
    mask[..., : HEIGHT // 2, :] = 1
    masked = initial_noise((1, 4, 16, 8), 5)
    given = {
        "latents": first("euler", made),
        "image": torch.zeros(1, 3, HEIGHT, WIDTH),
        "mask_image": mask,
        "masked_image_latents": masked,
        "strength": 1.0,
        "height": HEIGHT,
        "width": WIDTH,
    }
    expected = bench.theirs(kind, given, scheduler=made)
    concat = torch.cat([mask[..., ::8, ::8], masked], 1)
    prompts = [replace(bench.cond(prompt), concat=concat) for prompt in (POSITIVE, NEGATIVE)]
    assert_same(bench.sample(*prompts), expected)
    with pytest.raises(AssertionError):
        assert_same(bench.sample(*(replace(cond, concat=concat.flip(2)) for cond in prompts)), expected)


@torch.no_grad()
def test_the_depth_model_reads_depth(benches: Any) -> None:
    bench = benches("sd2_depth")
    latent, depth = initial_noise(SHAPE, 8), initial_noise((1, 1, 16, 8), 9).sigmoid()
    encoded = SimpleNamespace(sample=lambda generator: latent / 0.18215)
    bench.vae.encode = lambda image: SimpleNamespace(latent_dist=encoded)
    given = {
        "image": torch.zeros(2, 3, HEIGHT, WIDTH),
        "depth_map": depth[0],
        "strength": 0.75,
        "generator": torch.Generator().manual_seed(SEED),
    }
    expected = bench.theirs(
        diffusers.StableDiffusionDepth2ImgPipeline,
        given,
        scheduler=scheduler("euler", bench),
        depth_estimator=None,
    )
    low, high = depth.amin(), depth.amax()
    concat = 2 * (depth - low) / (high - low) - 1
    prompts = [replace(bench.cond(prompt), concat=concat) for prompt in (POSITIVE, NEGATIVE)]
    assert_same(bench.sample(*prompts, latent=latent, skip=1), expected)


def test_a_depth_model_without_depth_says_what_to_do(benches: Any) -> None:
    bench = benches("sd2_depth")
    with pytest.raises(ValueError, match="DepthConditioning"):
        bench.sample(bench.cond(POSITIVE), bench.cond(NEGATIVE))

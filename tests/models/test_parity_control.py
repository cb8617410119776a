"""Denoisers steered by ControlNets against diffusers' pipelines, on small random members of each family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from engine.diffusion.guidance import cfg
from engine.diffusion.loop import DenoiseLoop
from engine.diffusion.noise import initial_noise
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import Cond, Conditioning, Control, Image, Latent, PredictionName, Sampler, Wants
from engine.files import Library
from engine.models.build_sd import make_unet
from engine.models.control import Steered
from engine.models.control_files import MODES
from engine.models.families import FAMILIES
from engine.models.handle import Guider, Model, ModelHandle
from engine.models.load import make_manager
from engine.models.manager import ModelManager
from engine.models.precision import policy
from engine.models.sample import denoise_job
from tests.models import controls, members

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' own

STEPS = 4
SCALE = 5.0
SHAPE = (2, 4, 8, 8)
SIZE = (64, 64)
TABLE: dict[str, Any] = {
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "timestep_spacing": "trailing",
    "steps_offset": 1,
}
PREDICTIONS = {"eps": "epsilon", "v": "v_prediction"}


@dataclass(frozen=True)
class Bench:
    """A member's denoiser and two ControlNets for it, ours and as diffusers has them."""

    name: str
    model: Model
    handles: tuple[ModelHandle, ...]
    unet: Any
    controlnets: tuple[Any, ...]
    loop: DenoiseLoop

    def sample(self, positive: Cond, negative: Cond, name: str = "euler") -> Tensor:
        guider = Guider(self.model, cfg(Conditioning((positive,)), Conditioning((negative,)), SCALE))
        sigmas = make_sigmas("simple", STEPS, self.model.sampling)
        job = denoise_job(guider, Sampler(name), sigmas, Latent(torch.zeros(SHAPE)), initial_noise(SHAPE, 3), seed=3)
        return self.loop.submit(job).result(60).x


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def hint(seed: int = 0) -> Image:
    return Image(numbers(1, *SIZE, 3, seed=seed).sigmoid())


def prompts(bench: Bench, controls: Sequence[Control] = ()) -> tuple[Cond, Cond]:
    unet = members.MEMBERS[bench.name].unet
    pooled = [numbers(1, 1280, seed=5 + i) if unet.vector else None for i in (0, 1)]
    made = [Cond(numbers(1, 77, unet.context, seed=i), pooled[i], controls=tuple(controls)) for i in (0, 1)]
    return made[0], made[1]


@contextmanager
def looping(manager: ModelManager) -> Iterator[DenoiseLoop]:
    @contextmanager
    def lease(*handles: Any) -> Iterator[Any]:
        with manager.lease(*handles) as (network, *steering):
            yield Steered(network, dict(zip(handles[1:], steering, strict=True))) if steering else network

    loop = DenoiseLoop(lease)
    yield loop
    loop.close()


@contextmanager
def benched(name: str, root: Path, modes: int = 0) -> Iterator[Bench]:
    found, layout = members.MEMBERS[name], controls.layout(name, modes)
    unet_path = members.part(name, "denoiser", root, "diffusers")
    paths = [controls.write(root / f"{name}-{i}.safetensors", name, modes=modes, seed=i) for i in (0, 1)]
    library = Library({"diffusion_models": (root,), "controlnet": (root,)})
    family = FAMILIES[found.family]
    prediction: PredictionName = "v" if name.endswith("_v") else "eps"
    model = Model(
        ModelHandle(library.ref("diffusion_models", unet_path.name), found.family, "denoiser"),
        replace(family.sampling, prediction=prediction),
        family.latent,
        wants=Wants(vector=family.vector),
    )
    handles = tuple(ModelHandle(library.ref("controlnet", p.name), found.family, "control") for p in paths)
    unet: Any = make_unet(found.unet, family)
    unet.load_state_dict(load_file(unet_path))
    nets = tuple(controls.oracle(layout, path, found.family) for path in paths)
    with looping(make_manager(library, policy("cpu", "full"))) as loop:
        yield Bench(name, model, handles, unet.eval().requires_grad_(False), nets, loop)


@pytest.fixture(scope="module", params=["sd1", "sd2_v", "sdxl"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with benched(request.param, tmp_path_factory.mktemp(request.param)) as made:
        yield made


@pytest.fixture(scope="module")
def v1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with benched("sd1", tmp_path_factory.mktemp("v1")) as made:
        yield made


@pytest.fixture
def union(tmp_path: Path) -> Iterator[Bench]:
    with benched("sdxl", tmp_path, modes=8) as made:
        yield made


def theirs(bench: Bench, hints: list[Tensor], scales: list[float], **options: Any) -> Tensor:
    """The pipeline's latent, with as many ControlNets as there are hints."""
    nets = list(bench.controlnets[: len(hints)])
    parts: dict[str, Any] = {"vae": None, "text_encoder": None, "tokenizer": None}
    parts |= {"unet": bench.unet, "scheduler": scheduler(bench.model), "controlnet": nets if len(nets) > 1 else nets[0]}
    wide = members.MEMBERS[bench.name].unet.vector > 0
    if options.get("control_mode") is not None:
        kind: Any = diffusers.StableDiffusionXLControlNetUnionPipeline
    else:
        kind = diffusers.StableDiffusionXLControlNetPipeline if wide else diffusers.StableDiffusionControlNetPipeline
    more = {"text_encoder_2": None, "tokenizer_2": None, "add_watermarker": False}
    plain = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    pipe = kind(**parts, **(more if wide else plain))
    pipe.set_progress_bar_config(disable=True)
    positive, negative = prompts(bench)
    given = {
        "prompt_embeds": positive.embeds.repeat(2, 1, 1),
        "negative_prompt_embeds": negative.embeds.repeat(2, 1, 1),
    }
    if wide:
        assert positive.pooled is not None
        assert negative.pooled is not None
        given |= {
            "pooled_prompt_embeds": positive.pooled.repeat(2, 1),
            "negative_pooled_prompt_embeds": negative.pooled.repeat(2, 1),
        }
    images = [h.movedim(-1, 1).repeat(2, 1, 1, 1) for h in hints]
    several = len(hints) > 1
    sigma = float(make_sigmas("simple", STEPS, bench.model.sampling)[0])
    image = {("control_image" if "control_mode" in options else "image"): images if several else images[0]}
    result: Tensor = pipe(
        **given,
        **image,
        **options,
        height=SIZE[0],
        width=SIZE[1],
        latents=initial_noise(SHAPE, 3) * (1 + sigma**2) ** 0.5 / first_sigma(),
        num_inference_steps=STEPS,
        guidance_scale=SCALE,
        controlnet_conditioning_scale=scales if several else scales[0],
        output_type="latent",
    ).images
    return result


def scheduler(model: Model) -> Any:
    make: Any = diffusers.EulerDiscreteScheduler
    return make(**TABLE, prediction_type=PREDICTIONS[model.sampling.prediction])


@cache
def first_sigma() -> float:
    make: Any = diffusers.EulerDiscreteScheduler
    made = make(**TABLE)
    made.set_timesteps(STEPS)
    return float(made.init_noise_sigma)


def assert_same(found: Tensor, expected: Tensor) -> None:
    assert found.isfinite().all()
    assert (found - expected).norm() / expected.norm() < 1e-4


def assert_other(found: Tensor, expected: Tensor) -> None:
    assert (found - expected).norm() / expected.norm() > 1e-2


def test_one_controlnet_gives_the_latent_of_the_pipeline(bench: Bench) -> None:
    found = bench.sample(*prompts(bench, [Control(bench.handles[0], hint(), 0.7)]))
    assert_same(found, theirs(bench, [hint()], [0.7]))
    assert_other(found, bench.sample(*prompts(bench)))


def test_two_controlnets_are_added(v1: Bench) -> None:
    both = [Control(v1.handles[0], hint(1), 0.7), Control(v1.handles[1], hint(2), 1.2)]
    assert_same(v1.sample(*prompts(v1, both)), theirs(v1, [hint(1), hint(2)], [0.7, 1.2]))


def test_a_controlnet_may_hold_for_a_part_of_the_way(v1: Bench) -> None:
    """diffusers counts sampler steps and we count noise: two of these four steps are before the middle."""
    early = Control(v1.handles[0], hint(), 1.0, (0.0, 0.5))
    expected = theirs(v1, [hint()], [1.0], control_guidance_end=0.5)
    assert_same(v1.sample(*prompts(v1, [early])), expected)
    assert_other(v1.sample(*prompts(v1, [replace(early, when=(0.0, 1.0))])), expected)


def test_a_union_of_a_known_type_gives_the_latent_of_the_pipeline(union: Bench) -> None:
    mode = 5
    found = union.sample(*prompts(union, [Control(union.handles[0], hint(), 0.7, mode=MODES[mode])]))
    assert_other(found, union.sample(*prompts(union, [Control(union.handles[0], hint(), 0.7)])))
    assert_same(found, theirs(union, [hint()], [0.7], control_mode=mode))

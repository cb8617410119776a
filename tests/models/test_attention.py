"""Attention that is watched: true to the network, and no bit of the network's answer different for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor

from engine.diffusion.guidance import Cfg, Single
from engine.diffusion.job import DenoiseJob
from engine.diffusion.loop import DenoiseLoop, DenoiseResult
from engine.diffusion.trajectory import sigma_table
from engine.diffusion.types import Area, Cond, Conditioning, Control, ModelSampling, Sampler
from engine.files import Library
from engine.models import attention
from engine.models.attention import LAYERS, AttentionWatch, Layer, layers_of, shares
from engine.models.control import Steered
from engine.models.handle import ModelHandle, Patch
from engine.models.load import make_manager
from engine.models.manager import ModelManager
from engine.models.precision import Policy, policy
from engine.settings import SHIPPED
from tests.models import controls, make
from tests.models.lora_files import write_hypernetwork, write_lora

SIGMAS = (5.0, 2.0, 0.7, 0.0)
ALL = LAYERS["all"]
BF16 = Policy(torch.device("cpu"), *(torch.bfloat16,) * 3, channels_last=True)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def prompt(seed: int, length: int = 77, **rest: Any) -> Conditioning:
    return Conditioning((Cond(noise(1, length, 64, seed=seed), **rest),))


GUIDED = Cfg(prompt(1), prompt(2), 4.0)


@dataclass
class Bench:
    """A denoise loop over a manager's weights."""

    manager: ModelManager
    loop: DenoiseLoop

    def run(self, handle: ModelHandle, watch: Any = None, **changes: Any) -> DenoiseResult:
        return self.loop.submit(job(handle, watch, **changes)).result(60)


def job(handle: ModelHandle, watch: Any = None, **changes: Any) -> DenoiseJob:
    latent = changes.pop("latent", torch.zeros(1, 4, 8, 8))
    given: dict[str, Any] = {
        "sampler": Sampler("euler"),
        "guider": GUIDED,
        "sigmas": torch.tensor(SIGMAS),
        "noise": noise(*latent.shape),
    }
    return DenoiseJob(handle, ModelSampling(), latent=latent, watch=watch, **(given | changes))


@contextmanager
def bench(manager: ModelManager, **options: Any) -> Iterator[Bench]:
    @contextmanager
    def lease(*handles: Any) -> Iterator[Any]:
        with manager.lease(*handles) as (module, *beside):
            yield Steered(module, dict(zip(handles[1:], beside, strict=True))) if beside else module

    loop = DenoiseLoop(lease, **options)
    try:
        yield Bench(manager, loop)
    finally:
        loop.close()


@pytest.fixture(scope="module")
def plain(manager: ModelManager) -> Iterator[Bench]:
    torch.set_num_threads(1)
    with bench(manager) as found:
        yield found


@pytest.fixture
def handle(handles: Mapping[str, ModelHandle]) -> ModelHandle:
    return handles["denoiser"]


class Telling(AttnProcessor):
    """Diffusers' own attention that works the probabilities out in full, and keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Tensor | None = None

    def __call__(self, attn: Any, *args: Any, **kwargs: Any) -> Any:
        own = attn.get_attention_scores

        def scores(*given: Any) -> Any:
            self.found = own(*given)
            return self.found

        attn.get_attention_scores = scores
        try:
            return super().__call__(attn, *args, **kwargs)
        finally:
            del attn.get_attention_scores


@contextmanager
def told(network: Any, layers: Sequence[Layer]) -> Iterator[Mapping[str, Telling]]:
    """With diffusers' slow attention in these layers."""
    places = {layer.name: network.module.get_submodule(layer.name) for layer in layers}
    before = {name: place.processor for name, place in places.items()}
    tellers = {name: Telling() for name in places}
    try:
        for name, place in places.items():
            place.processor = tellers[name]
        yield tellers
    finally:
        for name, place in places.items():
            place.processor = before[name]


def only(layer: Layer) -> Callable[[Sequence[Layer]], Sequence[Layer]]:
    return lambda layers: [found for found in layers if found == layer]


def check_against_diffusers(manager: ModelManager, handle: ModelHandle, embeds: Tensor) -> None:
    """Every layer, and one head of the last: x at the first sigma of a run, the answer of diffusers' slow processor."""
    x, sigma = noise(1, 4, 16, 16) * 5.0, 5.0
    with manager.lease(handle) as (network,):
        layers = layers_of(network.module)
    guider = Single(Conditioning((Cond(embeds),)))
    one_step = {"sigmas": torch.tensor([sigma, 0.0]), "guider": guider, "x": x, "latent": torch.zeros_like(x)}
    seen = {}
    with bench(manager) as found:
        for layer, head in [*((layer, None) for layer in layers), (layers[-1], 1)]:
            watch = AttentionWatch([0], choose=only(layer), head=head)
            found.run(handle, watch, **one_step)
            seen[layer, head] = watch.heats(0, "positive")[0].maps
    timestep = torch.tensor([sigma_table(ModelSampling()).timestep(sigma)])
    with manager.lease(handle) as (network,), told(network, layers) as tellers, torch.no_grad():
        network(x / (sigma**2 + 1) ** 0.5, timestep, embeds)
    for (layer, head), maps in seen.items():
        full = tellers[layer.name].found
        assert full is not None
        assert full.shape[0] == layer.heads
        wanted = full.mean(0) if head is None else full[head]
        torch.testing.assert_close(maps[0].flatten(1), wanted.T, atol=2e-6, rtol=1e-4)


@pytest.mark.skipif(not (SHIPPED / "checkpoints" / "mini-v1.safetensors").exists(), reason="no mini")
def test_it_is_what_diffusers_own_attention_finds_on_the_mini(tmp_path: Path) -> None:
    library = Library.standard(tmp_path, [SHIPPED])
    manager = make_manager(library, policy("cpu", "full"))
    mini = ModelHandle(library.ref("checkpoints", "mini-v1.safetensors"), "sd1", "denoiser")
    check_against_diffusers(manager, mini, noise(1, 77, 64))


def test_patches_are_in_it(tiny: Path, tmp_path: Path) -> None:
    write_lora(tmp_path / "lora.safetensors", make.TINY)
    write_hypernetwork(tmp_path / "hyper.pt", {64: [64, 32, 64]})
    library = Library({"checkpoints": (tiny.parent,), "loras": (tmp_path,), "hypernetworks": (tmp_path,)})
    patches = (
        Patch(library.ref("loras", "lora.safetensors"), 1.0),
        Patch(library.ref("hypernetworks", "hyper.pt"), 1.0, "hypernetwork"),
    )
    bare = ModelHandle(library.ref("checkpoints", tiny.name), "mini1", "denoiser")
    manager = make_manager(library, policy("cpu", "full"))
    check_against_diffusers(manager, bare.patched(*patches), noise(1, 77, 64))
    found = []
    with bench(manager) as here:
        for one in (bare, *map(bare.patched, patches)):
            watch = AttentionWatch([0])
            here.run(one, watch)
            found.append(watch.heats(0, "positive")[0].maps)
    assert not any(torch.allclose(found[0], other, atol=1e-4) for other in found[1:]), "each patch counts"


@pytest.mark.parametrize("rule", [policy("cpu", "full"), BF16], ids=["full", "bf16 channels last"])
def test_the_picture_is_the_same_to_the_last_bit(library: Library, handle: ModelHandle, rule: Policy) -> None:
    with bench(make_manager(library, rule)) as here:
        without = here.run(handle)
        watch = AttentionWatch(range(3), choose=ALL, longest=4)
        with_ = here.run(handle, watch)
        assert torch.equal(without.x, with_.x)
        assert torch.equal(without.x, here.run(handle).x)
    assert [sorted(watch.take(step, (8, 8))) for step in range(4)] == [["negative", "positive"]] * 3 + [[]]


def test_streamed_layers_are_seen_too(library: Library, handle: ModelHandle) -> None:
    found = []
    whole = make_manager(library, policy("cpu", "full"))
    with whole.lease(handle):
        size = whole.report()[0].nbytes
    for room in (0, size // 2):
        with bench(make_manager(library, policy("cpu", "full"), room)) as here:
            watch = AttentionWatch([1], choose=ALL)
            x = here.run(handle, watch).x
            streams = here.manager.report()[0].nbytes < size
            found.append((x, watch.heats(1, "negative")[0].maps, streams))
    (x, heat, no), (streamed, streamed_heat, yes) = found
    assert (no, yes) == (False, True)
    assert torch.equal(x, streamed)
    assert torch.equal(heat, streamed_heat)


@pytest.mark.parametrize("head", [None, 0])
def test_shares_of_all_tokens_sum_to_one_in_any_chunks(monkeypatch: pytest.MonkeyPatch, head: int | None) -> None:
    query, key = noise(2, 35, 24), noise(2, 11, 24, seed=1)
    whole = shares(query, key, 3, head)
    monkeypatch.setattr(attention, "CHUNK_BYTES", 1)
    small = shares(query, key, 3, head)
    q, k = (t.double().reshape(2, -1, 3, 8).transpose(1, 2) for t in (query, key))
    exact = (q @ k.transpose(-1, -2) / 8**0.5).softmax(-1)
    wanted = (exact.mean(1) if head is None else exact[:, head]).transpose(1, 2).float()
    torch.testing.assert_close(whole, wanted)
    torch.testing.assert_close(small, wanted)
    torch.testing.assert_close(whole.sum(1), torch.ones(2, 35))


@pytest.mark.parametrize("sampler", ["euler", "heun"])
def test_a_heat_sums_to_one_in_each_cell_and_is_no_longer_than_asked(
    plain: Bench, handle: ModelHandle, sampler: str
) -> None:
    watch = AttentionWatch([0, 2], choose=ALL, longest=5)
    plain.run(handle, watch, latent=torch.zeros(2, 4, 8, 12), sampler=Sampler(sampler))
    for step in (0, 2):
        for branch in ("positive", "negative"):
            (heat,) = watch.heats(step, branch)
            assert heat.maps.shape == (2, 77, 3, 5)
            assert heat.cells == (8, 12)
            torch.testing.assert_close(heat.maps.sum(1), torch.ones(2, 3, 5))
    assert watch.heats(1, "positive") == ()


def test_of_two_questions_in_a_step_the_first_counts(plain: Bench, handle: ModelHandle) -> None:
    found = []
    for name in ("euler", "heun"):
        watch = AttentionWatch([0], choose=ALL)
        plain.run(handle, watch, sampler=Sampler(name))
        found.append(watch.heats(0, "positive")[0].maps)
    assert torch.equal(*found)


def test_only_what_is_watched_is_hooked(plain: Bench, handle: ModelHandle) -> None:
    with plain.manager.lease(handle) as (network,):
        module = network.module
        known = layers_of(module)
    seen: list[list[str]] = []

    def note(*_: Any) -> None:
        seen.append([layer.name for layer in known if module.get_submodule(f"{layer.name}.to_k")._forward_hooks])

    own = module.register_forward_pre_hook(note)
    try:
        plain.run(handle, AttentionWatch([1], choose=LAYERS["middle"]))
    finally:
        own.remove()
    middle = [layer.name for layer in known if layer.part == "middle"]
    assert seen == [[], middle, []]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in module.modules())


def test_layers_by_name_are_those_of_the_network(plain: Bench, handle: ModelHandle) -> None:
    with plain.manager.lease(handle) as (network,):
        known = layers_of(network.module)
    chosen = {name: choose(known) for name, choose in LAYERS.items()}
    assert [layer.part for layer in known] == sorted(
        (layer.part for layer in known), key=["down", "middle", "up"].index
    )
    assert [*chosen["down"], *chosen["middle"], *chosen["up"]] == list(chosen["all"]) == list(known)
    assert list(chosen["last"]) == list(chosen["up"])[-1:]
    assert sum(len(chosen[f"1/{n}"]) for n in (1, 2, 4, 8)) == len(known)
    assert {layer.scale for layer in chosen["middle"]} == {2}, "two levels: the middle has half the cells"


def out_of_memory_above(most: int, module: Any) -> Any:
    def fail(_: Any, given: Any) -> None:
        if given[0].shape[0] > most:
            raise torch.OutOfMemoryError("too many rows")

    # Deep inside, where other layers have been seen already.
    return module.up_blocks[0].resnets[0].register_forward_pre_hook(fail)


@pytest.mark.parametrize("how", ["by memory", "halved", "halved in the middle of a picture"])
def test_batches_that_are_split_show_the_same(manager: ModelManager, handle: ModelHandle, how: str) -> None:
    latent = torch.zeros(3, 4, 8, 8)
    whole, parts = AttentionWatch([1], choose=ALL), AttentionWatch([1], choose=ALL)
    room = (lambda network, shape, rows: 2) if how == "by memory" else (lambda network, shape, rows: rows)
    with bench(manager) as here:
        here.run(handle, whole, latent=latent)
    with manager.lease(handle) as (network,):
        module = network.module
    most = {"by memory": 9, "halved": 3, "halved in the middle of a picture": 2}[how]
    fault = out_of_memory_above(most, module)
    try:
        with bench(manager, room=room) as here:
            here.run(handle, parts, latent=latent)
            assert here.loop.stats.halvings == (0 if how == "by memory" else 1 + (most == 2))
    finally:
        fault.remove()
    for branch in ("positive", "negative"):
        one, other = (watch.heats(1, branch)[0].maps for watch in (whole, parts))
        assert one.shape == other.shape == (3, 77, 8, 8)
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
        assert not torch.allclose(one[0], one[1], atol=1e-4), "pictures differ"


def test_a_shorter_prompt_beside_a_longer_one_is_seen_once(plain: Bench, handle: ModelHandle) -> None:
    alone, beside = AttentionWatch([0], choose=ALL), AttentionWatch([0], choose=ALL)
    plain.run(handle, alone, guider=Single(prompt(1)))
    plain.run(handle, beside, guider=Cfg(prompt(1), prompt(2, length=154), 4.0))
    (heat,), (longer,) = beside.heats(0, "positive"), beside.heats(0, "negative")
    torch.testing.assert_close(heat.maps, alone.heats(0, "positive")[0].maps, atol=1e-5, rtol=1e-4)
    assert longer.maps.shape[1] == 154


def test_each_conditioning_has_its_own_heat_and_place(plain: Bench, handle: ModelHandle) -> None:
    left = prompt(3, area=Area(0, 0, 8, 4))[0]
    positive = Conditioning((*prompt(1), left))
    watch = AttentionWatch([0], choose=ALL)
    plain.run(handle, watch, guider=Single(positive))
    whole, half = watch.heats(0, "positive")
    assert (whole.cells, half.cells) == ((8, 8), (8, 4))
    assert (half.rows, half.columns) == (slice(0, 8), slice(0, 4))
    taken = watch.take(0, (8, 8))
    assert torch.equal(taken["positive"], whole.maps.half())
    assert torch.equal(taken["positive.2"][..., :4], F.interpolate(half.maps, size=(8, 4), mode="bilinear").half())
    assert not taken["positive.2"][..., 4:].any()
    assert watch.take(0, (8, 8)) == {}


def test_jobs_that_share_a_batch_see_their_own_rows(manager: ModelManager, handle: ModelHandle) -> None:
    alone, shared = AttentionWatch([0], choose=ALL), AttentionWatch([0], choose=ALL)
    with bench(manager) as here:
        here.run(handle, alone)
    with bench(manager, share="auto") as here:
        submitted = threading.Event()
        held = here.loop.call(lambda: submitted.wait(60))
        other = job(handle, noise=noise(1, 4, 8, 8, seed=9), guider=Cfg(prompt(7), prompt(8), 2.0))
        futures = [here.loop.submit(one) for one in (other, job(handle, shared))]
        submitted.set()
        assert held.result(60)
        assert all(future.result(60).shared for future in futures)
    for branch in ("positive", "negative"):
        one, two = (watch.heats(0, branch)[0].maps for watch in (alone, shared))
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"head": 64}, "There is no attention head 64"),
        ({"choose": LAYERS["1/8"]}, "This model reads no words at the chosen layers; it does so at down 1/1"),
    ],
)
def test_what_is_not_there_ends_only_its_own_job(
    plain: Bench, handle: ModelHandle, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        plain.run(handle, AttentionWatch([1], **options))
    with plain.manager.lease(handle) as (network,):
        assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.module.modules())
    assert plain.run(handle).x.isfinite().all()


def test_a_controlnet_is_not_taken_for_the_denoiser(library: Library, handle: ModelHandle, tmp_path: Path) -> None:
    controls.write_layout(tmp_path / "c.safetensors", controls.TINY, "mini1", "ldm")
    files = Library({"checkpoints": (library.resolve(handle.source).parent,), "controlnet": (tmp_path,)})
    control = ModelHandle(files.ref("controlnet", "c.safetensors"), "mini1", "control")
    cond = prompt(1, controls=(Control(control, noise(1, 64, 64, 3).sigmoid()),))
    plain_watch, steered = AttentionWatch([0], choose=LAYERS["up"]), AttentionWatch([0], choose=LAYERS["up"])
    with bench(make_manager(files, policy("cpu", "full"))) as here:
        without = here.run(handle, guider=Single(cond)).x
        assert torch.equal(here.run(handle, steered, guider=Single(cond)).x, without)
        here.run(handle, plain_watch, guider=Single(prompt(1)))
    one, two = (watch.heats(0, "positive")[0].maps for watch in (plain_watch, steered))
    assert one.shape == two.shape
    assert not torch.allclose(one, two, atol=1e-5), "its residuals reach the layers behind it"

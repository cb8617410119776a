"""LoRAs applied to whole networks: what comes out of a forward pass, and what remains when they are taken off."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.files import Library
from engine.models.build_sd import make_unet, unet_names
from engine.models.families import FAMILIES
from engine.models.handle import ModelHandle, Part, Patch
from engine.models.load import make_manager
from engine.models.lora.blocks import parse_blocks
from engine.models.lora.merge import changes
from engine.models.manager import ModelManager
from engine.models.patching import Target
from engine.models.precision import policy
from tests.models import make, members
from tests.models.lora_files import attention, draw, kohya, pair, save, write_lora

RANK, ALPHA = 4, 2.0


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Library:
    root = tmp_path_factory.mktemp("lora")
    make.write_checkpoint(root / "tiny.safetensors", make.TINY)
    write_lora(root / "a.safetensors", make.TINY, rank=RANK, alpha=ALPHA)
    write_lora(root / "b.safetensors", make.TINY, rank=RANK, alpha=ALPHA, seed=50)
    return Library({"checkpoints": (root,), "loras": (root,)})


@pytest.fixture(scope="module")
def lender(files: Library) -> ModelManager:
    return make_manager(files, policy("cpu", "full"))


@pytest.fixture
def denoiser(files: Library) -> ModelHandle:
    return ModelHandle(files.ref("checkpoints", "tiny.safetensors"), "mini1", "denoiser")


@pytest.fixture
def text(denoiser: ModelHandle) -> ModelHandle:
    return replace(denoiser, part="text")


def lora(files: Library, name: str, strength: float, blocks: str = "") -> Patch:
    return Patch(files.ref("loras", f"{name}.safetensors"), strength, "lora", parse_blocks(blocks))


@torch.no_grad()
def seen(lender: ModelManager, handle: ModelHandle) -> Tensor:
    """What a whole forward pass of the handle's network gives."""
    with lender.lease(handle) as (lent,):
        if handle.part == "text":
            embeds: Tensor = lent.encode("a fox in snow").embeds
            return embeds
        out: Tensor = lent(draw(2, 4, 8, 8), torch.tensor([700.0, 30.0]), draw(2, 77, 64))
        return out


@torch.no_grad()
def expected(lender: ModelManager, handle: ModelHandle, deltas: Mapping[str, Tensor]) -> Tensor:
    """The same, of a copy of the plain network to whose weights these are added."""
    with lender.lease(handle) as (lent,):
        other = copy.deepcopy(lent)
    for name, delta in deltas.items():
        other.module.get_parameter(name).add_(delta)

    class Copied:
        def lease(self, _: ModelHandle) -> object:
            from contextlib import nullcontext

            return nullcontext((other,))

    return seen(Copied(), handle)  # type: ignore[arg-type]


def near(found: Tensor, wanted: Tensor) -> None:
    """Within rounding of a whole pass in float32."""
    assert (found - wanted).abs().max() <= 2e-5 * wanted.abs().max()


def deltas(files: Library, handle: ModelHandle, name: str, strength: Callable[[str], float]) -> dict[str, Tensor]:
    """strength · alpha/rank · up · down of each layer of a file that `write_lora` made, read without the engine."""
    from safetensors.torch import load_file

    tensors = load_file(files.path("loras", f"{name}.safetensors"))
    shapes = {key: tuple(p.shape) for key, p in make.network(make.TINY, handle.part).named_parameters()}
    found = {}
    for layer in attention(shapes):
        bare = layer.removeprefix("text_model.")
        stem = kohya("lora_unet_", bare) if handle.part == "denoiser" else kohya("lora_te_text_model_", bare)
        up, down = tensors.pop(f"{stem}.lora_up.weight"), tensors.pop(f"{stem}.lora_down.weight")
        product = up.flatten(1) @ down.flatten(1)
        found[f"{layer}.weight"] = strength(layer) * ALPHA / RANK * product.reshape(shapes[f"{layer}.weight"])
    return found


@pytest.mark.parametrize("part", ["denoiser", "text"])
@pytest.mark.parametrize("strength", [1.0, 0.35, -1.5, 4.0])
def test_a_lora_is_the_weights_plus_strength_alpha_over_rank_up_down(
    files: Library, lender: ModelManager, denoiser: ModelHandle, part: str, strength: float
) -> None:
    handle = replace(denoiser, part=part)  # type: ignore[arg-type]
    found = seen(lender, handle.patched(lora(files, "a", strength)))
    wanted = expected(lender, handle, deltas(files, handle, "a", lambda layer: strength))
    near(found, wanted)
    assert (found - seen(lender, handle)).abs().max() > 1e-3


def test_stacked_loras_add(files: Library, lender: ModelManager, denoiser: ModelHandle) -> None:
    handle = denoiser.patched(lora(files, "a", 0.8), lora(files, "b", -0.5), lora(files, "a", 0.2))
    both = deltas(files, denoiser, "a", lambda layer: 1.0)
    other = deltas(files, denoiser, "b", lambda layer: -0.5)
    wanted = expected(lender, denoiser, {name: both[name] + other[name] for name in both})
    near(seen(lender, handle), wanted)
    turned = denoiser.patched(lora(files, "b", -0.5), lora(files, "a", 1.0))
    near(seen(lender, turned), wanted)


@pytest.mark.parametrize("part", ["denoiser", "text"])
def test_none_and_nothing_are_the_plain_weights_bit_for_bit(
    files: Library, lender: ModelManager, denoiser: ModelHandle, part: str
) -> None:
    handle = replace(denoiser, part=part)  # type: ignore[arg-type]
    plain = seen(lender, handle)
    for patches in ([], [lora(files, "a", 0.0)], [lora(files, "a", 1.0, "all 0")]):
        assert torch.equal(seen(lender, handle.patched(*patches)), plain)
        assert not torch.equal(seen(lender, handle.patched(lora(files, "b", 1.0))), plain)
    assert torch.equal(seen(lender, handle), plain)


def test_blocks_have_strengths_of_their_own(files: Library, lender: ModelManager, denoiser: ModelHandle) -> None:
    factors = {"down_blocks.0": 0.5, "mid_block": 0.0, "up_blocks.1.attentions.1": -2.0}
    text = "input_1 0.5, middle 0, output_3 -2"

    def strength(layer: str) -> float:
        return 0.8 * next((value for start, value in factors.items() if layer.startswith(start)), 1.0)

    found = seen(lender, denoiser.patched(lora(files, "a", 0.8, text)))
    wanted = expected(lender, denoiser, deltas(files, denoiser, "a", strength))
    near(found, wanted)


def test_layers_of_a_text_encoder_are_blocks_too(files: Library, lender: ModelManager, text: ModelHandle) -> None:
    found = seen(lender, text.patched(lora(files, "a", 1.0, "text_0 0, text_1 3")))
    wanted = expected(lender, text, deltas(files, text, "a", lambda layer: 3.0 if ".1." in layer else 0.0))
    near(found, wanted)


@cache
def target(name: str) -> Target:
    """A network of a member without numbers, as patches see it."""
    found = members.MEMBERS[name]
    with torch.device("meta"):
        module = make_unet(found.unet, FAMILIES[found.family])
    return Target("denoiser", found.family, f"{name}.safetensors", module, unet_names(found.unet))


def planned(path: Path, on: Target, strength: float = 1.0) -> dict[str, Tensor]:
    """What a file adds to weights of zero, by parameter."""
    from engine.files import FileRef

    found = changes(Patch(FileRef("loras", path.name, ""), strength), path, on)
    shapes = {name: p.shape for name, p in on.module.named_parameters()}
    return {name: change(torch.zeros(shapes[name])) for name, change in found.items()}


LAYER = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
STYLES: Mapping[str, tuple[str, str, str]] = {
    "kohya": ("lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k", ".lora_up.weight",
              ".lora_down.weight"),
    "kohya by the original names": ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k", ".lora_up.weight",
                                    ".lora_down.weight"),
    "peft": (f"base_model.model.{LAYER}", ".lora_B.default.weight", ".lora_A.default.weight"),
    "diffusers by peft": (f"unet.{LAYER}", ".lora_B.weight", ".lora_A.weight"),
    "diffusers": (f"unet.{LAYER}", ".lora.up.weight", ".lora.down.weight"),
    "diffusers' linear layers": (f"unet.{LAYER}", ".lora_linear_layer.up.weight", ".lora_linear_layer.down.weight"),
    "diffusers' processors": (f"unet.{LAYER.replace('to_k', 'processor.to_k')}", "_lora.up.weight",
                               "_lora.down.weight"),
    "ComfyUI": ("diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k", ".lora_up.weight",
                ".lora_down.weight"),
}  # fmt: skip


@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl"])
@pytest.mark.parametrize("style", STYLES)
def test_every_trainers_file_means_the_same(tmp_path: Path, name: str, style: str) -> None:
    on = target(name)
    shape = on.module.get_parameter(f"{LAYER}.weight").shape
    up, down = draw(shape[0], RANK), draw(RANK, shape[1])
    stem, *ends = STYLES[style]
    path = save(tmp_path / "x.safetensors", {stem + ends[0]: up, stem + ends[1]: down})
    ((parameter, found),) = planned(path, on).items()
    assert parameter == f"{LAYER}.weight"
    torch.testing.assert_close(found, up @ down)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn])
@pytest.mark.parametrize("ending", [".safetensors", ".pt"])
def test_any_dtype_and_container(tmp_path: Path, dtype: torch.dtype, ending: str) -> None:
    on = target("sd1")
    shape = on.module.get_parameter(f"{LAYER}.weight").shape
    pieces = {f"unet.{LAYER}.{leaf}": tensor.to(dtype) for leaf, tensor in pair(shape).items()}
    path = tmp_path / f"x{ending}"
    if ending == ".pt":
        torch.save(pieces, path)
    else:
        save(path, pieces)
    (found,) = planned(path, on, 2.0).values()
    up, down = (pieces[f"unet.{LAYER}.lora_{side}.weight"].float() for side in ("up", "down"))
    torch.testing.assert_close(found, 2.0 * 2.0 / 4 * up @ down)


def test_convolutions_biases_and_norms(tmp_path: Path) -> None:
    on = target("sdxl")
    conv, norm = "down_blocks.0.resnets.0.conv1", "down_blocks.0.resnets.0.norm1"
    shape = on.module.get_parameter(f"{conv}.weight").shape
    pieces = pair(shape)
    bias, gain, shift = draw(shape[0]), draw(64), draw(64, seed=1)
    tensors = {f"lora_unet_input_blocks_1_0_in_layers_2.{leaf}": t for leaf, t in pieces.items()}
    tensors |= {"lora_unet_input_blocks_1_0_in_layers_2.diff_b": bias, "lora_unet_out_2.diff_b": draw(4)}
    tensors |= {"lora_unet_input_blocks_1_0_in_layers_0.w_norm": gain}
    tensors |= {"lora_unet_input_blocks_1_0_in_layers_0.b_norm": shift, "lora_unet_time_embed_0.diff": draw(256, 64)}
    found = planned(save(tmp_path / "x.safetensors", tensors), on, 0.5)
    up, down = pieces["lora_up.weight"], pieces["lora_down.weight"]
    torch.testing.assert_close(found[f"{conv}.weight"], 0.25 * torch.einsum("orxy,ri...->oi...", up, down))
    torch.testing.assert_close(found[f"{conv}.bias"], 0.5 * bias)
    torch.testing.assert_close(found[f"{norm}.weight"], 0.5 * gain)
    torch.testing.assert_close(found[f"{norm}.bias"], 0.5 * shift)
    torch.testing.assert_close(found["conv_out.bias"], 0.5 * draw(4))
    torch.testing.assert_close(found["time_embedding.linear_1.weight"], 0.5 * draw(256, 64))


def test_pefts_magnitudes_and_biases(tmp_path: Path) -> None:
    on = target("sd1")
    weight = on.module.get_parameter(f"{LAYER}.weight").shape
    out = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_out.0"
    magnitude, bias = draw(weight[0]).abs(), draw(32)
    tensors = {
        f"unet.{LAYER}.lora_A.weight": draw(4, weight[1]),
        f"unet.{LAYER}.lora_B.weight": draw(weight[0], 4),
        f"unet.{LAYER}.lora_magnitude_vector": magnitude,
        f"unet.{out}.lora_A.weight": draw(4, 32),
        f"unet.{out}.lora_B.weight": draw(32, 4),
        f"unet.{out}.lora_B.bias": bias,
    }
    metadata = {"lora_adapter_metadata": '{"unet.r": 4, "unet.lora_alpha": 8}'}
    found = planned(save(tmp_path / "x.safetensors", tensors, metadata), on)
    torch.testing.assert_close(found[f"{LAYER}.weight"].norm(dim=1), magnitude)
    torch.testing.assert_close(found[f"{out}.bias"], 2 * bias)


def test_a_plain_models_lora_changes_the_first_inputs_of_an_inpainting_model(tmp_path: Path) -> None:
    pieces = pair((32, 4, 3, 3))
    path = save(tmp_path / "x.safetensors", {f"lora_unet_conv_in.{leaf}": t for leaf, t in pieces.items()})
    (plain,) = planned(path, target("sd1")).values()
    (wide,) = planned(path, target("sd1_inpaint")).values()
    assert wide.shape == (32, 9, 3, 3)
    torch.testing.assert_close(wide[:, :4], plain)
    assert not wide[:, 4:].any()


def test_openclips_joined_projections_are_three_of_ours(tmp_path: Path) -> None:
    from transformers import CLIPTextConfig, CLIPTextModel

    width = 64
    with torch.device("meta"):
        config = CLIPTextConfig(hidden_size=width, intermediate_size=64, num_hidden_layers=2, num_attention_heads=1)
        module = CLIPTextModel(config)
    on = Target("text", "sd2", "x", module, {})
    stem = "lora_te_model_transformer_resblocks_1_attn_in_proj"
    pieces = pair((3 * width, width))
    path = save(tmp_path / "x.safetensors", {f"{stem}.{leaf}": t for leaf, t in pieces.items()})
    found = {name.removeprefix("text_model."): delta for name, delta in planned(path, on).items()}
    whole = 0.5 * pieces["lora_up.weight"] @ pieces["lora_down.weight"]
    for i, leaf in enumerate(("q_proj", "k_proj", "v_proj")):
        torch.testing.assert_close(
            found[f"encoder.layers.1.self_attn.{leaf}.weight"], whole[i * width : (i + 1) * width]
        )
    assert len(found) == 3


def test_a_file_for_the_text_encoder_leaves_the_denoiser_alone(tmp_path: Path) -> None:
    pieces = pair((768, 768))
    stem = "lora_te_text_model_encoder_layers_0_mlp_fc1"
    path = save(tmp_path / "x.safetensors", {f"{stem}.{leaf}": t for leaf, t in pieces.items()})
    assert planned(path, target("sd1")) == {}


@pytest.mark.parametrize(("name", "part", "prefix"), [("sdxl", "text_g", "lora_te2_"), ("sd2", "text", "lora_te_")])
def test_encoders_whose_files_join_projections_are_changed_by_kohyas_names(
    tmp_path: Path, name: str, part: Part, prefix: str
) -> None:
    made = members.part(name, part, tmp_path)
    library = Library({"text_encoders": (tmp_path,), "loras": (tmp_path,)})
    lender = make_manager(library, policy("cpu", "full"))
    handle = ModelHandle(library.ref("text_encoders", made.name), name, part)
    with lender.lease(handle) as (lent,):
        layer = next(key for key, _ in lent.module.named_modules() if key.endswith("layers.1.self_attn.k_proj"))
        before = lent.module.get_parameter(f"{layer}.weight").clone()
        other = lent.module.get_parameter(f"{layer.replace('k_proj', 'q_proj')}.weight").clone()
    pieces = pair(before.shape)
    stem = f"{prefix}text_model_encoder_layers_1_self_attn_k_proj"
    save(tmp_path / "x.safetensors", {f"{stem}.{leaf}": tensor for leaf, tensor in pieces.items()})
    patch = Patch(library.ref("loras", "x.safetensors"), -0.5)
    with lender.lease(handle.patched(patch)) as (lent,):
        found = lent.module.get_parameter(f"{layer}.weight")
        torch.testing.assert_close(found, before - 0.25 * pieces["lora_up.weight"] @ pieces["lora_down.weight"])
        assert torch.equal(lent.module.get_parameter(f"{layer.replace('k_proj', 'q_proj')}.weight"), other)
    with lender.lease(handle) as (lent,):
        assert torch.equal(lent.module.get_parameter(f"{layer}.weight"), before)

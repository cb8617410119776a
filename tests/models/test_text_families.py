"""Text encoders of every family, from checkpoints and from files of their own, against transformers and diffusers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.diffusion.types import Cond
from engine.files import Library
from engine.models.clip_files import clip_family, paired
from engine.models.detect import inspect_file
from engine.models.families import FAMILIES
from engine.models.handle import ModelHandle
from engine.models.header import ModelFileError
from engine.models.load import make_manager
from engine.models.manager import ModelManager
from engine.models.openclip_keys import as_transformers
from engine.models.precision import policy
from engine.models.prompts import embed, encode, transform
from engine.models.text import PromptError
from engine.models.tokens import tokenize_prompt
from tests.models import members

PROMPT = "a photo of a (cat), painted"
WIDTHS = {"sd1": 768, "sd2": 1024, "sdxl": 2048, "sdxl_refiner": 1280}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    root = tmp_path_factory.mktemp("texts")
    for name in WIDTHS:
        members.member(name, root / "checkpoints")
    for name, which, naming in (("sdxl", "text", "diffusers"), ("sdxl", "text_g", "ldm"), ("sd2", "text", "diffusers")):
        members.part(name, which, root / "text_encoders" / naming, naming)
    return Library({kind: (root / kind,) for kind in ("checkpoints", "text_encoders")})


@pytest.fixture(scope="module")
def manager(library: Library) -> ModelManager:
    return make_manager(library, policy("cpu", "full"))


def handles(library: Library, name: str) -> tuple[ModelHandle, ...]:
    ref = library.ref("checkpoints", f"{name}.safetensors")
    return tuple(ModelHandle(ref, name, part) for part in FAMILIES[name].texts)


def ours(library: Library, manager: ModelManager, name: str, prompt: str = PROMPT, layer: int | None = None) -> Cond:
    with manager.lease(*handles(library, name)) as encoders:
        return encode(encoders, [tokenize_prompt(prompt, name)], layer)


def state(library: Library, name: str) -> Mapping[str, Tensor]:
    return load_file(library.path("checkpoints", f"{name}.safetensors"))


def transformers_model(weights: Mapping[str, Tensor], text: members.Text, activation: str, head: int = 64) -> Any:
    """transformers' own module with the same numbers, by names written out here."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        hidden_size=text.width,
        intermediate_size=text.hidden,
        num_hidden_layers=text.layers,
        num_attention_heads=text.width // head,
        hidden_act=activation,
        projection_dim=text.width,
    )
    module: Any = (CLIPTextModelWithProjection if text.projection else CLIPTextModel)(config)
    own = {name.removeprefix(text.prefix): t.float() for name, t in weights.items() if name.startswith(text.prefix)}
    named = own if text.naming == "hf" else dict(renamed(own, text.layers))
    inner = "text_model." if text.projection else ""
    module.load_state_dict({(inner if "projection" not in name else "") + name: t for name, t in named.items()})
    return module.eval()


def renamed(own: Mapping[str, Tensor], layers: int) -> Any:
    """What open_clip's tensors are called in transformers."""
    yield "embeddings.token_embedding.weight", own["token_embedding.weight"]
    yield "embeddings.position_embedding.weight", own["positional_embedding"]
    yield "text_projection.weight", own["text_projection"].T
    for kind in ("weight", "bias"):
        yield f"final_layer_norm.{kind}", own[f"ln_final.{kind}"]
        for i in range(layers):
            here, there = f"encoder.layers.{i}", f"transformer.resblocks.{i}"
            for a, b in (("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"), ("mlp.fc1", "mlp.c_fc")):
                yield f"{here}.{a}.{kind}", own[f"{there}.{b}.{kind}"]
            yield f"{here}.mlp.fc2.{kind}", own[f"{there}.mlp.c_proj.{kind}"]
            yield f"{here}.self_attn.out_proj.{kind}", own[f"{there}.attn.out_proj.{kind}"]
            q, k, v = own[f"{there}.attn.in_proj_{kind}"].chunk(3)
            yield from ((f"{here}.self_attn.{n}_proj.{kind}", t) for n, t in (("q", q), ("k", k), ("v", v)))


@torch.no_grad()
def answers(module: Any, ids: Any) -> tuple[tuple[Tensor, ...], Tensor, Any]:
    out = module(torch.tensor(ids), output_hidden_states=True)
    pooled = out.text_embeds if hasattr(out, "text_embeds") else out.pooler_output
    return out.hidden_states, pooled, getattr(module, "text_model", module).final_layer_norm


def close(found: Tensor | None, expected: Tensor) -> None:
    assert found is not None
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def plain(prompt: str) -> str:
    return prompt.replace("(", "").replace(")", "")


def test_v2_takes_the_layer_before_the_last_normed_and_pads_with_0(library: Library, manager: ModelManager) -> None:
    cond = ours(library, manager, "sd2", plain(PROMPT))
    ids = tokenize_prompt(plain(PROMPT), "sd2").ids
    assert ids[0][-1] == 0
    module = transformers_model(state(library, "sd2"), members.CLIP_H, "gelu")
    hidden, pooled, norm = answers(module, ids)
    close(cond.embeds, norm(hidden[-2]).detach())
    close(cond.pooled, pooled)
    last = ours(library, manager, "sd2", plain(PROMPT), -1)
    close(last.embeds, norm(hidden[-1]).detach())
    assert not torch.allclose(last.embeds, cond.embeds, atol=1e-2)


def test_v2_without_its_last_layer_is_the_same(library: Library, manager: ModelManager, tmp_path: Path) -> None:
    """diffusers' folders leave out the layer that nobody reads."""
    text = members.CLIP_H
    own = as_transformers(
        {k.removeprefix(text.prefix): t for k, t in state(library, "sd2").items() if text.prefix in k}
    )
    cut = {k: t.contiguous() for k, t in own.items() if f"layers.{text.layers - 1}." not in k and "projection" not in k}
    assert len(cut) < len(own) - 10
    (tmp_path / "folder" / "text_encoder").mkdir(parents=True)
    (tmp_path / "folder" / "model_index.json").write_text("{}")
    save_file(
        {f"text_model.{k}": t for k, t in cut.items()}, tmp_path / "folder" / "text_encoder" / "model.safetensors"
    )
    folder = Library({"diffusers": (tmp_path,)})
    handle = ModelHandle(folder.ref("diffusers", "folder"), "sd2", "text")
    with make_manager(folder, policy("cpu", "full")).lease(handle) as encoders:
        found = encode(encoders, [tokenize_prompt(PROMPT, "sd2")])
    close(found.embeds, ours(library, manager, "sd2").embeds)


def test_xl_joins_both_encoders_as_the_pipeline_does(library: Library, manager: ModelManager) -> None:
    from diffusers import StableDiffusionXLPipeline

    from engine.models.vocabulary import clip_tokenizer

    weights = state(library, "sdxl")
    prompt = plain(PROMPT)
    make: Any = StableDiffusionXLPipeline
    pipe = make(
        vae=None,
        unet=None,
        scheduler=None,
        text_encoder=transformers_model(weights, members.XL_L, "quick_gelu"),
        text_encoder_2=transformers_model(weights, members.XL_G, "gelu"),
        tokenizer=clip_tokenizer(),
        tokenizer_2=PadZero(clip_tokenizer()),
    )
    with torch.no_grad():
        expected, _, pooled, _ = pipe.encode_prompt(prompt, device="cpu", do_classifier_free_guidance=False)
    cond = ours(library, manager, "sdxl", prompt)
    close(cond.embeds, expected)
    close(cond.pooled, pooled)


class PadZero:
    """The second tokenizer of SDXL: the same words, padded with 0."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, text: Any, **options: Any) -> Any:
        out = self.inner(text, **options)
        if options.get("padding") == "max_length":
            for row in out.input_ids:
                end = int((row == 49407).int().argmax())
                row[end + 1 :] = 0
        return out

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_the_refiner_reads_the_larger_encoder_alone(library: Library, manager: ModelManager) -> None:
    cond = ours(library, manager, "sdxl_refiner", plain(PROMPT))
    module = transformers_model(state(library, "sdxl_refiner"), members.REFINER_G, "gelu")
    hidden, pooled, _ = answers(module, tokenize_prompt(plain(PROMPT), "sdxl_refiner").ids)
    close(cond.embeds, hidden[-2])
    close(cond.pooled, pooled)


def test_each_encoder_weighs_against_its_own_empty_prompt(library: Library, manager: ModelManager) -> None:
    weighted, own, empty = (ours(library, manager, "sdxl", p) for p in ("a (cat:1.5)", "a cat", ""))
    tokens = tokenize_prompt("a (cat:1.5)", "sdxl")
    w = torch.tensor(tokens.weights).reshape(1, -1, 1)
    close(weighted.embeds, torch.where(w == 1, own.embeds, empty.embeds + w * (own.embeds - empty.embeds)))


@pytest.mark.parametrize("name", WIDTHS)
@pytest.mark.parametrize("prompt", [PROMPT, "cat " * 100])
def test_three_stages_are_the_one(library: Library, manager: ModelManager, name: str, prompt: str) -> None:
    tokens = tokenize_prompt(prompt, name)
    with manager.lease(*handles(library, name)) as encoders:
        staged = transform(encoders, embed(encoders, tokens))
        whole = encode(encoders, [tokens])
    assert staged.embeds.shape == (1, 77 * len(tokens.ids), WIDTHS[name])
    assert torch.equal(staged.embeds, whole.embeds)
    assert torch.equal(staged.pooled, whole.pooled)


def test_two_prompts_of_different_length_are_filled_up(library: Library, manager: ModelManager) -> None:
    short, long = tokenize_prompt("a cat", "sdxl"), tokenize_prompt("a dog " * 60, "sdxl")
    with manager.lease(*handles(library, "sdxl")) as encoders:
        both = encode(encoders, [short, long])
        left = encode(encoders, [short])
        empty = encode(encoders, [tokenize_prompt("", "sdxl")])
        right = encode(encoders, [long])
    assert both.embeds.shape[1] == 77 * len(long.ids)
    close(both.embeds[:, :77, :768], left.embeds[:, :, :768])
    close(both.embeds[:, 77:154, :768], empty.embeds[:, :, :768])
    close(both.embeds[..., 768:], right.embeds[..., 768:])


def test_vectors_of_another_model_are_refused(library: Library, manager: ModelManager) -> None:
    with manager.lease(*handles(library, "sd1")) as encoders:
        embeds = embed(encoders, tokenize_prompt("a", "sd1"))
    with manager.lease(*handles(library, "sdxl")) as encoders, pytest.raises(PromptError, match="width 2048"):
        transform(encoders, embeds)


def test_files_of_their_own_encode_as_the_checkpoint(library: Library, manager: ModelManager) -> None:
    """A lone file cannot tell its family: CLIP L of SDXL looks like Stable Diffusion 1's."""
    names = ("diffusers/sdxl-text.safetensors", "ldm/sdxl-text_g.safetensors")
    files = [(ref := library.ref("text_encoders", n), inspect_file(library.resolve(ref))) for n in names]
    found = paired(files[::-1], "sdxl")
    assert [ref.name for ref in found.values()] == list(names)
    with manager.lease(*(ModelHandle(ref, "sdxl", part) for part, ref in found.items())) as encoders:
        cond = encode(encoders, [tokenize_prompt(PROMPT, "sdxl")])
    assert cond.embeds.shape == (1, 77, 2048)
    with pytest.raises(ModelFileError, match="two text encoders, one of width 768 and one of width 1280"):
        paired([files[0], files[0]], "sdxl")


@pytest.mark.parametrize(
    ("name", "type_", "family"),
    [
        ("diffusers/sdxl-text.safetensors", "stable_diffusion", "sd1"),
        ("ldm/sdxl-text_g.safetensors", "stable_diffusion", "sdxl_refiner"),
        ("ldm/sdxl-text_g.safetensors", "sdxl", "sdxl_refiner"),
        ("diffusers/sd2-text.safetensors", "stable_diffusion", "sd2"),
    ],
)
def test_which_family_a_lone_file_is_for(library: Library, name: str, type_: str, family: str) -> None:
    assert clip_family(inspect_file(library.path("text_encoders", name)), name, type_) == family


def test_a_lone_file_of_another_type_is_refused(library: Library) -> None:
    inspected = inspect_file(library.path("text_encoders", "diffusers/sd2-text.safetensors"))
    with pytest.raises(ModelFileError, match=r'Stable Diffusion 2\.x, not of type "sdxl"'):
        clip_family(inspected, "h.safetensors", "sdxl")


def test_a_missing_tensor_is_named(library: Library, tmp_path: Path) -> None:
    own = {k: t for k, t in state(library, "sd2").items() if k.startswith(members.CLIP_H.prefix)}
    del own[members.CLIP_H.prefix + "transformer.resblocks.1.mlp.c_fc.bias"]
    save_file(own, tmp_path / "broken.safetensors")
    broken = Library({"text_encoders": (tmp_path,)})
    handle = ModelHandle(broken.ref("text_encoders", "broken.safetensors"), "sd2", "text")
    manager = make_manager(broken, policy("cpu", "full"))
    with pytest.raises(ModelFileError, match=r"broken\.safetensors lacks 1 of"), manager.lease(handle):
        pass

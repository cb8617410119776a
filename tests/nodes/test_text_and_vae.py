"""The text path in one and in three, conditionings, and the autoencoder whole and in tiles."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.diffusion.types import Cond, Conditioning, Image, Latent
from nodes import conditioning as c
from nodes import text, vae
from nodes.loaders import Checkpoint
from tests.nodes.desk import Desk, same

PROMPTS = ["", "a fox", "a (red:1.4) fox, (fur)", "one very long prompt of many words " * 30]


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("layer", [None, -2])
def test_three_stages_are_the_whole_bit_for_bit(
    context: Desk, parts: Checkpoint, prompt: str, layer: int | None
) -> None:
    clip = parts.CLIP if layer is None else text.clip_set_last_layer(clip=parts.CLIP, stop_at_clip_layer=layer)
    tokens = text.clip_tokenize(clip=clip, text=prompt, context=context)
    embeds = text.clip_embed_tokens(clip=clip, tokens=tokens, context=context)
    staged = text.clip_transform(clip=clip, embeds=embeds, context=context)
    assert same(staged, text.clip_text_encode(text=prompt, clip=clip, context=context))
    assert staged[0].embeds.shape == (1, 77 * len(tokens.ids), 64)


def test_an_earlier_layer_gives_other_vectors(context: Desk, parts: Checkpoint) -> None:
    earlier = text.clip_set_last_layer(clip=parts.CLIP, stop_at_clip_layer=-2)
    last = text.clip_set_last_layer(clip=parts.CLIP, stop_at_clip_layer=-1)
    whole, skipped, same_as_whole = (
        text.clip_text_encode(text="a fox", clip=clip, context=context)[0] for clip in (parts.CLIP, earlier, last)
    )
    assert not torch.allclose(whole.embeds, skipped.embeds)
    assert same(whole, same_as_whole)


def conds(*lengths: int, seed: int = 0) -> Conditioning:
    return Conditioning(tuple(Cond(noise(1, n, 8, seed=seed + n), noise(1, 8, seed=seed + n)) for n in lengths))


def test_combine_keeps_all() -> None:
    a, b = conds(77), conds(77, 154)
    assert c.conditioning_combine(conditioning_1=a, conditioning_2=b) == (*a, *b)


def test_concat_puts_the_first_behind_each() -> None:
    to, other = conds(77, 154), conds(77, 231, seed=9)
    joined = c.conditioning_concat(conditioning_to=to, conditioning_from=other)
    assert [x.embeds.shape[1] for x in joined] == [154, 231]
    assert torch.equal(joined[1].embeds[:, 154:], other[0].embeds)
    assert joined[0].pooled is to[0].pooled


def test_average_goes_from_one_to_the_other() -> None:
    to, other = conds(154), conds(77, seed=9)

    def mixed(share: float) -> Cond:
        return c.conditioning_average(conditioning_to=to, conditioning_from=other, conditioning_to_strength=share)[0]

    assert torch.equal(mixed(1.0).embeds, to[0].embeds)
    assert torch.equal(mixed(0.0).embeds[:, :77], other[0].embeds)
    assert not mixed(0.0).embeds[:, 77:].any()
    assert torch.allclose(mixed(0.25).pooled, 0.25 * to[0].pooled + 0.75 * other[0].pooled)
    longer = c.conditioning_average(conditioning_to=other, conditioning_from=to, conditioning_to_strength=0.0)
    assert torch.equal(longer[0].embeds, to[0].embeds[:, :77])


def test_zeroing_out_keeps_shapes_only() -> None:
    zeroed = c.conditioning_zero_out(conditioning=(Cond(noise(1, 77, 8), strength=0.5), *conds(77)))
    assert not any(t.any() for x in zeroed for t in (x.embeds, x.pooled) if t is not None)
    assert zeroed[0].strength == 0.5
    assert zeroed[0].pooled is None


def test_nothing_to_take_from_is_told() -> None:
    with pytest.raises(ValueError, match="conditioning_from is empty"):
        c.conditioning_concat(conditioning_to=conds(77), conditioning_from=Conditioning(()))


@pytest.mark.parametrize(("width", "height"), [(64, 64), (200, 136)])
def test_tiles_equal_the_whole(context: Desk, parts: Checkpoint, width: int, height: int) -> None:
    """Within 2/255 of a picture's range, as group norms see the whole picture in both."""
    latent = Latent(noise(1, 4, height // 8, width // 8))
    usual: dict[str, Any] = {"vae": parts.VAE, "context": context}
    whole = vae.vae_decode(samples=latent, **usual)
    tiled = vae.vae_decode_tiled(samples=latent, tile_size=64, overlap=16, **usual)
    assert whole.shape == tiled.shape == (1, height, width, 3)
    assert float((whole - tiled).abs().max()) <= 2 / 255
    raw = vae.vae_encode(pixels=whole, **usual).samples
    again = vae.vae_encode_tiled(pixels=whole, tile_size=64, overlap=16, **usual).samples
    assert torch.allclose(raw, again, atol=2 / 255 * float(raw.abs().max()))


def test_sides_are_cut_evenly_to_whole_cells(context: Desk, parts: Checkpoint) -> None:
    pixels = Image(noise(1, 21, 30, 4).sigmoid())
    usual: dict[str, Any] = {"vae": parts.VAE, "context": context}
    latent = vae.vae_encode(pixels=pixels, **usual)
    assert latent.samples.shape == (1, 4, 2, 3)
    assert torch.equal(latent.samples, vae.vae_encode(pixels=Image(pixels[:, 2:18, 3:27, :3]), **usual).samples)


def test_too_small_a_picture_and_foreign_latents_are_refused(context: Desk, parts: Checkpoint) -> None:
    with pytest.raises(ValueError, match="8 pixels"):
        vae.vae_encode(pixels=Image(torch.zeros(1, 7, 30, 3)), vae=parts.VAE, context=context)
    with pytest.raises(ValueError, match="16 channels and the VAE takes 4"):
        vae.vae_decode(samples=Latent(torch.zeros(1, 16, 2, 2)), vae=parts.VAE, context=context)

"""Prompts as nodes: SDXL's sizes, A1111's schedules and compositions, learnt words through whole runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from engine.diffusion.composed import terms
from engine.diffusion.guidance import Cfg, cfg
from engine.diffusion.types import Cond, Conditioning
from engine.models.mentions import Embeddings
from engine.models.text import PromptError
from nodes import text, text_a1111, text_sdxl
from nodes.loaders import Checkpoint
from tests.nodes.desk import Desk, same

A1111 = text_a1111.clip_text_encode_a1111


def test_sdxl_prompts_carry_their_sizes(context: Desk, parts: Checkpoint) -> None:
    sizes = {"width": 1000, "height": 900, "crop_w": 10, "crop_h": 20, "target_width": 800, "target_height": 700}
    (cond,) = text_sdxl.clip_text_encode_sdxl(clip=parts.CLIP, text_g="a fox", context=context, **sizes)
    assert cond.size_crop == (900, 1000, 20, 10, 700, 800)
    assert same(cond.embeds, text.clip_text_encode(text="a fox", clip=parts.CLIP, context=context)[0].embeds)


def test_refiner_prompts_carry_their_score(context: Desk, parts: Checkpoint) -> None:
    (cond,) = text_sdxl.clip_text_encode_sdxl_refiner(
        clip=parts.CLIP, text="a fox", ascore=2.5, width=64, height=32, context=context
    )
    assert (cond.size_crop, cond.aesthetic) == ((32, 64, 0, 0, 32, 64), 2.5)


def a1111(context: Desk, parts: Checkpoint, prompt: str, steps: int = 10) -> Conditioning:
    return A1111(text=prompt, clip=parts.CLIP, steps=steps, context=context)


def test_plain_prompts_are_those_of_the_plain_node(context: Desk, parts: Checkpoint) -> None:
    assert same(a1111(context, parts, "a fox"), text.clip_text_encode(text="a fox", clip=parts.CLIP, context=context))


@pytest.mark.parametrize("steps", [4, 10, 23])
@pytest.mark.parametrize("prompt", ["a [fox:owl:0.5]", "a [fox|owl]", "[a:[b:c:3]:1] [x::0.3]"])
def test_at_every_step_the_text_of_that_step_counts(context: Desk, parts: Checkpoint, prompt: str, steps: int) -> None:
    """Step k of n looks at (k - 1) / n of the way, where levels are even in time."""
    from engine.models.prompts_a1111 import schedule

    conds = a1111(context, parts, prompt, steps)
    for step in range(1, steps + 1):
        way = (step - 1) / steps
        active = [c for c in conds if c.when[0] <= way <= c.when[1]]
        assert active == [c for c in conds if c.during is None or c.during[0] < step <= c.during[1]]
        wanted = next(t for (end, t) in schedule(prompt, steps) if step <= end)
        plain = text.clip_text_encode(text=wanted, clip=parts.CLIP, context=context)[0]
        assert len(active) == 1
        assert torch.equal(active[0].embeds, plain.embeds)
    assert len(conds) == len(schedule(prompt, steps))


def test_and_makes_terms_with_weights(context: Desk, parts: Checkpoint) -> None:
    conds = a1111(context, parts, "a fox AND an [owl:cat:0.5] :0.5")
    assert [c.term for c in conds] == [(0, 1.0), (1, 0.5), (1, 0.5)]
    found = terms(conds)
    assert [(name, len(c), weight) for name, (c, weight) in found.items()] == [
        ("positive", 1, 1.0),
        ("positive 2", 2, 0.5),
    ]


@pytest.mark.parametrize("rescale", [0.0, 0.7])
def test_terms_are_added_to_the_negative(rescale: float) -> None:
    """negative + scale · sum of weight · (term - negative), by Liu et al. 2022."""
    answers = {
        name: torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(i)) for i, name in enumerate("abn")
    }
    a, b = (Cond(torch.zeros(1, 77, 8), term=(i, w)) for i, w in enumerate((1.0, 0.5)))
    negative = Conditioning((Cond(torch.ones(1, 77, 8)),))
    guidance = cfg(Conditioning((a, b)), negative, 6.0, rescale)(answers["a"], 2.0)
    asked = next(guidance)
    assert {name: branch.conditioning[0] for name, branch in asked.items()} == {
        "positive": a, "positive 2": b, "negative": negative[0],
    }  # fmt: skip
    clean = {"positive": answers["a"], "positive 2": answers["b"], "negative": answers["n"]}
    found = finished(guidance, clean)
    n = answers["n"]
    joined = n + (answers["a"] - n) + 0.5 * (answers["b"] - n)
    plain = cfg(Conditioning((replace(a, term=None),)), negative, 6.0, rescale)(answers["a"], 2.0)
    next(plain)
    torch.testing.assert_close(found, finished(plain, {"positive": joined, "negative": n}))
    if not rescale:
        torch.testing.assert_close(found, n + 6.0 * (joined - n))


def finished(guidance: Any, clean: Any) -> torch.Tensor:
    try:
        guidance.send(clean)
    except StopIteration as end:
        result: torch.Tensor = end.value
        return result
    raise AssertionError("the guider asks twice")


def test_one_term_of_weight_one_asks_for_no_more() -> None:
    positive = Conditioning((Cond(torch.zeros(1, 77, 8)),))
    assert set(next(Cfg(positive, positive, 1.0)(torch.zeros(1, 4, 4, 4), 1.0))) == {"positive"}
    heavy = Conditioning((replace(positive[0], term=(0, 2.0)),))
    assert set(next(Cfg(heavy, positive, 1.0)(torch.zeros(1, 4, 4, 4), 1.0))) == {"positive", "negative"}


@pytest.fixture
def words(context: Desk, tmp_path: Path) -> Desk:
    save_file({"emb_params": torch.randn(2, 64)}, tmp_path / "fox.safetensors")
    library = context.library.replaced("embeddings", tmp_path)
    return replace(context, library=library, mentioned=Embeddings().files(None, library))


def test_learnt_words_count_in_every_grammar(words: Desk, parts: Checkpoint) -> None:
    prompt = "a (embedding:fox:1.2), cat"
    for encode in (text.clip_text_encode, A1111):
        own = encode(text=prompt, clip=parts.CLIP, context=words)
        without = encode(text="a (fox:1.2), cat", clip=parts.CLIP, context=words)
        assert own[0].embeds.shape == without[0].embeds.shape
        assert not torch.allclose(own[0].embeds, without[0].embeds, atol=1e-3)
    with pytest.raises(PromptError, match='"gone" was not found'):
        text.clip_text_encode(text="embedding:gone", clip=parts.CLIP, context=words)


def test_three_stages_read_learnt_words_too(words: Desk, parts: Checkpoint) -> None:
    tokens = text.clip_tokenize(clip=parts.CLIP, text="a embedding:fox", context=words)
    embeds = text.clip_embed_tokens(clip=parts.CLIP, tokens=tokens, context=words)
    staged = text.clip_transform(clip=parts.CLIP, embeds=embeds, context=words)
    assert same(staged, text.clip_text_encode(text="a embedding:fox", clip=parts.CLIP, context=words))


def test_a_prompt_of_ten_thousand_words(context: Desk, parts: Checkpoint) -> None:
    prompt = "((very) [small] " * 5_000
    (cond,) = a1111(context, parts, prompt)
    assert cond.embeds.isfinite().all()
    assert cond.embeds.shape[1] % 77 == 0

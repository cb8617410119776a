from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from engine.diffusion.types import Embeds, Tokens
from engine.models.handle import ModelHandle
from engine.models.manager import ModelManager
from engine.models.text import PromptError
from engine.models.text_encoder import TextEncoder
from engine.models.tokens import encode_text, tokenize_prompt
from engine.models.vocabulary import clip_tokenizer
from tests.models import make
from tests.models.test_build import oracle

LONG = "a very (detailed:1.2) painting, " * 30


@pytest.fixture
def encoder(manager: ModelManager, handles: dict[str, ModelHandle]) -> Iterator[TextEncoder]:
    with manager.lease(handles["text"]) as (module,):
        yield module


@pytest.fixture(scope="module")
def reference() -> Any:
    return oracle(make.TINY, "text")


@torch.no_grad()
def theirs(reference: Any, tokens: Tokens, layer: int = -1) -> tuple[Tensor, Tensor]:
    out = reference(torch.tensor(tokens.ids), output_hidden_states=True)
    norm = getattr(reference, "text_model", reference).final_layer_norm
    return norm(out.hidden_states[layer]), out.pooler_output


def test_token_ids() -> None:
    assert tokenize_prompt("a photo of a cat", "sd1").ids[0][:8] == (49406, 320, 1125, 539, 320, 2368, 49407, 49407)
    assert encode_text("dreambeach") == [4595, 2117]
    assert encode_text("dream beach") == [2984, 2117]
    assert tokenize_prompt("wow!", "sd1").ids[0][2] == 256
    assert len(tokenize_prompt("cat " * 100, "sd1").ids) == 2


@given(st.text(max_size=120))
def test_text_is_encoded_as_the_tokenizer_does(text: str) -> None:
    own = clip_tokenizer()(text, add_special_tokens=False, verbose=False)["input_ids"]
    assert list(encode_text(text)) == own


def test_another_use_of_the_tokenizer_changes_nothing() -> None:
    clip_tokenizer()("cat " * 100, padding="max_length", truncation=True, max_length=77)
    assert len(encode_text("cat " * 100)) == 100


@pytest.mark.parametrize("prompt", ["", "a photo of a cat", "cat " * 100])
def test_plain_prompts_equal_transformers(encoder: TextEncoder, reference: Any, prompt: str) -> None:
    cond = encoder.encode(prompt)
    states, pooled = theirs(reference, encoder.tokenize(prompt))
    torch.testing.assert_close(cond.embeds, states.reshape(1, -1, 64), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(cond.pooled, pooled[:1], rtol=1e-5, atol=1e-5)
    assert cond.embeds.dtype == torch.float32


def test_weights_interpolate_from_the_empty_prompt(encoder: TextEncoder, reference: Any) -> None:
    tokens = encoder.tokenize(LONG)
    states, pooled = theirs(reference, tokens)
    empty, _ = theirs(reference, encoder.tokenize(""))
    expected = empty + torch.tensor(tokens.weights)[..., None] * (states - empty)
    cond = encoder.encode(LONG)
    assert cond.embeds.shape == (1, 77 * len(tokens.ids), 64)
    torch.testing.assert_close(cond.embeds, expected.reshape(1, -1, 64), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(cond.pooled, pooled[:1], rtol=1e-5, atol=1e-5)
    plain = encoder.encode(LONG.replace("(", "").replace(":1.2)", ""))
    assert not torch.allclose(plain.embeds[0, :77], cond.embeds[0, :77], atol=1e-3)


@pytest.mark.parametrize("layer", [-1, -2])
def test_clip_skip_takes_an_earlier_layer_and_the_last_pooled(encoder: TextEncoder, reference: Any, layer: int) -> None:
    cond = encoder.encode("a photo of a cat", layer)
    states, pooled = theirs(reference, encoder.tokenize("a photo of a cat"), layer)
    torch.testing.assert_close(cond.embeds, states, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(cond.pooled, pooled, rtol=1e-5, atol=1e-5)


def test_a_layer_that_is_not_there_means_the_last(encoder: TextEncoder) -> None:
    prompt = "a photo of a cat"
    assert torch.equal(encoder.encode(prompt, -24).embeds, encoder.encode(prompt).embeds)


@pytest.mark.parametrize("prompt", ["", "a (photo:1.3) of ((a)) cat", LONG])
def test_three_stages_are_the_one(encoder: TextEncoder, prompt: str) -> None:
    tokens = encoder.tokenize(prompt)
    embeds = encoder.embed(tokens)
    assert embeds.vectors.shape == (len(tokens.ids), 77, 64)
    assert torch.equal(embeds.vectors[0, 0], embeds.vectors[-1, 0])
    assert torch.equal(encoder.transform(embeds).embeds, encoder.encode(prompt).embeds)


def test_vectors_of_another_encoder_are_refused(encoder: TextEncoder) -> None:
    tokens = encoder.tokenize("a")
    with pytest.raises(PromptError, match="width 64"):
        encoder.transform(Embeds(torch.zeros(1, 77, 768), tokens))
    with pytest.raises(PromptError, match="ids 0 to 49407"):
        encoder.embed(Tokens(((49408,) * 77,), ((1.0,) * 77,)))

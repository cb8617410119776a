"""A prompt as CLIP's tokens.  Torch-free."""

from __future__ import annotations

from collections.abc import Sequence

from engine.diffusion.types import Tokens
from engine.models.families import FAMILIES
from engine.models.text import tokenize
from engine.models.vocabulary import END_ID, LENGTH, START_ID, clip_tokenizer


def encode_text(text: str) -> Sequence[int]:
    """Ids of plain text, without start and end."""
    ids: list[int] = clip_tokenizer()(text, add_special_tokens=False, verbose=False)["input_ids"]
    return ids


def tokenize_prompt(prompt: str, family: str) -> Tokens:
    """Tokens of a prompt in chunks of 77 as `family` wants them; needs no weights.  Raises PromptError."""
    pad = FAMILIES[family].pad
    return tokenize(prompt, encode_text, length=LENGTH, start=START_ID, end=END_ID, pad=pad)

"""A prompt as CLIP's tokens.  Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from engine.diffusion.types import Tokens
from engine.models.families import FAMILIES
from engine.models.prompts_a1111 import tokenize_a1111
from engine.models.text import Find, tokenize, unknown
from engine.models.vocabulary import END_ID, LENGTH, START_ID, clip_tokenizer


def encode_text(text: str) -> Sequence[int]:
    """Ids of plain text, without start and end."""
    ids: list[int] = _core().encode(text, add_special_tokens=False).ids
    return ids


@cache
def _core() -> Any:
    """The tokenizer's inside, which takes a quarter of the time; its own copy, as calls of the tokenizer change it."""
    from copy import deepcopy

    core = deepcopy(clip_tokenizer().backend_tokenizer)
    core.no_truncation()
    core.no_padding()
    return core


def tokenize_prompt(prompt: str, family: str, find: Find = unknown) -> Tokens:
    """Tokens of a prompt in chunks of 77 as `family` (its first text encoder) pads them; needs no weights.

    Args:
        find: the learnt word that `embedding:name` names.

    Raises PromptError.
    """
    return tokenize_padded(prompt, _pad(family), find)


def tokenize_as_a1111(prompt: str, family: str, find: Find = unknown) -> Tokens:
    """As `tokenize_prompt`, in AUTOMATIC1111's grammar without its schedules."""
    return tokenize_a1111(prompt, encode_text, find, length=LENGTH, start=START_ID, end=END_ID, pad=_pad(family))


def _pad(family: str) -> int:
    return next(iter(FAMILIES[family].texts.values())).pad


def tokenize_padded(prompt: str, pad: int, find: Find = unknown) -> Tokens:
    """Tokens of a prompt in chunks of 77, filled up with `pad`; raises PromptError."""
    return tokenize(prompt, encode_text, find, length=LENGTH, start=START_ID, end=END_ID, pad=pad)


def empty_chunk(pad: int) -> tuple[int, ...]:
    """The one chunk of the empty prompt."""
    return (START_ID, END_ID, *(pad,) * (LENGTH - 2))

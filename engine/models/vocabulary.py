"""CLIP's byte-pair vocabulary (OpenAI, MIT), the project's own copy: 48,894 merges, 49,408 tokens."""

from __future__ import annotations

import lzma
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.models.libraries import light

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

MERGES = Path(__file__).with_name("clip_merges.txt.xz")
START, END = "<|startoftext|>", "<|endoftext|>"
START_ID, END_ID = 49406, 49407
TOKENS = 49408
LENGTH = 77


def byte_symbols() -> dict[int, str]:
    """Return the printable character that stands for each of the 256 bytes, in the vocabulary's order (GPT-2)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + n) for n, byte in enumerate(others)}


@cache
def merges() -> tuple[tuple[str, str], ...]:
    """Return the merges, the most frequent first."""
    lines = lzma.decompress(MERGES.read_bytes()).decode("utf-8").splitlines()
    pairs = (line.split(" ") for line in lines)
    return tuple((left, right) for left, right in pairs)


@cache
def token_ids() -> dict[str, int]:
    """Return the id of each of the 49,408 tokens: bytes, bytes at a word's end, merged pairs, start, end."""
    symbols = list(byte_symbols().values())
    tokens = symbols + [symbol + "</w>" for symbol in symbols] + ["".join(pair) for pair in merges()] + [START, END]
    return {token: index for index, token in enumerate(tokens)}


@cache
def token_texts() -> tuple[str, ...]:
    """Return the text of each token by its id, without what marks a word's end; bytes that are no text show as �."""
    return tuple(raw.decode("utf-8", errors="replace") for raw in token_bytes())


@cache
def token_bytes() -> tuple[bytes, ...]:
    """Return the bytes of each token by its id, without what marks a word's end; many are only a part of a letter."""
    byte_of = {symbol: byte for byte, symbol in byte_symbols().items()}

    def raw(token: str) -> bytes:
        if token in (START, END):
            return token.encode()
        return bytes(byte_of[symbol] for symbol in token.removesuffix("</w>"))

    return tuple(map(raw, token_ids()))


@cache
def clip_tokenizer() -> CLIPTokenizer:
    """Return transformers' CLIP tokenizer over this vocabulary (77 tokens, padded with the end token); it is shared."""
    with light():
        from transformers import CLIPTokenizer

    pairs: Any = list(merges())
    return CLIPTokenizer(
        vocab=dict(token_ids()),
        merges=pairs,
        model_max_length=LENGTH,
        bos_token=START,
        eos_token=END,
        unk_token=END,
        pad_token=END,
    )

"""Prompts as AUTOMATIC1111's program means them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from engine.diffusion.types import Cond, Conditioning
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.sockets import Range
from engine.models.handle import Clip
from engine.models.prompts_a1111 import schedule, terms
from nodes.prompt import Prompt, encoding, prompted, tokens_of

HALF = 0.5
"""In a run of another number of steps a change stands half a step before that of an even schedule, so that rounding
does not move it."""


@node(
    "CLIPTextEncodeA1111",
    runs_on="device",
    category="conditioning",
    label="CLIP Text Encode (A1111)",
    facts=prompted("text"),
)
def clip_text_encode_a1111(
    *,
    text: Prompt = "",
    clip: Clip,
    steps: Annotated[int, Range(1, 10000)] = 20,
    context: Context,
) -> Conditioning:
    """Encode a prompt as AUTOMATIC1111's program does, so that prompts written for it mean the same picture.

    Args:
        text: The prompt; [word] weighs less, [a:b:0.5] changes half way, [a|b] at each step, BREAK begins a new part,
            AND joins whole prompts.
        clip: The text encoder.
        steps: The sampler's steps, for words that come, go or take turns at a step; give the sampler as many, so that
            they change at just these steps.
    """
    from engine.models.text_encoder import mean_restored
    from engine.models.tokens import tokenize_as_a1111

    found = [(term, schedule(term.text, steps)) for term in terms(text)]
    tokens = {piece: tokens_of(piece, clip, context, tokenize_as_a1111) for _, parts in found for _, piece in parts}
    with encoding(clip, context, weigh=mean_restored) as encode:
        conds = {piece: encode(own) for piece, own in tokens.items()}
    if len(found) == 1 and found[0][0].weight == 1.0:
        return Conditioning(tuple(_timed(conds, found[0][1], steps)))
    return Conditioning(
        tuple(
            replace(cond, term=(place, term.weight))
            for place, (term, parts) in enumerate(found)
            for cond in _timed(conds, parts, steps)
        )
    )


def _timed(conds: Mapping[str, Cond], parts: Sequence[tuple[int, str]], steps: int) -> Iterator[Cond]:
    """Each text's conditioning while it holds."""
    start, first = 0.0, 0
    for end, text in parts:
        until = 1.0 if end >= steps else (end - HALF) / steps
        yield replace(conds[text], when=(start, until), during=(first, end, steps) if len(parts) > 1 else None)
        start, first = until, end

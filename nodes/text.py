"""From a prompt to conditioning: the three stages of the text path, and all three in one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated

from engine.diffusion.types import Conditioning, Embeds, Tokens
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.problems import Mend
from engine.graph.sockets import Complaint, Range, Widget
from engine.models.handle import Clip
from nodes.facts import family_of, passed

_TAG = re.compile(r"<(?:lora|lyco):([^:<>]{1,200})(?::([^<>]{0,40}))?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NoLoraTags:
    """A prompt in which `<lora:name:weight>` is pointed out: elsewhere that loads a LoRA, here it would be words."""

    def complaint(self, value: str) -> Complaint | None:
        """Warns of the tags, and offers the node that loads the first of them."""
        tags = list(_TAG.finditer(value))
        if not tags:
            return None
        inputs = {"lora_name": tags[0][1].strip(), "strength_model": _weight(tags[0][2])}
        mend = Mend("insert", {"type": "LoraLoader", "inputs": inputs})
        return Complaint("lora_tag", {"tags": [tag[0] for tag in tags]}, severity="warning", mend=mend)


def _weight(text: str | None) -> float:
    number = re.match(r"-?\d{1,3}(\.\d{1,6})?", (text or "").strip())
    return float(number[0]) if number else 1.0


@node(
    "CLIPTextEncode",
    runs_on="device",
    category="conditioning",
    label="CLIP Text Encode (Prompt)",
    facts=family_of("clip"),
)
def clip_text_encode(
    *, text: Annotated[str, Widget("multiline"), NoLoraTags()] = "", clip: Clip, context: Context
) -> Conditioning:
    """Encode a prompt into the conditioning that guides the denoiser: tokenize, embed and transform in one node.

    Args:
        text: The prompt; (word:1.2) weighs a word more, (word) weighs it 1.1 times.
        clip: The text encoder.
    """
    with context.lease(*clip.handles) as (encoder,):
        embeds = encoder.embed(encoder.tokenize(text))
        return Conditioning((encoder.transform(embeds, clip.layer),))


@node("CLIPTokenize", category="conditioning/stages", label="CLIP Tokenize", facts=family_of("clip"))
def clip_tokenize(*, clip: Clip, text: Annotated[str, Widget("multiline")] = "") -> Tokens:
    """First stage: cut a prompt into tokens of the vocabulary, in chunks of 75 framed by a start and an end.

    Args:
        clip: The text encoder whose vocabulary is used.
        text: The prompt; (word:1.2) weighs a word more.
    """
    from engine.models.tokens import tokenize_prompt

    return tokenize_prompt(text, clip.family)


@node(
    "CLIPEmbedTokens",
    runs_on="device",
    category="conditioning/stages",
    label="CLIP Embed Tokens",
    facts=family_of("clip"),
)
def clip_embed_tokens(*, clip: Clip, tokens: Tokens, context: Context) -> Embeds:
    """Second stage: look up the vector of each token; the order of the words plays no part yet.

    Args:
        clip: The text encoder whose table of vectors is used.
        tokens: The tokens of the first stage.
    """
    with context.lease(*clip.handles) as (encoder,):
        embeds: Embeds = encoder.embed(tokens)
        return embeds


@node(
    "CLIPTransform", runs_on="device", category="conditioning/stages", label="CLIP Transform", facts=family_of("clip")
)
def clip_transform(*, clip: Clip, embeds: Embeds, context: Context) -> Conditioning:
    """Third stage: let the transformer read the token vectors in order; each word's vector takes in what stands before.

    Args:
        clip: The text encoder; where CLIP Set Last Layer stopped it, it stops.
        embeds: The token vectors of the second stage.
    """
    with context.lease(*clip.handles) as (encoder,):
        return Conditioning((encoder.transform(embeds, clip.layer),))


@node("CLIPSetLastLayer", category="conditioning", label="CLIP Set Last Layer", facts=passed("clip"))
def clip_set_last_layer(*, clip: Clip, stop_at_clip_layer: Annotated[int, Range(-24, -1, step=1)] = -1) -> Clip:
    """Take the text encoder's answer from an earlier layer (clip skip).

    Args:
        clip: The text encoder.
        stop_at_clip_layer: Counted from the end: -1 is the last layer, -2 the one before ("clip skip 2").
    """
    return replace(clip, layer=stop_at_clip_layer)

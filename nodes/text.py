"""From a prompt to conditioning: the three stages of the text path, and all three in one."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from engine.diffusion.types import Conditioning, Embeds, Tokens
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.sockets import Range
from engine.models.handle import Clip
from nodes.facts import family_of, passed
from nodes.prompt import Prompt, encoding, prompted, tokens_of


@node(
    "CLIPTextEncode",
    runs_on="device",
    category="conditioning",
    label="CLIP Text Encode (Prompt)",
    facts=prompted("text"),
)
def clip_text_encode(*, text: Prompt = "", clip: Clip, context: Context) -> Conditioning:
    """Encode a prompt into the conditioning that guides the denoiser: tokenize, embed and transform in one node.

    Args:
        text: The prompt; (word:1.2) weighs a word more, (word) weighs it 1.1 times, embedding:name is a learnt word.
        clip: The text encoder.
    """
    tokens = tokens_of(text, clip, context)
    with encoding(clip, context) as encode:
        return Conditioning((encode(tokens),))


@node("CLIPTokenize", category="conditioning/stages", label="CLIP Tokenize", facts=prompted("text"))
def clip_tokenize(*, clip: Clip, text: Prompt = "", context: Context) -> Tokens:
    """First stage: cut a prompt into tokens of the vocabulary, in chunks of 75 framed by a start and an end.

    Args:
        clip: The text encoder whose vocabulary is used; models with two read the same tokens with both.
        text: The prompt; (word:1.2) weighs a word more, embedding:name is a learnt word.
    """
    return tokens_of(text, clip, context)


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
        clip: The text encoder whose table of vectors is used; of two encoders the vectors stand one behind the other.
        tokens: The tokens of the first stage.
    """
    from engine.models.prompts import embed, reader

    with context.lease(*clip.handles) as encoders:
        return embed(encoders, tokens, reader(context.path))


@node(
    "CLIPTransform", runs_on="device", category="conditioning/stages", label="CLIP Transform", facts=family_of("clip")
)
def clip_transform(*, clip: Clip, embeds: Embeds, context: Context) -> Conditioning:
    """Third stage: let the transformer read the token vectors in order; each word's vector takes in what stands before.

    Args:
        clip: The text encoder; where CLIP Set Last Layer stopped it, it stops.  Two encoders each read their own half.
        embeds: The token vectors of the second stage.
    """
    from engine.models.prompts import transform

    with context.lease(*clip.handles) as encoders:
        return Conditioning((transform(encoders, embeds, clip.layer),))


@node("CLIPSetLastLayer", category="conditioning", label="CLIP Set Last Layer", facts=passed("clip"))
def clip_set_last_layer(*, clip: Clip, stop_at_clip_layer: Annotated[int, Range(-24, -1, step=1)] = -1) -> Clip:
    """Take the text encoder's answer from an earlier layer (clip skip).

    Args:
        clip: The text encoder.
        stop_at_clip_layer: Counted from the end: -1 is the last layer, -2 the one before ("clip skip 2"). Without this
            node Stable Diffusion 1 uses -1, Stable Diffusion 2 and XL use -2.
    """
    return replace(clip, layer=stop_at_clip_layer)

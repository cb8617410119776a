"""The text encoder in its three stages: tokenize (text → ids), embed (ids → vectors), transform (vectors → Cond)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from engine.diffusion.types import Cond, Embeds, Tokens
from engine.models.families import Family
from engine.models.text import PromptError, tokenize
from engine.models.tokens import tokenize_prompt
from engine.models.vocabulary import END_ID, START_ID


class TextEncoder:
    """A CLIP text model as leased from the manager."""

    def __init__(self, module: nn.Module, family: Family) -> None:
        self.module = module
        self._text: Any = getattr(module, "text_model", module)
        self._family = family

    @property
    def layers(self) -> int:
        """Layers of the transformer."""
        return len(self._text.encoder.layers)

    def tokenize(self, prompt: str) -> Tokens:
        """Tokens of a prompt in chunks of 77, with weights; raises PromptError."""
        return tokenize_prompt(prompt, self._family.name)

    @torch.no_grad()
    def embed(self, tokens: Tokens) -> Embeds:
        """Vectors [chunks, 77, D] of the tokens, float32 on the host; raises PromptError for ids the table lacks."""
        return Embeds(self._vectors(tokens.ids).float().cpu(), tokens)

    def _vectors(self, ids: Sequence[Sequence[int]]) -> Tensor:
        table = self._text.embeddings.token_embedding
        rows = table.num_embeddings
        if any(not 0 <= token < rows for chunk in ids for token in chunk):
            raise PromptError(f"These tokens are not of this text encoder: it knows only the ids 0 to {rows - 1}.")
        vectors: Tensor = table(torch.tensor(ids, device=table.weight.device))
        return vectors

    @torch.no_grad()
    def transform(self, embeds: Embeds, layer: int | None = None) -> Cond:
        """The conditioning of embedded tokens: embeds [1, chunks·77, D] and pooled [1, D], float32 on the host.

        Args:
            layer: the layer to stop at, from the end: -1 (or None) is the last; one that is not there means the last.

        A token's weight w moves its vector away from the empty prompt's at the same place: empty + w · (own - empty).
        Pooled is the vector at the first chunk's end token, always of the last layer.
        """
        tokens = embeds.tokens
        chunks = len(tokens.ids)
        width = self._text.embeddings.token_embedding.embedding_dim
        if tuple(embeds.vectors.shape) != (chunks, len(tokens.ids[0]), width):
            raise PromptError(
                f"Token vectors {list(embeds.vectors.shape)} are not of this text encoder (width {width})."
            )
        weighted = any(weight != 1.0 for chunk in tokens.weights for weight in chunk)
        vectors = self._at_home(embeds.vectors)
        if weighted:
            vectors = torch.cat([vectors, self._vectors([self._empty(len(tokens.ids[0]))])])
        hidden, last = self._run(vectors, layer)
        states = _weigh(hidden[:chunks], hidden[-1], tokens.weights) if weighted else hidden
        pooled = last[0, tokens.ids[0].index(END_ID)]
        return Cond(states.reshape(1, -1, width).cpu(), pooled[None].cpu())

    def encode(self, prompt: str, layer: int | None = None) -> Cond:
        """All three stages."""
        return self.transform(self.embed(self.tokenize(prompt)), layer)

    def _empty(self, length: int) -> Sequence[int]:
        return tokenize("", lambda text: (), length=length, start=START_ID, end=END_ID, pad=self._family.pad).ids[0]

    def _at_home(self, vectors: Tensor) -> Tensor:
        weight = self._text.embeddings.token_embedding.weight
        return vectors.to(weight.device, weight.dtype)

    def _run(self, vectors: Tensor, layer: int | None) -> tuple[Tensor, Tensor]:
        """Normed hidden states [chunks, T, D] in float32, after the wanted layer and after the last."""
        text = self._text
        hidden = text.embeddings(inputs_embeds=vectors)
        length = vectors.shape[1]
        mask = torch.full((length, length), float("-inf"), dtype=hidden.dtype, device=hidden.device).triu(1)[None, None]
        stop = self.layers + layer if layer is not None and -self.layers <= layer < 0 else self.layers - 1
        wanted = hidden
        for i, block in enumerate(text.encoder.layers):
            hidden = block(hidden, mask)
            if i == stop:
                wanted = hidden
        return text.final_layer_norm(wanted).float(), text.final_layer_norm(hidden).float()


def _weigh(states: Tensor, empty: Tensor, weights: Sequence[Sequence[float]]) -> Tensor:
    w = torch.tensor(weights, dtype=states.dtype, device=states.device)[..., None]
    return torch.where(w == 1.0, states, (states - empty) * w + empty)

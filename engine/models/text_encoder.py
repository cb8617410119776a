"""A CLIP text model in its three stages: tokenize (text → ids), embed (ids → vectors), transform (vectors → Cond)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from engine.diffusion.types import Cond, Embeds, Tokens
from engine.models.families import TextKind
from engine.models.text import PromptError, repadded
from engine.models.tokens import empty_chunk, tokenize_padded
from engine.models.vocabulary import END_ID, TOKENS

Learnt = Callable[[Hashable, int], Tensor]
"""(file, width) -> its learnt vectors [n, width], on the host; raises PromptError."""


def no_learnt(file: Hashable, width: int) -> Tensor:
    """Learnt vectors where there are none to be had."""
    raise PromptError("The tokens name learnt words, and no file can be read here.")


Weigh = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(states [chunks, 77, D], the empty prompt's [77, D], weights [chunks, 77, 1]) -> weighed states."""


def from_empty(states: Tensor, empty: Tensor, weights: Tensor) -> Tensor:
    """Weights as ComfyUI means them: away from the empty prompt at the same place, empty + w · (own - empty)."""
    return torch.where(weights == 1.0, states, (states - empty) * weights + empty)


def mean_restored(states: Tensor, empty: Tensor, weights: Tensor) -> Tensor:
    """Weights as AUTOMATIC1111's program means them: vectors times weights, then each chunk's mean made what it was."""
    weighed = states * weights
    sides = (1, 2)
    return weighed * (states.mean(sides, keepdim=True) / weighed.mean(sides, keepdim=True))


class TextEncoder:
    """A CLIP text model as leased from the manager; `cut` says that its file left out the last layer."""

    def __init__(self, module: nn.Module, kind: TextKind, *, cut: bool = False) -> None:
        self.module = module
        self.kind = kind
        self._text: Any = getattr(module, "text_model", module)
        self._projection: Any = getattr(module, "text_projection", None)
        self._whole = self.layers + cut

    @property
    def layers(self) -> int:
        """Layers of the transformer that are there."""
        return len(self._text.encoder.layers)

    @property
    def width(self) -> int:
        """Width of a token's vector."""
        return int(self._text.embeddings.token_embedding.embedding_dim)

    @property
    def table(self) -> Tensor:
        """The vector of each token of the vocabulary [tokens, D], float32 on the host."""
        weight: Tensor = self._text.embeddings.token_embedding.weight
        return weight.detach().float().cpu()

    def tokenize(self, prompt: str) -> Tokens:
        """Tokens of a prompt in chunks of 77, with weights; raises PromptError."""
        return tokenize_padded(prompt, self.kind.pad)

    @torch.no_grad()
    def embed(self, tokens: Tokens, learnt: Learnt = no_learnt) -> Embeds:
        """Vectors [chunks, 77, D] of the tokens, float32 on the host, after padding as this encoder wants it.

        Raises PromptError for ids that the table lacks, or learnt words that cannot be had.
        """
        tokens = repadded(tokens, self.kind.pad)
        return Embeds(self._vectors(tokens, learnt).float().cpu(), tokens)

    def _vectors(self, tokens: Tokens, learnt: Learnt) -> Tensor:
        table = self._text.embeddings.token_embedding
        rows = table.num_embeddings
        words = {(c, t): id - TOKENS for c, ids in enumerate(tokens.ids) for t, id in enumerate(ids) if id >= TOKENS}
        plain = [[END_ID if id >= TOKENS else id for id in ids] for ids in tokens.ids] if words else tokens.ids
        known = all(0 <= id < rows for ids in plain for id in ids)
        if not known or any(word >= len(tokens.learnt) for word in words.values()):
            raise PromptError(
                "These tokens are not of this text encoder: it knows only the ids 0 to {last}.",
                last=rows - 1,
            )
        vectors: Tensor = table(torch.tensor(plain, device=table.weight.device))
        for (chunk, place), word in words.items():
            file, row = tokens.learnt[word]
            vectors[chunk, place] = learnt(file, self.width)[row].to(vectors)
        return vectors

    @torch.no_grad()
    def transform(self, embeds: Embeds, layer: int | None = None, weigh: Weigh = from_empty) -> Cond:
        """The conditioning of embedded tokens: embeds [1, chunks·77, D] and pooled [1, D'], float32 on the host.

        Args:
            layer: the layer to stop at, from the end: -1 is the last, None the family's; one that is not there means
                the last.
            weigh: what a token's weight does to its vector.

        Pooled is the vector at the first chunk's end token, always of the last layer, projected where the file holds a
        projection.
        """
        tokens = embeds.tokens
        chunks = len(tokens.ids)
        if tuple(embeds.vectors.shape) != (chunks, len(tokens.ids[0]), self.width):
            raise PromptError(
                "Token vectors {shape} are not of this text encoder (width {width}).",
                shape=str(list(embeds.vectors.shape)),
                width=self.width,
            )
        weighted = any(weight != 1.0 for chunk in tokens.weights for weight in chunk)
        vectors = self._at_home(embeds.vectors)
        if weighted:
            empty = Tokens((empty_chunk(self.kind.pad),), ())
            vectors = torch.cat([vectors, self._vectors(empty, no_learnt)])
        hidden, last = self._run(vectors, layer)
        states = weigh(hidden[:chunks], hidden[-1], self._table(tokens.weights, hidden)) if weighted else hidden
        pooled = self._pooled(last[:1, tokens.ids[0].index(END_ID)])
        return Cond(states.reshape(1, -1, self.width).cpu(), pooled.float().cpu())

    def encode(self, prompt: str, layer: int | None = None) -> Cond:
        """All three stages."""
        return self.transform(self.embed(self.tokenize(prompt)), layer)

    def _at_home(self, vectors: Tensor) -> Tensor:
        weight = self._text.embeddings.token_embedding.weight
        return vectors.to(weight.device, weight.dtype)

    def _run(self, vectors: Tensor, layer: int | None) -> tuple[Tensor, Tensor]:
        """Hidden states [chunks, T, D]: after the wanted layer in float32, and normed after the last."""
        text = self._text
        hidden = text.embeddings(inputs_embeds=vectors)
        length = vectors.shape[1]
        mask = torch.full((length, length), float("-inf"), dtype=hidden.dtype, device=hidden.device).triu(1)[None, None]
        stop, normed = self._stop(layer)
        wanted = hidden
        for i, block in enumerate(text.encoder.layers):
            hidden = block(hidden, mask)
            if i == stop:
                wanted = hidden
        return (text.final_layer_norm(wanted) if normed else wanted).float(), text.final_layer_norm(hidden)

    def _stop(self, layer: int | None) -> tuple[int, bool]:
        """The layer whose answer is taken, and whether the last norm follows."""
        wanted = self.kind.layer if layer is None else layer
        if not -self._whole <= wanted < 0:
            return self.layers - 1, True
        return min(self._whole + wanted, self.layers - 1), self.kind.normed

    def _pooled(self, vector: Tensor) -> Tensor:
        projected: Tensor = vector if self._projection is None else self._projection(vector)
        return projected

    def _table(self, weights: Sequence[Sequence[float]], like: Tensor) -> Tensor:
        return torch.tensor(weights, dtype=like.dtype, device=like.device)[..., None]

"""The token table while training: only the rows that occur, put back into all 49,408 at export."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.models.vocabulary import END_ID, LENGTH, START_ID, TOKENS, clip_tokenizer
from engine.training.captions import all_captions


class TokenRows:
    """A numbering of the tokens that the captions use; start and end are the last two rows, as in the full table."""

    def __init__(self, texts: list[str]) -> None:
        tokenizer = clip_tokenizer()
        used = {int(i) for text in texts for i in tokenizer(text, truncation=True).input_ids}
        self.ids = [*sorted(used - {START_ID, END_ID}), START_ID, END_ID]
        self._row = torch.full((TOKENS,), -1, dtype=torch.long)
        self._row[self.ids] = torch.arange(len(self.ids))
        self._seen: dict[str, Tensor] = {}

    @classmethod
    def of_captions(cls) -> TokenRows:
        """Return the numbering for everything that a training caption can say."""
        return cls(all_captions())

    def __len__(self) -> int:
        return len(self.ids)

    def encode(self, texts: list[str]) -> Tensor:
        """Return rows [B, 77] of the texts, padded with the end token; tokens never trained on are left out."""
        return torch.stack([self._encode(text) for text in texts])

    def _encode(self, text: str) -> Tensor:
        if text not in self._seen:
            rows = self._row[clip_tokenizer()(text, truncation=True).input_ids]
            rows = rows[rows >= 0]
            self._seen[text] = torch.cat([rows, torch.full((LENGTH - len(rows),), len(self) - 1)])
        return self._seen[text]

    def scatter(self, table: Tensor) -> Tensor:
        """Return the full table [49408, width]: trained rows in place, the mean of the trained rows elsewhere."""
        full = table[:-2].mean(0).expand(TOKENS, -1).clone()
        full[self.ids] = table
        return full

"""Errors that can be told in any language: a sentence with gaps, and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Telling:
    """An English sentence with gaps such as ``{name}``, and the values that stand in them.

    The sentence is also the key by which a catalogue holds it in another language, so it is written out where it is
    raised and never put together. A value is a text, a number, or a telling of its own; a number that needs a form
    (digits, a unit) is made a text before.
    """

    sentence: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        return self.sentence.format(**self.values)

    def plain(self) -> dict[str, Any]:
        """As JSON: ``{"sentence", "values"}``, tellings within tellings too."""
        values = {k: v.plain() if isinstance(v, Telling) else v for k, v in self.values.items()}
        return {"sentence": self.sentence, "values": values}


class Told(ValueError):
    """What a person did cannot be done; `str()` is the sentence, `telling` what other languages need of it."""

    def __init__(self, sentence: str, /, **values: Any) -> None:
        self.telling = Telling(sentence, values)
        super().__init__(str(self.telling))

"""Strength by block: "input 0.5, middle 1, output_4 0".  Torch-free.

Blocks have the names of the original code: input_0 … input_11, middle_0 … middle_2, output_0 … output_11, time, label,
out; text_0 … and text_g_0 … are layers of the text encoders.  A shorter name stands for all that begin with its words:
"input" for every input block, "all" for everything.  The longest name that fits a block counts.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from engine.graph.sockets import Complaint
from engine.models.handle import Part

Blocks = tuple[tuple[str, float], ...]
"""Names and factors, the longest names first."""

ALL = "all"
LIMIT = 100.0

_ENTRY = re.compile(r"([a-z_]+?(?:_\d+)?)\s*[\s:=]\s*([-+]?(?:\d+\.?\d*|\.\d+))")
_NAME = re.compile(
    r"all|(input|middle|output|text|text_g)(_\d{1,2})?|time|label|out|text(_g)?_(embeddings|final|projection)"
)
_UNET = re.compile(r"(input|middle|output)_blocks?\.(\d+)\.|(time)_embed|(label)_emb|(out)\.")
_LAYER = re.compile(r"encoder\.layers\.(\d+)\.|(embeddings|projection)|(final)_layer_norm")


def parse_blocks(text: str) -> Blocks:
    """The factors that a text gives; raises ValueError(entry) for the first entry that cannot be read."""
    found: dict[str, float] = {}
    for entry in filter(None, (part.strip() for part in re.split(r"[,;\n]", text))):
        read = _ENTRY.fullmatch(entry.lower())
        value = float(read[2]) if read else math.nan
        if read is None or not _NAME.fullmatch(read[1]) or not abs(value) <= LIMIT:
            raise ValueError(entry)
        found[read[1]] = value
    return tuple(sorted(found.items(), key=lambda item: (item[0] == ALL, -len(item[0].split("_")), item[0])))


def factor(blocks: Blocks, block: str) -> float:
    """The factor of a block; 1 where none is named."""
    return next((value for name, value in blocks if name in (ALL, block) or block.startswith(f"{name}_")), 1.0)


def block_of(part: Part, name: str) -> str:
    """The block of a parameter, by its original name (denoiser) or transformers' (text encoders)."""
    if part == "denoiser":
        found = _UNET.match(name)
        return "_".join(filter(None, found.groups())) if found else ""
    found = _LAYER.search(name)
    return "_".join((part, *filter(None, found.groups()))) if found else part


@dataclass(frozen=True, slots=True)
class BlockFactors:
    """A text that gives strengths by block; one that cannot be read is a problem before the run."""

    def complaint(self, value: Any) -> Complaint | None:
        """Names the first entry that cannot be read, and offers the text without those."""
        try:
            parse_blocks(value)
        except ValueError as error:
            good = ", ".join(entry.strip() for entry in re.split(r"[,;\n]", value) if _reads(entry))
            return Complaint("bad_blocks", {"entry": str(error)[:80]}, value=good)
        return None


def _reads(entry: str) -> bool:
    try:
        return bool(parse_blocks(entry))
    except ValueError:
        return False

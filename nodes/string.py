"""Text: cut into lists."""

from __future__ import annotations

import re
from typing import Annotated

from engine.graph.define import node
from engine.graph.sockets import Choice, Widget

SEPARATORS = {"lines": r"[\r\n]+", "commas": r"[,;，、]", "words": r"\s+"}


@node("SplitText", category="utils/string", label="Split Text")
def split_text(
    *,
    text: Annotated[str, Widget("multiline")] = "",
    at: Annotated[str, Choice(tuple(SEPARATORS))] = "lines",
) -> list[str]:
    """Cut a text into a list of its parts; empty parts are left out.

    Args:
        text: The text.
        at: Where to cut.
    """
    return [part for piece in re.split(SEPARATORS[at], text) if (part := piece.strip())]

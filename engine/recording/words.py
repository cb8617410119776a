"""Which prompt a sampler's branch read: found in the graph, from its input up to the node that has the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.files import FileProblem, Library
from engine.graph.graph import Const, Graph, Link, NodeId
from engine.models.embeddings import finder
from engine.models.families import FAMILIES
from engine.models.mentions import Embeddings
from engine.models.text import PromptError
from engine.models.tokens import tokenize_prompt
from engine.models.vocabulary import END_ID, token_texts

READERS = {"CLIPTextEncode": "text"}
"""Node types that make a conditioning of a prompt, and which of their inputs is the prompt."""
ONE = ("conditioning", "cond", "guider")
"""Inputs by which one conditioning is handed on, whatever branch it is for."""

Words = Sequence[tuple[str, int]]
"""Tokens of a prompt: text, and place in the conditioning."""

Value = Callable[[Link], Any]
"""The value of a link that is not a constant, if it is known; else None."""


def words_of(graph: Graph, library: Library, value: Value) -> Callable[[NodeId, str, str], Words | None]:
    """What tells of a sampler's node, a branch and a family its tokens; None where they are unknown."""

    def words(node: NodeId, branch: str, family: str) -> Words | None:
        text = prompt_of(graph, node, branch, value)
        return None if text is None else tokens_of(text, library, family)

    return words


def prompt_of(graph: Graph, node: NodeId, branch: str, value: Value) -> str | None:
    """The text of the one prompt that a branch read; None where there are several, or none is found."""
    here: NodeId | None = node
    for _ in range(len(graph.nodes)):
        found = graph.nodes.get(here) if here is not None else None
        if found is None:
            return None
        if (name := READERS.get(found.type)) is not None:
            arg = found.inputs.get(name)
            text = arg.value if isinstance(arg, Const) else value(arg) if isinstance(arg, Link) else None
            return text if isinstance(text, str) else None
        names = [n for n in (branch, *ONE) if isinstance(found.inputs.get(n), Link)]
        link = found.inputs[names[0]] if names else None
        here = link.node if isinstance(link, Link) else None
    return None


def tokens_of(text: str, library: Library, family: str) -> Words | None:
    """The tokens of a prompt without start, end and padding; None for one that cannot be read."""
    family = family if family in FAMILIES else next(iter(FAMILIES))
    try:
        files = Embeddings().files(text, library)
        made = tokenize_prompt(text, family, finder(files, library.resolve, family))
    except (PromptError, FileProblem):
        return None
    texts = token_texts()
    found: list[tuple[str, int]] = []
    at = 0
    for ids in made.ids:
        end = ids.index(END_ID, 1)
        found += [(texts[id] if id < len(texts) else "", at + i) for i, id in enumerate(ids[1:end], 1)]
        at += len(ids)
    return found

"""Which prompt a sampler's branch read: found in the graph, from its input up to the node that has the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from engine.files import FileProblem, Library
from engine.graph.graph import Const, Graph, Link, Node, NodeId
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
JOINED = {"ConditioningCombine": (("conditioning_1",), ("conditioning_2",))}
"""Node types that put the conditionings of several inputs one behind the other."""
MOST = 10_000
"""Nodes that are looked at: what is joined with itself again and again has more prompts than anybody can read."""

Words = Sequence[tuple[str, int]]
"""Tokens of a prompt: text, and place in the conditioning."""

NUMBERED = re.compile(r"(.+)\.([2-9]|[1-9]\d+)")

Value = Callable[[Link], Any]
"""The value of a link that is not a constant, if it is known; else None."""


def words_of(graph: Graph, library: Library, value: Value) -> Callable[[NodeId, str, str], Words | None]:
    """What tells of a sampler's node, a branch and a family its tokens; None where they are unknown."""

    def words(node: NodeId, prompt: str, family: str) -> Words | None:
        branch, number = numbered(prompt)
        texts = prompts_of(graph, node, branch, value)
        text = texts[number] if number < len(texts) else None
        return None if text is None else tokens_of(text, library, family)

    return words


def prompts_of(graph: Graph, node: NodeId, branch: str, value: Value) -> list[str | None]:
    """The texts of the prompts that a branch read, in the order of its conditionings; None for what is not known."""
    texts: list[str | None] = []
    todo: list[NodeId | None] = [node]
    for _ in range(MOST):
        if not todo:
            return texts
        found = graph.nodes.get(here) if (here := todo.pop()) is not None else None
        if found is None:
            texts.append(None)
        elif (name := READERS.get(found.type)) is not None:
            arg = found.inputs.get(name)
            text = arg.value if isinstance(arg, Const) else value(arg) if isinstance(arg, Link) else None
            texts.append(text if isinstance(text, str) else None)
        else:
            todo += reversed([_source(found, *names) for names in JOINED.get(found.type, ((branch, *ONE),))])
    return []


def _source(node: Node, *names: str) -> NodeId | None:
    """The node that the first of these inputs is linked to."""
    return next((arg.node for name in names if isinstance(arg := node.inputs.get(name), Link)), None)


def numbered(prompt: str) -> tuple[str, int]:
    """The inverse of `models.attention.named`: the branch, and which of its conditionings, counted from 0."""
    found = NUMBERED.fullmatch(prompt)
    return (found[1], int(found[2]) - 1) if found else (prompt, 0)


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

"""What nodes that read prompts share: the input's type, what is known of it before a run, the way to the encoders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from engine.diffusion.types import Cond, Tokens
from engine.files import Library
from engine.graph.context import Context
from engine.graph.facts import Facts, FactsOf, Known
from engine.graph.problems import Mend, Refused
from engine.graph.sockets import Complaint, Widget
from engine.graph.told import beside
from engine.models.embeddings import finder, learnt_word
from engine.models.handle import Clip
from engine.models.mentions import Embeddings, near_words, resolve
from engine.models.text import Find, PromptError, candidates, named_words
from nodes.facts import without_unknown

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


Prompt = Annotated[str, Widget("multiline"), NoLoraTags(), Embeddings()]
"""A prompt as an input."""


def prompted(*texts: str, plain: Callable[[str], str] = str) -> FactsOf:
    """The output has the family of `clip` and brings no channels; learnt words that `texts` name must be there, for it.

    Args:
        plain: from a text to one that names the same words in the ordinary grammar.
    """

    def facts(known: Known) -> Sequence[Facts]:
        family = known.facts("clip").get("family")
        for name in texts if known.library is not None else ():
            constant = known.get(name)
            text = constant if isinstance(constant, str) else known.facts(name).get("value")
            if isinstance(text, str) and "embedding:" in text:
                _check(known.library, name, text, plain(text), family, constant is text)  # type: ignore[arg-type]
        return (without_unknown(family=family, brings=(0,)),)

    return facts


def _check(library: Library, name: str, text: str, plain: str, family: str | None, typed: bool) -> None:
    """Raise Refused for a learnt word that is not there, or of no use to this family."""
    for word in named_words(plain):
        ref = resolve(library, word)
        if ref is None:
            shown, near = (candidates(word) or ("",))[-1], near_words(library, word)
            better = f"embedding:{near[0]}" if near else shown
            mend = Mend("set", {"value": text.replace(f"embedding:{shown}", better, 1)}) if typed else None
            raise Refused("unknown_embedding", {"name": shown, "near": near}, name, mend)
        try:
            learnt_word(ref, library.path(ref.kind, ref.name), family)
        except PromptError as error:
            without = text.replace(f"embedding:{word}", "", 1).strip(" ,")
            mend = Mend("set", {"value": without}) if typed else None
            raise Refused("bad_embedding", {"name": ref.name, **beside(error)}, name, mend) from None


Tokenize = Callable[[str, str, Find], Tokens]
"""(prompt, family, what finds learnt words) -> tokens."""


def tokens_of(text: str, clip: Clip, context: Context, tokenize: Tokenize | None = None) -> Tokens:
    """Tokens of a prompt, with the learnt words that it names; in the ordinary grammar if not told otherwise."""
    from engine.models.tokens import tokenize_prompt

    find = finder(context.mentioned, context.path, clip.family)
    return (tokenize or tokenize_prompt)(text, clip.family, find)


@contextmanager
def encoding(clip: Clip, context: Context, **options: Any) -> Iterator[Callable[..., Cond]]:
    """With the encoders leased: from the tokens of a prompt (or of one for each encoder) to its conditioning."""
    from engine.models.prompts import encode, reader

    learnt = reader(context.path)
    with context.lease(*clip.handles) as encoders:
        yield lambda *tokens: encode(encoders, tokens, clip.layer, learnt, **options)

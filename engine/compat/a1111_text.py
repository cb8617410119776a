"""A1111's text of a picture, taken apart: two prompts, and fields by name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_FIELD = re.compile(r'\s*([\w][\w \-/]{0,80}):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
_LORA = re.compile(r"<(?:lora|lyco):([^:<>]{1,200})(?::([^<>]{0,60}))?>", re.IGNORECASE)
_OTHER = re.compile(r"<(?:hypernet|ip-adapter):[^<>]{1,200}>", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,8})?")
_OWN_SYNTAX = re.compile(r"\[[^\[\]]{0,200}[:|][^\[\]]{0,200}\]|\bAND\b|\bBREAK\b")

NEGATIVE = "Negative prompt:"
LONGEST = 1 << 18
"""Characters of a text; what is beyond is not read."""

MOST_LORAS = 64
LIGHTER = 1 / 1.1
"""What A1111 multiplies the weight of words in square brackets by."""


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA that a prompt asked for, with its strengths for the denoiser and for the text encoder."""

    name: str
    model: float
    clip: float


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt without tags, brackets made weights; what was taken out, and what A1111 alone would understand."""

    text: str
    loras: tuple[Lora, ...] = ()
    other: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """Prompts as they were written, and the fields of the last line."""

    positive: str
    negative: str
    fields: Mapping[str, str] = field(default_factory=dict)


def recipe(text: str) -> Recipe:
    """The parts of a text; a text without fields is a prompt."""
    lines = text[:LONGEST].replace("\r\n", "\n").strip().split("\n")
    last = next((n for n in range(len(lines) - 1, -1, -1) if lines[n].startswith("Steps: ")), len(lines))
    head = lines[:last]
    cut = next((n for n, line in enumerate(head) if line.strip().startswith(NEGATIVE)), len(head))
    negative = "\n".join(head[cut:]).strip().removeprefix(NEGATIVE).strip()
    found = {name.strip(): _unquoted(value) for name, value in _FIELD.findall(" ".join(lines[last:]))}
    return Recipe("\n".join(head[:cut]).strip(), negative, found)


def _unquoted(value: str) -> str:
    value = value.strip()
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value.strip('"')


def prompt(text: str) -> Prompt:
    """A prompt in the words of the text encoder's node."""
    loras = tuple(_lora(m[1], m[2] or "1") for m in list(_LORA.finditer(text))[:MOST_LORAS])
    other = [*_OTHER.findall(text), *(m[0] for m in _OWN_SYNTAX.finditer(_LORA.sub("", text)))]
    plain = lightened(_OTHER.sub("", _LORA.sub("", text)))
    return Prompt(re.sub(r"[ \t]{2,}", " ", plain).strip(" ,\n"), loras, tuple(dict.fromkeys(other)))


def _lora(name: str, weights: str) -> Lora:
    """Weights are `model`, `model:clip`, or named: `te=0.5:unet=1`."""
    parts = [p.partition("=") for p in weights.split(":")]
    named = {key.strip(): _number(value) for key, equals, value in parts if equals}
    plain = [_number(key) for key, equals, _ in parts if not equals]
    text = named.get("te", plain[0] if plain else 1.0)
    return Lora(name.strip(), named.get("unet", plain[1] if len(plain) > 1 else text), text)


def _number(text: str) -> float:
    found = _NUMBER.match(text.strip())
    return float(found[0]) if found else 1.0


def lightened(text: str) -> str:
    """A prompt whose plain square brackets are weights: `[word]` is `(word:0.909)`; others stay as they are."""
    out: list[str] = []
    opened: list[int] = []
    skip = False
    for char in text:
        out.append(char)
        if skip or char == "\\":
            skip = not skip
        elif char == "[":
            opened.append(len(out) - 1)
        elif char == "]" and opened:
            start = opened.pop()
            inside = "".join(out[start + 1 : -1]) if len(out) - start < 400 else ":"
            if inside and not re.search(r"[:|]", re.sub(r":-?\d{0,6}\.?\d{0,6}\)", "", inside)):
                out[start], out[-1] = "(", f":{LIGHTER:.3f})"
    return "".join(out)

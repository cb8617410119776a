"""Names close to one that was not found."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher


def nearest(name: str, options: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Up to `count` of `options` that look like `name`, best first; case, folders and extensions do not count."""
    asked = _plain(name)
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(asked)
    scored: list[tuple[float, str]] = []
    for option in options:
        matcher.set_seq1(_plain(option))
        if matcher.real_quick_ratio() >= CLOSE and matcher.quick_ratio() >= CLOSE and (r := matcher.ratio()) >= CLOSE:
            scored.append((-r, option))
    return tuple(option for _, option in sorted(scored)[:count])


CLOSE = 0.6
"""The least similarity (0..1, Ratcliff and Obershelp 1988) of a name worth showing."""


_EXTENSION = re.compile(r"\.[a-z]{2,11}$")


def _plain(name: str) -> str:
    """The last part of a name, lower case, without its extension, at most 200 characters."""
    last = name[-200:].replace("\\", "/").rstrip("/").rpartition("/")[2].lower()
    return _EXTENSION.sub("", last) or last

"""Errors that can be told in any language: a sentence with gaps, and what stands in them."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from engine.graph.problems import Problem, short
from engine.graph.sentences import sentence, tell


@dataclass(frozen=True, slots=True)
class Telling:
    """An English sentence with gaps such as ``{name}``, and the values that stand in them.

    The sentence is also the key by which a catalogue holds it in another language, so it is written out where it is
    raised and never put together. A value is a text, a number, a telling of its own, a problem, or a list of these; a
    number that needs a form (digits, a unit) is made a text before. The value ``node_type`` is a type of node.
    """

    sentence: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        return self.sentence.format_map({name: _text(value) for name, value in self.values.items()})

    def plain(self) -> dict[str, Any]:
        """As JSON: ``{"sentence", "values"}``; a problem among the values as ``{"code", "args", "node", "input"}``."""
        return {"sentence": self.sentence, "values": {name: _plain(value) for name, value in self.values.items()}}


def telling(sentence: str, /, **values: Any) -> Telling:
    """A sentence that is no error of its own: a part of another's, or a warning."""
    return Telling(sentence, values)


def any_of(items: Sequence[Any]) -> Any:
    """One or more texts or tellings as "a, b or c"."""
    return items[0] if len(items) == 1 else telling("{some} or {last}", some=list(items[:-1]), last=items[-1])


def all_of(items: Sequence[Any]) -> Any:
    """One or more texts or tellings as "a, b and c"."""
    return items[0] if len(items) == 1 else telling("{some} and {last}", some=list(items[:-1]), last=items[-1])


class Told(ValueError):
    """What a person did cannot be done; `str()` is the sentence, `telling` what other languages need of it."""

    def __init__(self, sentence: str, /, **values: Any) -> None:
        self.telling = Telling(sentence, values)
        super().__init__(str(self.telling))

    @classmethod
    def of(cls, other: Told) -> Self:
        """The same sentence as an error of this class."""
        return cls(other.telling.sentence, **other.telling.values)


def beside(error: Exception) -> dict[str, Any]:
    """The arguments ``reason`` and, where it can be told in other languages, ``telling`` of a problem."""
    if isinstance(error, Told):
        return {"reason": str(error), "telling": error.telling.plain()}
    return {"reason": short(error)}


def why(error: OSError) -> Telling | str:
    """What the system says of a file."""
    return _SYSTEM.get(error.errno or 0) or error.strerror or str(error)


_SYSTEM: Mapping[int, Telling] = {
    errno.EACCES: telling("Permission denied"),
    errno.EPERM: telling("Operation not permitted"),
    errno.ENOENT: telling("No such file or directory"),
    errno.EISDIR: telling("Is a directory"),
    errno.ENOTDIR: telling("Not a directory"),
    errno.ENOSPC: telling("No space left on device"),
    errno.EROFS: telling("Read-only file system"),
    errno.EMFILE: telling("Too many open files"),
    errno.EIO: telling("Input/output error"),
}


def _text(value: Any) -> Any:
    match value:
        case list() | tuple():
            return ", ".join(str(_text(item)) for item in value)
        case Problem():
            told = tell(value.code, value.args) if value.node is None else sentence(value)
            return told.rstrip(".")
        case _:
            return value


def _plain(value: Any) -> Any:
    match value:
        case Telling():
            return value.plain()
        case list() | tuple():
            return [_plain(item) for item in value]
        case Problem():
            return {"code": value.code, "args": dict(value.args), "node": value.node, "input": value.input}
        case bool() | int() | float() | str() | None:
            return value
        case _:
            return str(value)

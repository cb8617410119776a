"""Fingerprints of what steps give: of tensors by their bytes, of models by their files and numbers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.files import FileProblem, FileRef, Library
from engine.recording.format import digest
from engine.run.codecs import Codecs, NotStorable, Record

Print = Callable[[Sequence[Any]], str]
"""The fingerprint of a step's outputs; "" for what has none."""


def prints(codecs: Codecs, library: Library) -> Print:
    """Fingerprints that are the same on every machine that has the same files.

    Args:
        codecs: of what is written to disk; other values are told apart by their fields.
    """
    table = codecs.plus({FileRef: Record("FileRef", lambda ref: _file(ref, library), FileRef), object: _OTHER})

    def found(outputs: Sequence[Any]) -> str:
        try:
            body, buffers = table.encode(tuple(outputs))
            text = json.dumps(body, separators=(",", ":")).encode()
        except (NotStorable, TypeError, ValueError):
            return ""
        return digest(text, *(memoryview(b).cast("B") for b in buffers))

    return found


def _file(ref: FileRef, library: Library) -> Mapping[str, Any]:
    """What a key holds of a file, with a mark of its content where the digest of a large one holds its time."""
    try:
        mark = library.digests.sample(library.path(ref.kind, ref.name)) or ref.digest
    except (FileProblem, OSError):
        mark = ref.digest
    return {"of": tuple(mark if part == ref.digest else part for part in ref.__digest__())}


def _fields(value: Any) -> Mapping[str, Any]:
    """The type of a value and the fields that make it equal to another; raises NotStorable for what has none."""
    if not dataclasses.is_dataclass(value):
        raise NotStorable(f"{type(value).__qualname__} has no fields")
    named = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.compare}
    return {"type": type(value).__qualname__, "fields": named}


_OTHER = Record("value", _fields, dict)

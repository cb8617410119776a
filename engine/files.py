"""Files: the one resolver of names that users give, and the references that it makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file of a library: its kind ("checkpoints", "input", …), its name there ("sdxl/x.safetensors"), its digest."""

    kind: str
    name: str
    digest: str

    def __digest__(self) -> tuple[str, str]:
        """What keys hold of a file: not its name."""
        return (self.kind, self.digest)


class FileProblem(Exception):
    """A name that cannot be used, as a problem's code and args; `str()` of it is one sentence."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code, details)
        self.code = code
        self.details: Mapping[str, Any] = details


class Library:
    """The folders in which files of each kind are looked for."""

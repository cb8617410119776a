"""The learnt words that a prompt names, as the files of a library: for keys and problems before a run.  Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from engine.files import FileProblem, FileRef, Library
from engine.models.embeddings import ENDINGS, KIND
from engine.models.text import candidates, named_words


@dataclass(frozen=True, slots=True)
class Embeddings:
    """A constraint of prompts: the files of the learnt words that the text names are part of the step's key."""

    def complaint(self, value: Any) -> None:
        """Nothing: whether the words are there is told by the node's facts, which know the family too."""

    def files(self, text: str | None, library: Library) -> tuple[FileRef, ...]:
        """The files that a text names; all there are where the text is not known before the run."""
        if text is None:
            found = [_ref(library, name) for name in library.names(KIND)]
        else:
            found = [resolve(library, word) for word in named_words(text)] if "embedding:" in text else []
        return tuple(dict.fromkeys(ref for ref in found if ref is not None))


def resolve(library: Library, word: str) -> FileRef | None:
    """The file that `embedding:word` means, if it is there."""
    names = (name.replace("\\", "/") + ending for name in candidates(word) for ending in ENDINGS)
    return next((ref for name in names if (ref := _ref(library, name)) is not None), None)


def _ref(library: Library, name: str) -> FileRef | None:
    try:
        return library.ref(KIND, name, lambda kind, name: ())
    except FileProblem:
        return None


def near_words(library: Library, word: str) -> tuple[str, ...]:
    """Names of learnt words that look like `word`, as a prompt names them."""
    near = library.near(KIND, (candidates(word) or ("",))[-1])
    return tuple(dict.fromkeys(str(PurePosixPath(name).with_suffix("")) for name in near))

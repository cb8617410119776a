"""Embeddings (textual inversion): the files that hold learnt words, and whether they fit a family.

Torch-free until the vectors themselves are read.  Understood are the files of AUTOMATIC1111 (.pt: "string_to_param"),
of the first training code (the same in a ParameterDict), of diffusers (.bin, .safetensors: a table of words), of
kohya ("emb_params"), and those for two text encoders ("clip_l" and "clip_g").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.files import FileRef
from engine.graph.told import all_of, any_of, telling, why
from engine.models.detect import is_pickle
from engine.models.families import FAMILIES
from engine.models.header import ITEMSIZE, Entry, ModelFileError, read_safetensors
from engine.models.mistaken import mistaken
from engine.models.pickles import read_value, sound
from engine.models.text import Find, PromptError, Word

if TYPE_CHECKING:
    from torch import Tensor

KIND = "embeddings"

ENDINGS = ("", ".safetensors", ".pt", ".bin")
"""What a name in a prompt may leave out, tried in this order."""

LARGEST = 75
"""The most vectors of a learnt word: they stand in one chunk of a prompt."""

MOST = 64
"""The most tensors of a file of learnt words; other kinds of model files have more."""

FLOATS = frozenset(name for name in ITEMSIZE if "F" in name)

Vectors = Mapping[int, tuple[str, int]]
"""By width: the place in the file where the vectors are, and how many they are."""


def vectors_in(path: Path) -> Vectors:
    """The learnt vectors that a file holds, from its header; of several words of one width the first.

    Raises ModelFileError for a file that holds no learnt words.  Remembered by path, size and time of change.
    """
    try:
        stat = path.stat()
        return _vectors_in(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise ModelFileError(
            "{name} cannot be read: {reason}.",
            name=path.name,
            reason=why(error),
        ) from None


@lru_cache(maxsize=1024)
def _vectors_in(path: Path, size: int, mtime: int) -> Vectors:
    entries = {place: entry for place, entry in _entries(path).items() if entry.shape}
    found: dict[int, tuple[str, int]] = {}
    for place, entry in entries.items():
        count = entry.shape[0] if len(entry.shape) == 2 else 1
        if len(entries) > MOST or len(entry.shape) > 2 or entry.dtype not in FLOATS or not 0 < count <= LARGEST:
            raise ModelFileError(
                '{name} is no embedding: it holds a tensor "{tensor}" {shape}.',
                name=path.name,
                tensor=place[:80],
                shape=str(list(entry.shape)),
            )
        found.setdefault(entry.shape[-1], (place, count))
    if not found:
        raise ModelFileError(
            "{name} is no embedding: it holds no vectors.",
            name=path.name,
        )
    return found


def _entries(path: Path) -> Mapping[str, Entry]:
    """What a file holds of tensors, by their places in it."""
    if not _pickled(path):
        header = read_safetensors(path)
        if len(header.tensors) > MOST and (error := mistaken(path.name, header, "")) is not None:
            raise error
        return header.tensors
    entries = {place: item for place, item in _places(read_value(path)[0]) if isinstance(item, Entry)}
    if not all(map(sound, entries.values())):
        raise ModelFileError(
            "{name} is damaged: one of its tensors has no sound shape.",
            name=path.name,
        )
    return entries


def _pickled(path: Path) -> bool:
    with path.open("rb") as file:
        return is_pickle(file.read(2))


def _places(value: Any) -> Iterator[tuple[str, Any]]:
    """Everything inside tables and lists, by its place: keys and numbers joined by "/"."""
    todo: list[tuple[str, Any]] = [("", value)]
    while todo:
        place, item = todo.pop()
        parts = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else None
        if parts is None:
            yield place, item
        else:
            todo += [(f"{place}/{key}" if place else str(key), part) for key, part in reversed(list(parts))]


def read_vectors(path: Path, width: int) -> Tensor:
    """The learnt vectors [n, width] of a file, float32; raises ModelFileError, or PromptError for another width."""
    import torch

    from engine.models.weights import load_value, open_weights

    vectors = vectors_in(path)
    if width not in vectors:
        raise PromptError(
            "{name} holds learnt vectors of width {widths}, not {width}.",
            name=path.name,
            widths=_listed(vectors),
            width=width,
        )
    place, _ = vectors[width]
    table = dict(_places(load_value(path))) if _pickled(path) else open_weights(path)
    found = table[place].detach().reshape(-1, width).to(torch.float32, copy=True)
    if not torch.isfinite(found).all():
        raise PromptError(
            "{name} holds numbers that are not finite, so its learnt word cannot be used.",
            name=path.name,
        )
    return found


def misfit(vectors: Vectors, family: str, name: str) -> PromptError | None:
    """Why a file of learnt words called `name` cannot serve a family, None if it can."""
    row = FAMILIES[family]
    needs = tuple(row.text_width(part) for part in row.texts)
    alone = tuple(row.texts) == ("text_g",)  # SDXL's refiner has one of SDXL's two encoders, and takes its words
    if set(needs) != set(vectors) and not (alone and set(needs) < set(vectors)):
        fitting = [f.title for f in FAMILIES.values() if _widths(f.name) == set(vectors)]
        return PromptError(
            "{name} holds a learnt word of width {found}, which is for {family}; {title} takes width {expected}.",
            name=name,
            found=_listed(vectors),
            family=any_of(fitting) if fitting else telling("no known family"),
            title=row.title,
            expected=_listed(needs),
        )
    counts = {vectors[width][1] for width in needs}
    if len(counts) == 1:
        return None
    return PromptError(
        "{name} holds {counts} vectors for the two text encoders; they must be as many.",
        name=name,
        counts=_listed(counts),
    )


def _widths(family: str) -> set[int]:
    row = FAMILIES[family]
    return {row.text_width(part) for part in row.texts}


def _listed(numbers: Iterable[int]) -> Any:
    return all_of(sorted(numbers))


def named(name: str, files: Mapping[str, FileRef]) -> FileRef | None:
    """The file that a prompt means by `name`, which may leave out the ending."""
    plain = name.replace("\\", "/")
    return next((files[plain + ending] for ending in ENDINGS if plain + ending in files), None)


def finder(files: Iterable[FileRef], path: Callable[[FileRef], Path], family: str) -> Find:
    """Finds the learnt words of `files` for a family; the answer raises PromptError for a file that does not fit."""
    by_name = {ref.name: ref for ref in files}

    def find(name: str) -> Word | None:
        ref = named(name, by_name)
        return None if ref is None else learnt_word(ref, path(ref), family)

    return find


def learnt_word(ref: FileRef, path: Path, family: str | None) -> Word:
    """The learnt word that a file holds for a family (None is any); raises PromptError."""
    try:
        vectors = vectors_in(path)
    except ModelFileError as error:
        raise PromptError.of(error) from None
    if family is None:
        return Word(ref, next(iter(vectors.values()))[1])
    if (refusal := misfit(vectors, family, ref.name)) is not None:
        raise refusal
    row = FAMILIES[family]
    return Word(ref, vectors[row.text_width(next(iter(row.texts)))][1])

"""What is known before a run of text encoders in files of their own.  Torch-free."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.files import FileRef
from engine.graph.facts import Facts, Known
from engine.graph.problems import Refused
from engine.graph.told import beside
from engine.models.clip_files import Files, clip_family, paired
from engine.models.detect import inspect_file
from engine.models.header import ModelFileError
from nodes.facts import without_unknown


def one_encoder(known: Known) -> Sequence[Facts]:
    """CLIPLoader: the family that its file is for; a problem where it is for none of its type."""
    return (_facts(known, lambda files, type_: clip_family(files[0][1], files[0][0].name, type_)),)


def two_encoders(known: Known) -> Sequence[Facts]:
    """DualCLIPLoader: the family of its type, whose encoders its files must hold."""

    def family(files: Files, type_: str) -> str:
        paired(files, type_)
        return type_

    return (_facts(known, family),)


def _facts(known: Known, family: Callable[[Files, str], str]) -> Facts:
    """Family and bytes; a file that is of no use is a problem of the first input."""
    refs = {name: value for name, value in known.items() if isinstance(value, FileRef)}
    type_ = known.get("type")
    if known.library is None or not isinstance(type_, str):
        return {}
    try:
        files = [(ref, inspect_file(known.library.path(ref.kind, ref.name))) for ref in refs.values()]
        found = family(files, type_)
    except ModelFileError as error:
        first = next(iter(refs))
        raise Refused("bad_model_file", {"name": refs[first].name, **beside(error)}, first) from None
    sizes = [known.facts(name).get("model_bytes") for name in refs]
    return without_unknown(family=found, model_bytes=None if None in sizes else sum(size or 0 for size in sizes))

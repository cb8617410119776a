"""The user's own files that a graph reads: taken into a bundle, and given to a second run of it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.bundle.account import ModelFile
from engine.bundle.bundle import BundleError, InputFile
from engine.files import FileProblem, Library, contained
from engine.folders import OWN_KINDS
from engine.graph.problems import Problem

LARGEST = 64 << 20
MOST = 256 << 20
"""Bytes of one file, and of all: a bundle is a thing that is sent."""


def inputs_of(files: Iterable[ModelFile], library: Library) -> tuple[tuple[InputFile, ...], tuple[str, ...]]:
    """The pictures, masks and latents among the files that a run read, and why others are left out, a sentence each."""
    found: list[InputFile] = []
    left: list[str] = []
    used = 0
    for file in files:
        if file.kind not in OWN_KINDS or not file.sha256:
            continue
        if file.size > LARGEST or used + file.size > MOST:
            left.append(
                f"The bundle is without {file.kind}/{file.name}, which has {file.size / 1e6:,.0f} MB: it holds files "
                f"of up to {LARGEST >> 20} MiB, {MOST >> 20} MiB in all; send this one with it."
            )
        elif (data := _read(file, library)) is None:
            left.append(f"The bundle is without {file.kind}/{file.name}, which was changed while the run went on.")
        else:
            used += file.size
            found.append(InputFile(file.kind, file.name, file.sha256, data))
    return tuple(found), tuple(left)


def _read(file: ModelFile, library: Library) -> bytes | None:
    """The bytes of a file; None where they are no longer those that ran."""
    try:
        data = library.path(file.kind, file.name).read_bytes()
    except (FileProblem, OSError):
        return None
    return data if hashlib.sha256(data).hexdigest() == file.sha256 else None


@contextmanager
def given(inputs: Iterable[InputFile], place: Path | None) -> Iterator[None]:
    """The files of a bundle in a folder that a session prefers to the user's (`Session.given`), for a while.

    Raises BundleError for a name that leads elsewhere.
    """
    if place is None:
        yield
        return
    try:
        for file in inputs:
            if file.kind not in OWN_KINDS:
                raise BundleError(
                    "The bundle holds a file of the kind {kind}, which none of the user's is.",
                    kind=f"{file.kind!r:.40}",
                )
            try:
                path = contained(place / file.kind, file.name)
            except FileProblem as error:
                raise BundleError(
                    "The bundle holds a file with an unfit name: {problem}.",
                    problem=Problem(error.code, error.details),
                ) from error
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
        yield
    finally:
        for kind in OWN_KINDS:
            shutil.rmtree(place / kind, ignore_errors=True)

"""What a saved picture says of its making, for machines: on what it was made, of which files, and its own pixels.

It names no person, no path and no computer. Torch-free.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.files import FileProblem, FileRef, Library
from engine.graph.graph import Const

if TYPE_CHECKING:
    from PIL import Image

    from engine.graph.plan import Plan

ACCOUNT = "inkwater_run"
"""The name of the text of a picture that holds it."""

FORMAT = 1
LONGEST = 1 << 20
"""Characters of an account that is read: a file from elsewhere may hold anything."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file that a graph names.

    Args:
        sha256: of all of it; "" where it was not there, or is not known.
        sample: what stands for a large file (`Digests.sample`), made of a few of its bytes; "" for small ones.
    """

    kind: str
    name: str
    sha256: str
    size: int
    sample: str = ""

    def same(self, other: ModelFile) -> bool:
        """Whether both hold the same, as far as both say it."""
        for name in ("sha256", "sample"):
            was, now = getattr(self, name), getattr(other, name)
            if was and now:
                return bool(was == now)
        return self.size == other.size


@dataclass(frozen=True, slots=True)
class Account:
    """What is said of a run, and of the one picture that carries it: its node and the digest of its pixels."""

    environment: Mapping[str, str] = field(default_factory=dict)
    packs: Mapping[str, str] = field(default_factory=dict)
    files: tuple[ModelFile, ...] = ()
    node: str = ""
    number: int = 0
    """Which of the node's pictures, counted from 0."""
    pixels: str = ""


def account_of(device: Mapping[str, Any], packs: Mapping[str, str], plan: Plan, library: Library) -> str:
    """The account of a run, without a picture, as text; `device` is what a session's device says of itself."""
    from engine.bundle.environment import PRIVATE, environment  # what it imports takes a while

    known = {name: value for name, value in environment(device).items() if name not in PRIVATE}
    return _text(Account(known, packs, tuple(files_of_plan(plan, library, whole=False))))


def with_picture(text: str, node: str, number: int, picture: Image.Image | None) -> str:
    """An account with what it says of one picture; None is one whose pixels change when it is written."""
    found = json.loads(text)
    return json.dumps(
        {**found, "node": node, "number": number, "pixels": "" if picture is None else pixels_of(picture)}
    )


def read_account(text: str | None) -> Account | None:
    """An account of a file from elsewhere; None where there is none, or none that can be understood."""
    try:
        found = json.loads(text[:LONGEST]) if text else None
        if not isinstance(found, dict) or found["format"] != FORMAT:
            return None
        return Account(
            _texts(found["environment"]),
            _texts(found["packs"]),
            tuple(
                ModelFile(str(f["kind"]), str(f["name"]), str(f["sha256"]), int(f["size"]), str(f["sample"]))
                for f in found["files"]
            ),
            str(found["node"]),
            int(found["number"]),
            str(found["pixels"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def files_of_plan(plan: Plan, library: Library, *, whole: bool) -> Iterator[ModelFile]:
    """The files that the steps of a plan name, each once.

    Args:
        whole: read all of a large file whose sha256 is not known yet, which takes seconds.
    """
    refs: dict[tuple[str, str], FileRef] = {}
    for step in plan.steps.values():
        constants = (arg.value for arg in step.args.values() if isinstance(arg, Const))
        refs |= {(r.kind, r.name): r for r in (*constants, *step.files) if isinstance(r, FileRef)}
    for (kind, name), ref in refs.items():
        try:
            yield _file(kind, name, library, library.path(kind, name), whole)
        except (FileProblem, OSError):
            # What is no single file, such as the pair of decoders that "taesd" stands for, has the key's digest.
            yield ModelFile(kind, name, ref.digest, 0)


def _file(kind: str, name: str, library: Library, path: Path, whole: bool) -> ModelFile:
    digests = library.digests
    if path.is_dir():
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        return ModelFile(kind, name, digests.of(path), size)
    sample = digests.sample(path)
    sha256 = digests.whole(path) if whole or not sample else digests.known_whole(path) or ""
    return ModelFile(kind, name, sha256, path.stat().st_size, sample)


def pixels(data: bytes) -> str:
    """The digest of the pixels of a picture's file."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        return pixels_of(picture)


def pixels_of(picture: Image.Image) -> str:
    """The digest of a picture's pixels, whatever is written beside them."""
    head = f"{picture.width}x{picture.height} {picture.mode} "
    return hashlib.sha256(head.encode() + picture.tobytes()).hexdigest()


def _text(account: Account) -> str:
    return json.dumps({"format": FORMAT, **asdict(account)})


def _texts(given: Mapping[Any, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in given.items()}

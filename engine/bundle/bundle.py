"""The bundle as a value, and the file that holds it: a zip archive of JSON, arrays and pictures. Torch-free."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.bundle.account import ModelFile
from engine.graph.told import Told

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIX = ".inkbundle"
FORMAT = 2
HEAD = "bundle.json"
LARGEST_HEAD = 64 << 20
LARGEST_PART = 1 << 30
"""Bytes, unpacked: a file from elsewhere may claim to hold more than fits into memory."""


class BundleError(Told):
    """A bundle that cannot be read or run; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class SamplerSteps:
    """One run of a sampler: its noise recipe, and digests of x and of the clean latent at each sampler step.

    Args:
        x: float32 [steps, B, C, h, w], what the model was shown; None where it is not kept.
    """

    node: str
    sampler: str
    seed: int
    source: str
    sigmas: tuple[float, ...]
    digests: tuple[str, ...]
    x: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class MadePicture:
    """A picture that a node wrote: the digest that its pixels had then, its file, and which of the node's it is."""

    node: str
    name: str
    pixels: str
    data: bytes
    number: int = 0


@dataclass(frozen=True, slots=True)
class InputFile:
    """A picture, a mask or a latent of the user's that the graph reads, and its sha256."""

    kind: str
    name: str
    sha256: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """A run, as it was.

    Args:
        graph: flattened API format. source: the workflow as it was written, as text; None where there was only a graph.
        outputs: the digest of what each step gave, by node, in the order in which they can run.
    """

    graph: Mapping[str, Any]
    targets: tuple[str, ...]
    source: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    packs: Mapping[str, str] = field(default_factory=dict)
    files: tuple[ModelFile, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    sampling: tuple[SamplerSteps, ...] = ()
    pictures: tuple[MadePicture, ...] = ()
    inputs: tuple[InputFile, ...] = ()


def write(bundle: Bundle, path: Path) -> None:
    """Write a bundle, whole or not at all; raises OSError."""
    head = {
        "format": FORMAT,
        "graph": bundle.graph,
        "targets": list(bundle.targets),
        "environment": dict(bundle.environment),
        "packs": dict(bundle.packs),
        "files": [_fields(file) for file in bundle.files],
        "outputs": dict(bundle.outputs),
        "sampling": [_fields(run, "x") for run in bundle.sampling],
        "pictures": [_fields(made, "data") for made in bundle.pictures],
        "inputs": [_fields(file, "data") for file in bundle.inputs],
    }
    part = path.with_name(f"{path.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(HEAD, json.dumps(head, ensure_ascii=False, indent=1))
            if bundle.source is not None:
                archive.writestr("workflow.json", bundle.source)
            for i, run in enumerate(bundle.sampling):
                if run.x is not None:
                    archive.writestr(f"sampling/{i}.npy", _npy(run.x))
            for i, made in enumerate(bundle.pictures):
                archive.writestr(f"pictures/{i}{Path(made.name).suffix}", made.data, zipfile.ZIP_STORED)
            for i, file in enumerate(bundle.inputs):
                archive.writestr(f"inputs/{i}", file.data)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read(path: Path) -> Bundle:
    """Read a bundle; raises BundleError for what is none, damaged or of a later version, FileNotFoundError."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, path)
    except (FileNotFoundError, BundleError):
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        KeyError,
        TypeError,
        ValueError,
        EOFError,
        NotImplementedError,
    ) as error:
        raise BundleError(
            "{path}: this is no bundle of a run, or it is damaged; make it again with run --bundle.", path=str(path)
        ) from error


def is_bundle(path: Path) -> bool:
    """Whether a file looks like a bundle; raises OSError."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _read(archive: zipfile.ZipFile, path: Path) -> Bundle:
    head = json.loads(_part(archive, HEAD, path, LARGEST_HEAD))
    if int(head["format"]) > FORMAT:
        raise BundleError(
            "{path}: this bundle has format {found}, and this version reads up to {expected}; it was made by a newer "
            "Inkwater: use that one.",
            path=str(path),
            found=int(head["format"]),
            expected=FORMAT,
        )
    names = set(archive.namelist())
    inputs = head.get("inputs", ())  # a bundle of format 1 has none

    def array(i: int) -> NDArray[np.float32] | None:
        name = f"sampling/{i}.npy"
        return _array(_part(archive, name, path)) if name in names else None

    return Bundle(
        graph=dict(head["graph"]),
        targets=tuple(map(str, head["targets"])),
        source=_part(archive, "workflow.json", path).decode("utf-8") if "workflow.json" in names else None,
        environment={str(name): str(value) for name, value in head["environment"].items()},
        packs={str(name): str(value) for name, value in head["packs"].items()},
        files=tuple(ModelFile(**file) for file in head["files"]),
        outputs={str(node): str(value) for node, value in head["outputs"].items()},
        sampling=tuple(_sampled(run, array(i)) for i, run in enumerate(head["sampling"])),
        pictures=tuple(
            MadePicture(**made, data=_part(archive, f"pictures/{i}{Path(made['name']).suffix}", path))
            for i, made in enumerate(head["pictures"])
        ),
        inputs=tuple(_whole(InputFile(**f, data=_part(archive, f"inputs/{i}", path))) for i, f in enumerate(inputs)),
    )


def _whole(file: InputFile) -> InputFile:
    """The file, if it is what it was; raises ValueError."""
    if hashlib.sha256(file.data).hexdigest() != file.sha256:
        raise ValueError(f"{file.kind}/{file.name} is damaged")
    return file


def _sampled(run: Mapping[str, Any], x: NDArray[np.float32] | None) -> SamplerSteps:
    lists = {name: tuple(run[name]) for name in ("sigmas", "digests")}
    return SamplerSteps(**{**run, **lists}, x=x)


def _part(archive: zipfile.ZipFile, name: str, path: Path, most: int = LARGEST_PART) -> bytes:
    """The bytes of a member, by what they are when unpacked and not by what the archive claims."""
    with archive.open(name) as member:
        data = member.read(most + 1)
    if len(data) > most:
        raise BundleError(
            "{path}: {name} is larger than {most} MiB, which no part of a bundle is.",
            path=str(path),
            name=name,
            most=most >> 20,
        )
    return data


def _npy(values: NDArray[np.float32]) -> bytes:
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()


def _array(data: bytes) -> NDArray[np.float32]:
    import numpy as np

    found: NDArray[np.float32] = np.load(io.BytesIO(data), allow_pickle=False).astype(np.float32)
    return found


def _fields(value: ModelFile | SamplerSteps | MadePicture | InputFile, *without: str) -> dict[str, Any]:
    """The fields of a record that go into the JSON, without those that are files of their own."""
    return {f.name: getattr(value, f.name) for f in fields(value) if f.name not in without}

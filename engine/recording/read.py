"""Reading recordings: of a job, of one run of a sampler, of one sampler step. Free of torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.graph.told import why
from engine.recording.folder import Folder, read_json
from engine.recording.format import RecordingError, damaged, digest, plain, read_array, read_head

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a prompt, and its place in the conditioning."""

    text: str
    index: int


class Frame:
    """One sampler step: float32 arrays [B, C, h, w] in the sampler's units, read when they are asked for.

    Args:
        fingerprint: the digest of the bytes of `x` and `clean`.
    """

    def __init__(self, row: Mapping[str, Any], load: Callable[[Mapping[str, Any]], Any]) -> None:
        self.step: int = row["step"]
        self.sigma: float = row["sigma"]
        self.fingerprint: str = row["fingerprint"]
        self._row, self._load = row, load

    @cached_property
    def x(self) -> Floats:
        """The noisy latent that the model was shown."""
        found: Floats = self._load(self._row["x"])
        return found

    @cached_property
    def clean(self) -> Floats:
        """The clean latent that guidance made of the branches."""
        found: Floats = self._load(self._row["clean"])
        return found

    @cached_property
    def branches(self) -> Mapping[str, Floats]:
        """The clean latent of each branch."""
        return {name: self._load(place) for name, place in self._row["branches"].items()}

    @cached_property
    def attention(self) -> Mapping[str, NDArray[np.float16]]:
        """How much each cell of each picture read each token [B, T, h, w], by prompt; empty unless watched.

        A branch's first prompt goes by its name, further ones are "positive.2" and so on.
        """
        found = {name: self._load(place) for name, place in self._row["attention"].items()}
        return {name: maps[None] if maps.ndim == 3 else maps for name, maps in found.items()}


class Recording:
    """One run of a sampler.

    Args:
        key: its name. head: all that is known of it beside the arrays.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.key = key
        self._path = path
        try:
            with path.open("rb") as file:
                self.head = read_head(file, key)
            self.frames = tuple(Frame(row, self._load) for row in self.head["frames"])
        except FileNotFoundError:
            raise RecordingError(
                "There is no recording {key}: it was never made, or removed for newer ones.",
                "no_recording",
                key=key[:80],
            ) from None
        except OSError as error:
            raise RecordingError(
                "The recording {name} cannot be read ({reason}).", "unreadable", name=key[:80], reason=why(error)
            ) from error
        except (KeyError, TypeError) as error:
            raise damaged(key) from error

    def _load(self, place: Mapping[str, Any]) -> Any:
        try:
            with self._path.open("rb") as file:
                return read_array(file, place, self.key)
        except (OSError, KeyError, TypeError) as error:
            raise damaged(self.key) from error

    @property
    def bytes(self) -> int:
        """Of its file."""
        return self._path.stat().st_size

    @property
    def sampler(self) -> str:
        """Its name."""
        return str(self.head["sampler"][0])

    @property
    def family(self) -> str:
        """Of the denoiser, "" when that is of none."""
        return str(self.head["family"])

    @property
    def sigmas(self) -> tuple[float, ...]:
        """All noise levels of the run."""
        return tuple(self.head["sigmas"])

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the latent: pictures, channels, height, width."""
        batch, channels, height, width = self.head["shape"]
        return batch, channels, height, width

    @property
    def partial(self) -> bool:
        """Whether the run failed or was cancelled behind its last frame."""
        return bool(self.head.get("partial", False))

    @cached_property
    def x(self) -> Floats:
        """The end of the last sampler step; of a partial run the last clean latent."""
        found: Floats = self._load(self.head["x"])
        return found

    @cached_property
    def start(self) -> Floats:
        """What the run began from."""
        found: Floats = self._load(self.head["start"])
        return found

    @cached_property
    def mask(self) -> Floats | None:
        """[B, H, W] or [B, 1, H, W]: where the latent was changed; None is everywhere."""
        place = self.head["mask"]
        found: Floats | None = None if place is None else self._load(place)
        return found

    @property
    def branches(self) -> tuple[str, ...]:
        """What guidance asked for, in order."""
        return tuple(dict.fromkeys(name for row in self.head["frames"] for name in row["branches"]))

    @property
    def attention(self) -> tuple[int, ...]:
        """The sampler steps at which attention was watched."""
        return tuple(row["step"] for row in self.head["frames"] if row["attention"])

    @property
    def tokens(self) -> Mapping[str, tuple[Token, ...]]:
        """The prompt of each branch where it is known, in order."""
        return {name: tuple(Token(*t) for t in row) for name, row in self.head["tokens"].items()}

    def frame(self, step: int) -> Frame:
        """The frame of a sampler step, counted from 0; raises RecordingError."""
        found = next((f for f in self.frames if f.step == step), None)
        if found is None:
            last = self.frames[-1].step if self.frames else 0
            raise RecordingError(
                "The recording has no sampler step {step}: there are 0 to {last}, counted from 0.",
                "no_step",
                step=step,
                last=last,
            )
        return found


@dataclass(frozen=True, slots=True)
class RunOf:
    """A run of a sampler as a job had it: the node, and the name of the recording."""

    node: str
    title: str
    type: str
    key: str
    folder: Folder = field(repr=False, compare=False)

    def open(self) -> Recording:
        """The recording; raises RecordingError, too when it went for newer ones."""
        return opened(self.folder, self.key)


@dataclass(frozen=True, slots=True)
class JobRecording:
    """What is recorded of a job: its runs of samplers, and the fingerprint of each step's outputs, by node."""

    job: str
    runs: tuple[RunOf, ...]
    outputs: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    """Why some of it is not recorded, one sentence each."""
    tellings: tuple[Mapping[str, Any], ...] = ()
    """The warnings as sentences and their values, in the same order; () where an older version wrote them."""


def opened(folder: Folder, key: str) -> Recording:
    """A run by its name; raises RecordingError."""
    path = folder.file(key)
    if path is None:
        raise RecordingError(
            "{key} is no name of a recording: take the key that the recording of the job tells.",
            "no_recording",
            key=f"{key!r:.80}",
        )
    return Recording(path, key)


def recordings_of(place: Folder | Path, job: str) -> JobRecording | None:
    """What is recorded of a job; None when nothing is.

    Args:
        place: the folder of recordings: DATA/cache/recordings.
    """
    folder = place if isinstance(place, Folder) else Folder(place, 0)
    found = read_json(folder.job_file(job))
    if found is None or found.get("job") != job:
        return None
    try:
        runs = tuple(RunOf(r["node"], r["title"], r["type"], r["key"], folder) for r in found["runs"])
        return JobRecording(
            job, runs, dict(found["outputs"]), tuple(found["warnings"]), tuple(found.get("tellings", ()))
        )
    except (KeyError, TypeError):
        return None


def fingerprint(x: Floats, clean: Floats) -> str:
    """The digest of a sampler step."""
    return digest(plain(x), plain(clean))

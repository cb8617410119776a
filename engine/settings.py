"""Settings: what a person chooses once for a whole run of the program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from engine.files import Library

Precision = Literal["auto", "full", "fp16", "bf16"]
Share = Literal["never", "auto"]
PreviewMethod = Literal["none", "auto", "latent2rgb", "taesd"]

PRECISIONS: tuple[str, ...] = get_args(Precision)
NO_DEVICE = "none"
"""A device that is none: torch is never imported, and nodes that need a device fail."""
ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "models"
"""The models that come with the program."""
SAMPLES = ROOT / "workflows" / "samples"
"""Pictures that the workflows which come with the program start from."""

MEMORY, DISK = 2 << 30, 20 << 30
"""Bytes of results kept in memory and on disk."""
RECORDINGS = 1 << 30
"""Bytes of recordings."""


def default_data() -> Path:
    """Where what users make is kept: the checkout, or a folder in the home of who installed it as a package."""
    return ROOT if (ROOT / "main.py").exists() else Path.home() / "inkwater"


@dataclass(frozen=True, slots=True)
class Settings:
    """Choices with their defaults.

    Args:
        data: holds input, output, temp, packs, cache.
        models: further model folders, of any known layout, or a YAML list of such.
        folders: (kind, folder) in place of that under `data`: input, output, temp.
        share: "auto" lets evaluations of different jobs share batches, which changes the last bits.
        memory: bytes of results kept in memory. disk: bytes of results kept on disk; 0 keeps none, from run to run.
        device: "auto", what torch calls it, or "none". device_bytes: the most bytes of weights on it; 0: nearly all.
        recordings: bytes of recorded sampler steps, the oldest go first; 0 records nothing.
        at_once: jobs that run at the same time.
        preview_method: how sampler steps are shown: "none" shows none, "taesd" decodes them with the small decoders in
            the folder vae_approx where they are, "latent2rgb" (and "auto") shows rough colours.
        preview_size: pixels of their longer side.
    """

    data: Path
    models: tuple[Path, ...] = ()
    precision: Precision = "auto"
    share: Share = "never"
    memory: int = MEMORY
    disk: int = DISK
    device: str = "auto"
    device_bytes: int = 0
    recordings: int = RECORDINGS
    at_once: int = 8
    preview_method: PreviewMethod = "none"
    preview_size: int = 512
    folders: tuple[tuple[str, Path], ...] = ()

    @property
    def recordings_folder(self) -> Path:
        """Where recorded sampler steps are."""
        return self.data / "cache" / "recordings"

    def library(self) -> Library:
        """All files that workflows may name; raises FileProblem for a model folder that cannot be read."""
        library = Library.standard(self.data, self.models, SHIPPED)
        for kind, folder in self.folders:
            library = library.replaced(kind, folder)
        return library.replaced("input", *library.folders["input"], SAMPLES)

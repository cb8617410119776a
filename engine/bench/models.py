"""Checkpoints to measure with: the full layouts with random weights, and the shipped mini."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.settings import ROOT, SHIPPED

MINI = "mini-v1.safetensors"
FULL = "full.safetensors"


@contextmanager
def random_model(full: bool) -> Iterator[Path]:
    """A models folder with a random fp16 checkpoint, full-size or tiny; needs the checkout's tests/models/make.py."""
    sys.path.insert(0, str(ROOT))
    from tests.models import make

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "checkpoints"
        place.mkdir()
        make.write_checkpoint(place / (FULL if full else MINI), make.FULL if full else make.TINY, "fp16")
        yield Path(folder)


def families() -> tuple[str, ...]:
    """Names of the full-size layouts, for `full_size`."""
    sys.path.insert(0, str(ROOT))
    from tests.models import members

    return tuple(members.FULL)


@contextmanager
def full_size(name: str) -> Iterator[Path]:
    """A models folder with a random fp16 checkpoint of this family in full size, `FULL`."""
    sys.path.insert(0, str(ROOT))
    from tests.models import make, members

    with tempfile.TemporaryDirectory() as folder:
        for kind in ("checkpoints", "loras"):
            (Path(folder) / kind).mkdir()
        make.write(Path(folder) / "checkpoints" / FULL, members.shapes(members.FULL[name]), "fp16")
        yield Path(folder)


@contextmanager
def mini() -> Iterator[tuple[Path, ...]]:
    """Models folders that hold the mini: none beside the shipped ones, or a tiny random stand-in."""
    if (SHIPPED / "checkpoints" / MINI).exists():
        yield ()
        return
    with random_model(full=False) as folder:
        yield (folder,)


def text_to_image(checkpoint: str, size: int, steps: int, seed: int) -> dict[str, Any]:
    """The plain workflow from prompt to picture; the sampler is node 5, the decoder 6, the sink 7."""
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": checkpoint}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "a fox"}},
        "3": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": ""}},
        "4": {"class_type": "EmptyLatentImage", "inputs": {"width": size, "height": size}},
        "5": {
            "class_type": "KSampler",
            "inputs": {
                "model": ["1", 0],
                "positive": ["2", 0],
                "negative": ["3", 0],
                "latent_image": ["4", 0],
                "seed": seed,
                "steps": steps,
                "cfg": 7.0,
            },
        },
        "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
        "7": {"class_type": "SaveImage", "inputs": {"images": ["6", 0]}},
    }

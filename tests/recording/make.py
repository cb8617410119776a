"""A recording made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.recording.folder import Folder
from engine.recording.format import Writing
from engine.recording.read import Recording, fingerprint

FAMILY = "sd1"
KEY = "ab" * 20
TOKENS = [["a", 1], ["fox", 2]]


def made(
    root: Path, *, attention: bool = True, negative: bool = True, prediction: str = "eps", old: bool = False
) -> Recording:
    """Two sampler steps of two pictures of 6 by 4 cells; old ones have the attention of the first picture alone."""
    random = np.random.default_rng(3)
    file = Folder(root, 0).file(KEY)
    assert file is not None
    writing, rows = Writing(file), []
    for step, sigma in enumerate((0.9, 0.4)):
        x, clean, pos, neg = random.standard_normal((4, 2, 4, 4, 6)).astype(np.float32)
        heat = np.zeros((77, 2, 3), np.float16)
        heat[0] = 0.5
        heat[1, 0, 0] = heat[2, 1, 2] = 0.25
        branches = {"positive": writing.put(pos)} | ({"negative": writing.put(neg)} if negative else {})
        row = {"step": step, "sigma": sigma, "fingerprint": fingerprint(x, clean), "x": writing.put(x)}
        seen_here = (
            {"positive": writing.put(heat if old else np.stack([heat, heat]))} if attention and step == 1 else {}
        )
        rows.append(row | {"clean": writing.put(clean), "branches": branches, "attention": seen_here})
    end = random.standard_normal((2, 4, 4, 6)).astype(np.float32)
    head = {
        "node": "5",
        "type": "KSampler",
        "sigmas": [0.9, 0.4, 0.0],
        "shape": [2, 4, 4, 6],
        "sampler": ["euler", [["s_noise", 1.0]]],
        "sampling": {"prediction": prediction},
        "latent": {"factor": 0.5},
        "seed": 7,
        "source": "cpu",
        "family": FAMILY,
        "file": None,
        "x": writing.put(end),
        "start": writing.put(end),
        "mask": None,
        "frames": rows,
        "tokens": {"positive": TOKENS},
    }
    writing.end(head)
    return Recording(file, KEY)

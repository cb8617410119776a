"""Whose latents a lone autoencoder decodes, as far as anything tells: those of v1 and XL have the same layout.

Torch-free.  Where nothing tells, nothing is said: their numbers differ only as those of any two trainings do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

from engine.models.beside import CONFIG, configuration
from engine.models.detect import read_header

FACTORS: Mapping[str, float] = {"sd": 0.18215, "sdxl": 0.13025}
"""What latents of each space are multiplied by for the denoiser; diffusers writes it beside the weights."""

ARCHITECTURES: Mapping[str, str] = {
    "stable-diffusion-xl": "sdxl",
    "stable-diffusion-v1": "sd",
    "stable-diffusion-v2": "sd",
}
"""How `modelspec.architecture` begins in a file's metadata."""

PUBLISHED: Mapping[str, str] = {
    "735e4c3a447a3255760d7f86845f09f937809baa529c17370d83e4c3758f3c75": "sd",  # vae-ft-mse-840000 .safetensors
    "c6a580b13a5bc05a5e16e4dbb80608ff2ec251a162311590c1f34c013d7f3dab": "sd",  # vae-ft-mse-840000 .ckpt
    "a1d993488569e928462932c8c38a0760b874d166399b14414135bd9c42df5815": "sd",  # sd-vae-ft-mse of diffusers
    "a2b5134f4dbc140d9c11f11cba3233099e00af40f262f136c691fb7d38d2194c": "sd",  # v1.5 of diffusers
    "4fbcf0ebe55a0984f5a5e00d8c4521d52359af7229bb4d81890039d2aa16dd7c": "sd",  # the same in fp16
    "df3c506e51b7ee1d7b5a6a2bb7142d47d488743c96aa778afb0f53a2cdc2d38d": "sd",  # kl-f8-anime2
    "f921fb3f29891d2a77a6571e56b8b5052420d2884129517a333c60b1b4816cdf": "sd",  # Anything-V3.0, orangemix
    "63aeecb90ff7bc1c115395962d3e803571385b61938377bc7089b36e81e92e2e": "sdxl",  # sdxl_vae
    "1598f3d24932bcfe6634e8b618ea1e30ab1d57f5aad13a6d2de446d2199f2341": "sdxl",  # XL base of diffusers
    "bcb60880a46b63dea58e9bc591abe15f8350bde47b405f9c38f4be70c6161e68": "sdxl",  # the same in fp16
    "235745af8d86bf4a4c1b5b4f529868b37019a10f7c0b2e79ad0abca3a22bc6e1": "sdxl",  # sdxl-vae-fp16-fix
    "1b909373b28f2137098b0fd9dbc6f97f8410854f31f84ddc9fa04b077b0ace2c": "sdxl",  # the same of diffusers
}
"""sha256 of the files that most people have."""

SIZES = frozenset(
    (334641190, 334695179, 334643276, 167335342, 404662241, 822802803, 334641164, 334641162, 334643268, 334643238)
)
"""Bytes of these files: only a file of such a size is read whole for its sha256."""


def told_space(path: Path, sha256: Callable[[Path], str]) -> str | None:
    """The space of a lone autoencoder's latents; None where nothing tells.  Raises ModelFileError, OSError."""
    return _configured(path) or _declared(path) or _published(path, sha256)


def _configured(path: Path) -> str | None:
    """By diffusers' configuration, which lies beside weights of just this name."""
    if not path.stem.startswith("diffusion_pytorch_model"):
        return None
    factor = configuration(path.parent / CONFIG).get("scaling_factor")
    if not isinstance(factor, float):
        return None
    return next((space for space, own in FACTORS.items() if math.isclose(own, factor)), None)


def _declared(path: Path) -> str | None:
    said = read_header(path).metadata.get("modelspec.architecture", "")
    return next((space for start, space in ARCHITECTURES.items() if said.startswith(start)), None)


def _published(path: Path, sha256: Callable[[Path], str]) -> str | None:
    return PUBLISHED.get(sha256(path)) if path.stat().st_size in SIZES else None

"""What A1111 calls samplers, schedules, upscalers and models, in the names that are used here."""

from __future__ import annotations

from collections.abc import Mapping

from engine.diffusion.names import A1111_SAMPLERS, A1111_SCHEDULES
from engine.files import FileProblem, Library

SCHEDULES: Mapping[str, str] = {
    **{label.lower(): name for name, label in A1111_SCHEDULES.items()},
    "uniform": "normal",
    "sgm uniform": "sgm_uniform",
    "kl optimal": "kl_optimal",
}
SAMPLERS: Mapping[str, str] = {label.lower(): name for name, label in A1111_SAMPLERS.items()}
USUAL: Mapping[str, str] = {
    "DPM++ 2M": "karras",
    "DPM++ SDE": "karras",
    "DPM++ 2S a": "karras",
    "DPM2": "karras",
    "DPM2 a": "karras",
    "DPM++ 2M SDE": "exponential",
    "DPM++ 3M SDE": "exponential",
    "DDIM": "ddim_uniform",
}
"""The schedule of a sampler where "Schedule type: Automatic" leaves it to the program."""

LATENT_UPSCALERS: Mapping[str, str] = {
    "latent": "bilinear",
    "latent (antialiased)": "bilinear",
    "latent (bicubic)": "bicubic",
    "latent (bicubic antialiased)": "bicubic",
    "latent (nearest)": "nearest-exact",
    "latent (nearest-exact)": "nearest-exact",
}
PIXEL_UPSCALERS: Mapping[str, str] = {"lanczos": "lanczos", "nearest": "nearest-exact", "none": "bilinear"}

SHORT_HASH = 10
"""Hexadecimal digits of the sha256 that a file is known by."""

OLD_HASH = (0x100000, 0x10000, 8)
"""Where the oldest hashes look (from byte, bytes) and how many digits they keep."""

WHOLE = 64 << 20
"""Files up to this many bytes are hashed whole to find one; the digests of larger ones say nothing of that hash."""


def sampler_and_schedule(told: str, schedule: str | None) -> tuple[str | None, str | None]:
    """Our names for a sampler and a schedule (None: not known); old texts name both in one, "DPM++ 2M Karras"."""
    name, lowered = told.strip(), told.strip().lower()
    if schedule is None:
        suffix = next((s for s in SCHEDULES if lowered.endswith(f" {s}") and s != "ddim"), None)
        if suffix is not None and lowered not in SAMPLERS:
            return SAMPLERS.get(lowered.removesuffix(f" {suffix}")), SCHEDULES[suffix]
        return SAMPLERS.get(lowered), "ddim_uniform" if lowered == "ddim" else "normal"
    if schedule.lower() == "automatic":
        return SAMPLERS.get(lowered), USUAL.get(name, "normal")
    return SAMPLERS.get(lowered), SCHEDULES.get(schedule.strip().lower())


def find_file(library: Library | None, kind: str, name: str, hashed: str = "") -> str | None:
    """The file of a kind with this short hash, else of this name with or without suffix and folder; None: neither."""
    if library is None:
        return None
    names = library.names(kind)
    by_hash = next((n for n in names if hashed and _has_hash(library, kind, n, hashed.lower())), None)
    return by_hash or next((n for n in names if name and _stem(n) == _stem(name)), None)


def _stem(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2].lower()
    stem, dot, suffix = last.rpartition(".")
    return stem if dot and suffix in ("safetensors", "sft", "ckpt", "pt", "pth", "bin") else last


def _has_hash(library: Library, kind: str, name: str, hashed: str) -> bool:
    import hashlib

    try:
        path = library.path(kind, name)
        if path.is_dir():
            return False
        if len(hashed) == OLD_HASH[2]:
            with path.open("rb") as file:
                file.seek(OLD_HASH[0])
                return hashlib.sha256(file.read(OLD_HASH[1])).hexdigest()[: OLD_HASH[2]] == hashed
        if len(hashed) < SHORT_HASH or path.stat().st_size > WHOLE:
            return False
        return library.ref(kind, name).digest.removeprefix("sha256:").startswith(hashed)
    except (OSError, FileProblem):
        return False

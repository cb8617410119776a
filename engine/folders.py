"""Where files of each kind are kept: our own folders, and those of ComfyUI, AUTOMATIC1111 and Forge."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

OWN_KINDS = ("input", "output", "temp")
"""What users make, under the data folder; all other kinds are models."""

LAYOUT: Mapping[str, tuple[str, ...]] = {
    "checkpoints": ("checkpoints", "Stable-diffusion"),
    "configs": ("configs",),
    "vae": ("vae", "VAE"),
    "vae_approx": ("vae_approx", "VAE-approx"),
    "loras": ("loras", "Lora", "LyCORIS"),
    "text_encoders": ("text_encoders", "clip", "text_encoder"),
    "diffusion_models": ("diffusion_models", "unet"),
    "clip_vision": ("clip_vision",),
    "style_models": ("style_models",),
    "embeddings": ("embeddings",),
    "diffusers": ("diffusers",),
    "controlnet": ("controlnet", "t2i_adapter", "ControlNet"),
    "gligen": ("gligen",),
    "upscale_models": ("upscale_models", "ESRGAN", "RealESRGAN", "SwinIR"),
    "hypernetworks": ("hypernetworks",),
    "depth_estimators": ("depth_estimators", "depthanything", "midas"),
    "edge_models": ("edge_models", "hed"),
    "photomaker": ("photomaker",),
    "classifiers": ("classifiers",),
    "model_patches": ("model_patches",),
    "audio_encoders": ("audio_encoders",),
}
"""Folders of each kind, ours (which are ComfyUI's) first; under a root or under `models` in it."""

OLD_KINDS: Mapping[str, str] = {"clip": "text_encoders", "unet": "diffusion_models", "t2i_adapter": "controlnet"}

APPROXIMATE = ("taesd", "taesdxl")
"""Names among the VAE files that stand for small ones in the folder vae_approx: NAME_encoder and NAME_decoder, or NAME
for both in one."""

_WEIGHTS = frozenset({".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin"})
EXTENSIONS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(LAYOUT, _WEIGHTS),
    "configs": frozenset({".yaml", ".yml", ".json"}),
}
"""What files of a kind are called; kinds that are not here hold anything."""


def kind_named(kind: str) -> str:
    """The kind by its present name."""
    return OLD_KINDS.get(kind, kind)


def standard_folders(data: Path, models: Sequence[Path], shipped: Path | None) -> dict[str, tuple[Path, ...]]:
    """Folders of each kind: the data folder's own, then the users' in their order, then the shipped ones.

    Raises ValueError(path, reason) for one of `models` that cannot be read.
    """
    found: dict[str, list[Path]] = {kind: [data / kind] for kind in OWN_KINDS}
    found |= {kind: [data / "models" / kind] for kind in LAYOUT}
    for folder in models:
        for kind, path in _folders_of(folder):
            found.setdefault(kind, []).append(path)
    if shipped is not None:
        for kind in LAYOUT:
            found[kind].append(shipped / kind)
    return {kind: _once(paths) for kind, paths in found.items()}


def _folders_of(path: Path) -> Iterator[tuple[str, Path]]:
    """The folders of models in a root of any layout, or those that a YAML file lists."""
    if path.suffix.lower() in (".yaml", ".yml"):
        yield from _from_yaml(path)
        return
    if not path.is_dir():
        raise ValueError(str(path), "there is no such folder")
    roots = (path, path / "models")
    known = [(kind, r / name) for kind, names in LAYOUT.items() for name in names for r in roots if (r / name).is_dir()]
    yield from known or [("checkpoints", path)]


def _from_yaml(path: Path) -> Iterator[tuple[str, Path]]:
    """ComfyUI's extra_model_paths.yaml: sections with an optional base_path and a text of folders per kind."""
    for section in _sections(path).values():
        if not isinstance(section, dict):
            continue
        base = path.parent / _expanded(str(section.get("base_path") or ""))
        for kind, folders in section.items():
            if kind in ("base_path", "is_default", "custom_nodes") or not isinstance(folders, str):
                continue
            for line in filter(None, map(str.strip, folders.splitlines())):
                yield kind_named(str(kind)), base / _expanded(line)


def _sections(path: Path) -> dict[str, Any]:
    import yaml

    try:
        read = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(str(path), " ".join(str(error).split())) from error
    if not isinstance(read, dict):
        raise ValueError(str(path), "it is not a mapping of names to folders")
    return read


def _expanded(path: str) -> str:
    return os.path.expandvars(os.path.expanduser(path))


def _once(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Each real folder once, at its first place ("vae" and "VAE" are one where case does not count)."""
    kept: dict[str, Path] = {}
    for path in paths:
        kept.setdefault(os.path.normcase(os.path.realpath(path)), path)
    return tuple(kept.values())

"""A1111's text of a picture as a graph: what it names in our node types, what it cannot say told as problems."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.compat.a1111_names import LATENT_UPSCALERS, PIXEL_UPSCALERS, find_file, sampler_and_schedule
from engine.compat.a1111_text import Lora, Prompt, Recipe, prompt, recipe
from engine.compat.workflow import Translated
from engine.files import Library
from engine.graph.problems import Problem
from engine.graph.registry import Registry

SPOKEN = (
    "Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model", "Model hash", "VAE", "VAE hash",
    "Clip skip", "Denoising strength", "Hires upscale", "Hires steps", "Hires upscaler", "Hires resize",
    "Hires sampler", "Hires schedule type", "Hires CFG Scale", "Hires prompt", "Hires negative prompt",
    "First pass size",
)  # fmt: skip
"""Fields that are translated."""

SILENT = (
    "Version", "Lora hashes", "TI hashes", "TI", "Hashes", "Batch size", "Batch pos", "User", "Template",
    "Negative Template", "Source Identifier", "Civitai resources", "Civitai metadata", "Module 1", "Module 2",
)  # fmt: skip
"""Fields that say nothing a graph could: whence, of what batch, which hashes."""

COLUMN, ROW = 360, 260
"""Pixels between nodes."""

Inputs = Mapping[str, Any]


def translate(text: str, registry: Registry, library: Library | None = None) -> Translated:
    """A graph in our format; models are looked up in the library, by hash before name. Never raises for odd text."""
    writer = _Writer(recipe(text), library)
    writer.write()
    return Translated(writer.nodes, tuple(writer.problems))


@dataclass(slots=True)
class _Writer:
    """Writes the nodes of one recipe."""

    recipe: Recipe
    library: Library | None
    nodes: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    column: int = 0

    def write(self) -> None:
        fields = self.recipe.fields
        positive, negative = prompt(self.recipe.positive), prompt(self.recipe.negative)
        model, clip, vae = self._models((*positive.loras, *negative.loras))
        self.column += 1
        words = [self._words("Prompt", positive, clip), self._words("Negative prompt", negative, clip)]
        latent, denoise = self._start(vae)
        self.column += 1
        made = self._sample(model, words, latent, denoise, "")
        if self._is_hires():
            made = self._hires(made, model, clip, vae, words)
        picture = self._add("VAEDecode", {"samples": made, "vae": vae})
        self._add("SaveImage", {"images": picture, "filename_prefix": "Inkwater"})
        for name, value in fields.items():
            if name not in SPOKEN and name not in SILENT:
                self._say(name, value, "unknown")

    def _say(self, name: str, value: Any, reason: str, node: str | None = None) -> None:
        args = {"name": name, "value": value, "reason": reason}
        self.problems.append(Problem("not_translated", args, node, severity="warning"))

    def _add(self, type: str, inputs: Inputs, title: str = "") -> list[Any]:
        """Add a node in the current column; its first output."""
        id = str(len(self.nodes) + 1)
        rows = sum(1 for n in self.nodes.values() if n["_meta"]["pos"][0] == self.column * COLUMN)
        meta: dict[str, Any] = {"title": title} if title else {}
        self.nodes[id] = {
            "class_type": type,
            "inputs": dict(inputs),
            "_meta": meta | {"pos": [self.column * COLUMN, rows * ROW]},
        }
        return [id, 0]

    def _models(self, loras: tuple[Lora, ...]) -> tuple[list[Any], list[Any], list[Any]]:
        """Checkpoint, LoRAs, clip skip and VAE: the links of model, clip and vae."""
        fields = self.recipe.fields
        name = self._file("checkpoints", fields.get("Model", ""), fields.get("Model hash", ""))
        model = self._add("CheckpointLoaderSimple", {"ckpt_name": name}, "Model")
        clip, vae = [model[0], 1], [model[0], 2]
        for lora in loras:
            named = {"lora_name": self._file("loras", lora.name, self._lora_hash(lora.name))}
            strengths = {"strength_model": lora.model, "strength_clip": lora.clip}
            model = self._add("LoraLoader", {"model": model, "clip": clip, **named, **strengths})
            clip = [model[0], 1]
        skip = _whole(fields.get("Clip skip", ""), 1)
        if skip > 1:
            clip = self._add("CLIPSetLastLayer", {"clip": clip, "stop_at_clip_layer": -skip}, "Clip skip")
        if (told := fields.get("VAE", "None")) not in ("None", "Automatic", ""):
            vae = self._add("VAELoader", {"vae_name": self._file("vae", told, fields.get("VAE hash", ""))})
        return model, clip, vae

    def _lora_hash(self, name: str) -> str:
        listed = re.findall(
            r"([^,:]{1,200}):\s*([0-9a-fA-F]{8,64})", self.recipe.fields.get("Lora hashes", "")[:20_000]
        )
        return next((h for n, h in listed if n.strip() == name), "")

    def _file(self, kind: str, name: str, hashed: str) -> str:
        """The file that is meant, else the name that it probably has, which check then tells to be missing."""
        found = find_file(self.library, kind, name, hashed)
        if found is not None:
            return found
        if not name and hashed:
            self._say("hash", hashed, "no_hash")
        return name if "." in name[-12:] or not name else f"{name}.safetensors"

    def _words(self, title: str, words: Prompt, clip: list[Any]) -> list[Any]:
        made = self._add("CLIPTextEncode", {"text": words.text, "clip": clip}, title)
        for piece in words.other:
            self._say(title, piece, "syntax", made[0])
        return made

    def _size(self) -> tuple[int, int]:
        return _pair(self.recipe.fields.get("Size", "")) or (512, 512)

    def _is_hires(self) -> bool:
        return any(name.startswith("Hires ") for name in self.recipe.fields)

    def _start(self, vae: list[Any]) -> tuple[list[Any], float]:
        """What is denoised first, and how far: nothing but noise, or a picture that the text cannot name."""
        fields = self.recipe.fields
        width, height = self._size()
        strength = _real(fields.get("Denoising strength", ""), 1.0)
        if "Denoising strength" not in fields or self._is_hires() or "First pass size" in fields:
            first = _pair(fields.get("First pass size", "")) or (0, 0)
            width, height = first if first[0] and first[1] else (width, height)
            return self._add("EmptyLatentImage", {"width": width, "height": height, "batch_size": 1}, "Size"), 1.0
        image = self._add("LoadImage", {"image": ""})
        self._say("Denoising strength", fields["Denoising strength"], "no_source", image[0])
        size = {"width": width, "height": height}
        scaled = self._add("ImageScale", {"image": image, "upscale_method": "lanczos", **size, "crop": "center"})
        return self._add("VAEEncode", {"pixels": scaled, "vae": vae}), strength

    def _sample(
        self, model: list[Any], words: list[list[Any]], latent: list[Any], denoise: float, hires: str
    ) -> list[Any]:
        """A sampler; `hires` is what the fields of the second pass begin with."""
        fields = self.recipe.fields
        told = fields.get(f"{hires}sampler" if hires else "Sampler", "") or fields.get("Sampler", "Euler")
        listed = fields.get(f"{hires}schedule type" if hires else "Schedule type", fields.get("Schedule type"))
        sampler, schedule = sampler_and_schedule(told, listed)
        if sampler is None:
            self._say("Sampler", told, "no_such_name")
        if schedule is None:
            self._say("Schedule type", listed, "no_such_name")
        steps = _whole(fields.get("Steps", ""), 20)
        scale = _real(fields.get("CFG scale", ""), 7.0)
        inputs = {
            "model": model,
            "seed": _whole(fields.get("Seed", ""), 0),
            "steps": _whole(fields.get("Hires steps", ""), 0) or steps if hires else steps,
            "cfg": _real(fields.get("Hires CFG Scale", ""), 0.0) or scale if hires else scale,
            "sampler_name": sampler or "euler",
            "scheduler": schedule or "normal",
            "positive": words[0],
            "negative": words[1],
            "latent_image": latent,
            "denoise": denoise,
        }
        return self._add("KSampler", inputs, "Hires" if hires else "")

    def _hires(
        self, made: list[Any], model: list[Any], clip: list[Any], vae: list[Any], words: list[list[Any]]
    ) -> list[Any]:
        """The second pass: the latent enlarged and sampled again."""
        fields = self.recipe.fields
        self.column += 1
        said = [fields.get("Hires prompt", ""), fields.get("Hires negative prompt", "")]
        again = [self._words("Hires prompt", prompt(s), clip) if s else w for s, w in zip(said, words, strict=True)]
        larger = self._enlarged(made, vae, fields.get("Hires upscaler", "Latent"))
        self.column += 1
        return self._sample(model, again, larger, _real(fields.get("Denoising strength", ""), 0.7), "Hires ")

    def _enlarged(self, latent: list[Any], vae: list[Any], upscaler: str) -> list[Any]:
        """A latent at the size of the second pass: in its own space, by pixels, or through a model."""
        method = LATENT_UPSCALERS.get(upscaler.lower())
        wanted = _pair(self.recipe.fields.get("Hires resize", ""))
        factor = _real(self.recipe.fields.get("Hires upscale", ""), 2.0)
        if method is not None and wanted is None:
            scaled = {"samples": latent, "upscale_method": method, "scale_by": factor}
            return self._add("LatentUpscaleBy", scaled)
        width, height = self._size()
        size = wanted or (round(width * factor / 8) * 8, round(height * factor / 8) * 8)
        to = {"width": size[0], "height": size[1]}
        if method is not None:
            fixed = {"samples": latent, "upscale_method": method, **to, "crop": "disabled"}
            return self._add("LatentUpscale", fixed)
        image = self._add("VAEDecode", {"samples": latent, "vae": vae})
        pixels = PIXEL_UPSCALERS.get(upscaler.lower())
        if pixels is None:
            named = self._file("upscale_models", upscaler, "")
            loader = self._add("UpscaleModelLoader", {"model_name": named})
            image = self._add("ImageUpscaleWithModel", {"upscale_model": loader, "image": image})
        scaled = {"image": image, "upscale_method": pixels or "lanczos", **to, "crop": "disabled"}
        return self._add("VAEEncode", {"pixels": self._add("ImageScale", scaled), "vae": vae})


def _whole(text: str, default: int) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 20 else default


def _real(text: str, default: float) -> float:
    found = re.fullmatch(r"-?\d{1,6}(\.\d{1,9})?", text.strip())
    return float(found[0]) if found else default


def _pair(text: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.strip())
    return (int(found[1]), int(found[2])) if found else None

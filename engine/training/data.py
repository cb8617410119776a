"""The training art: three npm packages of permissively licensed emoji, checked, unpacked and rendered with alpha."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.training.concepts import CONCEPTS, Concept

ART_SIZE = 256

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Package:
    """An npm package at a fixed version with the sha256 of its tarball."""

    name: str
    version: str
    sha256: str
    named: Package | None = None
    """Whose table says which drawing stands for which character, where it has none of its own."""

    @property
    def tarball(self) -> str:
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}.tgz"


FLAT = Package(
    "@iconify-json/fluent-emoji-flat", "1.2.6", "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175"
)
RENDER = Package(
    "@lobehub/fluent-emoji-3d", "1.1.0", "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58"
)
NOTO = Package("@iconify-json/noto", "1.2.9", "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad")

NOTO_V1 = Package(
    "@iconify-json/noto-v1", "1.2.5", "2bf62c26c2c2884aa99e90aec942cdaee17a5921f05690694f4978ad4b017c37", NOTO
)

STYLES: dict[str, Package] = {"flat": FLAT, "3d": RENDER, "noto": NOTO, "noto-v1": NOTO_V1}
"""The last is trained on by nothing: it measures."""


class Art(NamedTuple):
    """One drawing: which concept, in which style, its pixels [256, 256, 4] with straight alpha."""

    concept: int
    style: str
    pixels: Picture


def fetch(package: Package, folder: Path) -> Path:
    """Return the package's tarball in the folder; get it with `npm pack` when missing; refuse another checksum."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / package.tarball
    if not path.exists():
        subprocess.run(["npm", "pack", "--silent", f"{package.name}@{package.version}"], cwd=folder, check=True)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != package.sha256:
        raise ValueError(f"{path}: the checksum is {found}, expected {package.sha256}: delete the file and run again")
    return path


def _members(path: Path, wanted: set[str]) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        files = {name: tar.extractfile(name) for name in tar.getnames() if name.removeprefix("package/") in wanted}
        return {name.removeprefix("package/"): file.read() for name, file in files.items() if file}


def _fit(image: Image.Image) -> Picture:
    """Crop to what is drawn and centre it on a square of 256 pixels, so that every drawing fills its frame alike."""
    box = image.getchannel("A").getbbox() or (0, 0, *image.size)
    drawn = image.crop(box)
    scale = ART_SIZE / max(drawn.size)
    drawn = drawn.resize(
        (max(1, round(drawn.width * scale)), max(1, round(drawn.height * scale))), Image.Resampling.LANCZOS
    )
    square = Image.new("RGBA", (ART_SIZE, ART_SIZE))
    square.paste(drawn, ((ART_SIZE - drawn.width) // 2, (ART_SIZE - drawn.height) // 2))
    return np.asarray(square)


def _svg(icons: dict[str, Any], slug: str) -> Picture:
    import resvg_py

    size = icons.get("height", 128)
    body = icons["icons"][slug]["body"]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {size} {size}">{body}</svg>'
    )
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=2 * ART_SIZE, height=2 * ART_SIZE))
    return _fit(Image.open(io.BytesIO(png)).convert("RGBA"))


def _iconify(package: Package, folder: Path, codes: list[str]) -> dict[str, Picture]:
    icons = json.loads(_members(fetch(package, folder), {"icons.json"})["icons.json"])
    chars = json.loads(_members(fetch(package.named or package, folder), {"chars.json"})["chars.json"])
    slugs = {code: chars.get(code.lower()) or chars.get(f"{code.lower()}-fe0f") for code in codes}
    return {code: _svg(icons, slug) for code, slug in slugs.items() if slug in icons["icons"]}


def _webp(package: Package, folder: Path, codes: list[str]) -> dict[str, Picture]:
    names = {f"assets/{code.lower()}{tail}.webp": code for code in codes for tail in ("-fe0f", "")}
    files = _members(fetch(package, folder), set(names))
    return {names[name]: _fit(Image.open(io.BytesIO(data)).convert("RGBA")) for name, data in sorted(files.items())}


def load_art(
    folder: Path, concepts: tuple[Concept, ...] = CONCEPTS, styles: tuple[str, ...] = ("flat", "3d")
) -> list[Art]:
    """Return every drawing of the concepts in the styles, in a fixed order; the rendered set is kept in the folder."""
    codes = [concept.code for concept in concepts]
    art: list[Art] = []
    for style in styles:
        read = _webp if style == "3d" else _iconify
        drawn = read(STYLES[style], folder, codes)
        art += [Art(index, style, drawn[code]) for index, code in enumerate(codes) if code in drawn]
    return art

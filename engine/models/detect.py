"""What kind of model a file or folder is, from headers only: family, parts, sizes.  Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, reduce
from pathlib import Path

from engine.diffusion.types import LatentSpec, ModelSampling, Wants
from engine.graph.told import Telling, telling, why
from engine.models.beside import configuration
from engine.models.families import CLIP_TYPES, FAMILIES, LANDMARKS, LAYOUTS, ORDER, Found, Inspected, Layout, matches
from engine.models.handle import Part
from engine.models.header import Header, ModelFileError, Shape, first_names, read_safetensors
from engine.models.mistaken import mistaken
from engine.models.pickles import read_pickle
from engine.models.predicts import PREDICTIONS, declared, sampling

SUBFOLDERS: Mapping[Part, str] = {
    "denoiser": "unet",
    "text": "text_encoder",
    "text_g": "text_encoder_2",
    "vae": "vae",
}
"""Where a diffusers folder keeps each part."""

STEMS = ("diffusion_pytorch_model", "model", "pytorch_model")
ENDINGS = (".safetensors", ".fp16.safetensors", ".bin", ".fp16.bin")
PART_TITLES: Mapping[Part, Telling] = {
    "denoiser": telling("denoiser (UNet)"),
    "text": telling("text encoder (CLIP)"),
    "text_g": telling("second text encoder (OpenCLIP bigG)"),
    "vae": telling("VAE"),
}


def read_header(path: Path) -> Header:
    """Tensors of a model file, whatever its ending claims it is; raises ModelFileError."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
        return read_pickle(path)[0] if is_pickle(start) else read_safetensors(path)
    except OSError as error:
        raise ModelFileError(
            "{name} cannot be read: {reason}.",
            name=path.name,
            reason=why(error),
        ) from None


def is_pickle(start: bytes) -> bool:
    """Whether a file that starts with these two bytes is a zip archive or a pickle, not safetensors."""
    return start == b"PK" or (start[:1] == b"\x80" and start[1:] in (b"\x02", b"\x03", b"\x04", b"\x05"))


def detect(header: Header) -> dict[Part, Found]:
    """The parts that a file holds, each with its family; a family no row fits is left out."""
    shapes = header.shapes()
    found: dict[Part, Found] = {}
    for layout in LAYOUTS:
        if layout.part not in found and _anchored(layout, shapes):
            families = matches(layout.part, shapes, layout.naming, layout.prefix)
            if families:
                found[layout.part] = Found(layout.part, families[0], layout.naming, layout.prefix)
    return found


def _anchored(layout: Layout, shapes: Mapping[str, Shape]) -> bool:
    return all(layout.prefix + anchor in shapes for anchor in layout.anchors)


def inspect_file(path: Path) -> Inspected:
    """Family, parts and sizes of a model file or diffusers folder; raises ModelFileError with one clear sentence.

    The answer is remembered by path, size and time of change.
    """
    try:
        stat = (path / "model_index.json" if path.is_dir() else path).stat()
    except OSError:
        if path.is_dir():
            raise ModelFileError(
                "{name}: no model_index.json in it, so it is not a diffusers folder.", name=path.name
            ) from None
        raise ModelFileError("{name}: no such file.", name=path.name) from None
    return _inspect(path, stat.st_size, stat.st_mtime_ns, "" if path.is_dir() else declared(path))


@lru_cache(maxsize=256)
def _inspect(path: Path, size: int, mtime: int, config: str) -> Inspected:
    return _inspect_folder(path) if path.is_dir() else _inspect_single(path, read_header(path), config)


def _inspect_single(path: Path, header: Header, config: str) -> Inspected:
    found = detect(header)
    if not found:
        raise _unknown(path.name, header)
    family = _family(found)
    parts = {part: replace(f, family=family) for part, f in found.items()}
    told = _describe(family, parts, dict.fromkeys(parts, header))
    if "denoiser" not in parts:
        return told
    channels = told.latent.channels + told.wants.concat
    how, note = sampling(path, header, parts["denoiser"], channels, config)
    return replace(told, sampling=how, notes=(note,) if note else ())


def _family(found: Mapping[Part, Found]) -> str:
    """A file is of its denoiser's family, else of its second or only text encoder's, else of its autoencoder's."""
    return next(found[part].family for part in ORDER if part in found)


def _describe(family: str, parts: Mapping[Part, Found], headers: Mapping[Part, Header]) -> Inspected:
    row = FAMILIES[family]
    nbytes = {part: _part_bytes(headers[part], found) for part, found in parts.items()}
    widths = {part: width for part, found in parts.items() if (width := _width(headers[part], found)) is not None}
    wants, families = _wants(parts, headers), _families(family, parts, headers)
    return Inspected(family, dict(parts), nbytes, row.sampling, row.latent, widths, wants, families)


def _wants(parts: Mapping[Part, Found], headers: Mapping[Part, Header]) -> Wants:
    """Channels of the denoiser's input beyond the latent's are joined to it: depth, or mask and masked picture."""
    if (found := parts.get("denoiser")) is None:
        return Wants()
    family = FAMILIES[found.family]
    first = headers["denoiser"].tensors[found.prefix + LANDMARKS["denoiser", found.naming]["input"]]
    return Wants(first.shape[1] - family.latent.channels, family.vector)


def _families(family: str, parts: Mapping[Part, Found], headers: Mapping[Part, Header]) -> tuple[str, ...]:
    """All families that the parts may be of: one, unless the parts that tell are not there."""
    shapes = {part: headers[part].shapes() for part in parts}
    fitting = [set(matches(f.part, shapes[f.part], f.naming, f.prefix)) for f in parts.values()]
    told = "denoiser" in parts
    return (
        (family,) if told else tuple(name for name in FAMILIES if all(name in names for names in fitting)) or (family,)
    )


def _part_bytes(header: Header, found: Found) -> int:
    return sum(entry.nbytes for name, entry in header.tensors.items() if name.startswith(found.prefix))


def _width(header: Header, found: Found) -> int | None:
    landmarks = LANDMARKS[found.part, found.naming]
    name = landmarks.get("context") or landmarks.get("tokens")
    return header.tensors[found.prefix + name].shape[-1] if name else None


LOADERS = ("CheckpointLoaderSimple", "UNETLoader", "CLIPLoader", "VAELoader")
"""The nodes that take what is told from here."""


def _unknown(name: str, header: Header) -> ModelFileError:
    shapes = header.shapes()
    seen = {layout.part: layout for layout in reversed(LAYOUTS) if _anchored(layout, shapes)}
    known = ", ".join(f.title for f in FAMILIES.values())
    if not seen:
        return mistaken(name, header, *LOADERS) or ModelFileError(
            "{name}: not a checkpoint of a known family ({known}); its tensors are named like {some}.",
            name=name,
            known=known,
            some=first_names(header),
        )
    part, layout = next(iter(sorted(seen.items(), key=lambda item: ORDER.index(item[0]))))
    marks = (layout.prefix + mark for mark in LANDMARKS[part, layout.naming].values())
    sizes = [f"{mark} {list(shapes[mark])}" for mark in marks if mark in shapes]
    return ModelFileError(
        "{name}: it holds a {part} of no known family ({known}): {sizes}.",
        name=name,
        part=PART_TITLES[part],
        known=known,
        sizes=sizes or telling("unknown layout"),
    )


def part_file(folder: Path, part: Part) -> Path | None:
    """The weights of one part in a diffusers folder; full precision before fp16, safetensors before .bin."""
    root = folder / SUBFOLDERS[part]
    names = (root / (stem + ending) for ending in ENDINGS for stem in STEMS)
    return next((path for path in names if path.is_file()), None)


def _inspect_folder(folder: Path) -> Inspected:
    parts: dict[Part, Found] = {}
    headers: dict[Part, Header] = {}
    for part in ORDER:
        path = part_file(folder, part)
        header = read_header(path) if path else None
        if header and (found := detect(header).get(part)):
            parts[part], headers[part] = found, header
    if not parts:
        raise ModelFileError(
            "{name}: no part of a known family in its folders unet, text_encoder and vae.",
            name=folder.name,
        )
    family = _family(parts)
    told = _describe(family, {part: replace(f, family=family) for part, f in parts.items()}, headers)
    return replace(told, sampling=_sampling(folder, told.sampling), latent=_latent(folder, told.latent))


def _sampling(folder: Path, default: ModelSampling) -> ModelSampling:
    config = configuration(folder / "scheduler" / "scheduler_config.json")
    prediction = PREDICTIONS.get(str(config.get("prediction_type")), default.prediction)
    return replace(default, prediction=prediction, zsnr=config.get("rescale_betas_zero_snr") is True)


def _latent(folder: Path, default: LatentSpec) -> LatentSpec:
    factor = configuration(folder / "vae" / "config.json").get("scaling_factor")
    return replace(default, factor=float(factor)) if isinstance(factor, int | float) and factor > 0 else default


def require(inspected: Inspected, name: str, *parts: Part) -> None:
    """Raise ModelFileError unless the file called `name` holds these parts."""
    missing = [PART_TITLES[part] for part in parts if part not in inspected.parts]
    if missing:
        raise ModelFileError(
            "{name} has no {missing}: it holds only {there}.",
            name=name,
            missing=reduce(lambda some, last: telling("{some} and no {last}", some=some, last=last), missing),
            there=[PART_TITLES[part] for part in inspected.parts],
        )


def require_clip_type(inspected: Inspected, name: str, type_: str) -> None:
    """Raise ModelFileError unless the text encoder in `name` is one that CLIPLoader's `type_` stands for."""
    require(inspected, name, "text")
    if inspected.family not in CLIP_TYPES.get(type_, ()):
        title = FAMILIES[inspected.family].title
        raise ModelFileError(
            '{name} is a text encoder of {title}, not of type "{type}".',
            name=name,
            title=title,
            type=type_,
        )

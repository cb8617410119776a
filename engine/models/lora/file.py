"""What a LoRA file changes and for which family, from its header only.  Torch-free."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.graph.facts import Facts
from engine.graph.told import telling
from engine.models.beside import remembered
from engine.models.detect import read_header
from engine.models.families import FAMILIES
from engine.models.handle import Part
from engine.models.header import Header, ModelFileError, first_names
from engine.models.lora.forms import UNREAD, Form, Misfit, Pieces, Shapes, Size, form_of, grouped, whole
from engine.models.lora.scales import Scales, scales_of
from engine.models.mistaken import mistaken

log = logging.getLogger("inkwater.models")


@dataclass(frozen=True, slots=True)
class Layer:
    """What a file says of one layer: its stem and part, the form and pieces, and the size of the change."""

    stem: str
    part: Part
    form: Form
    pieces: Pieces
    size: Size

    @property
    def inputs(self) -> int:
        """Columns of the change; the width of what the layer reads, where it has no kernel."""
        return self.size[1]


@dataclass(frozen=True, slots=True)
class LoraFile:
    """A file of changes: its layers, the family they are for (None if nothing tells), how alpha scales them."""

    layers: tuple[Layer, ...]
    family: str | None
    scales: Scales

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that it changes, in the order in which they first appear."""
        return tuple(dict.fromkeys(layer.part for layer in self.layers))

    @property
    def forms(self) -> tuple[str, ...]:
        """Titles of the forms that it is written in."""
        return tuple(dict.fromkeys(layer.form.title for layer in self.layers))


_PARTS: tuple[tuple[Part, re.Pattern[str]], ...] = (
    ("text_g", re.compile(r"lora_te2_|text_encoder_2\.|(text_encoders\.)?clip_g\.")),
    ("text", re.compile(r"lora_te1?_|text_encoder\.|(text_encoders\.)?clip_[lh]\.|(base_model\.model\.)?text_model\.")),
)
"""How the stems of text encoders begin; all others are the denoiser's."""

_UNET = re.compile(
    r"(lora_unet_|lycoris_|unet\.|(model\.)?diffusion_model\.|base_model\.model\.)?"
    r"(down_blocks|up_blocks|mid_block|input_blocks|middle_block|output_blocks|time_embed|time_embedding|label_emb"
    r"|add_embedding|conv_in|conv_out|conv_norm_out|out)([._]|$)"
)
"""How the stems of Stable Diffusion's denoisers begin."""

_CONTEXT = re.compile(r"attn2[._]to_[kv]$")
_STATES = re.compile(r"(self_attn[._]([qkv]_proj|to_[qkv])|mlp[._](fc1|c_fc)|attn[._]in_proj)$")

_TOLD: tuple[tuple[str, str, str], ...] = (
    ("ss_base_model_version", "sdxl", "sdxl"),
    ("ss_base_model_version", "sd_v2", "sd2"),
    ("ss_base_model_version", "sd_v1", "sd1"),
    ("modelspec.architecture", "stable-diffusion-xl-v1-refiner", "sdxl_refiner"),
    ("modelspec.architecture", "stable-diffusion-xl-v1", "sdxl"),
    ("modelspec.architecture", "stable-diffusion-v2", "sd2"),
    ("modelspec.architecture", "stable-diffusion-v1", "sd1"),
)
"""Keys that kohya's scripts and others write beside the tensors, how the value begins, and the family it means."""


def facts(path: Path, name: str) -> Facts:
    """family (where the file tells it), the parts that it changes and the forms it is written in, for `check`."""
    found = inspect_lora(path)
    told = {"changes": found.parts, "forms": found.forms}
    return told | {"family": found.family} if found.family else told


@remembered
def inspect_lora(path: Path) -> LoraFile:
    """What a LoRA file holds; raises ModelFileError with one sentence.  Remembered by path, size and time of change."""
    header = read_header(path)
    groups, strange = grouped(header.tensors)
    if not groups:
        raise _strange(path.name, header)
    if any("lora_controlnet" in name for name in strange):
        raise ModelFileError(
            "{name} is a Control-LoRA, not a LoRA: it would be loaded as a ControlNet.",
            name=path.name,
        )
    _check_dtypes(path.name, groups, header)
    layers = tuple(_layers(path.name, groups, header.shapes()))
    strangers = [layer.stem for layer in layers if layer.part == "denoiser" and not _UNET.match(layer.stem)]
    if strangers and len(strangers) == sum(layer.part == "denoiser" for layer in layers):
        raise ModelFileError(
            '{name} is a LoRA for another kind of model than Stable Diffusion: it changes layers like "{layer}".',
            name=path.name,
            layer=strangers[0][:80],
        )
    if strange:
        log.warning(
            '%s: %d tensors mean nothing here and are left out, such as "%s".', path.name, len(strange), strange[0]
        )
    return LoraFile(layers, _family(path.name, layers, header), scales_of(header.metadata))


def _check_dtypes(name: str, groups: Mapping[str, Pieces], header: Header) -> None:
    """Refuse matrices of whole numbers; alpha may be one."""
    for tensor in (tensor for pieces in groups.values() for tensor in pieces.values()):
        entry = header.tensors[tensor]
        if len(entry.shape) > 1 and not entry.dtype.startswith(("F", "BF")):
            raise ModelFileError(
                '{name}: its tensor "{tensor}" is stored as {dtype}, and weights must be floating-point '
                "numbers: this is a quantised or damaged file; get it in fp16, bf16, fp32 or fp8.",
                name=name,
                tensor=tensor[:80],
                dtype=entry.dtype,
            )


def _strange(name: str, header: Header) -> ModelFileError:
    if not header.tensors:
        return ModelFileError("{name} is no LoRA: it holds nothing.", name=name)
    return mistaken(name, header, "LoraLoader") or ModelFileError(
        "{name} is no LoRA: none of its tensors is named as one is, they are like {some}.",
        name=name,
        some=first_names(header),
    )


def _layers(name: str, groups: Mapping[str, Pieces], shapes: Shapes) -> Iterator[Layer]:
    for stem, pieces in groups.items():
        form = form_of(pieces)
        if form is None:
            _unread(name, stem, pieces)
            continue
        if odd := pieces.keys() - form.marks - form.others:
            raise ModelFileError(
                '{name}: "{tensor}" has no meaning in a {title}.',
                name=name,
                tensor=pieces[min(odd)],
                title=form.title,
            )
        try:
            size = form.size(whole({leaf: shapes[tensor] for leaf, tensor in pieces.items()}))
        except KeyError as error:
            some = next(iter(pieces.values()))
            raise ModelFileError(
                '{name} is not whole: beside "{tensor}" the piece {piece} is missing.',
                name=name,
                tensor=some,
                piece=error.args[0],
            ) from None
        except (Misfit, IndexError) as error:
            raise ModelFileError(
                '{name} is damaged at "{layer}": {reason}.',
                name=name,
                layer=stem[:80],
                reason=error.telling if isinstance(error, Misfit) else str(error),
            ) from None
        yield Layer(stem, part_of(stem), form, pieces, size)


def _unread(name: str, stem: str, pieces: Pieces) -> None:
    """Refuse a form that cannot be read; what only scales a change that is not there changes nothing."""
    if pieces.keys() <= {"alpha", "dora_scale", "magnitude", "rescale"}:
        return
    title = next((UNREAD[leaf] for leaf in pieces if leaf in UNREAD), telling("unknown"))
    raise ModelFileError(
        '{name} is written in the form {title} at "{layer}"; LoRA, LoCon, LoHa, LoKr, DoRA, IA3 and '
        "full differences can be read.",
        name=name,
        title=title,
        layer=stem[:80],
    )


def part_of(stem: str) -> Part:
    """The part that a stem speaks of."""
    return next((part for part, pattern in _PARTS if pattern.match(stem)), "denoiser")


def _family(name: str, layers: Iterable[Layer], header: Header) -> str | None:
    """By the width of what cross-attention reads, else by the text encoders, else by what the metadata say."""
    layers = list(layers)
    contexts = {layer.inputs for layer in layers if _CONTEXT.search(layer.stem) and layer.inputs}
    if contexts:
        fitting = {f for width in contexts for f in _reading(width)}
        if not fitting:
            known = ", ".join(f.title for f in FAMILIES.values())
            widths = ", ".join(map(str, sorted(contexts)))
            raise ModelFileError(
                "{name} is a LoRA for a model that reads text vectors of width {widths}; none of {known} does.",
                name=name,
                widths=widths,
                known=known,
            )
        return fitting.pop() if len(fitting) == 1 else None
    return _told(header.metadata) or _by_texts(layers)


def _reading(width: int) -> Iterator[str]:
    """Families whose denoisers read text vectors of this width."""
    return (f.name for f in FAMILIES.values() if f.marks["denoiser"]["context"][1] == width)


def _told(metadata: Mapping[str, str]) -> str | None:
    return next((family for key, start, family in _TOLD if metadata.get(key, "").startswith(start)), None)


def _by_texts(layers: Iterable[Layer]) -> str | None:
    """The one family that has text encoders of these widths, and no more of them than the file changes."""
    widths = {layer.part: layer.inputs for layer in layers if _STATES.search(layer.stem) and layer.part != "denoiser"}
    fitting = [f.name for f in FAMILIES.values() if widths and all(_wide(f.name, p, w) for p, w in widths.items())]
    return fitting[0] if len(fitting) == 1 else None


def _wide(family: str, part: Part, width: int) -> bool:
    mark = FAMILIES[family].marks.get(part, {}).get("tokens")
    return mark is not None and mark[1] == width

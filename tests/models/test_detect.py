from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diffusion.types import Wants
from engine.models.detect import inspect_file, require, require_clip_type
from engine.models.families import FAMILIES, LAYOUTS, Layout
from engine.models.header import ModelFileError
from engine.models.layout import ClipLayout, UNetLayout, VaeLayout, clip_layout, unet_layout, vae_layout
from tests.models import make, members

SD1 = make.Size(replace(make.TINY.unet, context=768), make.FULL.vae, replace(make.FULL.clip, layers=2))


def test_a_full_size_file_is_known_from_its_header_alone(tmp_path: Path) -> None:
    path = make.write_header(tmp_path / "v1-5.safetensors", make.shapes(make.FULL))
    found = inspect_file(path)
    assert found.family == "sd1"
    assert set(found.parts) == {"denoiser", "text", "vae"}
    assert found.nbytes == {"denoiser": 2 * 859_520_964, "text": 2 * 123_060_480, "vae": 2 * 83_653_863}
    assert found.sampling.prediction == "eps"
    assert found.latent.factor == 0.18215


def test_detection_needs_no_torch(tmp_path: Path) -> None:
    path = make.write_header(tmp_path / "v1-5.safetensors", make.shapes(make.FULL))
    table = {name: torch.zeros(shape) for name, shape in make.shapes(make.TINY, ("vae",)).items()}
    torch.save(table, tmp_path / "vae.pt")
    code = (
        "import sys; from pathlib import Path; from engine.models.detect import inspect_file; "
        f"import engine.models.facts, engine.models.text; print(inspect_file(Path({str(path)!r})).family, "
        f"inspect_file(Path({str(tmp_path / 'vae.pt')!r})).family, 'torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["sd1", "mini1", "False"]


@pytest.mark.parametrize(("size", "family"), [(SD1, "sd1"), (make.TINY, "mini1"), (make.UNEVEN, "mini1")])
def test_families_by_text_width(tmp_path: Path, size: make.Size, family: str) -> None:
    path = make.write_header(tmp_path / "a.safetensors", make.shapes(size))
    assert inspect_file(path).family == family
    assert inspect_file(path).widths == {"denoiser": size.unet.context, "text": size.clip.width}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: f"{layout.part}-{layout.naming}-{layout.prefix}")
def test_a_part_alone_is_known_under_each_of_its_names(tmp_path: Path, layout: Layout) -> None:
    own = bare(layout)
    path = make.write_header(tmp_path / "a.safetensors", {layout.prefix + name: shape for name, shape in own.items()})
    found = inspect_file(path)
    assert found.family == {"text_g": "sdxl"}.get(layout.part, "sd2" if layout.naming == "openclip" else "sd1")
    assert [(f.part, f.naming, f.prefix) for f in found.parts.values()] == [(layout.part, layout.naming, layout.prefix)]


def bare(layout: Layout) -> Mapping[str, tuple[int, ...]]:
    """Names without prefix and shapes of a part in one of its namings."""
    if layout.part == "text_g":
        own = members.text_shapes(members.XL_G, layout.naming)
        return own if layout.naming == "openclip" else inside(own) | {"text_projection.weight": (1280, 1280)}
    if layout.naming == "openclip":
        return members.text_shapes(members.CLIP_H, "openclip")
    table = make.shapes(SD1, (layout.part,), naming="diffusers" if layout.naming == "diffusers" else "ldm")
    return {name.removeprefix(make.PREFIXES[layout.part]): shape for name, shape in table.items()}


def inside(own: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {f"text_model.{name}": shape for name, shape in own.items()}


FULL_BYTES = {
    "sd1": {"denoiser": 859_520_964, "text": 123_060_480, "vae": 83_653_863},
    "sd1_inpaint": {"denoiser": 859_535_364, "text": 123_060_480, "vae": 83_653_863},
    "sd2": {"denoiser": 865_910_724, "text": 354_032_640, "vae": 83_653_863},
    "sd2_inpaint": {"denoiser": 865_925_124, "text": 354_032_640, "vae": 83_653_863},
    "sd2_depth": {"denoiser": 865_913_604, "text": 354_032_640, "vae": 83_653_863},
    "sdxl": {"denoiser": 2_567_463_684, "text": 123_060_480, "text_g": 694_659_840, "vae": 83_653_863},
    "sdxl_inpaint": {"denoiser": 2_567_478_084, "text": 123_060_480, "text_g": 694_659_840, "vae": 83_653_863},
    "sdxl_refiner": {"denoiser": 2_259_526_660, "text_g": 694_659_840, "vae": 83_653_863},
}


@pytest.mark.parametrize("name", FULL_BYTES)
def test_every_family_is_known_and_sized_at_full_size(tmp_path: Path, name: str) -> None:
    full = members.FULL[name]
    found = inspect_file(make.write_header(tmp_path / "a.safetensors", members.shapes(full)))
    assert found.family == full.family
    assert found.families == (full.family,)
    assert found.wants == Wants(full.unet.channels - 4, FAMILIES[full.family].vector)
    assert {part: nbytes // 2 for part, nbytes in found.nbytes.items()} == FULL_BYTES[name]
    assert found.latent.factor == (0.13025 if "xl" in name else 0.18215)
    unet = {name.removeprefix("model.diffusion_model."): s for name, s in members.shapes(full).items()}
    assert unet_layout(unet, "ldm") == full.unet
    assert unet_layout(members.unet_shapes(full, "diffusers"), "diffusers") == full.unet


@pytest.mark.parametrize(
    ("which", "families"),
    [
        (("vae",), ("sd1", "sd2", "sdxl", "sdxl_refiner")),
        (("text",), ("sd1", "sdxl")),
        (("text_g",), ("sdxl", "sdxl_refiner")),
        (("text", "text_g"), ("sdxl",)),
    ],
)
def test_a_part_that_serves_several_families_says_so(
    tmp_path: Path, which: tuple[str, ...], families: tuple[str, ...]
) -> None:
    full = members.FULL["sdxl"]
    prefixes = {text.part: text.prefix for text in full.texts} | {"vae": "first_stage_model."}
    wanted = tuple(prefixes[part] for part in which)
    table = {name: shape for name, shape in members.shapes(full).items() if name.startswith(wanted)}
    assert inspect_file(make.write_header(tmp_path / "a.safetensors", table)).families == families


def test_an_unknown_denoiser_is_told_with_its_sizes(tmp_path: Path) -> None:
    wide = replace(make.TINY, unet=replace(make.TINY.unet, context=512))
    path = make.write_header(tmp_path / "v2.safetensors", make.shapes(wide, ("denoiser",)))
    with pytest.raises(ModelFileError, match=r"v2\.safetensors: it holds a denoiser .* no known family .*, 512\]\.$"):
        inspect_file(path)
    path = make.write_header(tmp_path / "lora.safetensors", {"something_x.alpha": (1,)})
    with pytest.raises(ModelFileError, match=r'named like "something_x\.alpha"'):
        inspect_file(path)


def test_what_a_file_lacks_is_named(tmp_path: Path) -> None:
    found = inspect_file(make.write_header(tmp_path / "vae.safetensors", make.shapes(make.FULL, ("vae",))))
    assert found.family == "sd1"
    require(found, "vae.safetensors", "vae")
    with pytest.raises(ModelFileError, match=r"^vae\.safetensors has no denoiser .* and no text encoder .*only VAE\.$"):
        require(found, "vae.safetensors", "denoiser", "text")
    text = inspect_file(make.write_header(tmp_path / "clip.safetensors", make.shapes(make.FULL, ("text",))))
    require_clip_type(text, "clip.safetensors", "stable_diffusion")
    with pytest.raises(ModelFileError, match='not of type "sd3"'):
        require_clip_type(text, "clip.safetensors", "sd3")


def test_a_missing_file_and_a_changed_file(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="no such file"):
        inspect_file(tmp_path / "none.safetensors")
    path = make.write_header(tmp_path / "a.safetensors", make.shapes(make.TINY))
    assert inspect_file(path).family == "mini1"
    make.write_header(path, make.shapes(SD1))
    assert inspect_file(path).family == "sd1"


def test_a_diffusers_folder(tmp_path: Path) -> None:
    folder = make.write_folder(tmp_path / "model", make.TINY, "fp16", variant=".fp16")
    assert set(inspect_file(folder).parts) == {"denoiser", "text", "vae"}
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps({"prediction_type": "v_prediction"}))
    (folder / "vae" / "config.json").write_text(json.dumps({"scaling_factor": 0.5}))
    other = make.write_folder(tmp_path / "other", make.TINY)
    (other / "vae" / "config.json").write_text("{broken")
    (folder / "model_index.json").write_text("{}  ")
    found = inspect_file(folder)
    assert found.sampling.prediction == "v"
    assert found.latent.factor == 0.5
    assert inspect_file(other).latent.factor == 0.18215
    with pytest.raises(ModelFileError, match=r"no model_index\.json"):
        inspect_file(tmp_path)


widths = st.lists(st.sampled_from([32, 64, 96]), min_size=1, max_size=4).map(tuple)


@given(widths, st.integers(1, 3), st.data(), st.sampled_from(["ldm", "diffusers"]))
@settings(max_examples=25)
def test_any_layout_is_read_back_from_its_tensors(
    levels: tuple[int, ...], layers: int, data: st.DataObject, naming: str
) -> None:
    attention = tuple(data.draw(st.booleans()) for _ in levels)
    size = make.Size(
        UNetLayout(4, levels, layers, attention, data.draw(st.sampled_from([32, 768])), data.draw(st.booleans())),
        VaeLayout(3, levels, layers, 4),
        ClipLayout(1000, 77, 64, data.draw(st.sampled_from([64, 128])), layers),
    )
    table = {part: make.shapes(size, (part,), naming=naming) for part in make.PARTS}
    own = {
        part: {n.removeprefix(make.PREFIXES[part]).removeprefix("text_model."): s for n, s in names.items()}
        for part, names in table.items()
    }
    assert unet_layout(own["denoiser"], naming) == size.unet
    assert vae_layout(own["vae"], naming) == size.vae
    assert clip_layout(own["text"]) == size.clip


def test_levels_of_different_depth_are_refused() -> None:
    table = make.shapes(make.UNEVEN, ("denoiser",))
    own = {name.removeprefix(make.PREFIXES["denoiser"]): shape for name, shape in table.items()}
    cut = {name: shape for name, shape in own.items() if not name.startswith("input_blocks.8.")}
    with pytest.raises(ModelFileError, match=r"\[2, 2, 1\] residual blocks"):
        unet_layout(cut, "ldm")

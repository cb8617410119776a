from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.models.detect import inspect_file, require, require_clip_type
from engine.models.families import LAYOUTS
from engine.models.header import ModelFileError
from engine.models.layout import ClipLayout, UNetLayout, VaeLayout, clip_layout, unet_layout, vae_layout
from tests.models import make

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
def test_a_part_alone_is_known_under_each_of_its_names(tmp_path: Path, layout: object) -> None:
    part, naming, prefix = layout.part, layout.naming, layout.prefix  # type: ignore[attr-defined]
    table = make.shapes(SD1, (part,), naming="diffusers" if naming == "diffusers" else "ldm")
    own = {name.removeprefix(make.PREFIXES[part]).removeprefix("text_model."): shape for name, shape in table.items()}
    path = make.write_header(tmp_path / "a.safetensors", {prefix + name: shape for name, shape in own.items()})
    found = inspect_file(path)
    assert found.family == "sd1"
    assert [(f.part, f.naming, f.prefix) for f in found.parts.values()] == [(part, naming, prefix)]


def test_an_unknown_denoiser_is_told_with_its_sizes(tmp_path: Path) -> None:
    wide = replace(make.TINY, unet=replace(make.TINY.unet, context=1024))
    path = make.write_header(tmp_path / "v2.safetensors", make.shapes(wide, ("denoiser",)))
    with pytest.raises(ModelFileError, match=r"v2\.safetensors: it holds a denoiser .* no known family .*, 1024\]\.$"):
        inspect_file(path)
    path = make.write_header(tmp_path / "lora.safetensors", {"lora_unet_x.alpha": (1,)})
    with pytest.raises(ModelFileError, match=r'named like "lora_unet_x\.alpha"'):
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

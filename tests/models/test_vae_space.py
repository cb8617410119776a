"""Whose latents an autoencoder in a file of its own decodes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from engine.files import Library
from engine.graph.facts import Facts
from engine.models import vae_space
from engine.models.facts import describe
from tests.models import make, members
from tests.models.test_detect import SD1

SHAPES = make.shapes(SD1, ("vae",))


def facts(folder: Path, name: str = "vae.safetensors") -> Facts:
    library = Library({"vae": (folder,)})
    return describe(library)(library.ref("vae", name))


def test_nothing_is_said_where_nothing_tells(tmp_path: Path) -> None:
    make.write_header(tmp_path / "sdxl_vae.safetensors", SHAPES)
    (tmp_path / "config.json").write_text('{"scaling_factor": 0.13025}')
    assert "space" not in facts(tmp_path, "sdxl_vae.safetensors"), "neither a name nor another file's configuration"


def test_a_small_layout_tells_nothing(tmp_path: Path) -> None:
    """Anybody may train a small one for any family."""
    make.write_header(tmp_path / "vae.safetensors", make.shapes(make.TINY, ("vae",)))
    assert "space" not in facts(tmp_path)


@pytest.mark.parametrize(("factor", "space"), [(0.18215, "sd"), (0.13025, "sdxl"), (0.5, None), ('"0.13025"', None)])
def test_the_configuration_beside_tells(tmp_path: Path, factor: object, space: str | None) -> None:
    name = "diffusion_pytorch_model.fp16.safetensors"
    make.write_header(tmp_path / name, SHAPES)
    (tmp_path / "config.json").write_text(f'{{"scaling_factor": {factor}}}')
    assert facts(tmp_path, name).get("space") == space


@pytest.mark.parametrize(
    ("architecture", "space"),
    [("stable-diffusion-xl-v1-base/vae", "sdxl"), ("stable-diffusion-v1/vae", "sd"), ("flux-1-dev", None)],
)
def test_metadata_tell(tmp_path: Path, architecture: str, space: str | None) -> None:
    make.write_header(tmp_path / "vae.safetensors", SHAPES, metadata={"modelspec.architecture": architecture})
    assert facts(tmp_path).get("space") == space


def test_a_published_file_is_known_by_its_sha256(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "renamed.safetensors"
    make.write(path, make.shapes(make.TINY, ("vae",)), "fp16")
    asked: list[Path] = []

    def sha256(path: Path) -> str:
        asked.append(path)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr(vae_space, "PUBLISHED", {hashlib.sha256(path.read_bytes()).hexdigest(): "sdxl"})
    assert vae_space.told_space(path, sha256) is None
    assert not asked, "a file of another size is not read whole"
    monkeypatch.setattr(vae_space, "SIZES", {path.stat().st_size})
    assert vae_space.told_space(path, sha256) == "sdxl"


def test_published_files_are_sha256_of_known_spaces() -> None:
    assert all(len(bytes.fromhex(digest)) == 32 for digest in vae_space.PUBLISHED)
    assert set(vae_space.PUBLISHED.values()) == {"sd", "sdxl"}


def test_its_space_is_judged(tmp_path: Path) -> None:
    """An XL autoencoder, known as such, at the latents of v1; `members` has them in full size."""
    from tests.models.test_facts import pictures

    folder = tmp_path / "vae"
    folder.mkdir()
    make.write_header(tmp_path / "sd1.safetensors", members.shapes(members.FULL["sd1"]))
    make.write_header(folder / "diffusion_pytorch_model.safetensors", SHAPES)
    (tmp_path / "input").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "input" / "a.png")
    own = {kind: (tmp_path / kind,) for kind in ("input", "output", "temp")}
    library = Library({"checkpoints": (tmp_path,), "vae": (folder,), **own})
    for factor, wrong in ((0.18215, []), (0.13025, [("wrong_family", "end", "vae")])):
        (folder / "config.json").write_text(f'{{"scaling_factor": {factor}}}')
        assert pictures(library, "sd1", "diffusion_pytorch_model", "VAELoader", empty=True) == wrong

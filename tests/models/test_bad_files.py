"""Files that are not what they are taken for: each is told in one sentence with its name, or is read all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.models.detect import inspect_file, require
from engine.models.header import ModelFileError
from tests.models import make, members


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", r"^a\.safetensors is damaged or cut short: it has only 0 bytes; get it anew\.$"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n", r"no model but a pointer of Git LFS"),
        (b"<!DOCTYPE html><html><body>404</body></html>", r"no model but a web page; download the model itself\.$"),
        (b"GGUF\x03\x00\x00\x00\x00", r"format GGUF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), r"^a\.safetensors is not a sound safetensors file"),
    ],
)
def test_what_is_no_model_is_told(tmp_path: Path, data: bytes, told: str) -> None:
    (tmp_path / "a.safetensors").write_bytes(data)
    with pytest.raises(ModelFileError, match=told):
        inspect_file(tmp_path / "a.safetensors")


@pytest.mark.parametrize("left", [0.999, 0.5])
def test_a_download_that_broke_off_is_told(tmp_path: Path, left: float) -> None:
    path = make.write_header(tmp_path / "xl.safetensors", members.shapes(members.FULL["sdxl"]))
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * left))
    with pytest.raises(ModelFileError, match=r"^xl\.safetensors is damaged or cut short: its tensor "):
        inspect_file(path)


def test_a_torn_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    torch.save({"state_dict": {"x": torch.zeros(999)}}, path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ModelFileError, match=r"^a\.ckpt is damaged or cut short: the end of its archive is missing\.$"):
        inspect_file(path)


@pytest.mark.parametrize("name", ["sd2_v", "sdxl_refiner"])
@pytest.mark.parametrize("ending", ["ckpt", "pt", "bin"])
def test_the_ending_of_a_name_does_not_count(tmp_path: Path, name: str, ending: str) -> None:
    full = members.FULL[name]
    path = make.write_header(tmp_path / f"a.{ending}", members.shapes(full))
    assert inspect_file(path).family == full.family


def test_a_pickle_that_is_called_safetensors_is_read(tmp_path: Path) -> None:
    table = {f"first_stage_model.{n}": torch.zeros(s) for n, s in members.vae_shapes(members.MEMBERS["sd1"]).items()}
    torch.save(table, tmp_path / "a.safetensors")
    assert tuple(inspect_file(tmp_path / "a.safetensors").parts) == ("vae",)


def test_a_part_taken_for_a_checkpoint_says_what_it_is(tmp_path: Path) -> None:
    full = members.FULL["sd1"]
    vae = inspect_file(make.write_header(tmp_path / "vae.safetensors", members.vae_shapes(full)))
    with pytest.raises(ModelFileError, match=r"^vae\.safetensors has no denoiser \(UNet\): it holds only VAE\.$"):
        require(vae, "vae.safetensors", "denoiser")
    unet = inspect_file(make.write_header(tmp_path / "unet.safetensors", members.unet_shapes(full, "diffusers")))
    with pytest.raises(ModelFileError, match=r"^unet\.safetensors has no VAE: it holds only denoiser \(UNet\)\.$"):
        require(unet, "unet.safetensors", "vae")


def test_a_vae_is_read_in_every_form_that_people_have(tmp_path: Path) -> None:
    """kl-f8 ft-mse and its like: with prefix and without, safetensors and PyTorch, inside a state_dict or not."""
    member = members.MEMBERS["sd1"]
    bare = {name: torch.zeros(shape) for name, shape in members.vae_shapes(member).items()}
    prefixed = {f"first_stage_model.{name}": tensor for name, tensor in bare.items()}
    for number, table in enumerate((bare, prefixed)):
        for inner in (table, {"state_dict": table, "epoch": 3}):
            path = tmp_path / f"vae{number}.pt"
            torch.save(inner, path)
            found = inspect_file(path)
            assert (tuple(found.parts), found.nbytes["vae"]) == (("vae",), sum(t.nbytes for t in bare.values()))

"""Small autoencoders (TAESD): every way in which they are stored, their numbers, and previews with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import AutoencoderTiny
from safetensors.torch import save_file
from torch import Tensor

from engine.files import FileProblem, FileRef, Library
from engine.models.facts import describe
from engine.models.handle import ModelHandle, Vae
from engine.models.header import ModelFileError
from engine.models.load import make_manager
from engine.models.precision import policy
from engine.models.preview import Previews
from engine.models.tiny import TinyDecoders
from nodes.loaders import vae_loader
from tests.models import make

FACTORS = {"taesd": 0.18215, "taesdxl": 0.13025}


@pytest.fixture(scope="module")
def oracle() -> Any:
    torch.manual_seed(3)
    make_tiny: Any = AutoencoderTiny
    return make_tiny().eval().requires_grad_(False)


def halves(oracle: Any) -> Mapping[str, dict[str, Tensor]]:
    """As the original stores them: bare numbers, the decoder's one higher for its clamp."""
    told: dict[str, dict[str, Tensor]] = {"encoder": {}, "decoder": {}}
    for name, tensor in oracle.state_dict().items():
        half, _, number, rest = name.split(".", 3)
        told[half][f"{int(number) + (half == 'decoder')}.{rest}"] = tensor.contiguous()
    return told


def write(folder: Path, oracle: Any, name: str, form: str) -> None:
    folder.mkdir(exist_ok=True)
    if form == "diffusers":
        save_file(oracle.state_dict(), folder / f"{name}.safetensors")
        return
    for half, table in halves(oracle).items():
        if form == "pth":
            torch.save(table, folder / f"{name}_{half}.pth")
        else:
            save_file(table, folder / f"{name}_{half}.safetensors")


def libraries(root: Path) -> Library:
    return Library({"vae_approx": (root / "approx",), "vae": (root / "vae",)})


@torch.no_grad()
@pytest.mark.parametrize("name", FACTORS)
@pytest.mark.parametrize("form", ["safetensors", "pth", "diffusers"])
def test_a_name_of_the_vae_loader_stands_for_both_halves(tmp_path: Path, oracle: Any, name: str, form: str) -> None:
    write(tmp_path / "approx", oracle, name, form)
    library = libraries(tmp_path)
    assert library.names("vae") == (name,)
    vae = loaded(library, name)
    manager = make_manager(library, policy("cpu", "full"))
    raw = torch.randn(2, 4, 5, 3, generator=torch.Generator().manual_seed(1))
    picture = torch.rand(1, 40, 24, 3, generator=torch.Generator().manual_seed(2))
    with manager.lease(vae.handle) as (module,):
        found, back = module.decode(raw), module.encode(picture)
    expected = oracle.decode(raw * FACTORS[name]).sample.movedim(1, -1).div(2).add(0.5).clamp(0, 1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    latents = oracle.encode(picture.movedim(-1, 1) * 2 - 1).latents / FACTORS[name]
    torch.testing.assert_close(back, latents, rtol=1e-4, atol=1e-5)


def loaded(library: Library, name: str) -> Vae:
    context: Any = SimpleNamespace(path=library.resolve)
    return vae_loader(vae_name=library.ref("vae", name), context=context)


def test_what_is_told_of_it_before_a_run(tmp_path: Path, oracle: Any) -> None:
    write(tmp_path / "approx", oracle, "taesdxl", "pth")
    library = libraries(tmp_path)
    told = describe(library)(library.ref("vae", "taesdxl"))
    assert (told["space"], told["channels"], "family" in told) == ("sdxl", 4, False)


def test_half_of_it_is_no_vae(tmp_path: Path, oracle: Any) -> None:
    write(tmp_path / "approx", oracle, "taesd", "safetensors")
    (tmp_path / "approx" / "taesd_encoder.safetensors").unlink()
    library = libraries(tmp_path)
    assert library.names("vae") == ()
    with pytest.raises(FileProblem, match="taesd"):
        library.ref("vae", "taesd")


def test_a_changed_half_is_another_file(tmp_path: Path, oracle: Any) -> None:
    write(tmp_path / "approx", oracle, "taesd", "safetensors")
    library = libraries(tmp_path)
    before = library.ref("vae", "taesd")
    table = {name: tensor + 1 for name, tensor in halves(oracle)["encoder"].items()}
    save_file(table, tmp_path / "approx" / "taesd_encoder.safetensors")
    assert library.ref("vae", "taesd").digest != before.digest


def test_a_file_that_lacks_layers_is_told(tmp_path: Path, oracle: Any) -> None:
    write(tmp_path / "approx", oracle, "taesd", "safetensors")
    table = halves(oracle)["decoder"]
    del table["7.weight"]
    save_file(table, tmp_path / "approx" / "taesd_decoder.safetensors")
    library = libraries(tmp_path)
    manager = make_manager(library, policy("cpu", "full"))
    with pytest.raises(ModelFileError, match=r"^taesd lacks 1 of the "), manager.lease(loaded(library, "taesd").handle):
        pass


@dataclass
class Job:
    handle: Any


@torch.no_grad()
def test_previews_are_decoded_where_a_decoder_is(tmp_path: Path, oracle: Any) -> None:
    write(tmp_path / "approx", oracle, "taesd", "safetensors")
    (tmp_path / "approx" / "taesd_encoder.safetensors").unlink()
    decoders = TinyDecoders(libraries(tmp_path), torch.device("cpu"))
    clean = torch.randn(2, 4, 5, 7, generator=torch.Generator().manual_seed(4))
    shown = {}
    for family in ("sd2", "sdxl"):
        handle = ModelHandle(FileRef("checkpoints", "x", "d"), family, "denoiser")
        made = Previews(512, decoders)(Job(handle), SimpleNamespace(clean=clean))  # type: ignore[arg-type]
        assert made is not None
        shown[family] = made.pixels
    expected = oracle.decode(clean[:1]).sample[0].movedim(0, -1).add(1).mul(127.5).clamp(0, 255)
    assert shown["sd2"].shape == (40, 56, 3)
    assert abs(shown["sd2"] - expected.numpy()).max() <= 1
    assert shown["sdxl"].shape == (5, 7, 3), "no decoder of this family: rough colours"


def test_a_broken_decoder_is_told_once_and_rough_colours_are_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "approx").mkdir()
    make.write_header(tmp_path / "approx" / "taesd_decoder.safetensors", {"odd": (1,)})
    decoders = TinyDecoders(libraries(tmp_path), torch.device("cpu"))
    assert [decoders("sd1"), decoders("sd1")] == [None, None]
    told = "taesd_decoder.safetensors is no small autoencoder (TAESD): it has other tensors."
    assert [record.message for record in caplog.records] == [f"No small decoder for previews: {told}"]

"""What a model predicts: said by its file, by a configuration beside it, or guessed from its numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.models.detect import inspect_file, read_header
from engine.models.header import Entry, ModelFileError
from engine.models.peek import numbers
from engine.models.predicts import TELLING
from tests.models import make, members

SHAPES = members.unet_shapes(members.MEMBERS["sd2"])
LARGE, SMALL = 0.2, 0.02


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    """The denoiser of a small v2 under its names in a checkpoint."""
    return {f"model.diffusion_model.{name}": value for name, value in make.values(SHAPES)}


def spread(deviation: float, dtype: torch.dtype = torch.float32) -> Tensor:
    values = torch.linspace(-1, 1, 64)
    return (values / values.std() * deviation + 0.5).to(dtype)


def saved(
    path: Path, weights: Mapping[str, Tensor], deviation: float, metadata: dict[str, str] | None = None, **more: Tensor
) -> Path:
    told = {f"model.diffusion_model.{TELLING['ldm']}": spread(deviation)}
    save_file({**weights, **told, **more}, path, metadata)
    return path


@pytest.mark.parametrize(
    ("deviation", "metadata", "expected"),
    [
        (LARGE, {"modelspec.prediction_type": "epsilon"}, "eps"),
        (SMALL, {"modelspec.prediction_type": "v"}, "v"),
        (SMALL, {"ss_v_parameterization": "True"}, "v"),
        (LARGE, {"ss_v_parameterization": "False"}, "eps"),
    ],
)
def test_metadata_counts_more_than_numbers(
    tmp_path: Path, weights: Any, deviation: float, metadata: dict[str, str], expected: str
) -> None:
    found = inspect_file(saved(tmp_path / "a.safetensors", weights, deviation, metadata))
    assert found.sampling.prediction == expected
    assert found.notes == ()


def test_a_tensor_can_say_it_and_all_noise_too(tmp_path: Path, weights: Any) -> None:
    plain = inspect_file(saved(tmp_path / "a.safetensors", weights, SMALL, v_pred=torch.ones(0)))
    assert (plain.sampling.prediction, plain.sampling.zsnr) == ("v", False)
    both = inspect_file(saved(tmp_path / "b.safetensors", weights, SMALL, v_pred=torch.ones(0), ztsnr=torch.ones(0)))
    assert (both.sampling.prediction, both.sampling.zsnr) == ("v", True)


@pytest.mark.parametrize("place", ["beside", "configs"])
def test_a_configuration_says_it(tmp_path: Path, weights: Any, place: str) -> None:
    """Such files came with every model that predicts v: model.params.parameterization."""
    path = tmp_path / "checkpoints" / "some" / "v2.safetensors"
    path.parent.mkdir(parents=True)
    saved(path, weights, SMALL)
    assert inspect_file(path).sampling.prediction == "eps"
    config = (path.parent if place == "beside" else tmp_path / "configs") / "v2.yaml"
    config.parent.mkdir(exist_ok=True)
    config.write_text(
        'model:\n  target: ldm.models.diffusion.ddpm.LatentDiffusion\n  params:\n    parameterization: "v"\n'
    )
    assert inspect_file(path).sampling.prediction == "v"
    config.write_text("model:\n  params:\n    linear_start: 0.00085\n")
    assert inspect_file(path).sampling.prediction == "eps"


@pytest.mark.parametrize(("deviation", "expected"), [(LARGE, "v"), (SMALL, "eps")])
@pytest.mark.parametrize("ending", ["safetensors", "ckpt"])
def test_else_its_own_numbers_tell_and_it_is_said_to_be_a_guess(
    tmp_path: Path, weights: Any, deviation: float, expected: str, ending: str
) -> None:
    path = tmp_path / f"a.{ending}"
    saved(tmp_path / "a.safetensors", weights, deviation)
    if ending == "ckpt":
        table = {**weights, f"model.diffusion_model.{TELLING['ldm']}": spread(deviation)}
        torch.save({"state_dict": table, "global_step": 3}, path)
    found = inspect_file(path)
    assert found.sampling.prediction == expected
    assert len(found.notes) == 1
    assert found.notes[0].startswith(f"a.{ending} does not say what it predicts; ")
    assert "ModelSamplingDiscrete" in found.notes[0]


def test_a_denoiser_in_diffusers_names_is_guessed_too(tmp_path: Path) -> None:
    table = dict(make.values(members.unet_shapes(members.MEMBERS["sd2"], "diffusers")))
    save_file({**table, TELLING["diffusers"]: spread(LARGE)}, tmp_path / "a.safetensors")
    assert inspect_file(tmp_path / "a.safetensors").sampling.prediction == "v"


@pytest.mark.parametrize("name", ["sd2_inpaint", "sd2_depth", "sd1", "sdxl", "sdxl_refiner"])
def test_others_predict_the_noise_and_nothing_is_guessed(tmp_path: Path, name: str) -> None:
    path = make.write_header(tmp_path / "a.safetensors", members.shapes(members.FULL[name]))
    found = inspect_file(path)
    assert (found.sampling.prediction, found.notes) == ("eps", ())


def test_models_of_other_noise_levels_are_refused(tmp_path: Path) -> None:
    table = members.shapes(members.FULL["sdxl"]) | {"edm_mean": (4,), "edm_std": (4,)}
    with pytest.raises(ModelFileError, match=r"^a\.safetensors is trained on the noise levels of EDM"):
        inspect_file(make.write_header(tmp_path / "a.safetensors", table))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_numbers_are_read_as_torch_reads_them(tmp_path: Path, dtype: torch.dtype) -> None:
    values = torch.randn(7, generator=torch.Generator().manual_seed(1)).to(dtype)
    both = torch.cat([torch.zeros(3, dtype=dtype), values])
    save_file({"x": values, "pad": torch.zeros(3, dtype=torch.uint8)}, tmp_path / "a.safetensors")
    torch.save({"x": both[3:], "other": both}, tmp_path / "a.pt")
    torch.save({"x": values}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    for name in ("a.safetensors", "a.pt"):
        entry = read_header(tmp_path / name).tensors["x"]
        assert numbers(tmp_path / name, entry) == values.double().tolist()
    assert numbers(tmp_path / "old.pt", read_header(tmp_path / "old.pt").tensors["x"]) is None


def test_what_cannot_be_read_is_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"x": torch.zeros(4)}, path)
    assert numbers(path, Entry("F32", (4,), storage="99")) is None
    assert numbers(path, Entry("F32", (5,), storage="0")) is None
    assert numbers(path, Entry("F32", (4,), 1 << 40, storage="0")) is None
    assert numbers(path, Entry("F8_E4M3", (4,), storage="0")) is None
    assert numbers(path, Entry("F32", (1 << 30,), storage="0")) is None


def test_a_folder_says_it_in_its_scheduler(tmp_path: Path) -> None:
    folder = make.write_folder(tmp_path / "model", make.TINY)
    (folder / "scheduler").mkdir()
    config = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(config))
    found = inspect_file(folder).sampling
    assert (found.prediction, found.zsnr) == ("v", True)


def test_guessing_needs_no_torch(tmp_path: Path, weights: Any) -> None:
    saved(tmp_path / "a.safetensors", weights, LARGE)
    code = (
        "import sys; from pathlib import Path; from engine.models.detect import inspect_file; "
        f"print(inspect_file(Path({str(tmp_path / 'a.safetensors')!r})).sampling.prediction, 'torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["v", "False"]

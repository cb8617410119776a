"""Loading through handles: what it takes, and what it does not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.files import Library
from engine.models.handle import ModelHandle
from engine.models.header import ModelFileError
from engine.models.layout import UNetLayout
from engine.models.load import FileLoader, make_manager
from engine.models.manager import ModelManager
from engine.models.precision import Precision, policy
from engine.models.weights import open_weights
from tests.models import make

MIDDLE = replace(make.TINY, unet=UNetLayout(4, (160, 320, 640), 2, (True, True, True), 64, False))


def test_sizes_are_told_before_loading(library: Library, handles: dict[str, ModelHandle]) -> None:
    for precision, itemsize in (("full", 4), ("bf16", 2)):
        loader = FileLoader(library, policy("cpu", precision))  # type: ignore[arg-type]
        for handle in handles.values():
            module = loader.load(handle).module
            held = sum(parameter.nbytes for parameter in module.parameters())
            assert held == loader.size(handle)
            assert held == itemsize * sum(parameter.numel() for parameter in module.parameters())


def test_a_diffusers_folder_is_leased_part_by_part(tmp_path: Path, handles: dict[str, ModelHandle]) -> None:
    make.write_folder(tmp_path / "model", make.TINY)
    library = Library({"diffusers": (tmp_path,)})
    ref = library.ref("diffusers", "model")
    manager = make_manager(library, policy("cpu", "full"))
    parts = [replace(handle, source=ref) for handle in handles.values()]
    with manager.lease(*parts) as (denoiser, text, vae):
        cond = text.encode("a cat")
        out = denoiser(torch.randn(1, 4, 8, 8), torch.tensor([1.0]), cond.embeds)
        assert vae.decode(out).shape == (1, 64, 64, 3)


def test_a_part_that_is_not_there_is_named(tmp_path: Path, handles: dict[str, ModelHandle]) -> None:
    make.write_checkpoint(tmp_path / "a.safetensors", make.TINY, parts=("vae",))
    library = Library({"checkpoints": (tmp_path,)})
    manager = make_manager(library, policy("cpu", "full"))
    handle = replace(handles["text"], source=library.ref("checkpoints", "a.safetensors"))
    with pytest.raises(ModelFileError, match=r"^a\.safetensors has no text encoder"), manager.lease(handle):
        pass
    assert manager.report() == ()


@torch.no_grad()
@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_half_precision_stays_near_full(library: Library, handles: dict[str, ModelHandle], precision: str) -> None:
    exact, half = (FileLoader(library, policy("cpu", p)) for p in ("full", precision))  # type: ignore[arg-type]
    x, t = torch.randn(2, 4, 8, 8), torch.tensor([900.0, 20.0])
    results = []
    for loader in (exact, half):
        denoiser, text = loader.load(handles["denoiser"]), loader.load(handles["text"])
        cond = text.encode("a (red:1.2) cat")
        results.append(denoiser(x, t, cond.embeds.expand(2, -1, -1)).float())
    assert (results[0] - results[1]).norm() / results[0].norm() < 0.03


PEAK = """
import sys, threading, time
from pathlib import Path
from engine.files import Library
from engine.models.handle import ModelHandle
from engine.models.load import FileLoader
from engine.models.precision import Precision, policy
from engine.models.weights import open_weights

def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) << 10

library = Library({"checkpoints": (Path(sys.argv[1]),)})
loader = FileLoader(library, policy("cpu", sys.argv[2]))
warm = ModelHandle(library.ref("checkpoints", "warm.safetensors"), "mini1", "denoiser")
loader.load(warm)
handle = ModelHandle(library.ref("checkpoints", "a.safetensors"), "mini1", "denoiser")
before, peak, done = anonymous(), [0], threading.Event()

def watch():
    while not done.is_set():
        peak[0] = max(peak[0], anonymous())
        time.sleep(0.002)

thread = threading.Thread(target=watch)
thread.start()
held = loader.load(handle)
done.set()
thread.join()
print((max(peak[0], anonymous()) - before) / sum(p.nbytes for p in held.module.parameters()))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
@pytest.mark.parametrize("precision", ["full", "bf16"])
def test_loading_needs_little_memory_beside_the_weights(tmp_path: Path, dtype: str, precision: str) -> None:
    make.write_checkpoint(tmp_path / "warm.safetensors", make.TINY, parts=("denoiser",))
    make.write_checkpoint(tmp_path / "a.safetensors", MIDDLE, dtype, parts=("denoiser",))
    ran = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path), precision], capture_output=True, text=True, check=True
    )
    assert float(ran.stdout) < 1.25


@pytest.mark.parametrize(
    ("dtype", "number"),
    [
        *((dtype, float("nan")) for dtype in ("fp32", "fp16", "bf16", "fp8", "fp8_e5m2")),
        *((dtype, float("-inf")) for dtype in ("fp32", "fp16", "bf16", "fp8_e5m2")),
    ],
)
def test_numbers_that_are_not_finite_are_told_by_the_name_of_their_tensor(
    tmp_path: Path, handles: dict[str, ModelHandle], dtype: str, number: float
) -> None:
    name = "model.diffusion_model.out.2.weight"
    manager, handle = damaged(tmp_path, handles["denoiser"], dtype, name, number)
    with (
        pytest.raises(ModelFileError, match=r"^a\.safetensors: .*out\.2\.weight.*NaN or infinite"),
        manager.lease(handle),
    ):
        pass
    assert manager.report() == ()


def test_numbers_that_are_too_large_for_the_precision_are_told_apart(
    tmp_path: Path, handles: dict[str, ModelHandle]
) -> None:
    name = "model.diffusion_model.out.2.weight"
    manager, handle = damaged(tmp_path, handles["denoiser"], "fp32", name, 70000.0, precision="fp16")
    with pytest.raises(ModelFileError, match=r"out\.2\.weight.* 7e\+04, too large for float16"), manager.lease(handle):
        pass
    full = make_manager(Library({"checkpoints": (tmp_path,)}), policy("cpu", "full"))
    with full.lease(handle) as (denoiser,):
        assert denoiser.module.conv_out.weight.max() == 70000


def test_streamed_weights_are_looked_at_too(tmp_path: Path, handles: dict[str, ModelHandle]) -> None:
    name = "model.diffusion_model.middle_block.0.in_layers.2.weight"
    _, handle = damaged(tmp_path, handles["denoiser"], "fp32", name, float("nan"))
    loader = FileLoader(Library({"checkpoints": (tmp_path,)}), policy("cpu", "full"))
    denoiser = loader.load(handle, loader.least(handle))
    with pytest.raises(ModelFileError, match=r"middle_block\.0\.in_layers\.2\.weight.*NaN"):
        denoiser(torch.randn(1, 4, 8, 8), torch.tensor([1.0]), torch.randn(1, 77, 64))


def test_weights_that_are_no_floating_point_numbers(tmp_path: Path, handles: dict[str, ModelHandle]) -> None:
    table = dict(make.values(make.shapes(make.TINY, ("denoiser",))))
    name = "model.diffusion_model.out.2.weight"
    table[name] = table[name].to(torch.int8)
    save_file({key: tensor.contiguous() for key, tensor in table.items()}, tmp_path / "a.safetensors")
    library = Library({"checkpoints": (tmp_path,)})
    handle = replace(handles["denoiser"], source=library.ref("checkpoints", "a.safetensors"))
    manager = make_manager(library, policy("cpu", "full"))
    with pytest.raises(ModelFileError, match=r"out\.2\.weight\" is stored as int8.*quantised"), manager.lease(handle):
        pass


@pytest.mark.parametrize("kept", [0, 7, 300, 20_000, -1])
@pytest.mark.parametrize("ending", ["safetensors", "ckpt"])
def test_files_that_are_cut_short_are_told(
    tmp_path: Path, handles: dict[str, ModelHandle], kept: int, ending: str
) -> None:
    path = tmp_path / f"a.{ending}"
    if ending == "ckpt":
        torch.save({"state_dict": dict(make.values(make.shapes(make.TINY, ("denoiser",))))}, path)
    else:
        make.write_checkpoint(path, make.TINY, parts=("denoiser",))
    path.write_bytes(path.read_bytes()[:kept])
    library = Library({"checkpoints": (tmp_path,)})
    handle = replace(handles["denoiser"], source=library.ref("checkpoints", path.name))
    with (
        pytest.raises(ModelFileError, match=rf"^a\.{ending}") as told,
        make_manager(library, policy("cpu", "full")).lease(handle),
    ):
        pass
    assert str(told.value).count(". ") == 0
    assert len(str(told.value)) < 300


def damaged(
    folder: Path, handle: ModelHandle, dtype: str, name: str, number: float, precision: Precision = "full"
) -> tuple[ModelManager, ModelHandle]:
    """A manager of a checkpoint in which one number of one tensor is another."""
    table = {
        key: tensor.to(make.DTYPES[dtype][1]) for key, tensor in make.values(make.shapes(make.TINY, ("denoiser",)))
    }
    flat = table[name].float().reshape(-1)
    flat[17] = number
    table[name] = flat.to(table[name].dtype).reshape(table[name].shape)
    save_file({key: tensor.contiguous() for key, tensor in table.items()}, folder / "a.safetensors")
    library = Library({"checkpoints": (folder,)})
    source = library.ref("checkpoints", "a.safetensors")
    return make_manager(library, policy("cpu", precision)), replace(handle, source=source)


def test_weights_that_mean_something_only_with_their_scales_are_refused(
    tmp_path: Path, handles: dict[str, ModelHandle]
) -> None:
    table = dict(make.values(make.shapes(make.TINY, ("denoiser",))))
    table["model.diffusion_model.out.2.scale_weight"] = torch.ones(1)
    save_file({key: tensor.contiguous() for key, tensor in table.items()}, tmp_path / "a.safetensors")
    library = Library({"checkpoints": (tmp_path,)})
    handle = replace(handles["denoiser"], source=library.ref("checkpoints", "a.safetensors"))
    manager = make_manager(library, policy("cpu", "full"))
    with pytest.raises(ModelFileError, match=r"^a\.safetensors .*scales of their own.*fp16"), manager.lease(handle):
        pass


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_files_whose_numbers_begin_at_an_odd_byte_cost_nothing_until_they_are_read(tmp_path: Path) -> None:
    count = 25_000_000
    path = make.write_header(tmp_path / "a.safetensors", {"a": (count,)}, "fp16")
    raw = path.read_bytes()
    for pad in (0, 1):
        length = int.from_bytes(raw[:8], "little") + pad
        path.write_bytes(length.to_bytes(8, "little") + raw[8 : -2 * count] + b" " * pad + raw[-2 * count :])
        before = anonymous()
        tensors = open_weights(path)
        assert anonymous() - before < count
        assert int(tensors["a"].count_nonzero()) == 0


def anonymous() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) << 10

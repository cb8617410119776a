from __future__ import annotations

import io
import os
import pickle
import pickletools
import struct
import sys
import types
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.models.detect import detect, read_header
from engine.models.header import ModelFileError
from engine.models.pickles import Inert, read_pickle
from engine.models.weights import open_weights
from tests.models import make


@pytest.fixture
def lightning() -> Iterator[type]:
    """A class that calls itself pytorch_lightning's, only while the file is written."""
    name = "pytorch_lightning.callbacks.model_checkpoint"
    parts = name.split(".")
    made = [".".join(parts[: i + 1]) for i in range(len(parts))]
    for part in made:
        sys.modules[part] = types.ModuleType(part)
    callback = type("ModelCheckpoint", (), {"__module__": name})
    sys.modules[name].ModelCheckpoint = callback  # type: ignore[attr-defined]
    yield callback
    for part in made:
        del sys.modules[part]


def v1_4(callback: Any) -> dict[str, Any]:
    """What stable-diffusion-v1-4.ckpt holds beside its tensors: callbacks by class, numpy numbers, an optimizer."""
    table = dict(make.values(make.shapes(make.TINY)))
    table["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    table["model_ema.decay"] = torch.tensor(0.9999)
    return {
        "epoch": 8,
        "global_step": 470000,
        "pytorch-lightning_version": "1.4.2",
        "state_dict": table,
        "callbacks": {
            callback: {"best_model_score": np.float64(0.25), "monitor": np.str_("val/loss"), "dirpath": None}
        },
        "optimizer_states": [{"state": {}, "param_groups": [{"lr": np.float32(1e-4)}]}],
        "lr_schedulers": [callback()],
    }


@pytest.mark.parametrize("modern", [True, False])
def test_a_lightning_checkpoint_loads_with_stand_ins(tmp_path: Path, lightning: type, modern: bool) -> None:
    path = tmp_path / "v1-4.ckpt"
    torch.save(v1_4(lightning), path, _use_new_zipfile_serialization=modern)
    for name in [m for m in sys.modules if m.startswith("pytorch_lightning")]:
        sys.modules[name] = types.ModuleType(name)  # no longer has the class: loading it would fail
    header, inert = read_pickle(path)
    assert "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint" in inert
    assert set(detect(header)) == {"denoiser", "text", "vae"}
    weights = open_weights(path)
    for name, expected in make.values(make.shapes(make.TINY)):
        assert header.tensors[name].shape == tuple(expected.shape)
        assert torch.equal(weights[name], expected)


def test_plain_state_dicts_of_every_dtype_are_read_without_torch(tmp_path: Path) -> None:
    kinds = (torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.int64, torch.bool)
    table = {str(kind): torch.zeros(2, 3).to(kind) for kind in kinds}
    table["parameter"] = torch.nn.Parameter(torch.zeros(4))
    torch.save(table, tmp_path / "a.pt")
    header = read_header(tmp_path / "a.pt")
    assert header.shapes() == {name: tuple(tensor.shape) for name, tensor in table.items()}
    assert header.tensors["torch.float8_e4m3fn"].dtype == "F8_E4M3"
    assert header.tensors["torch.bfloat16"].nbytes == 12
    assert set(open_weights(tmp_path / "a.pt")) == set(table)


class Command:
    def __init__(self, call: Any, *args: Any) -> None:
        self.call, self.args = call, args

    def __reduce__(self) -> Any:
        return self.call, self.args


def hostile(marker: Path) -> dict[str, Any]:
    touch = f"open({str(marker)!r}, 'w').close()"
    return {
        "system": Command(os.system, f"touch {marker}"),
        "exec": Command(exec, touch),
        "eval": Command(eval, touch),
        "open": Command(open, str(marker), "w"),
        "module": Command(__import__, "os"),
        "torch_load": Command(torch.load, str(marker)),
    }


@pytest.mark.parametrize("kind", hostile(Path("x")))
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_malicious_file_fails_closed(tmp_path: Path, kind: str, wrapped: bool) -> None:
    marker, path = tmp_path / "marker", tmp_path / "evil.ckpt"
    value = {"state_dict": {"a": torch.zeros(2), "b": hostile(marker)[kind]}}
    if wrapped:
        torch.save(value, path)
    else:
        path.write_bytes(_legacy(hostile(marker)[kind]))
    for read in (read_header, open_weights):
        with pytest.raises(ModelFileError) as told:
            read(path)
        assert str(told.value).startswith("evil.ckpt ")
        assert "\n" not in str(told.value)
    assert not marker.exists()


def _legacy(value: Any) -> bytes:
    out = io.BytesIO()
    for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, value):
        pickle.dump(part, out, protocol=2)
    return out.getvalue()


def test_numpy_names_are_replaced_not_called() -> None:
    """`numpy.load` in a pickle would read any file: its stand-in does nothing."""
    assert isinstance(Inert("/etc/passwd", allow_pickle=True), Inert)


def test_a_pickle_cannot_forge_the_shape_of_a_tensor(tmp_path: Path) -> None:
    """BUILD overwrites what an object holds, even a frozen one."""
    storage = "(S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI4\ntQ"
    tensor = f"ctorch._utils\n_rebuild_tensor_v2\n({storage}I0\n(I4\nt(I1\ntI00\nNtR(S'F32'\n(I-4\ntI0\nI0\ntb"
    program = f"(dS'a'\n{tensor}s.".encode()
    pickletools.dis(program, out=io.StringIO())
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("archive/data.pkl", program)
    with pytest.raises(ModelFileError):
        read_header(tmp_path / "a.pt")


def test_a_table_of_contents_without_end_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + b"N0" * (40 << 20))
    with pytest.raises(ModelFileError, match="larger than"):
        read_header(tmp_path / "bomb.pt")


def test_a_huge_memo_index_takes_no_memory(tmp_path: Path) -> None:
    program = b"\x80\x02Nr" + struct.pack("<I", 2**31) + b"."
    with zipfile.ZipFile(tmp_path / "memo.pt", "w") as archive:
        archive.writestr("archive/data.pkl", program)
    with pytest.raises(ModelFileError):
        read_header(tmp_path / "memo.pt")


@given(st.binary(max_size=300))
def test_no_bytes_make_anything_but_a_header_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.pt"
    path.write_bytes(b"\x80\x02" + raw)
    with pytest.raises(ModelFileError):
        read_header(path)


DEEP = b"N\x85" + b"2\x86" * 60
"""A tuple of two of a tuple of two of …: its hash takes 2^60 steps."""


@pytest.mark.parametrize(
    "program",
    [
        b"}" + DEEP + b"Ns",
        b"}(" + DEEP + b"Nu",
        b"(" + DEEP + b"Nd",
        b"\x8f(" + DEEP + b"\x90",
        b"(" + DEEP + b"\x91",
        b"ccollections\nOrderedDict\n(](" + DEEP + b"N\x86" + b"etR",
    ],
)
def test_a_key_that_cannot_be_hashed_in_time_is_refused(tmp_path: Path, program: bytes) -> None:
    path = tmp_path / "deep.ckpt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x04" + program + b".")
    with pytest.raises(ModelFileError, match="keys are no names"):
        read_pickle(path)

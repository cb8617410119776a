from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from engine.models.detect import read_header
from engine.models.header import ModelFileError, read_safetensors


def framed(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def entry(**changes: Any) -> bytes:
    row = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} | changes
    return framed(json.dumps({"a": row}).encode(), bytes(24))


def test_names_shapes_and_metadata_are_those_that_safetensors_wrote(tmp_path: Path) -> None:
    tensors = {"x": torch.zeros(2, 3, dtype=torch.bfloat16), "scalar": torch.tensor(1), "empty": torch.zeros(0, 4)}
    save_file(tensors, tmp_path / "a.safetensors", metadata={"title": "ours"})
    header = read_safetensors(tmp_path / "a.safetensors")
    assert header.shapes() == {"x": (2, 3), "scalar": (), "empty": (0, 4)}
    assert header.tensors["x"].dtype == "BF16"
    assert header.tensors["x"].nbytes == 12
    assert header.metadata == {"title": "ours"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"abc",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 100) + b"{}",
        framed(b"not json"),
        framed(b"[1, 2]"),
        framed(b'{"a": 1}'),
        framed(b'{"a": {"dtype": "F32"}}'),
        framed(b"[" * 100_000),
        entry(dtype="F99"),
        entry(dtype=["F32"]),
        entry(shape=[2, -3]),
        entry(shape=[True, 6]),
        entry(shape=[2.0, 3.0]),
        entry(shape=[1] * 9),
        entry(shape="23"),
        entry(data_offsets=[0, 23]),
        entry(data_offsets=[4, 28]),
        entry(data_offsets=[-24, 0]),
        entry(data_offsets=[0]),
        entry(shape=[2**40, 2**40], data_offsets=[0, 2**82]),
    ],
)
def test_a_broken_file_is_told_in_one_sentence(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(raw)
    with pytest.raises(ModelFileError) as told:
        read_safetensors(path)
    text = str(told.value)
    assert text.startswith("broken.safetensors ")
    assert text.endswith(".")
    assert "\n" not in text


@given(st.binary(max_size=200) | st.binary(max_size=150).map(framed))
def test_no_bytes_make_anything_but_a_header_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.safetensors"
    path.write_bytes(raw)
    try:
        header = read_header(path)
    except ModelFileError:
        return
    assert all(e.end <= len(raw) for e in header.tensors.values())

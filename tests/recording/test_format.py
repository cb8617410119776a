"""The file of a recording: every bit comes back, and nothing that was damaged is taken for whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.recording.format import Array, RecordingError, Writing, packed, read_array, read_head, unpacked

KINDS = st.sampled_from([np.float32, np.float16])


@given(KINDS.flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(max_dims=4, max_side=5))))
def test_every_bit_comes_back(array: Array) -> None:
    again = unpacked(packed(array), array.shape, array.dtype.name)
    assert again.dtype == array.dtype
    assert again.tobytes() == np.ascontiguousarray(array).tobytes()


def test_noise_takes_less_room_than_it_is() -> None:
    noise = np.random.default_rng(1).standard_normal((1, 4, 64, 64), np.float32)
    assert len(packed(noise)) < 0.95 * noise.nbytes


def written(path: Path) -> Array:
    """A file with one array."""
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    writing = Writing(path)
    place = writing.put(array)
    assert writing.end({"a": place, "name": "x"}) == path.stat().st_size
    return array


def read(path: Path) -> Array:
    with path.open("rb") as file:
        head = read_head(file, "NAME")
        return read_array(file, head["a"], "NAME")


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    array = written(tmp_path / "0.rec")
    assert np.array_equal(read(tmp_path / "0.rec"), array)
    assert [f.name for f in tmp_path.iterdir()] == ["0.rec"]


def test_no_file_that_was_cut_short_is_read(tmp_path: Path) -> None:
    path = tmp_path / "0.rec"
    written(path)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(RecordingError, match="NAME"):
            read(path)


def test_no_byte_can_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "0.rec"
    array = written(path)
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        try:
            again = read(path)
        except RecordingError:
            continue
        assert np.array_equal(again, array)


def test_another_version_says_so(tmp_path: Path) -> None:
    path = tmp_path / "0.rec"
    written(path)
    path.write_bytes(path.read_bytes().replace(b"RECORDING-1\n", b"RECORDING-9\n", 1))
    with pytest.raises(RecordingError, match=r"format 9, this one reads 1\): record the job again") as caught:
        read(path)
    assert caught.value.code == "other_version"


def test_what_is_dropped_leaves_nothing(tmp_path: Path) -> None:
    writing = Writing(tmp_path / "step" / "0.rec")
    writing.put(np.zeros(4, np.float32))
    writing.drop()
    assert list((tmp_path / "step").iterdir()) == []

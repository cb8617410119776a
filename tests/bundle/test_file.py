"""The bundle's file: read is the inverse of write, and what is damaged is told."""

from __future__ import annotations

import hashlib
import json
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.bundle.account import ModelFile
from engine.bundle.bundle import (
    FORMAT,
    Bundle,
    BundleError,
    InputFile,
    MadePicture,
    SamplerSteps,
    is_bundle,
    read,
    write,
)

GRAPH = {"1": {"class_type": "Load", "inputs": {"name": "m", "seed": 2**64 - 1}, "_meta": {"title": "Mẫu"}}}
X = np.random.default_rng(1).normal(size=(3, 1, 4, 2, 2)).astype(np.float32)


def bundle(**more: Any) -> Bundle:
    whole = Bundle(
        graph=GRAPH,
        targets=("1",),
        source="{}",
        environment={"torch": "2"},
        packs={"kit": "abc"},
        files=(ModelFile("checkpoints", "m", "00", 7),),
        outputs={"1": "aa"},
        sampling=(
            SamplerSteps("1", "euler", 7, "cpu", (3.0, 1.0, 0.0), ("a", "b", "c"), X),
            SamplerSteps("2", "euler", 8, "cpu", (1.0, 0.0), ("d",)),
        ),
        pictures=(MadePicture("1", "a.png", "ff", b"\x89PNG"),),
        inputs=(InputFile("input", "a/b.png", hashlib.sha256(b"picture").hexdigest(), b"picture"),),
    )
    return replace(whole, **more)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write(bundle(), tmp_path / "a.inkbundle")
    found = read(tmp_path / "a.inkbundle")
    x, found_x = bundle().sampling[0].x, found.sampling[0].x
    assert x is not None
    assert found_x is not None
    assert np.array_equal(x, found_x)
    assert repr(found) == repr(bundle())
    assert is_bundle(tmp_path / "a.inkbundle")
    assert not list(tmp_path.glob("*.part"))


def test_every_truncation_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.inkbundle"
    write(bundle(), path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(BundleError, match="damaged"):
            read(path)


@pytest.mark.parametrize(
    "head", ["{}", "[]", "null", '{"format": 1}', '{"format": "one"}', "not JSON", '{"format": 1, "graph": 3}']
)
def test_another_zip_is_no_bundle(tmp_path: Path, head: str) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bundle.json", head)
    with pytest.raises(BundleError, match="no bundle of a run"):
        read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.json", head)
    with pytest.raises(BundleError, match="no bundle of a run"):
        read(path)


def test_a_later_format_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.inkbundle"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bundle.json", json.dumps({"format": FORMAT + 1}))
    with pytest.raises(BundleError, match="newer Inkwater"):
        read(path)


def test_a_part_that_unpacks_to_more_than_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.inkbundle"
    write(bundle(), path)
    monkeypatch.setattr("engine.bundle.bundle.LARGEST_HEAD", 100)
    with pytest.raises(BundleError, match="larger than"):
        read(path)


def test_arrays_hold_no_pickles(tmp_path: Path) -> None:
    path = tmp_path / "a.inkbundle"
    write(bundle(), path)
    with zipfile.ZipFile(path, "a") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    np.save(tmp_path / "evil.npy", np.array([{}], dtype=object), allow_pickle=True)
    members["sampling/0.npy"] = (tmp_path / "evil.npy").read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(BundleError, match="damaged"):
        read(path)


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write(bundle(), tmp_path / "none" / "a.inkbundle")
    assert not list(tmp_path.iterdir())


def test_a_flipped_bit_is_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "a.inkbundle"
    write(bundle(), path)
    whole = bytearray(path.read_bytes())
    for place in range(60, len(whole), 211):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with suppress(BundleError):
            read(path)


def test_a_bundle_of_the_first_format_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.inkbundle"
    write(bundle(), path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if not name.startswith("inputs/")}
    head = json.loads(members["bundle.json"])
    del head["inputs"]
    for row in (*head["files"], *head["pictures"]):
        row.pop("sample", None), row.pop("number", None)
    members["bundle.json"] = json.dumps({**head, "format": 1}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert read(path).inputs == ()
    assert read(path).files == bundle().files


def test_an_input_that_is_not_what_it_says_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.inkbundle"
    write(bundle(inputs=(InputFile("input", "a.png", "00", b"picture"),)), path)
    with pytest.raises(BundleError, match="damaged"):
        read(path)

"""Workflows out of the metadata of JPEG and WebP pictures."""

from __future__ import annotations

import json
import random
import struct
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.plugins import builtins
from engine.workflow.error import WorkflowError
from engine.workflow.exif import exif_texts
from engine.workflow.file import EDIT, opened, workflow_text
from engine.workflow.picture_text import picture_texts
from engine.workflow.xmp import xmp_texts
from tests.shell.conftest import SUM

MAKE, MODEL, DESCRIPTION, SUB, COMMENT = 0x010F, 0x0110, 0x010E, 0x8769, 0x9286
UI = {"nodes": [{"id": 1, "type": "PrimitiveInt", "widgets_values": [3, "fixed"]}], "links": [], "version": 0.4}
A1111 = "a fox\nNegative prompt: blurry\nSteps: 9, Sampler: Euler a, Seed: 3, Size: 64x64, Model: m"
REGISTRY = builtins()


def saved(path: Path, comment: bytes | None = None, xmp: bytes | None = None, **fields: str) -> Path:
    """A picture with these fields (by name above) and this comment of the user."""
    exif = Image.Exif()
    for name, text in fields.items():
        exif[globals()[name]] = text
    if comment is not None:
        exif.get_ifd(SUB)[COMMENT] = comment
    options: dict[str, Any] = {"xmp": xmp} if xmp is not None else {}
    Image.new("RGB", (8, 8)).save(path, exif=exif.tobytes(), **options)
    return path


@pytest.mark.parametrize("suffix", ["webp", "jpg"])
def test_comfys_fields_are_found_by_their_names(tmp_path: Path, suffix: str) -> None:
    path = saved(tmp_path / f"a.{suffix}", MODEL=f"prompt:{json.dumps(SUM)}", MAKE=f"workflow:{json.dumps(UI)}")
    assert {name: json.loads(text) for name, text in picture_texts(path).items()} == {"prompt": SUM, "workflow": UI}
    assert len(opened(path, REGISTRY).graph.nodes) == 3
    assert set(opened(path, REGISTRY, order=EDIT).graph.nodes) == {"1"}


def test_fields_with_other_capitals_and_bare_json_are_found(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.webp", DESCRIPTION=f"Workflow: {json.dumps(UI)}", MAKE=json.dumps(SUM))
    assert set(picture_texts(path)) == {"workflow", "prompt"}


@pytest.mark.parametrize("suffix", ["webp", "jpg"])
@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + A1111.encode("utf-16-be"),
        b"UNICODE\0" + A1111.encode("utf-16-le"),
        b"UNICODE\0" + A1111.encode("utf-16"),
        b"ASCII\0\0\0" + A1111.encode(),
        b"\0" * 8 + A1111.encode(),
    ],
)
def test_a1111s_comment_is_found_however_it_is_written(tmp_path: Path, suffix: str, comment: bytes) -> None:
    path = saved(tmp_path / f"a.{suffix}", comment)
    assert picture_texts(path) == {"parameters": A1111}
    found = opened(path, REGISTRY)
    assert found.form == "a1111"
    assert "EmptyLatentImage" in {n.type for n in found.graph.nodes.values()}


def test_a_comment_of_a_jpeg_counts_too(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", comment=A1111.encode())
    assert picture_texts(tmp_path / "a.jpg") == {"parameters": A1111}


XMP = """<?xpacket begin='' ?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:e="urn:e" e:workflow='{attribute}'>
<e:prompt>{element}</e:prompt><e:UserComment><rdf:Alt><rdf:li xml:lang="x-default">{comment}</rdf:li></rdf:Alt>
</e:UserComment></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"""


@pytest.mark.parametrize("suffix", ["webp", "jpg"])
def test_xmp_is_read(tmp_path: Path, suffix: str) -> None:
    text = XMP.format(attribute=json.dumps(UI), element=json.dumps(SUM), comment=A1111)
    found = picture_texts(saved(tmp_path / f"a.{suffix}", xmp=text.encode()))
    assert json.loads(found["workflow"]) == UI
    assert json.loads(found["prompt"]) == SUM
    assert found["parameters"] == A1111


@pytest.mark.parametrize("xmp", [b"<a", b"", b'<!DOCTYPE a [<!ENTITY b "x">]><a><prompt>&b;</prompt></a>', b"\xff\0"])
def test_xmp_that_is_damaged_or_defines_entities_says_nothing(xmp: bytes) -> None:
    assert list(xmp_texts(xmp)) == []


def test_a_picture_without_a_workflow_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkflowError, match="carries no workflow"):
        workflow_text(saved(tmp_path / "a.jpg", MAKE="Camera"))


def test_directories_that_lead_in_circles_end() -> None:
    entry = struct.pack("<HHII", SUB, 4, 1, 8)
    assert exif_texts(b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry) == []
    far = struct.pack("<HHII", MAKE, 2, 0xFFFFFFFF, 8)
    assert exif_texts(b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + far) == []


@given(st.integers(0, 2**32), st.sampled_from(["jpg", "webp"]))
def test_damaged_pictures_give_texts_or_none_and_no_other_error(seed: int, suffix: str) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        xmp = XMP.format(attribute="{}", element="{}", comment=A1111).encode()
        file = saved(Path(folder) / f"a.{suffix}", b"UNICODE\0" + A1111.encode("utf-16-le"), xmp, MODEL="prompt:{}")
        data = bytearray(file.read_bytes())
        for _ in range(4):
            data[chance.randrange(12, len(data))] = chance.randrange(256)
        file.write_bytes(data[: chance.randrange(12, len(data) + 1)])
        assert all(isinstance(text, str) for text in picture_texts(file).values())


@given(st.binary(max_size=80))
def test_any_exif_gives_texts_and_no_error(data: bytes) -> None:
    for head in (b"II*\0", b"MM\0*"):
        assert all(isinstance(text, str) for text in exif_texts(head + data))

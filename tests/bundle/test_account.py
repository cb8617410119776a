"""What pictures say of their making: written with them, read from strangers' files, and private."""

from __future__ import annotations

import getpass
import json
import os
import platform
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import nodes
from engine.bundle.account import ACCOUNT, Account, ModelFile, pixels, read_account
from engine.bundle.again import verified
from engine.digests import BLOCK, BLOCKS, WHOLE, Digests
from engine.session import Session
from engine.workflow.picture_text import picture_texts

GRAPH = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 24, "height": 16, "batch_size": 3, "color": 255}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "a"}},
    "3": {"class_type": "SaveAnimatedWEBP", "inputs": {"images": ["1", 0], "filename_prefix": "b"}},
    "4": {"class_type": "SaveAnimatedPNG", "inputs": {"images": ["1", 0], "filename_prefix": "c"}},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("account")


@pytest.fixture(scope="module")
def files(place: Path) -> tuple[Path, ...]:
    with Session(nodes.registry(), data=place, device="none") as session:
        return tuple(sorted(session.run(GRAPH).files))


def account(path: Path) -> Account:
    found = read_account(picture_texts(path).get(ACCOUNT))
    assert found is not None
    return found


def test_each_picture_says_which_it_is(files: tuple[Path, ...]) -> None:
    still, moving = files[:3], files[3:]
    assert [(account(f).node, account(f).number) for f in still] == [("2", 0), ("2", 1), ("2", 2)]
    assert all(account(f).pixels == pixels(f.read_bytes()) for f in still)
    assert [f.suffix for f in moving] == [".webp", ".png"]
    assert [(account(f).node, account(f).pixels) for f in moving] == [("3", ""), ("4", "")]


def test_it_names_no_person_no_path_and_no_computer(files: tuple[Path, ...], place: Path) -> None:
    for file in files:
        text = picture_texts(file)[ACCOUNT]
        for private in (str(place), place.name, os.getcwd(), socket.gethostname(), getpass.getuser(), platform.node()):
            assert private not in text
        assert set(account(file).environment) <= {
            "inkwater", "torch", "diffusers", "transformers", "safetensors", "numpy", "pillow", "torchsde",
            "device", "precision", "threads", "instructions",
        }  # fmt: skip


def test_without_metadata_there_is_none(place: Path) -> None:
    with Session(nodes.registry(), data=place / "bare", device="none") as session:
        for file in session.run(GRAPH, metadata=False).files:
            assert picture_texts(file) == {}


def test_it_changes_no_key_so_a_picture_is_found_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.plugins.code_digest", lambda: "the same code")
    for threads in ("2", "3"):
        monkeypatch.setattr("engine.bundle.environment._installed", lambda threads=threads: {"threads": threads})
        with Session(nodes.registry(), data=place / "again", device="none") as session:
            result = session.run(GRAPH)
    assert result.ran == ()
    assert account(result.files[0]).environment["threads"] == "2"


def test_a_picture_of_a_batch_is_compared_with_its_own_and_an_edited_one_is_told(place: Path) -> None:
    graph = {**GRAPH, "5": {"class_type": "EmptyImage", "inputs": {"width": 24, "height": 16, "color": 7}}}
    graph |= {"6": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["5", 0]}}}
    graph = {"1": graph["1"], "5": graph["5"], "6": graph["6"], "2": {**GRAPH["2"]}}
    graph["2"] = {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "d"}}
    with Session(nodes.registry(), data=place / "batch") as session:
        last = session.run(graph).files[-1]
        assert account(last).number == 3
        assert verified(session, last)[0].word == "equal"
        with Image.open(last) as picture:
            text = dict(picture.text)  # type: ignore[attr-defined]
            picture.putpixel((0, 0), (255, 255, 255))
            from nodes.pictures import text_chunks

            picture.save(place / "edited.png", pnginfo=text_chunks(text))
        found, _ = verified(session, place / "edited.png")
        assert (found.word, found.edited) == ("differs", ("edited.png",))
        other = json.loads(text[ACCOUNT])
        other["environment"]["torch"] = "1.0"
        with Image.open(last) as picture:
            picture.save(place / "old.png", pnginfo=text_chunks({**text, ACCOUNT: json.dumps(other)}))
        found, _ = verified(session, place / "old.png")
        assert ("torch", "1.0", account(last).environment["torch"]) in found.here


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda kids: st.lists(kids) | st.dictionaries(st.text(), kids))
)
def test_what_is_no_account_is_none(value: object) -> None:
    assert read_account(json.dumps(value)) is None
    assert read_account(json.dumps({"format": 1, "environment": value})) is None
    assert read_account(str(value)) is None


def test_an_account_is_read_as_it_was_written() -> None:
    found = Account({"torch": "2"}, {"kit": "a"}, (ModelFile("c", "m", "aa", 2**40, "bb"),), "5", 1, "ff")
    text = {"format": 1, "environment": {"torch": "2"}, "packs": {"kit": "a"}, "node": "5", "number": 1, "pixels": "ff"}
    file = {"kind": "c", "name": "m", "sha256": "aa", "size": 2**40, "sample": "bb"}
    assert read_account(json.dumps({**text, "files": [file]})) == found
    assert read_account(json.dumps({**text, "files": [file], "format": 2})) is None
    assert read_account(None) is None


def test_a_sample_tells_large_files_apart_and_small_ones_need_none(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"abc")
    with large.open("wb") as file:
        file.truncate(WHOLE + 1)
    digests = Digests()
    assert digests.sample(small) == ""
    first = digests.sample(large)
    for at in (0, (WHOLE + 1 - BLOCK) // (BLOCKS - 1) + 5, WHOLE):
        with large.open("r+b") as file:
            file.seek(at)
            file.write(b"\1")
        assert Digests().sample(large) != first
        with large.open("r+b") as file:
            file.seek(at)
            file.write(b"\0")
    os.utime(large, (1, 1))
    assert Digests().sample(large) == first

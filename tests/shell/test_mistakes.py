"""Every mistake of the user's is one clear sentence, exit code 1, no traceback."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from engine.cli import main
from tests.shell.conftest import SUM, Run, write

MISTAKES: dict[str, tuple[list[str], str]] = {
    "unknown file": (["run", "sun.json"], "sun.json: there is no such file; did you mean sum.json?"),
    "bad JSON": (["run", "bad.json"], "bad.json: The file is not JSON: Expecting value (line 2, column 3)."),
    "no JSON at all": (["run", "bytes.json"], "bytes.json: The file is not UTF-8 text"),
    "not a workflow": (["run", "list.json"], "list.json: A workflow is a JSON object of nodes by id"),
    "a file of ComfyUI's editor": (["run", "ui.json"], "ui.json: Node 1: the id 1 is used by two nodes."),
    "a folder": (["run", "data"], "data: cannot be read (Is a directory)."),
    "a picture without workflow": (["run", "plain.png"], "plain.png: this picture carries no workflow"),
    "missing model": (["run", "model.json"], 'there is no file "mini-v0.safetensors" among checkpoints'),
    "missing node type": (["check", "type.json"], "Node 1 (PreviewAnything): there is no such node type here; near: "),
    "wrong type": (["run", "text.json"], 'Node 1 (PrimitiveInt), input value: "three" is not an INT'),
    "unknown node": (["run", "sum.json", "--set", "Numbr.value=1"], "Numbr.value: there is no node 'Numbr'; did you"),
    "unknown input": (["run", "sum.json", "--set", "1.valu=1"], "1.valu: PrimitiveInt (node 1) has no input 'valu'"),
    "no input": (["run", "sum.json", "--set", "Number=1"], "Number: write NODE.INPUT=VALUE, for example"),
    "no value": (["run", "sum.json", "--set", "1.value"], "--set 1.value: write NODE.INPUT=VALUE, for example"),
    "two of a name": (
        ["run", "twins.json", "--set", "Twin.value=1"],
        "Twin.value: 2 nodes are called 'Twin' (1, 2); use",
    ),
    "no models folder": (
        ["run", "sum.json", "--models", "gone"],
        "gone cannot be used: there is no such folder.",
    ),
    "bad list of models": (["check", "sum.json", "--models", "bad.yaml"], "bad.yaml cannot be used: while parsing"),
    "a file for a folder": (["run", "sum.json", "--out", "bad.json"], "--out bad.json: this is a file; name a folder."),
    "no such node": (["nodes", "KSampl"], "There is no node type 'KSampl'; did you mean KSampler"),
    "export of unknown types": (["export", "type.json", "--comfy"], "type.json: Node 1 (PreviewAnything)"),
}


@pytest.fixture
def folder(files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from PIL import Image

    (files / "bad.json").write_text('{"1":\n  }')
    (files / "bytes.json").write_bytes(b"\xff\xfe\0")
    (files / "list.json").write_text("[]")
    (files / "ui.json").write_text('{"nodes": [{"id": 1, "type": "A"}, {"id": 1, "type": "B"}], "links": []}')
    (files / "bad.yaml").write_text("a: [")
    Image.new("RGB", (4, 4)).save(files / "plain.png")
    loader = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mini-v0.safetensors"}}
    show = {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}
    write(files / "model.json", {"1": loader, "2": show})
    write(files / "type.json", {"1": {"class_type": "PreviewAnything", "inputs": {}}, "2": show})
    write(files / "text.json", {"1": {"class_type": "PrimitiveInt", "inputs": {"value": "three"}}, "2": show})
    twin = {"class_type": "PrimitiveInt", "inputs": {"value": 1}, "_meta": {"title": "Twin"}}
    write(files / "twins.json", {"1": twin, "2": twin, "3": show})
    monkeypatch.chdir(files)
    return files


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, sentence = MISTAKES[mistake]
    code = main([*arguments, "--data", "data"])
    told = capsys.readouterr()
    assert sentence in told.err + told.out
    assert code == 1


def test_a_process_ends_with_the_sentence_and_no_traceback(program: Run) -> None:
    ended = program("run", "sun.json")
    assert ended.stderr == "sun.json: there is no such file; did you mean sum.json?\n"
    assert (ended.returncode, ended.stdout) == (1, "")


def test_all_problems_are_told_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = {"class_type": "PrimitiveInt", "inputs": {"value": "x"}}
    show = {"class_type": "PreviewAny", "inputs": {}}
    write(folder / "many.json", {"1": both, "2": both, "3": show})
    write(folder / "more.json", {**SUM, "4": show})
    assert main(["check", "many.json", "more.json", "--data", "data"]) == 1
    out = capsys.readouterr().out
    assert "many.json: 1 problem\n" in out
    assert out.count("(warning) Node ") == 2
    assert "more.json: 1 problem\n" in out


def test_of_several_files_it_is_told_which_is_meant(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "text.json", "sun.json", "sum.json", "--data", "data"]) == 1
    told = capsys.readouterr()
    assert "text.json: Node 1 (PrimitiveInt), input value:" in told.err
    assert told.err.count("sun.json: there is no such file") == 1
    assert "sum.json: done in" in told.out


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind here")
def test_a_data_folder_that_cannot_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "data").chmod(0o500)
    assert main(["run", "sum.json", "--data", "data"]) == 1
    assert "Permission denied" in capsys.readouterr().err

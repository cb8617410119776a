"""Commands take the files of others as they are: ComfyUI's editor's, and A1111's texts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from PIL import Image

from engine.files import Library
from engine.graph.check import check
from engine.graph.graph import Graph
from engine.graph.sentences import sentence
from engine.plugins import builtins
from engine.service.reading import Reader
from engine.session import Session
from tests.compat.ui_kit import drawn, node
from tests.shell.conftest import Run, write

SUM_UI = drawn(
    node(1, "PrimitiveInt", (), ("INT:INT",), (3, "fixed"), title="Number"),
    node(4, "SetNode", ("INT:INT",), ("*:*",), ("n",)),
    node(5, "GetNode", (), ("INT:INT",), ("n",)),
    node(2, "MathExpression", ("a:INT,FLOAT", "b:INT,FLOAT"), ("INT:INT", "FLOAT:FLOAT"), ("a * 2 + 1",)),
    node(3, "PreviewAny", ("source:*",)),
    node(6, "Note", values=("about it",)),
    wires=((1, 0, 4, 0), (5, 0, 2, 0), (2, 0, 3, 0)),
)
"""A workflow without models; shows 7."""

PACKS = drawn(
    node(1, "FancyLoader", (), ("*:*",), ("x",), properties={"cnr_id": "fancy-pack"}),
    node(3, "PreviewAny", ("source:*",)),
    node(7, "Fast Groups Muter (rgthree)"),
    wires=((1, 0, 3, 0),),
)
A1111 = "a fox <lora:furry:0.8>\nSteps: 9, Sampler: Euler a, Seed: 3, Size: 64x64, Model: m, ADetailer model: x"


def test_run_takes_an_editors_file(program: Run, files: Path) -> None:
    write(files / "ui.json", SUM_UI)
    done = program("run", "ui.json", "--set", "Number.value=10")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("21\n")


def test_check_names_packs_and_what_was_left_out(program: Run, files: Path) -> None:
    write(files / "ui.json", PACKS)
    done = program("check", "ui.json")
    assert done.returncode == 1
    assert "Node 1 (FancyLoader): there is no such node type here; it comes from the pack fancy-pack" in done.stdout
    assert "(warning) Node 7 (Fast Groups Muter (rgthree)): this node only works in a browser" in done.stdout


def test_check_of_a_folder_finds_pictures_and_editors_files(program: Run, files: Path) -> None:
    write(files / "sum.json", SUM_UI)
    exif = Image.Exif()
    exif[0x0110] = f"prompt:{json.dumps({'1': {'class_type': 'PreviewAny', 'inputs': {'source': 1}}})}"
    Image.new("RGB", (8, 8)).save(files / "a.webp", exif=exif)
    Image.new("RGB", (8, 8)).save(files / "plain.jpg")
    done = program("check", ".")
    lines = dict(line.split(None, 1) for line in done.stdout.splitlines()[:-1])
    assert {name: verdict.strip() for name, verdict in lines.items()} == {"sum.json": "runs now", "a.webp": "runs now"}


def test_check_of_a_text_tells_what_it_names_and_what_is_missing(program: Run, files: Path) -> None:
    (files / "a.txt").write_text(A1111)
    done = program("check", "a.txt")
    assert '"ADetailer model" of the picture\'s text ("x") means nothing here yet' in done.stdout
    assert '"m.safetensors"' in done.stdout
    assert "LoraLoader" in done.stdout


def test_export_writes_an_editors_file_in_our_format(program: Run, files: Path) -> None:
    write(files / "ui.json", SUM_UI)
    own = json.loads(program("export", "ui.json", "--own").stdout)
    assert own["_workflow"]["_meta"]["notes"][0]["text"] == "about it"
    assert own["2"]["inputs"] == {"a": ["1", 0], "expression": "a * 2 + 1"}
    assert own["2"]["_meta"]["pos"] == [20, 0]
    plain = json.loads(program("export", "ui.json").stdout)
    assert set(plain) == {"1", "2", "3"}


def test_a_session_takes_it_and_tells_what_was_noticed(files: Path) -> None:
    with Session(builtins(), data=files / "data") as session:
        found = session.check(PACKS)
        assert [p.code for p in found.problems] == ["left_out", "missing_node_type"]
        result = session.run({**SUM_UI, "nodes": [*SUM_UI["nodes"], node(9, "Bookmark (rgthree)")]})
        assert [*result.ui["3"]["text"]] == ["7"]
        assert "left_out" in [p.code for p in result.problems]


def test_the_server_keeps_our_file_of_an_editors(files: Path) -> None:
    library = Library.standard(files / "data")
    read = asyncio.run(Reader(builtins(), library).read(json.dumps(SUM_UI).encode(), None))
    assert set(read.graph) == {"1", "2", "3"}
    assert json.loads(read.source or "")["2"]["inputs"]["a"] == ["1", 0]
    assert read.checked.errors == ()


def test_a_prompt_with_a_lora_tag_warns_and_offers_the_node() -> None:
    graph = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mini-v1.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "fox <lora:furry:0.8>"}},
    }
    found = check(Graph.from_file(graph), builtins(), ["2"])
    (problem,) = found.problems
    assert problem.severity == "warning"
    assert problem.mend is not None
    assert problem.mend.args == {"type": "LoraLoader", "inputs": {"lora_name": "furry", "strength_model": 0.8}}
    assert sentence(problem).endswith("it is read as words; put a LoraLoader before it.")
    assert found.plan.targets == ("2",)

"""Sub-commands on good input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import main
from engine.graph.graph import Graph
from tests.shell.conftest import ROOT, SUM, Run, write

WITHOUT_TORCH = """
import sys
from engine.cli import main
code = main(sys.argv[1:])
heavy = [m for m in ("torch", "diffusers", "transformers", "numpy") if m in sys.modules]
sys.exit(f"imported {heavy}" if heavy else code)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "workflows"],
        ["nodes"],
        ["nodes", "--json"],
        ["graph", "workflows/text_to_image.json", "--dot"],
        ["export", "workflows/text_to_image.json", "--comfy"],
    ],
    ids=" ".join,
)
def test_torch_is_not_imported(arguments: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, *arguments, "--data", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "imported" not in ended.stderr, ended.stderr
    assert ended.returncode == 0 or arguments[0] == "check"


def test_run_prints_what_nodes_show_and_where_files_are(program: Run) -> None:
    ended = program("run", "sum.json", "--set", "Number.value=20")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[0] == "41"
    assert "sum.json: done in" in ended.stdout
    assert "[3/3] PreviewAny" in ended.stderr


def test_run_prints_json(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "bad.json").write_text("{")
    code = main(["run", str(files / "sum.json"), str(files / "bad.json"), "--json", "--data", str(files / "data")])
    good, bad = map(json.loads, capsys.readouterr().out.splitlines())
    assert code == 1
    assert (good["status"], good["ui"], good["ran"], good["cached"]) == ("success", {"3": {"text": ["7"]}}, 3, 0)
    assert bad["status"] == "error"
    assert "is not JSON" in bad["problems"][0]


def test_check_says_fine(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(files / "sum.json"), "--data", str(files)]) == 0
    assert capsys.readouterr().out == f"{files / 'sum.json'}: fine, 3 steps\n"


def test_check_of_a_folder_is_a_table(files: Path, capsys: pytest.CaptureFixture[str], tiny_models: Path) -> None:
    loader = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mini-v2.safetensors"}}
    show = {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}
    write(files / "model.json", {"1": loader, "2": show})
    write(files / "types.json", {"1": {"class_type": "Unheard", "inputs": {}}, "2": show})
    (files / "settings.json").write_text('{"colour": "red"}')
    assert main(["check", str(files), "--data", str(files / "data"), "--models", str(tiny_models)]) == 1
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert rows == {
        "model.json": "needs mini-v2.safetensors (nearest here: mini-v1.safetensors)",
        "sum.json": "runs now",
        "types.json": "needs node types Unheard",
        "1": "of 3 workflows run now.",
    }


def test_check_prints_json(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(files / "bad.json", {"1": {"class_type": "PreviewAny", "inputs": {}}})
    assert main(["check", str(files / "bad.json"), "--json", "--data", str(files)]) == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["code"], problem["node"], problem["input"]) == ("required_input_missing", "1", "source")


def test_nodes_as_json_has_all_that_a_form_needs(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes", "KSampler", "--json", "--data", str(files)]) == 0
    sampler = json.loads(capsys.readouterr().out)["KSampler"]
    assert sampler["inputs"]["steps"]["default"] == 20
    assert sampler["inputs"]["steps"]["min"] == 1
    assert "euler" in sampler["inputs"]["sampler_name"]["options"]
    assert sampler["inputs"]["model"] == {"type": "MODEL", "required": True, "help": sampler["inputs"]["model"]["help"]}
    assert next(iter(sampler["outputs"].values()))["type"] == "LATENT"


def test_nodes_lists_and_explains(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes", "--data", str(files)]) == 0
    assert "  KSampler(model: MODEL, seed: INT" in capsys.readouterr().out
    assert main(["nodes", "PrimitiveInt", "--data", str(files)]) == 0
    assert "in  value: INT = 0" in capsys.readouterr().out


def test_graph_is_drawn(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", str(files / "sum.json"), "--dot", "--data", str(files)]) == 0
    drawn = capsys.readouterr().out
    assert drawn.startswith("digraph")
    assert '"1" -> "2"' in drawn


def test_export_gives_the_same_graph(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(files / "sum.json"), "--data", str(files)]) == 0
    assert Graph.from_file(json.loads(capsys.readouterr().out)) == Graph.from_file(SUM)


def test_doctor_names_device_and_models(files: Path, capsys: pytest.CaptureFixture[str], tiny_models: Path) -> None:
    assert main(["doctor", "--data", str(files), "--models", str(tiny_models)]) == 0
    told = capsys.readouterr().out
    for word in ("Python", "torch", "Device", "Precision", "checkpoints", str(tiny_models), "Node types"):
        assert word in told


def test_doctor_says_what_to_install_for_an_idle_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from engine.cli.doctor import idle_gpus

    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: None)
    monkeypatch.setattr(torch.version, "cuda", None)
    assert list(idle_gpus(set())) == []
    (sentence,) = idle_gpus({"NVIDIA"})
    assert "install a CUDA build of torch" in sentence
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    (sentence,) = idle_gpus({"NVIDIA"})
    assert "update its driver" in sentence


def test_help_names_every_command() -> None:
    from engine.cli import COMMANDS, parser

    told = parser().format_help()
    assert all(command in told for command in COMMANDS)

"""Every code block of the README does what it says, in a copy of the checkout."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.graph.graph import Graph
from engine.plugins import builtins
from engine.workflow.checking import examine
from tests.shell.conftest import ROOT, Run
from tests.shell.warm import Start, cold

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
PIECES = ("engine", "nodes", "web", "workflows", "main.py", "pyproject.toml")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, tiny_models: Path) -> Path:
    """A copy with the shipped models, or a tiny one in their place, and a home with ComfyUI's folders."""
    root = tmp_path_factory.mktemp("readme") / "inkwater"
    root.mkdir()
    for name in PIECES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("ui", "__pycache__"))
        else:
            shutil.copy(ROOT / name, root / name)
    shipped = ROOT / "models" / "checkpoints" / "mini-v1.safetensors"
    source = shipped if shipped.exists() else tiny_models / "checkpoints" / "mini-v1.safetensors"
    for place, name in ((root, "mini-v1"), (root.parent / "ComfyUI", "sd15")):
        folder = place / "models" / "checkpoints"
        folder.mkdir(parents=True)
        shutil.copy(source, folder / f"{name}.safetensors")
    shutil.copytree(ROOT / "models" / "classifiers", root / "models" / "classifiers")
    python = [text for kind, text in BLOCKS if kind == "python"]
    (root / "packs").mkdir()
    (root / "packs" / "brighter.py").write_text(next(t for t in python if "@node" in t), encoding="utf-8")
    (root / "example.py").write_text(next(t for t in python if "Session" in t), encoding="utf-8")
    return root


@pytest.fixture
def run(checkout: Path, start: Start) -> Run:
    """Runs a script there, with `~` for its home."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        home = str(checkout.parent)
        env = {**os.environ, "PYTHONPATH": "", "PYTHONUTF8": "1"}
        light = arguments[0] == "main.py" and arguments[1] not in ("run", "verify")
        return (cold if light else start)([a.replace("~", home) for a in arguments], checkout, env)

    return run


def test_all_blocks_are_of_a_known_kind() -> None:
    assert {kind for kind, _ in BLOCKS} == {"sh", "bash", "python", "json"}
    assert all(line.startswith("python3 ") for line in COMMANDS)


FOLDER = "python3 main.py check workflows"


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "python3 -m tests"])
def test_commands(command: str, run: Run) -> None:
    ended = run(*shlex.split(command)[1:])
    # Some of the shipped workflows are for models that people bring: the folder is not fine as a whole.
    assert ended.returncode == (1 if command == FOLDER else 0), ended.stderr
    assert command != FOLDER or re.search(r"^\d\d of \d\d workflows run now\.$", ended.stdout, re.MULTILINE)
    assert "left out" not in ended.stderr


def test_the_python_example(run: Run) -> None:
    ended = run("example.py")
    assert ended.returncode == 0, ended.stderr
    assert "(1, 128, 128, 3)" in ended.stdout


def test_the_pack_does_what_it_says(checkout: Path, run: Run) -> None:
    tried = "import packs.brighter as p, torch; print(p.brighter(image=torch.zeros(1, 2, 2, 3)).mean().item())"
    (checkout / "tried.py").write_text(tried)
    ended = run("tried.py")
    assert ended.stdout.startswith("0.2"), ended.stderr


def test_json_is_a_workflow_without_problems() -> None:
    registry = builtins()
    from engine.settings import Settings

    for text in (text for kind, text in BLOCKS if kind == "json"):
        graph = Graph.from_file(json.loads(text), registry)
        assert examine(graph, registry, Settings(ROOT).library()).problems == ()


def test_what_the_readme_names_is_there() -> None:
    for name in ("LICENSE", "NOTICE", "engine/README.md", "models/mini-v1-samples.png", *PIECES):
        assert (ROOT / name).exists(), name

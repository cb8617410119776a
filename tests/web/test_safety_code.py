"""What the sources never do: run text as code, unpickle, open a shell, ask other machines."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    p.relative_to(ROOT).as_posix() for part in ("engine", "nodes", "web") for p in (ROOT / part).rglob("*.py")
)

RUNS = {"eval", "exec", "compile", "__import__"}
ASKS = ("requests", "httpx", "urllib.request", "http.client", "ftplib", "smtplib", "huggingface_hub", "telnetlib")
UNPICKLES = {("pickle", "load"), ("pickle", "loads"), ("marshal", "loads"), ("yaml", "load"), ("os", "system")}


@cache
def tree(source: str) -> ast.Module:
    return ast.parse((ROOT / source).read_text("utf-8"))


def calls(of: ast.AST) -> Iterator[tuple[ast.Call, str, str]]:
    """(call, module or object, function) of each call that names its function."""
    for node in ast.walk(of):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name):
                    yield node, "", name
                case ast.Attribute(value=ast.Name(id=owner), attr=name):
                    yield node, owner, name


@pytest.mark.parametrize("source", SOURCES)
def test_no_text_is_run_and_nothing_is_unpickled(source: str) -> None:
    for call, owner, name in calls(tree(source)):
        assert owner or name not in RUNS, f"line {call.lineno}: {name}"
        assert (owner, name) not in UNPICKLES, f"line {call.lineno}: {owner}.{name}"
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        shell = given.get("shell")
        assert not (isinstance(shell, ast.Constant) and shell.value), f"line {call.lineno}: shell"
        if (owner, name) == ("torch", "load"):
            only = given.get("weights_only")
            assert isinstance(only, ast.Constant), f"line {call.lineno}: torch.load"
            assert only.value is True


@pytest.mark.parametrize("source", SOURCES)
def test_no_other_machine_is_asked(source: str) -> None:
    for node in ast.walk(tree(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [f"{node.module}"] if isinstance(node, ast.ImportFrom) and not node.level else []
        wrong = [name for name in names if any(name == a or name.startswith(f"{a}.") for a in ASKS)]
        assert not wrong or source in ("engine/bench/server.py",), wrong
    names_of = {name for _, _, name in calls(tree(source))}
    assert not names_of & {"ClientSession", "from_pretrained", "hf_hub_download"} or source.startswith("engine/bench/")

"""Imports go one way, and what must start quickly imports no torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("engine", "nodes", "web", "main.py")

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "engine.near": (),
    "engine.digests": (),
    "engine.folders": (),
    "engine.files": ("engine.near", "engine.digests", "engine.folders", "engine.graph.sentences"),
    "engine.graph": ("engine.graph", "engine.files", "engine.near"),
    "engine.run": ("engine.run", "engine.graph", "engine.files"),
    "engine.diffusion": ("engine.diffusion", "engine.graph", "engine.files"),
    "engine.models": ("engine.models", "engine.diffusion", "engine.graph", "engine.files"),
    "engine.models.codecs": ("engine.models", "engine.diffusion", "engine.graph", "engine.files", "engine.run.codecs"),
    "engine.models.preview": ("engine.models", "engine.diffusion", "engine.run.picture"),
    "engine.drawing": ("engine.drawing", "engine.diffusion", "engine.files", "engine.graph"),
    "engine.looking": (
        "engine.looking",
        "engine.drawing",
        "engine.models",
        "engine.diffusion",
        "engine.graph",
        "engine.files",
    ),
    "engine.recording": (
        "engine.recording",
        "engine.models",
        "engine.diffusion",
        "engine.run",
        "engine.graph",
        "engine.files",
    ),
    "engine.queue": ("engine.queue", "engine.run", "engine.graph", "engine.files", "engine.bootstrap"),
    "engine.compat": (
        "engine.compat",
        "engine.queue",
        "engine.run",
        "engine.graph",
        "engine.models",
        "engine.diffusion.names",
        "engine.files",
        "engine.near",
    ),
    "engine.training": ("engine.training", "engine.models", "engine.diffusion", "engine.graph", "engine.files"),
    "engine": ("engine",),
    "nodes": (
        "nodes",
        "engine.graph",
        "engine.diffusion",
        "engine.models",
        "engine.drawing",
        "engine.looking",
        "engine.recording",
        "engine.training",
        "engine.bundle.account",
        "engine.files",
    ),
    "web": ("web", "engine"),
}
"""What each part may import of the project; the longest name that a module begins with counts."""

TORCH_FREE = (
    "engine.near",
    "engine.digests",
    "engine.folders",
    "engine.files",
    "engine.graph",
    "engine.run",
    "engine.queue",
    "engine.compat",
    "engine.service",
    "engine.models.families",
    "engine.models.detect",
    "engine.models.handle",
    "engine.models.preview",
    "engine.models.tokens",
    "engine.worker",
    "engine.diffusion.types",
    "engine.diffusion.traces",
    "engine.diffusion.names",
    "nodes",
    "web",
)
HEAVY = ("torch", "diffusers", "transformers", "safetensors.torch", "torchsde", "accelerate")
"""Libraries that import torch."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the project by its name."""
    paths = [
        p for part in PARTS for p in ([ROOT / part] if part.endswith(".py") else sorted((ROOT / part).rglob("*.py")))
    ]
    return {_name(path): path for path in paths if path.exists()}


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, at_import: bool = False) -> Iterator[str]:
    """The modules that a file imports; `at_import`: only those that importing it imports."""
    package = list(path.relative_to(ROOT).with_suffix("").parts[:-1])
    todo: list[ast.AST] = [_read(path)]
    while todo:
        node = todo.pop()
        if at_import and (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _for_types(node)):
            todo += getattr(node, "orelse", [])
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (
                ".".join([*package[: len(package) - node.level + 1], node.module or ""]) if node.level else node.module
            )
            yield str(base).rstrip(".")
            yield from (f"{str(base).rstrip('.')}.{alias.name}" for alias in node.names)
        todo += ast.iter_child_nodes(node)


@cache
def _read(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _for_types(node: ast.AST) -> bool:
    """Whether this is `if TYPE_CHECKING:`."""
    if not isinstance(node, ast.If):
        return False
    test = node.test
    return "TYPE_CHECKING" in (getattr(test, "id", ""), getattr(test, "attr", ""))


def _begins(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def _part(name: str) -> str | None:
    return max((part for part in MAY_IMPORT if _begins(name, part)), key=len, default=None)


@pytest.mark.parametrize("module", sorted(modules()))
def test_imports_go_one_way(module: str) -> None:
    part = _part(module)
    if part is None:
        return
    allowed = MAY_IMPORT[part]
    ours = {name for name in imports(modules()[module]) if name.split(".")[0] in ("engine", "nodes", "web", "main")}
    known = {name for name in ours if name in modules() and len(name.split(".")) > 1}
    wrong = sorted(name for name in known if not any(_begins(name, a) for a in allowed))
    assert not wrong, f"{module} may import {allowed}, and imports {wrong}"


def test_every_file_is_held_to_a_rule() -> None:
    assert {m for m in modules() if _part(m) is None} <= {"main"}


@pytest.mark.parametrize("module", [m for m in sorted(modules()) if any(_begins(m, t) for t in TORCH_FREE)])
def test_torch_is_not_imported_at_import(module: str) -> None:
    """Follows the imports of the project's own modules, so that no chain of them ends at torch."""
    known = modules()
    seen: set[str] = set()
    todo: list[tuple[str, tuple[str, ...]]] = [(module, (module,))]
    while todo:
        name, chain = todo.pop()
        for found in imports(known[name], at_import=True):
            assert not any(_begins(found, heavy) for heavy in HEAVY), " → ".join((*chain, found))
            for own in _with_parents(found):
                if own in known and own not in seen:
                    seen.add(own)
                    todo.append((own, (*chain, own)))


def _with_parents(name: str) -> Iterator[str]:
    """The module and the packages around it, which are imported first."""
    parts = name.split(".")
    return (".".join(parts[:n]) for n in range(1, len(parts) + 1))


def test_the_walk_sees_what_python_sees() -> None:
    light = [m for m in sorted(modules()) if any(_begins(m, t) for t in TORCH_FREE) and not m.endswith("__main__")]
    code = f"import sys, importlib\nfor m in {light!r}: importlib.import_module(m)\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_graph_needs_networkx_only_when_asked() -> None:
    code = (
        "import sys, engine.graph, engine.graph.read\nprint(sorted({'networkx', 'yaml', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

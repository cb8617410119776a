"""Packs that answer requests and bring files for browsers, and packs that would load torch into a server."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from engine import plugins
from engine.putoff import put_off

ROOT = Path(__file__).parents[2]
HEAD = "from engine.routes import route\n\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "packs").mkdir()
    return tmp_path


def write(data: Path, path: str, text: str) -> None:
    file = data / "packs" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def answering(method: str, path: str, kind: str = "async def", name: str = "f") -> str:
    return f"@route({method!r}, {path!r})\n{kind} {name}(request):\n    return 1\n\n"


def test_marked_functions_are_routes_and_stay_functions(data: Path) -> None:
    write(data, "one/__init__.py", HEAD + answering("GET", "/a/{id}") + answering("POST", "/a/{id}", name="g"))
    write(data, "one/inner.py", HEAD + answering("GET", "/b"))
    write(data, "two.py", HEAD + answering("GET", "/a/{id}"))
    loaded = plugins.registry(data)
    assert loaded.warnings == ()
    told = {pack.name: [(r.method, r.path) for r in pack.routes] for pack in loaded.packs}
    assert told["one"] == [("GET", "/a/{id}"), ("POST", "/a/{id}")]
    assert told["two.py"] == [("GET", "/a/{id}")]


def test_what_a_pack_imports_from_another_is_not_its_own(data: Path) -> None:
    write(data, "one.py", HEAD + answering("GET", "/a"))
    write(data, "two.py", "from inkwater_packs.one import f\n")
    assert {pack.name: len(pack.routes) for pack in plugins.registry(data).packs} == {"one.py": 1, "two.py": 0}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (answering("BREW", "/a"), "BREW"),
        (answering("get", "/a"), "get"),
        (answering("GET", "a"), "'a'"),
        (answering("GET", "/../../prompt"), "prompt"),
        (answering("GET", "/a/{x:.*}"), "like '/things/{id}'"),
        (answering("GET", ""), "''"),
        (answering("GET", "/a", "def"), "async def"),
        (answering("GET", "/a/{x}") + answering("GET", "/a/{y}", name="g"), "twice"),
    ],
)
def test_routes_that_cannot_be_served_cost_a_pack_its_routes_only(data: Path, text: str, reason: str) -> None:
    node = "from engine.graph.define import node\n\n@node()\ndef RoutedNode(a: int = 1) -> int:\n    return a\n\n"
    write(data, "pack.py", HEAD + node + text)
    loaded = plugins.registry(data)
    (pack,), (warning,) = loaded.packs, loaded.warnings
    assert (pack.nodes, pack.routes) == (("RoutedNode",), ())
    assert warning.name == "pack.py"
    assert reason in warning.reason


def test_the_folder_web_is_for_browsers(data: Path) -> None:
    write(data, "one/__init__.py", "")
    write(data, "one/web/a.js", "")
    write(data, "two/__init__.py", "")
    write(data, "three.py", "")
    told = {pack.name: pack.web for pack in plugins.registry(data).packs}
    assert told == {"one": data / "packs" / "one" / "web", "two": None, "three.py": None}


def test_importing_a_put_off_library_costs_nothing_until_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heavy_for_test").mkdir()
    (tmp_path / "heavy_for_test" / "__init__.py").write_text("value = 5\n")
    (tmp_path / "heavy_for_test" / "part.py").write_text("value = 6\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    names = ("heavy_for_test",)
    with put_off(names) as loaded:
        module = importlib.import_module("heavy_for_test")
        assert loaded() == []
        assert module.value == 5
        assert loaded() == ["heavy_for_test"]
        assert loaded() == []
    with put_off(names) as loaded:
        assert loaded() == []
    del sys.modules["heavy_for_test"]
    with put_off(names) as loaded:
        assert importlib.import_module("heavy_for_test.part").value == 6
        assert loaded() == ["heavy_for_test"]


def test_packs_that_import_torch_leave_a_server_free_of_it(data: Path) -> None:
    """`import torch` is a promise; a pack that uses torch at once is named."""
    write(data, "polite.py", "import torch\nimport transformers\n\ndef later():\n    return torch.zeros(2)\n")
    free = "print([m for m in sys.modules if m.startswith('torch.')], [w.name for w in loaded.warnings])"
    code = "import sys; from pathlib import Path; from engine import plugins\n"
    code += f"loaded = plugins.registry(Path({str(data)!r}), lazy=plugins.LATER)\n{free}\n"
    assert run(code).splitlines() == ["[] []"]
    write(data, "rude.py", "import torch\n\nzero = torch.zeros(1)\n")
    later = "print(sys.modules['inkwater_packs.polite'].later().tolist())\n"
    assert [line.split("]")[-2].split("[")[-1] for line in run(code + later).splitlines()] == ["'rude.py'", "0.0, 0.0"]


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout

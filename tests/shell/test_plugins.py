"""Packs: loaded from a folder or an entry point, or left out by name and reason."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from engine import plugins

NODE = "from engine.graph.define import node\n\n@node()\ndef {name}(a: int = 1) -> int:\n    return a {do}\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "packs").mkdir()
    return tmp_path


def write(data: Path, path: str, text: str) -> None:
    file = data / "packs" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_a_folder_a_package_and_a_single_file_are_packs(data: Path) -> None:
    write(data, "plain-folder/one.py", NODE.format(name="PackOne", do="+ 1"))
    write(data, "plain-folder/two.py", "from .one import PackOne\n" + NODE.format(name="PackTwo", do="+ 2"))
    write(data, "package/__init__.py", "from . import inner\n")
    write(data, "package/inner.py", NODE.format(name="PackThree", do="+ 3"))
    write(data, "single.py", NODE.format(name="PackFour", do="+ 4"))
    loaded = plugins.registry(data)
    assert loaded.failures == ()
    assert {p.name: p.nodes for p in loaded.packs} == {
        "package": ("PackThree",),
        "plain-folder": ("PackOne", "PackTwo"),
        "single.py": ("PackFour",),
    }
    assert [loaded.registry[n].fn(10) for n in ("PackOne", "PackTwo", "PackThree", "PackFour")] == [11, 12, 13, 14]


def test_what_fails_is_named_and_the_rest_load(data: Path) -> None:
    write(data, "bad/__init__.py", "import no_such_module\n")
    write(data, "quits/__init__.py", "raise SystemExit('no')\n")
    write(data, "spelled/__init__.py", "def :\n")
    write(data, "wrong/__init__.py", NODE.format(name="PackWrong", do="").replace("-> int", ""))
    write(data, "fine/__init__.py", NODE.format(name="PackFine", do=""))
    loaded = plugins.registry(data)
    reasons = {f.name: f.reason for f in loaded.failures}
    assert reasons["bad"] == "ModuleNotFoundError: No module named 'no_such_module' (__init__.py, line 1)"
    assert reasons["quits"] == "SystemExit: no (__init__.py, line 1)"
    assert reasons["spelled"] == "SyntaxError: invalid syntax (__init__.py, line 1)"
    assert "has no return annotation" in reasons["wrong"]
    assert [p.name for p in loaded.packs] == ["fine"]


def test_a_clash_names_both_and_leaves_the_later_pack_out(data: Path) -> None:
    write(data, "a.py", NODE.format(name="PackSame", do="+ 1"))
    write(data, "b.py", NODE.format(name="PackSame", do="+ 2") + NODE.format(name="PackOther", do=""))
    loaded = plugins.registry(data)
    (failure,) = loaded.failures
    assert failure.name == "b.py"
    assert "inkwater_packs.a.PackSame" in failure.reason
    assert "inkwater_packs.b.PackSame" in failure.reason
    assert loaded.registry["PackSame"].fn(1) == 2
    assert "PackOther" not in loaded.registry


def test_a_pack_cannot_take_a_built_in_name(data: Path) -> None:
    name = next(iter(plugins.builtins()))
    write(data, "thief.py", NODE.format(name=name, do=""))
    assert [f.name for f in plugins.registry(data).failures] == ["thief.py"]


def test_an_edit_within_one_second_and_of_one_size_is_seen(data: Path) -> None:
    write(data, "p.py", NODE.format(name="PackEdit", do="+ 1"))
    first = plugins.registry(data)
    write(data, "p.py", NODE.format(name="PackEdit", do="+ 2"))
    second = plugins.registry(data)
    assert (first.registry["PackEdit"].fn(1), second.registry["PackEdit"].fn(1)) == (2, 3)
    assert first.packs[0].digest != second.packs[0].digest
    assert first.salt().of("inkwater_packs.p") != second.salt().of("inkwater_packs.p")
    assert first.salt().of("nodes.latent") == second.salt().of("nodes.latent")


def test_the_digest_covers_names_and_contents_but_no_byte_code(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    seen = {plugins.sources_digest(tmp_path)}
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/a.pyc").write_bytes(b"1")
    seen.add(plugins.sources_digest(tmp_path))
    assert len(seen) == 1
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    seen.add(plugins.sources_digest(tmp_path))
    (tmp_path / "b.py").write_text("x = 2")
    seen.add(plugins.sources_digest(tmp_path))
    (tmp_path / "table.json").write_text("{}")
    seen.add(plugins.sources_digest(tmp_path))
    assert len(seen) == 4


def test_an_entry_point_is_a_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pack_by_point.py").write_text(NODE.format(name="PackPoint", do="+ 5"))
    info = tmp_path / "pack_by_point-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pack-by-point\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[inkwater.nodes]\npoint = pack_by_point\nmissing = pack_gone\n")
    monkeypatch.syspath_prepend(tmp_path)
    loaded = plugins.registry(None)
    assert [p.name for p in loaded.packs] == ["point"]
    assert [f.name for f in loaded.failures] == ["missing"]
    assert loaded.registry["PackPoint"].fn(1) == 6
    sys.modules.pop("pack_by_point")


def test_packs_of_another_data_folder_are_forgotten(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, "p.py", NODE.format(name=f"Pack{name}", do=""))
    assert "Packone" in plugins.registry(tmp_path / "one").registry
    second = plugins.registry(tmp_path / "two").registry
    assert "Packtwo" in second
    assert "Packone" not in second


def test_a_pack_may_carry_files_too_large_to_read_at_every_start(tmp_path: Path) -> None:
    with (tmp_path / "weights.bin").open("wb") as file:
        file.truncate(plugins.WHOLE + 1)
    before = plugins.sources_digest(tmp_path)
    time.sleep(0.01)
    (tmp_path / "weights.bin").touch()
    assert plugins.sources_digest(tmp_path) != before

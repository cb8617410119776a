"""Files that sinks write: names, exact hits, and no picture twice, wherever a process was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.graph.keys import digest
from engine.run.context import Services
from engine.run.names import fill, last_number, place
from engine.run.sinks import Outputs
from tests.run.kit import SECONDS, Kit, called, graph

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 7, 9, 5, 2)
KEY = digest("key")


def outputs(root: Path, **options: Any) -> Outputs:
    return Outputs(lambda kind: root / kind, root / "ledger.sqlite", now=lambda: NOW, **options)


def names(root: Path, folder: str = "output") -> list[str]:
    return sorted(p.relative_to(root / folder).as_posix() for p in (root / folder).rglob("*") if p.is_file())


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "filled"),
    [
        ("cat", "cat"),
        ("%date%/cat", "2026-03-07/cat"),
        ("%date:yyyy-MM-dd%", "2026-03-07"),
        ("%date:yyMMdd_hhmmss%", "260307_090502"),
        ("%date:d.M h:m%", "7.3 9-5"),
        ("%year%%month%%day%-%hour%%minute%%second%", "20260307-090502"),
        ("100% %width% %dates%", "100% %width% %dates%"),
    ],
)
def test_date_tokens(prefix: str, filled: str) -> None:
    assert fill(prefix, NOW) == filled


BAD = [
    "",
    "/",
    "../x",
    "a/../../x",
    "/etc/x",
    "C:\\x",
    "C:x",
    "..\\x",
    "a/",
    "a//b",
    ".",
    "a/./b",
    "nul/x",
    "com1",
    "x\x00y/..",
    "é" * 200,
    ".hidden",
    "a/b. ",
]


@pytest.mark.parametrize("prefix", BAD)
def test_prefixes_that_no_system_can_be_asked_for(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        place(tmp_path, prefix)


@given(st.text(alphabet="ab./\\:~ \x00é%-", max_size=12))
def test_a_prefix_never_leaves_the_folder(prefix: str) -> None:
    root = Path("/data/output")
    try:
        folder, stem = place(root, fill(prefix, NOW))
    except ValueError:
        return
    path = Path(os.path.normpath(folder / f"{stem}_00001_.png"))
    assert path.is_relative_to(root)
    assert path.name.endswith("_00001_.png")


def test_a_symlink_does_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "out").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="symbolic link"):
        outputs(tmp_path).save(KEY, 0, "out/x", "png", b"")


def test_numbers_go_on_after_the_highest(tmp_path: Path) -> None:
    for name in (
        "cat_00003_.png",
        "cat_00012_.latent",
        "cat_xx_.png",
        "dog_00099_.png",
        "cats_00500_.png",
        "cat_²_.png",
    ):
        (tmp_path / name).touch()
    assert last_number(tmp_path, "cat") == 12
    assert last_number(tmp_path / "none", "cat") == 0


# --- saving ---------------------------------------------------------------------------------------


def test_names_are_comfyuis(tmp_path: Path) -> None:
    o = outputs(tmp_path)
    saved = [o.save(digest(i), 0, "%date%/cat", "png", b"%d" % i)[0] for i in range(3)]
    assert [s.name for s in saved] == [f"cat_{i:05}_.png" for i in (1, 2, 3)]
    assert saved[0].ui == {"filename": "cat_00001_.png", "subfolder": "2026-03-07", "type": "output"}
    assert (tmp_path / "output" / "2026-03-07" / "cat_00002_.png").read_bytes() == b"1"
    assert o.save(digest(9), 0, "cat", "png", b"", "temp")[0].folder == "temp"


@pytest.mark.parametrize("bad", [{"folder": "input"}, {"ext": "../x"}, {"ext": ""}])
def test_other_folders_and_odd_extensions_are_refused(tmp_path: Path, bad: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"saved|extension"):
        outputs(tmp_path).save(KEY, 0, "x", bad.get("ext", "png"), b"", bad.get("folder", "output"))


def test_the_same_save_is_made_once(tmp_path: Path) -> None:
    first = outputs(tmp_path).save(KEY, 0, "x", "png", b"data")
    assert outputs(tmp_path).save(KEY, 0, "x", "png", b"data") == first
    assert outputs(tmp_path).save(KEY, 1, "x", "png", b"data")[0].name == "x_00002_.png"
    assert names(tmp_path) == ["x_00001_.png", "x_00002_.png"]


def test_a_file_of_somebody_else_is_never_touched(tmp_path: Path) -> None:
    o = outputs(tmp_path)
    o.save(KEY, 0, "x", "png", b"mine")
    (tmp_path / "output" / "x_00001_.png").write_bytes(b"edited by hand")
    assert o.save(KEY, 0, "x", "png", b"mine")[0].name == "x_00002_.png"
    assert (tmp_path / "output" / "x_00001_.png").read_bytes() == b"edited by hand"


def test_a_name_that_another_process_took_meanwhile_is_left_to_it(tmp_path: Path) -> None:
    o = outputs(tmp_path)
    o.save(digest(1), 0, "x", "png", b"1")
    for n in (2, 3):
        (tmp_path / "output" / f"x_0000{n}_.png").write_bytes(b"theirs")
    assert o.save(digest(2), 0, "x", "png", b"2")[0].name == "x_00004_.png"
    assert names(tmp_path) == [f"x_0000{n}_.png" for n in (1, 2, 3, 4)], "no temporary file is left"


def test_threads_do_not_collide(tmp_path: Path) -> None:
    o = outputs(tmp_path)
    threads = [threading.Thread(target=o.save, args=(digest(i), 0, "x", "png", b"%d" % i)) for i in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
    assert names(tmp_path) == [f"x_{i:05}_.png" for i in range(1, 21)]
    assert {p.read_bytes() for p in (tmp_path / "output").iterdir()} == {b"%d" % i for i in range(20)}


def test_without_hard_links_a_file_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise OSError("not supported")

    monkeypatch.setattr(os, "link", refuse)
    o = outputs(tmp_path)
    o.save(digest(1), 0, "x", "png", b"1")
    (tmp_path / "output" / "x_00002_.png").touch()
    o.save(digest(2), 0, "x", "png", b"2")
    assert names(tmp_path) == [f"x_0000{n}_.png" for n in (1, 2, 3)]


def test_a_ledger_that_cannot_be_kept_is_a_warning(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "file").touch()
    o = Outputs(lambda kind: tmp_path / kind, tmp_path / "file" / "ledger", warn=lambda code, _: told.append(code))
    assert o.save(KEY, 0, "x", "png", b"data") == o.save(KEY, 0, "x", "png", b"data")
    assert told == ["ledger_unwritable"]


def test_a_folder_that_refuses_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("a file in the way")
    with pytest.raises(OSError, match=r"cannot write .*x_00001_.png"):
        outputs(tmp_path).save(KEY, 0, "x", "png", b"data")


# --- killed ------------------------------------------------------------------------------------------

KILLED = """
import os, sys
from pathlib import Path
from engine.graph.keys import digest
import engine.run.sinks as sinks
from engine.run.ledger import Ledger
root, point = Path(sys.argv[1]), sys.argv[2]

def before(owner, name):
    def die(*args, **named):
        os._exit(9)
    setattr(owner, name, die)

def after(owner, name):
    call = getattr(owner, name)
    def die(*args, **named):
        call(*args, **named)
        os._exit(9)
    setattr(owner, name, die)

half = lambda *a: (_ for _ in ()).throw(AssertionError)
{"before intent": lambda: before(Ledger, "intend"),
 "after intent": lambda: after(Ledger, "intend"),
 "half written": lambda: before(sinks, "_rename"),
 "linked": lambda: after(os, "link"),
 "renamed": lambda: after(sinks, "_rename"),
 "done": lambda: after(Ledger, "done"),
 "saved": lambda: None}[point]()
sinks.Outputs(lambda kind: root / kind, root / "ledger.sqlite").save(digest("key"), 0, "x", "png", b"picture")
os._exit(9)
"""


@pytest.mark.parametrize(
    "point", ["before intent", "after intent", "half written", "linked", "renamed", "done", "saved"]
)
def test_a_killed_process_never_makes_a_picture_twice(tmp_path: Path, point: str) -> None:
    for _ in range(2):
        died = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), point], cwd=ROOT, timeout=SECONDS)
        assert died.returncode == 9
    saved, stamp = outputs(tmp_path).save(KEY, 0, "x", "png", b"picture")
    assert saved.name == "x_00001_.png"
    assert names(tmp_path) == ["x_00001_.png"], "one picture, and nothing half-written"
    assert outputs(tmp_path).intact([stamp])


def test_recovery_sweeps_what_nobody_comes_back_for(tmp_path: Path) -> None:
    for point in ("half written", "renamed"):
        subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / point), point], cwd=ROOT, timeout=SECONDS)
    (part,) = (tmp_path / "half written" / "output").iterdir()
    outputs(tmp_path / "half written").recover()
    assert part.exists(), "it is young: its process may be alive"
    os.utime(part, (0, 0))
    outputs(tmp_path / "half written").recover()
    assert not part.exists()
    done = outputs(tmp_path / "renamed")
    done.recover()
    assert done._ledger.undone() == []


# --- exact hits -----------------------------------------------------------------------------------------


def kit(root: Path, **options: Any) -> Kit:
    return Kit(services=Services(outputs=outputs(root), metadata={}), **options)


def saving(value: int = 5) -> Any:
    return graph(v=("Value", {"value": value}), s=("Save", {"value": "v.0"}))


def test_a_sink_is_a_hit_while_its_file_is_there_unchanged(tmp_path: Path) -> None:
    k = kit(tmp_path)
    first = k.run(saving())
    assert first.made["s"].ui == {"images": [{"filename": "p_00001_.txt", "subfolder": "", "type": "output"}]}
    again = k.run(saving())
    assert not again.started
    assert again.made["s"].ui == first.made["s"].ui
    file = tmp_path / "output" / "p_00001_.txt"
    os.utime(file, (1, 1))
    assert not k.run(saving()).started, "a new date on the same content is no change"
    file.unlink()
    assert k.run(saving()).started == ["s"]
    assert file.read_bytes() == b"5", "a deleted output is made again, under its name"
    file.write_bytes(b"other")
    assert k.run(saving()).started == ["s"]
    assert names(tmp_path) == ["p_00001_.txt", "p_00002_.txt"]


def test_a_sink_is_a_hit_in_the_next_process(tmp_path: Path) -> None:
    kit(tmp_path).run(saving())
    ran = kit(tmp_path).run(saving())
    assert not ran.started
    assert ran.made["s"].ui["images"][0]["filename"] == "p_00001_.txt"


def test_with_and_without_metadata_are_two_files(tmp_path: Path) -> None:
    k = kit(tmp_path)
    k.run(saving())
    k.services = Services(outputs=k.services.outputs, metadata=None)
    assert k.run(saving()).started == ["s"]
    assert not k.run(saving()).started
    assert len(names(tmp_path)) == 2


def test_a_mapped_sink_writes_each_and_shows_all(tmp_path: Path) -> None:
    k = kit(tmp_path)
    g = graph(c=("Count", {"n": 3}), s=("Save", {"value": "c.0"}))
    ran = k.run(g)
    assert [i["filename"] for i in ran.made["s"].ui["images"]] == ["p_00001_.txt", "p_00002_.txt", "p_00003_.txt"]
    (tmp_path / "output" / "p_00002_.txt").unlink()
    called.clear()
    assert k.run(g).started == ["s"]
    assert names(tmp_path) == ["p_00001_.txt", "p_00002_.txt", "p_00003_.txt"]


def test_sinks_in_an_expansion_count_for_the_node_that_expanded(tmp_path: Path) -> None:
    k = kit(tmp_path)
    g = graph(s=("SaveEach", {"n": 2}))
    ran = k.run(g, ["s"])
    assert len(ran.made["s"].ui["images"]) == 2
    assert not k.run(g, ["s"]).started
    (tmp_path / "output" / ran.made["s"].ui["images"][0]["filename"]).unlink()
    assert "s" in k.run(g, ["s"]).started
    assert len(names(tmp_path)) == 2


def test_another_output_folder_is_no_hit(tmp_path: Path) -> None:
    k = kit(tmp_path / "a")
    k.run(saving())
    k.services = Services(outputs=outputs(tmp_path / "b"), metadata={})
    assert k.run(saving()).started == ["s"]
    assert names(tmp_path / "b") == ["p_00001_.txt"]

"""The editor is built where it is missing or stale, once, and never in the way of the server."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from tests.web import kit
from web.editor import node as nodes
from web.editor.build import build, installed
from web.editor.node import fits
from web.editor.run import CannotBuild, Runner
from web.editor.served import Editor
from web.editor.sources import dist, fingerprint, fresh

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Node is a shell script")

NODE = """#!/bin/sh
case "$1" in
  --version) echo v24.0.0; exit;;
esac
echo "$@" >> "$LOG"
[ -e "$FAIL" ] && { echo "first line"; echo "the last line says why"; exit 1; }
[ -e "$WAIT" ] && sleep 600
while [ "$1" != --outDir ]; do shift; done
mkdir -p "$2/assets"
echo "<title>Inkwater</title>" > "$2/index.html"
head -c 4000 /dev/zero > "$2/assets/a.js"
"""
NPM = """#!/bin/sh
echo "npm $@" >> "$LOG"
mkdir -p node_modules
cp package-lock.json node_modules/.package-lock.json
"""
LOCK = {"packages": {"": {}, "node_modules/a": {"integrity": "1"}, "node_modules/b": {"integrity": "2", "dev": True}}}


class Desk:
    """A folder with an editor's sources, and a Node that writes down what it is asked."""

    def __init__(self, place: Path, patch: pytest.MonkeyPatch) -> None:
        self.ui, self.log = place / "ui", place / "log"
        self.fail, self.wait = place / "fail", place / "wait"
        self.told: list[str] = []
        (self.ui / "src").mkdir(parents=True)
        (self.ui / "src" / "main.ts").write_text("1")
        (self.ui / "package.json").write_text("{}")
        (self.ui / "package-lock.json").write_text(json.dumps(LOCK))
        for name, text in (("node", NODE), ("npm", NPM)):
            program = place / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(text)
            program.chmod(0o755)
        patch.setenv("PATH", f"{place / 'bin'}:/usr/bin:/bin")
        for name, path in (("LOG", self.log), ("FAIL", self.fail), ("WAIT", self.wait)):
            patch.setenv(name, str(path))

    def asked(self) -> list[str]:
        """What Node and npm were called for, by their first words."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return ["npm ci" if line.startswith("npm") else "vite build" for line in lines]

    def build(self) -> None:
        build(self.ui, self.told.append)

    def page(self) -> str:
        return (dist(self.ui) / "index.html").read_text()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_it_is_built_once_and_again_only_when_its_sources_change(desk: Desk) -> None:
    assert not fresh(desk.ui)
    desk.build()
    assert fresh(desk.ui)
    assert desk.asked() == ["npm ci", "vite build"]
    assert any("about 20 s" in line for line in desk.told)
    desk.build()
    assert desk.asked() == ["npm ci", "vite build"]
    (desk.ui / "src" / "main.test.ts").write_text("a test is no part of it")
    assert fresh(desk.ui)
    (desk.ui / "src" / "main.ts").write_text("2")
    assert not fresh(desk.ui)
    desk.build()
    assert desk.asked() == ["npm ci", "vite build", "vite build"]


@pytest.mark.parametrize("name", ["src/new/file.css", "index.html", "package.json", "package-lock.json", "public/x"])
def test_every_source_counts(desk: Desk, name: str) -> None:
    before = fingerprint(desk.ui)
    (desk.ui / name).parent.mkdir(parents=True, exist_ok=True)
    (desk.ui / name).write_text("other")
    assert fingerprint(desk.ui) != before


def test_packages_are_installed_again_when_one_of_the_lock_differs(desk: Desk) -> None:
    desk.build()
    assert installed(desk.ui)
    newer = {"packages": {**LOCK["packages"], "node_modules/a": {"integrity": "3"}}}
    (desk.ui / "package-lock.json").write_text(json.dumps(newer))
    assert not installed(desk.ui)
    desk.build()
    assert desk.asked()[2:] == ["npm ci", "vite build"]


def test_tests_need_packages_that_building_does_not(desk: Desk) -> None:
    (desk.ui / "node_modules").mkdir()
    without = {"packages": {k: v for k, v in LOCK["packages"].items() if not k.endswith("b")}}
    (desk.ui / "node_modules" / ".package-lock.json").write_text(json.dumps(without))
    assert installed(desk.ui)
    assert not installed(desk.ui, tests=True)


def test_what_failed_is_told_with_its_last_lines_and_what_was_there_stays(desk: Desk) -> None:
    desk.build()
    desk.fail.touch()
    (desk.ui / "src" / "main.ts").write_text("2")
    with pytest.raises(CannotBuild, match=r"(?s)could not be built.*the last line says why"):
        desk.build()
    assert "Inkwater" in desk.page()
    desk.fail.unlink()
    desk.build()
    assert fresh(desk.ui)


def test_large_files_lie_compressed_beside_themselves(desk: Desk) -> None:
    desk.build()
    packed = dist(desk.ui) / "assets" / "a.js.gz"
    assert gzip.decompress(packed.read_bytes()) == (dist(desk.ui) / "assets" / "a.js").read_bytes()
    assert not (dist(desk.ui) / "index.html.gz").exists()


def test_two_that_start_together_build_it_once(desk: Desk) -> None:
    threads = [threading.Thread(target=desk.build) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert desk.asked() == ["npm ci", "vite build"]


def test_without_node_it_is_fetched_or_the_sentence_says_what_to_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(nodes.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CannotBuild, match=r"needs Node .*install Node\.$"):
        desk.build()


def test_a_failed_fetch_says_what_pip_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(nodes, "find", lambda ui: None)
    monkeypatch.setattr(nodes, "REQUIREMENT", "./no-such-thing")
    with pytest.raises(CannotBuild, match=r"(?s)install it, or let pip.*no-such-thing"):
        nodes.fetch(desk.ui, Runner(), desk.told.append)
    assert any("fetching Node" in line for line in desk.told)


@pytest.mark.parametrize(
    ("version", "good"),
    [
        *(("v20.19.0", True), ("v20.18.9", False), ("v21.7.0", False), ("v22.11.0", False), ("v22.12.0", True)),
        *(("v24.1.0", True), ("v18.20.0", False), ("", False), ("v100.0.0", True)),
    ],
)
def test_which_versions_of_node_fit(version: str, good: bool) -> None:
    assert fits(version) is good


def test_the_page_says_that_it_is_built_and_then_is_the_editor(desk: Desk) -> None:
    editor = Editor(ui=desk.ui)
    editor.begin()
    assert editor.root is None or fresh(desk.ui)
    kit.wait_for(lambda: not editor.building, "the build")
    assert editor.root == dist(desk.ui)
    assert "http-equiv" not in editor.page()


def test_while_it_is_built_the_page_reloads_itself_and_the_end_stops_the_building(desk: Desk) -> None:
    desk.wait.touch()
    editor = Editor(ui=desk.ui)
    editor.begin()
    assert editor.root is None
    assert 'http-equiv="refresh"' in editor.page()
    kit.wait_for(lambda: "vite build" in desk.asked(), "the start of the build")
    editor.close(kit.PATIENCE)
    assert not editor.building
    assert not dist(desk.ui).exists()


def test_after_a_failure_the_page_tells_it_as_text(desk: Desk) -> None:
    desk.fail.write_text("")
    (desk.ui.parent / "bin" / "node").write_text(NODE.replace("the last line says why", "<script>no</script>"))
    editor = Editor(ui=desk.ui)
    editor.begin()
    kit.wait_for(lambda: not editor.building, "the end of the build")
    assert editor.root is None
    assert "&lt;script&gt;no&lt;/script&gt;" in editor.page()
    assert "start the server again" in editor.page()


def test_an_installed_package_has_no_sources_and_serves_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("built before")
    editor = Editor(ui=tmp_path)
    editor.begin()
    assert editor.root == tmp_path / "dist"


SERVED = ("engine", "nodes", "web", "workflows", "main.py", "pyproject.toml")


def test_the_server_answers_while_the_editor_is_built(desk: Desk, tmp_path: Path) -> None:
    """A checkout of its own, so that nothing of ours is built."""
    checkout = tmp_path / "checkout"
    _copied(checkout)
    shutil.copytree(desk.ui, checkout / "web" / "ui")
    desk.wait.touch()
    with kit.server(tmp_path / "data", root=checkout) as server:
        kit.wait_for(lambda: desk.asked() and desk.asked()[-1] == "vite build", "the start of the build")
        assert b"being built" in server.get("/")
        assert "KitValue" in server.get("/api/v1/nodes")
        kit.wait_for(lambda: any("building the editor" in line for line in server.lines), "the line in the log")


def _copied(checkout: Path) -> None:
    checkout.mkdir()
    for name in SERVED:
        source = kit.ROOT / name
        if source.is_file():
            shutil.copy(source, checkout)
        else:
            shutil.copytree(source, checkout / name, ignore=shutil.ignore_patterns("ui", "__pycache__", "samples"))


@pytest.mark.slow
def test_a_wheel_has_the_editor_though_no_node_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip builds it in an environment of its own, with a Node from Python's package index."""
    checkout = tmp_path / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=kit.ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if not name.startswith(("models/", "tests/")) and (kit.ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(kit.ROOT / name, checkout / name)
    monkeypatch.setenv("PATH", "/nowhere")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(checkout)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "web/ui/dist/index.html" in names
    assert "engine/models/clip_merges.txt.xz" in names
    assert any(name.startswith("web/ui/dist/assets/index-") and name.endswith(".js.gz") for name in names)
    assert [name for name in names if name.startswith("web/ui/") and "/dist/" not in name] == []

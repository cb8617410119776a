"""What holds of the editor's sources as a whole: layers, sizes, the lock file, and a test for every feature."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from web.editor.sources import UI

SRC = UI / "src"
LONGEST = {".ts": 300, ".tsx": 300, ".css": 400}
"""Lines of a file of the program; tables of styles and stories in the browser may be somewhat longer."""

LEVELS = (
    ("core",),
    ("formats",),
    ("api",),
    ("stores",),
    ("commands", "i18n", "ui", "theme"),
    ("canvas", "widgets", "live", "files", "shell", "outline", "form", "packs", "inspect", "panels", "recording"),
    ("app",),
)
"""Parts may import those of their own level (features may not) and of those above it in this list."""
FEATURES = LEVELS[5]

PUBLIC = {
    "shell/slots": "where features plug in",
    "widgets/registry": "the table of widgets",
    "widgets/index": "what features may show of widgets",
    "canvas/index": "what features may use of the canvas",
    "canvas/api": "moves the view",
    "canvas/sockets": "looks of sockets",
    "canvas/SocketDot": "a socket's look",
    "live/format": "numbers as people read them",
    "live/run": "runs a workflow",
    "live/index": "what features may use of runs",
    "live/CompareSlider": "two pictures with a line between them to drag",
    "live/NodeFacts": "facts before the run, on a node",
    "live/NodePreview": "the preview on a node",
    "live/NodeResult": "what a node shows",
    "live/TroubleMark": "the mark of a problem, with its mend",
    "live/jobTitle": "what a job is called",
    "live/open": "a job's workflow in a tab",
    "live/place": "how a job stands",
    "live/shown": "what nodes showed",
    "live/state": "the queue as it is followed",
    "files/actions": "tabs and files as actions",
    "form/edits": "what the form shows",
    "files/index": "what features may use of files",
    "recording/client": "questions about recordings",
    "recording/load": "what is recorded of a job",
    "recording/index": "what features may use of recordings",
    "recording/RecordChoice": "whether runs are recorded",
    "recording/JobActs": "a job's recording, and its comparison with another",
    "packs/index": "loaded by the start",
    "app/useMedia": "whether it is a phone",
}
"""Files of a feature that others may import."""

FREE = ("core", "formats")
DOM = re.compile(r"(?<![.\w\"'])(document|window|localStorage|navigator|HTMLElement|fetch)\s*[.(]")
IMPORT = re.compile(
    r"""(?:^|\n)\s*(?:import(?! type\b)|export(?! type\b))\b[^;"']*?["']([^"']+)["']|import\(\s*["']([^"']+)["']"""
)
"""Not `import type`: types leave nothing in the program."""
TITLE = re.compile(r"""\b(?:test|it|describe)(?:\.\w+)*\(\s*(["'`])(.*?)\1""", re.DOTALL)
P2 = {7, 13, 32, 35, 36}
"""Features that editor.md's table calls P2; all others are P0 or P1."""


def sources(*suffixes: str) -> Iterator[Path]:
    """Files under src, tests aside."""
    for path in sorted(SRC.rglob("*")):
        if path.suffix in suffixes and ".test." not in path.name and path.name != "test-setup.ts":
            yield path


def name_of(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


def imports(path: Path) -> Iterator[str]:
    """What a file imports: "core/types" of ours, "react" of others'."""
    for ours, lazily in IMPORT.findall(path.read_text(encoding="utf-8")):
        found = ours or lazily
        if found.startswith("."):
            inside = os.path.normpath(PurePosixPath(name_of(path)).parent / found)
            yield f"~/{PurePosixPath(inside).as_posix()}"
        else:
            yield found


def level(part: str) -> int:
    return next((n for n, parts in enumerate(LEVELS) if part in parts), len(LEVELS))


def public(name: str) -> bool:
    """Whether a feature's file, "canvas/api" or "canvas" for its index, is there for others."""
    stem = name if "/" in name else f"{name}/index"
    return stem.removesuffix(".ts").removesuffix(".tsx") in PUBLIC


def test_imports_go_down() -> None:
    wrong = []
    for path in sources(".ts", ".tsx"):
        own = name_of(path).split("/")[0]
        for found in imports(path):
            if not found.startswith("~/") or "/" not in name_of(path):
                continue
            target = found.removeprefix("~/")
            part = target.split("/")[0]
            if level(part) > level(own) and not public(target):
                wrong.append(f"{name_of(path)} imports {target}, which is above it")
            elif part != own and part in FEATURES and own in FEATURES and not public(target):
                wrong.append(f"{name_of(path)} reaches into {target}")
    assert wrong == []


@pytest.mark.parametrize("part", FREE)
def test_what_is_pure_knows_no_react_and_no_page(part: str) -> None:
    wrong = []
    for path in sources(".ts", ".tsx"):
        if not name_of(path).startswith(f"{part}/"):
            continue
        wrong += [
            f"{name_of(path)} imports {found}" for found in imports(path) if re.match(r"react|zustand|@xyflow", found)
        ]
        code = re.sub(r"//.*|/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        wrong += [f"{name_of(path)} uses {found[1]}" for found in DOM.finditer(code)]
    assert wrong == []


def test_no_file_is_long() -> None:
    files = {path: LONGEST[path.suffix] for path in sources(*LONGEST)}
    files |= {path: 400 for path in (UI / "e2e").glob("**/*.ts") if "node_modules" not in path.parts}
    lengths = {path.relative_to(UI).as_posix(): path.read_text(encoding="utf-8").count("\n") for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > files[UI / name]} == {}


@pytest.mark.parametrize("folder", ["", "e2e/chromium"])
def test_the_lock_names_no_host_and_holds_every_package(folder: str) -> None:
    text = (UI / folder / "package-lock.json").read_text(encoding="utf-8")
    assert text.count('"resolved"') == 0
    assert not re.search(r"https?://[^\"]*(registry|npmjs|mirror|proxy)", text)
    packages = json.loads(text)["packages"]
    assert [name for name, p in packages.items() if name and "integrity" not in p] == []
    wanted = {name for p in packages.values() for name in p.get("optionalDependencies", {})}
    have = {name.rpartition("node_modules/")[2] for name in packages}
    assert wanted - have == set(), "binaries of other platforms are missing: npm ci refuses the lock"


def test_the_settings_of_npm_keep_hosts_out_of_the_lock() -> None:
    for folder in (UI, UI / "e2e" / "chromium"):
        assert "omit-lockfile-registry-resolved=true" in (folder / ".npmrc").read_text()


def titles() -> dict[int, set[str]]:
    """Files with tests by the numbers of features in their titles."""
    found: dict[int, set[str]] = defaultdict(set)
    specs = [*SRC.rglob("*.test.ts"), *SRC.rglob("*.test.tsx"), *(UI / "e2e").rglob("*.spec.ts")]
    for path in specs:
        if "node_modules" in path.parts:
            continue
        for _, title in TITLE.findall(path.read_text(encoding="utf-8")):
            for number in re.findall(r"#(\d+)\b", title):
                found[int(number)].add(path.relative_to(UI).as_posix())
    return found


def test_every_feature_has_a_test_with_its_number() -> None:
    assert {n for n in range(1, 37) if n not in P2} - set(titles()) == set()


def test_the_readme_says_where_each_feature_is_and_what_tests_it() -> None:
    readme = (UI / "README.md").read_text(encoding="utf-8")
    rows = {int(n): cells for n, cells in re.findall(r"^\| (\d+) \|(.*)\|$", readme, re.MULTILINE)}
    assert sorted(rows) == list(range(1, 37))
    tested = titles()
    wrong = []
    for number, cells in rows.items():
        for named in re.findall(r"`([\w./-]+)`", cells):
            if not (UI / named).exists():
                wrong.append(f"#{number}: there is no {named}")
            elif re.search(r"\.(test|spec)\.tsx?$", named) and named not in tested[number]:
                wrong.append(f"#{number}: no test in {named} carries its number")
    assert wrong == []

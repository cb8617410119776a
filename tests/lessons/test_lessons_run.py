"""Every lesson runs as it is, on the shipped model, and says what it is about in both languages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from engine.settings import ROOT
from tests.lessons.kit import FILES, IDS, Lessons, about, read
from web.api.workflows import first_sentence

lesson_files = pytest.mark.parametrize("path", FILES, ids=IDS)

MINI = "mini-v1.safetensors"

VIETNAMESE = set("ạảãàáâậầấẩẫăắằặẳẵóòọõỏôộổỗồốơờớợởỡéèẻẹẽêếềệểễúùụủũưựữửừứíìịỉĩýỳỷỵỹđ")
"""Letters that Vietnamese has and English has not."""

HEADS = ("**What the article says.**", "**What to look at.**", "**What to change.**")
HEADS_VI = ("**Bài viết nói gì.**", "**Hãy nhìn gì.**", "**Hãy thử đổi.**")


def quick(path: Path) -> dict[str, int]:
    """Values for lessons of members that are not trained: small pictures and few steps show all that they can show."""
    nodes = {id: node["inputs"] for id, node in read(path).items()}
    if any(MINI in inputs.values() for inputs in nodes.values()):
        return {}
    small = {"width": 128, "height": 128, "steps": 2}
    return {f"{id}.{name}": value for id, inputs in nodes.items() for name, value in small.items() if name in inputs}


@lesson_files
def test_it_runs(path: Path, lessons: Lessons) -> None:
    result = lessons.session.run(path, quick(path))
    assert not result.problems
    assert result.files or any("text" in shown for shown in result.ui.values())
    for file in result.files:
        with Image.open(file) as picture:
            assert min(picture.size) >= 64


@lesson_files
def test_it_says_in_both_languages_what_to_look_at(path: Path) -> None:
    english, vietnamese = (note["text"] for note in about(path)["notes"][:2])
    number = int(path.stem[:2])
    assert english.startswith(f"## {number} · {about(path)['title']}\n")
    assert vietnamese.startswith(f"## {number} · ")
    assert [head for head in HEADS if head not in english] == []
    assert [head for head in HEADS_VI if head not in vietnamese] == []
    letters = [c for c in vietnamese.lower() if c.isalpha()]
    assert not VIETNAMESE & set(re.sub(r"`[^`]*`", "", english).lower())
    assert sum(c in VIETNAMESE for c in letters) > len(letters) / 8


@pytest.mark.parametrize(("language", "note"), [("en", 0), ("vi", 1)])
def test_the_editor_calls_them_what_they_call_themselves(language: str, note: int) -> None:
    words = json.loads((ROOT / "web" / "ui" / "src" / "i18n" / language / "templates.json").read_text("utf-8"))
    texts = {f"lessons/{path.stem}": about(path)["notes"][note]["text"] for path in FILES}
    told = {
        name: {"title": text.splitlines()[0].split(" · ", 1)[1], "description": first_sentence(text)}
        for name, text in texts.items()
    }
    assert {name: words[name] for name in words if name.startswith("lessons/")} == told


def test_they_are_numbered_in_order_without_a_gap() -> None:
    assert [int(name[:2]) for name in IDS] == [*range(1, len(IDS) + 1)]

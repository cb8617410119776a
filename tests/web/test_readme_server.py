"""The README's blocks about the server, against a server with the shipped model."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.web.kit import ROOT, Server, server

BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8188"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("data"), "--device", "auto") as running:
        yield running


def test_the_python_block_makes_a_picture(started: Server, tmp_path: Path) -> None:
    text = next(text for kind, text in BLOCKS if kind == "python" and ADDRESS in text)
    script = tmp_path / "script.py"
    script.write_text(text.replace(ADDRESS, started.url), encoding="utf-8")
    ended = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "JobFinished" in ended.stdout
    _is_picture(next(tmp_path.glob("*.png")))


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("bash") is None, reason="no curl or bash here")
def test_the_shell_block_makes_a_picture(started: Server, tmp_path: Path) -> None:
    text = next(text for kind, text in BLOCKS if kind == "bash")
    ended = subprocess.run(["bash", "-euo", "pipefail", "-c", text.replace(ADDRESS, started.url)], cwd=tmp_path)
    assert ended.returncode == 0
    _is_picture(tmp_path / "picture.png")


def _is_picture(path: Path) -> None:
    with Image.open(path) as picture:
        assert picture.size == (128, 128)

"""The Vietnamese README tells the same: its blocks are the README's, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.shell.conftest import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
VIETNAMESE = (ROOT / "README.vi.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python3 .*$", "".join(text for kind, text in BLOCK.findall(ENGLISH) if kind == "sh"), re.M)


@pytest.mark.parametrize("block", BLOCK.findall(VIETNAMESE))
def test_each_block_is_one_of_the_readmes(block: tuple[str, str]) -> None:
    assert block in BLOCK.findall(ENGLISH), "change README.vi.md as README.md was changed"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_readme_is_told(command: str) -> None:
    assert command in VIETNAMESE


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", VIETNAMESE))
def test_each_link_leads_somewhere(target: str) -> None:
    assert (ROOT / Path(target)).exists()

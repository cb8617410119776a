"""One session with the shipped mini; other members that lessons name are small random ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.session import Session
from tests.lessons.kit import Lessons
from tests.workflows.zoo import MAKERS, write_all

MINI = "checkpoints/mini-v1.safetensors"


@pytest.fixture(scope="session")
def members(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with all that no training has made yet."""
    return write_all(tmp_path_factory.mktemp("members"), [name for name in MAKERS if name != MINI])


@pytest.fixture(scope="session")
def lessons(tmp_path_factory: pytest.TempPathFactory, members: Path) -> Iterator[Lessons]:
    data = tmp_path_factory.mktemp("lessons")
    with Session(data=data, models=[members], precision="full", disk=0, memory=1 << 30) as session:
        yield Lessons(session)

"""A session with a tiny random checkpoint in place of mini-v1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.session import Session
from tests.models.make import TINY, write_checkpoint


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that comes before the shipped one."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "checkpoints").mkdir()
    write_checkpoint(folder / "checkpoints" / "mini-v1.safetensors", TINY)
    return folder


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Session]:
    """One session for all workflows, with an empty data folder."""
    with Session(data=tmp_path_factory.mktemp("data"), models=[models], precision="full", disk=0) as session:
        yield session

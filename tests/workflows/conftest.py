"""A session with small random models in place of all that the workflows name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.session import Session
from tests.workflows.zoo import write_all


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that comes before the shipped one."""
    return write_all(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Session]:
    """One session for all workflows, with an empty data folder."""
    with Session(data=tmp_path_factory.mktemp("data"), models=[models], precision="full", disk=0) as session:
        yield session

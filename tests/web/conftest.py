"""A warm server for all tests of a session, and fresh ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.web import kit


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kit.Server]:
    """One server for the whole session; tests leave its queue empty."""
    with kit.server(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., kit.Server]]:
    """Starts servers on a data folder of this test: `fresh(*arguments)`."""
    with ExitStack() as servers:
        yield lambda *args, **more: servers.enter_context(kit.server(tmp_path / "data", *args, **more))

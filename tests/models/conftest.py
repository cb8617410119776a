"""A library with one tiny checkpoint, and a manager over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.files import Library
from engine.models.handle import PARTS, ModelHandle
from engine.models.load import make_manager
from engine.models.manager import ModelManager
from engine.models.precision import policy
from tests.models import make


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="session")
def tiny(folder: Path) -> Path:
    return make.write_checkpoint(folder / "tiny.safetensors", make.TINY)


@pytest.fixture(scope="session")
def library(tiny: Path) -> Library:
    return Library({"checkpoints": (tiny.parent,)})


@pytest.fixture(scope="session")
def manager(library: Library) -> ModelManager:
    return make_manager(library, policy("cpu", "full"))


@pytest.fixture(scope="session")
def handles(library: Library) -> dict[str, ModelHandle]:
    ref = library.ref("checkpoints", "tiny.safetensors")
    return {part: ModelHandle(ref, "mini1", part) for part in PARTS}

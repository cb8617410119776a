"""Fixtures of the node tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from engine.models.detect import inspect_file
from nodes.loaders import Checkpoint, checkpoint_loader_simple
from tests.nodes.desk import CHECKPOINT, Desk
from tests.nodes.desk import desk as make_desk


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One desk for all tests: models stay loaded."""
    torch.set_num_threads(1)
    with make_desk(tmp_path_factory.mktemp("nodes")) as desk:
        yield desk


@pytest.fixture
def context(shop: Desk) -> Desk:
    """A desk with nothing saved yet."""
    return replace(shop, files={}, told=[])


@pytest.fixture(scope="session")
def parts(shop: Desk) -> Checkpoint:
    """Model, text encoder and VAE of the tiny checkpoint."""
    ref = shop.library.ref("checkpoints", CHECKPOINT)
    assert inspect_file(shop.path(ref)).family
    return checkpoint_loader_simple(ckpt_name=ref, context=shop)

"""What is old, or too much, goes from the temporary folder, and nothing else does."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from engine.service.retention import prune_folder
from engine.session.temp import emptied
from tests.service.conftest import opened, until

NOW = 1_000_000.0


def made(folder: Path, name: str, age: float, size: int = 10) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (NOW - age, NOW - age))
    return path


def test_old_files_go(tmp_path: Path) -> None:
    old, young = made(tmp_path, "sub/old.png", 100), made(tmp_path, "young.png", 10)
    assert prune_folder(tmp_path, 50, 0, NOW) == 1
    assert not old.exists()
    assert young.exists()


def test_the_oldest_go_until_the_rest_fits(tmp_path: Path) -> None:
    files = [made(tmp_path, f"{age}.png", age) for age in (4, 3, 2, 1)]
    assert prune_folder(tmp_path, 0, 25, NOW) == 2
    assert [f.exists() for f in files] == [False, False, True, True]


def test_zero_sets_no_limit(tmp_path: Path) -> None:
    made(tmp_path, "old.png", 1e6)
    assert prune_folder(tmp_path, 0, 0, NOW) == 0


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert prune_folder(tmp_path / "none", 1, 1, NOW) == 0
    emptied(tmp_path / "none", tmp_path / "cache")


def test_emptying_follows_no_links(tmp_path: Path) -> None:
    kept = made(tmp_path, "kept/picture.png", 0)
    temp = tmp_path / "temp"
    made(temp, "deep/er/a.png", 0)
    try:
        (temp / "link").symlink_to(kept.parent, target_is_directory=True)
        (temp / "file").symlink_to(kept)
    except OSError:
        pytest.skip("no links here")
    emptied(temp, tmp_path / "cache")
    assert list(temp.iterdir()) == []
    assert kept.exists()


def test_nobody_empties_the_temporary_folder_of_a_server(tmp_path: Path) -> None:
    """Not even while its worker is dead: what history shows is there."""

    async def whole() -> None:
        async with opened(tmp_path) as service:
            await until(lambda: service._alone is not None)
            kept = made(tmp_path / "temp", "preview.png", 0)
            assert emptied(tmp_path / "temp", tmp_path / "cache") is None
            assert kept.exists()

    asyncio.run(whole())

"""The device of a session: what its keys hold, and how many rows go in one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.session.device import Device
from engine.settings import Settings


@contextmanager
def opened(data: Path, **options: Any) -> Iterator[Device]:
    settings = Settings(data, precision="full", device="cpu", **options)
    device = Device(settings.library(), settings)
    try:
        yield device
    finally:
        device.close()


def test_what_is_made_in_shared_batches_has_keys_of_its_own(tmp_path: Path) -> None:
    with opened(tmp_path, share="never") as alone, opened(tmp_path, share="auto") as shared:
        assert alone.salt != shared.salt


class Rows:
    """A network whose rows take 100 bytes each."""

    def row_bytes(self, shape: Sequence[int]) -> int:
        return 100


@pytest.mark.parametrize(("wanted", "most"), [(8, 8), (20, 10), (1, 1)])
def test_a_call_has_as_many_rows_as_the_budget_has_room_for(tmp_path: Path, wanted: int, most: int) -> None:
    with opened(tmp_path, device_bytes=1099) as device:
        rows = device.room(Rows(), (4, 8, 8), wanted)  # type: ignore[arg-type]
        assert min(rows, wanted) == most


def test_one_row_is_always_tried(tmp_path: Path) -> None:
    with opened(tmp_path, device_bytes=10) as device:
        assert device.room(Rows(), (4, 8, 8), 4) == 1  # type: ignore[arg-type]

"""Golden files: what must not change without being seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "golden"


@pytest.fixture
def golden() -> Callable[[str, Any], None]:
    """Compare a JSON value with the file of this name; to accept a change, delete the file and run twice."""

    def compare(name: str, value: Any) -> None:
        path = FOLDER / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
            pytest.fail(f"{path} was not there and has been written; look at it and run again")
        assert value == json.loads(path.read_text("utf-8"))

    return compare

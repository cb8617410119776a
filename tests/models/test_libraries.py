"""Importing the networks' libraries without scipy."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from engine.models.libraries import light


def test_threads_that_import_at_the_same_time_leave_the_flags_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    import diffusers.utils.import_utils as theirs

    flags: Any = theirs
    monkeypatch.delitem(sys.modules, "scipy.stats", raising=False)
    monkeypatch.setattr(flags, "_scipy_available", True)
    first_in, second_done = threading.Event(), threading.Event()

    def second() -> None:
        first_in.wait(180)
        with light():
            pass
        second_done.set()

    other = threading.Thread(target=second)
    other.start()
    with light():
        first_in.set()
        assert not second_done.wait(0.2)
        assert flags._scipy_available is False
    other.join(180)
    assert flags._scipy_available is True

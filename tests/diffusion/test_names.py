"""The tables of names: nothing heavy is imported for them, and every row leads somewhere."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.diffusion.names import SAMPLERS, SCHEDULES, load


def test_names_and_types_do_not_import_torch() -> None:
    modules = "engine.diffusion.names, engine.diffusion.types, engine.diffusion.guidance"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


@pytest.mark.parametrize("reference", [*(row.function for row in SAMPLERS.values()), *SCHEDULES.values()])
def test_every_row_leads_to_a_described_function(reference: str) -> None:
    assert load(reference).__doc__


def test_markers_return_what_they_are_given() -> None:
    from engine.diffusion.types import Conditioning, Image, Mask, Sigmas

    value = object()
    for marker in (Conditioning, Image, Mask, Sigmas):
        assert marker(value) is value  # type: ignore[arg-type]

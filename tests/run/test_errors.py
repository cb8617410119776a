"""A failure as a sentence."""

from __future__ import annotations

import pytest

from engine.run.errors import BadReturn, StepError


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (ValueError("the value\n is odd"), "Fail (node x) failed: the value is odd (ValueError)."),
        (ValueError("Use 0, or 1."), "Fail (node x) failed: Use 0, or 1 (ValueError)."),
        (KeyError("a"), "Fail (node x) failed: key 'a' is missing (KeyError)."),
        (OSError(28, "cannot write a.png: full"), "Fail (node x) failed: cannot write a.png: full (OSError)."),
        (RuntimeError(), "Fail (node x) failed with RuntimeError."),
        (BadReturn("gave 3 values instead of 2."), "Fail (node x) gave 3 values instead of 2."),
        (
            MemoryError("8 GiB wanted."),
            "Fail (node x) ran out of memory (8 GiB wanted): use a smaller picture or batch, or close other programs.",
        ),
    ],
)
def test_a_failure_is_one_sentence(cause: BaseException, told: str) -> None:
    assert str(StepError("x", "Fail", cause)) == told

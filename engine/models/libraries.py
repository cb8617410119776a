"""diffusers and transformers, imported without scipy: a quarter of that time, of which the networks use nothing."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

_turning = threading.RLock()


@contextmanager
def light() -> Iterator[None]:
    """While these libraries are imported they are told that scipy is not there; afterwards that it is again.

    Their own flags are turned, not `sys.modules`, so that no other thread's import of scipy fails meanwhile.  One
    thread at a time: a second one would find the flags turned, and leave them so.
    """
    with _turning:
        if "scipy.stats" in sys.modules:
            yield
            return
        diffusers_utils: Any = import_module("diffusers.utils.import_utils")
        transformers_utils: Any = import_module("transformers.utils")
        flag, ask = diffusers_utils._scipy_available, transformers_utils.is_scipy_available
        diffusers_utils._scipy_available = False
        transformers_utils.is_scipy_available = lambda: False
        try:
            yield
        finally:
            diffusers_utils._scipy_available = flag
            transformers_utils.is_scipy_available = ask

"""How much memory the host has.  Torch-free."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def host_bytes() -> int:
    """Bytes of physical memory, or this container's limit where that is less."""
    return min([_physical(), *_limits()])


def _physical() -> int:
    if sys.platform == "win32":
        return _windows_bytes()
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _windows_bytes() -> int:
    kilobytes = ctypes.c_ulonglong(0)
    ctypes.WinDLL("kernel32").GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))  # type: ignore[attr-defined,unused-ignore]
    return kilobytes.value << 10


def _limits() -> list[int]:
    found = []
    for name in CGROUP_LIMITS:
        try:
            text = Path(name).read_text("ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            found.append(int(text))
    return found

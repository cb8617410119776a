"""Node types without torch, for tests of the server with real processes."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path
from typing import Annotated

from engine.graph import Context, Range, Ui, Widget, node


@node("KitValue", category="kit")
def value(number: int = 0) -> int:
    """A number."""
    return number


@node("KitSleep", category="kit")
def sleep(number: int = 0, seconds: float = 0.1, *, context: Context) -> int:
    """The number, later; looks every 10 ms whether it is cancelled."""
    until = time.monotonic() + seconds
    steps = max(int(seconds / 0.01), 1)
    for step in range(steps):
        context.progress(step, steps)
        time.sleep(max(min(0.01, until - time.monotonic()), 0))
    return number


@node("KitWait", category="kit")
def waiting(number: int = 0, file: str = "", *, context: Context) -> int:
    """The number, once a file is there; looks every 10 ms for it, and whether it is cancelled."""
    for step in itertools.count():
        context.progress(step, step + 1000)
        if Path(file).exists():
            return number
        time.sleep(0.01)
    raise AssertionError


@node("KitStuck", category="kit")
def stuck(number: int = 0, seconds: float = 60.0) -> int:
    """The number, later; never looks whether it is cancelled."""
    time.sleep(seconds)
    return number


@node("KitCount", category="kit")
def counted(number: int = 0, file: str = "", seconds: float = 0.0, after: str = "") -> int:
    """The number; adds a line to a file at each call, at its end, which waits for another file."""
    time.sleep(seconds)
    while after and not Path(after).exists():
        time.sleep(0.01)
    with Path(file).open("a") as lines:
        lines.write(f"{number}\n")
    return number


@node("KitCrash", category="kit")
def crash(number: int = 0, file: str = "", times: int = 1_000_000, code: int = 9) -> int:
    """The number; the first so many calls, counted in a file, end the process instead."""
    with Path(file).open("a+") as lines:
        lines.seek(0)
        called = len(lines.readlines())
        lines.write("called\n")
    if called < times:
        os._exit(code)
    return number


@node("KitAllocate", category="kit")
def allocate(number: int = 0, megabytes: int = 1) -> int:
    """The number; so much memory is used on the way."""
    held = bytearray(megabytes << 20)
    held[::4096] = b"\1" * len(held[::4096])
    return number + held[1]


@node("KitFail", category="kit")
def fail(number: int = 0, message: str = "it was to fail", unless: str = "") -> int:
    """Fails, unless a file is there."""
    if not (unless and Path(unless).exists()):
        raise ValueError(message)
    return number


@node("KitAdd", category="kit")
def add(a: int = 0, b: int = 0, c: int = 0) -> int:
    """The sum."""
    return a + b + c


@node("KitDial", category="kit")
def dial(number: Annotated[int, Range(0, 100), Widget("kit.dial")] = 10) -> int:
    """A number that is set by the pack's own widget (web/editor.js)."""
    return number


@node("KitShow", kind="sink", category="kit")
def show(number: int = 0) -> Ui:
    """Shows the number."""
    return Ui({"text": [str(number)]})


@node("KitPrint", kind="sink", category="kit")
def printing(number: int = 0) -> Ui:
    """Writes to the standard output, as careless packs do, and shows the number."""
    print("KitPrint", number, flush=True)
    os.write(1, b"KitPrint by its descriptor\n")
    return Ui({"text": [str(number)]})


@node("KitSave", kind="sink", category="kit")
def save(number: int = 0, prefix: str = "kit", *, context: Context) -> Ui:
    """Saves the number as a small file, and shows it."""
    saved = context.save(prefix, "txt", f"{number}\n".encode())
    return Ui({"text": [str(number)], "files": [saved.ui]})


@node("KitPicture", kind="sink", category="kit")
def picture(red: Annotated[int, Range(0, 255)] = 0, side: int = 8, *, context: Context) -> Ui:
    """Saves a picture of one colour."""
    from io import BytesIO

    from PIL import Image

    data = BytesIO()
    Image.new("RGB", (side, side), (red, 0, 0)).save(data, "PNG")
    return Ui({"images": [context.save("picture", "png", data.getvalue()).ui]})

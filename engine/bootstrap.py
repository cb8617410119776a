"""Makes the project's own environment when its requirements are not installed, and restarts inside it.

Standard library only, and readable by older Pythons, so that they can say which version is needed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
LEAST = (3, 11)
RESTARTS = "INKWATER_RESTARTS"
STAMP = "inkwater.json"
MODULES = {"opencv-python-headless": "cv2", "pillow": "PIL", "pytest-xdist": "xdist", "pyyaml": "yaml"}
"""Distributions whose module has another name than theirs."""


def enter(extra: str = "", root: Path = ROOT) -> None:
    """Return when this interpreter has the requirements of the project and of `extra`; else restart in one that has."""
    if sys.version_info < LEAST:
        fail(f"Inkwater needs Python {LEAST[0]}.{LEAST[1]} or newer; {sys.executable} is {sys.version.split()[0]}.")
    wanted, home = requirements(root, extra), root / ".venv"
    inside = Path(sys.prefix).resolve() == home.resolve()
    missing = [name for name in map(module_of, wanted) if importlib.util.find_spec(name) is None]
    if not missing and not (inside and stale(home, wanted)):
        os.environ.pop(RESTARTS, None)
        return
    restarts = int(os.environ.get(RESTARTS, "0"))
    if restarts > 1:
        fail(f"{home} was installed, yet Python does not find {', '.join(missing)} there: delete it and start again.")
    if not complete(home, wanted):
        with locked(root):
            if not complete(home, wanted):
                install(root, home, extra, wanted)
    restart(home, restarts + 1)


def requirements(root: Path, extra: str) -> list[str]:
    """The requirement strings that pyproject.toml declares, with those of one extra."""
    import tomllib

    project: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project.get("dependencies", []), *(project.get("optional-dependencies", {})[extra] if extra else [])]


def module_of(requirement: str) -> str:
    """The module that a requirement provides."""
    end = next((i for i, c in enumerate(requirement) if not (c.isalnum() or c in "-_.")), len(requirement))
    name = requirement[:end].lower()
    return MODULES.get(name, name.replace("-", "_"))


def python_of(home: Path) -> Path:
    """The interpreter of a virtual environment."""
    return home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def complete(home: Path, wanted: Sequence[str]) -> bool:
    """Whether the environment works and has these requirements."""
    code = f"import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, {[*map(module_of, wanted)]!r})))"
    return not stale(home, wanted) and runs(python_of(home), code)


def stale(home: Path, wanted: Sequence[str]) -> bool:
    """Whether the environment was made here for other requirements; one without a stamp was made by somebody else."""
    stamp = read_stamp(home)
    return stamp is not None and not set(wanted) <= set(stamp)


def read_stamp(home: Path) -> list[str] | None:
    """The requirements installed here: none of them while an installation is unfinished, None without a stamp."""
    import json

    try:
        stamp: list[str] = json.loads((home / STAMP).read_text(encoding="utf-8"))["requirements"]
        return stamp
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write_stamp(home: Path, installed: Iterable[str]) -> None:
    import json

    (home / STAMP).write_text(json.dumps({"requirements": sorted(installed)}, indent=1), encoding="utf-8")


def install(root: Path, home: Path, extra: str, wanted: Sequence[str]) -> None:
    """Make the environment if there is no sound one, install the project into it, and stamp it."""
    say(f"Installing what Inkwater needs into {home} (once; this can take some minutes).")
    python = python_of(home)
    if not runs(python, f"import sys, pip; sys.exit(sys.version_info < {LEAST})"):
        if Path(sys.prefix).resolve() == home.resolve():
            fail(f"{home} is incomplete and in use by this Python: delete it and start again with another Python.")
        create(home)
    earlier = set(read_stamp(home) or ())
    write_stamp(home, ())
    pip(python, ["install", "--disable-pip-version-check", "-e", f"{root}[{extra}]" if extra else str(root)], root)
    write_stamp(home, {*wanted, *(earlier & declared(root))})


def declared(root: Path) -> set[str]:
    """Every requirement of the project and of all its extras."""
    import tomllib
    from itertools import chain

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {*project.get("dependencies", []), *chain(*project.get("optional-dependencies", {}).values())}


def runs(python: Path, code: str) -> bool:
    """Whether this interpreter starts and ends these lines well."""
    import subprocess

    try:
        return subprocess.run([python, "-c", code], capture_output=True).returncode == 0
    except OSError:
        return False


def create(home: Path) -> None:
    import subprocess

    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        fail(
            f"This Python ({sys.executable}) cannot make virtual environments, because its venv or ensurepip module is "
            "missing: install it (Debian and Ubuntu: apt install python3-venv), or use a Python from python.org."
        )
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if made.returncode:
        fail(f"The virtual environment {home} could not be made:\n{made.stdout.strip()}")


def pip(python: Path, arguments: Sequence[str], root: Path) -> None:
    """Run pip, showing its current line where a person watches and its last lines when it fails."""
    import subprocess
    from collections import deque

    command = [str(python), "-m", "pip", *arguments]
    tail: deque[str] = deque(maxlen=12)
    watched = sys.stderr.isatty()
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            tail.append(line.rstrip())
            if watched:
                sys.stderr.write(f"\r\033[K{tail[-1][:78]}")
    if watched:
        sys.stderr.write("\r\033[K")
    if process.returncode:
        say("\n".join(tail))
        fail(
            "pip could not install what Inkwater needs (its last lines are above). When the network is back, or the "
            "cause is mended, run the same command again: it goes on from there."
        )


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the lock that lets one process at a time install; the system frees it when its holder ends."""
    try:
        handle = open(root / ".venv.lock", "a+b")  # noqa: SIM115
    except OSError as problem:
        fail(
            f"What Inkwater needs is not installed and {root} cannot be written to ({problem.strerror}): make the "
            f"folder writable, or install it elsewhere with `python -m pip install {root}` and start it from there."
        )
    with handle:
        if not take(handle.fileno(), wait=False):
            say("Another process is installing Inkwater; waiting for it.")
            take(handle.fileno(), wait=True)
        yield


if sys.platform == "win32":
    import msvcrt
    import time

    def take(descriptor: int, wait: bool) -> bool:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                return True
            except OSError:
                if not wait:
                    return False
                time.sleep(0.5)

else:
    import fcntl

    def take(descriptor: int, wait: bool) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            return True
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks: go on without one
            return True


def restart(home: Path, restarts: int) -> NoReturn:
    """Run the same command line in the environment's interpreter."""
    import subprocess

    python = str(python_of(home))
    os.environ[RESTARTS] = str(restarts)
    command = [python, *sys.orig_argv[1:]]
    sys.stdout.flush()
    sys.stderr.flush()
    if sys.platform != "win32":
        os.execv(python, command)
    with subprocess.Popen(command) as process:
        while True:
            try:
                sys.exit(process.wait())
            except KeyboardInterrupt:  # the child has it too, and ends in its own way
                continue


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def fail(sentence: str) -> NoReturn:
    say(sentence)
    raise SystemExit(1)

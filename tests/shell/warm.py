"""Programs in processes that have torch and the networks' libraries already: loading them takes most of a short run.

Run as a program, this loads them, and forks for each order that it reads: a line of JSON {arguments, cwd, env, out,
err} is answered by the exit code of what ran. The fork ends as any interpreter does, with its own exit handlers.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

Start = Callable[..., subprocess.CompletedProcess[str]]


@contextmanager
def warm() -> Iterator[Start]:
    """`start([script, *arguments], cwd, env)` runs a script of Python; where nothing can be forked, as `cold` does."""
    if not hasattr(os, "fork"):
        yield cold
        return
    command = [sys.executable, __file__]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
        TemporaryDirectory() as folder,
    ):

        def start(arguments: Sequence[str], cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
            assert server.stdin is not None
            assert server.stdout is not None
            out, err = Path(folder) / "out", Path(folder) / "err"
            order = {"arguments": arguments, "cwd": str(cwd), "env": dict(env), "out": str(out), "err": str(err)}
            print(json.dumps(order), file=server.stdin, flush=True)
            code = int(server.stdout.readline())
            return subprocess.CompletedProcess(arguments, code, out.read_text("utf-8"), err.read_text("utf-8"))

        yield start
        server.communicate()  # the end of its input ends it


def cold(arguments: Sequence[str], cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, encoding="utf-8", timeout=600)


def _serve() -> None:
    """Answer orders; returns in the forks, once they have become what was ordered."""
    from diffusers import AutoencoderKL, UNet2DConditionModel  # noqa: F401
    from transformers import CLIPTextModel, CLIPTokenizer  # noqa: F401

    for line in sys.stdin:
        order = json.loads(line)
        if (child := os.fork()) == 0:
            _become(order)
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(order: Mapping[str, object]) -> None:
    for descriptor, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, order["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(str(path), flags, 0o600), descriptor)
    script, *_ = sys.argv = list(order["arguments"])  # type: ignore[call-overload]
    os.chdir(str(order["cwd"]))
    os.environ.clear()
    os.environ.update(order["env"])  # type: ignore[call-overload]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    _serve()

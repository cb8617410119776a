"""Memory at the load of a full-size checkpoint, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from engine.bench import models
from engine.bench.figure import Figure
from engine.settings import ROOT

STATUS = Path("/proc/self/status")
GIGABYTE = 1e9
NETWORKS = (("diffusers", "AutoencoderKL"), ("diffusers", "UNet2DConditionModel"), ("transformers", "CLIPTextModel"))


def figures() -> Iterator[Figure]:
    """Peak anonymous memory while loading against the size of the weights; where the system tells it (Linux)."""
    if not STATUS.exists():
        return
    with models.random_model(full=True) as folder:
        command = [sys.executable, "-m", "engine.bench.memory", str(folder)]
        told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    yield Figure("weights of the full-size layout in memory", told["weights"] / GIGABYTE, "GB")
    yield Figure("seconds to load them", told["seconds"], "s")
    yield Figure("peak anonymous memory of that, over the weights", told["peak"] / told["weights"], "times", 1.25)


class Peak:
    """Watches this process's anonymous memory, above what it was at the start."""

    def __init__(self) -> None:
        self.start = self.most = _anonymous()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.002):
            self.most = max(self.most, _anonymous())

    def stop(self) -> int:
        """Bytes at the peak."""
        self._over.set()
        self._thread.join()
        return max(self.most, _anonymous()) - self.start


def _anonymous() -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


def child(folder: Path) -> dict[str, float]:
    """Load all three parts and tell what that took; the modules of the networks are imported before."""
    from engine.files import Library
    from engine.models.detect import inspect_file
    from engine.models.handle import ModelHandle
    from engine.models.load import make_manager
    from engine.models.precision import policy

    for module, name in NETWORKS:
        getattr(import_module(module), name)
    library = Library.standard(folder / "data", [folder])
    ref = library.ref("checkpoints", models.FULL)
    family = inspect_file(library.resolve(ref)).family
    manager = make_manager(library, policy())
    peak, began = Peak(), time.perf_counter()
    with manager.lease(*(ModelHandle(ref, family, part) for part in ("denoiser", "text", "vae"))):
        seconds = time.perf_counter() - began
        weights = sum(held.nbytes for held in manager.report())
    return {"peak": peak.stop(), "weights": weights, "seconds": seconds}


if __name__ == "__main__":
    print(json.dumps(child(Path(sys.argv[1]))))

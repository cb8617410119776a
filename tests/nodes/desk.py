"""What node functions need to be called directly: a Context over real models, and values to give them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import nodes
from engine.diffusion.loop import DenoiseLoop
from engine.files import FileRef, Library
from engine.graph.context import SavedFile
from engine.graph.define import NodeDef
from engine.graph.graph import Graph

CHECKPOINT = "tiny.safetensors"


@dataclass
class Desk:
    """A Context with real models; what is saved stays in `files`, what is told of progress in `told`."""

    library: Library
    manager: Any = None
    loop: Any = None
    node: str = "1"
    job: str = "job"
    graph: Graph = field(default_factory=Graph)
    metadata: Mapping[str, str] | None = None
    mentioned: tuple[FileRef, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    told: list[tuple[int, int]] = field(default_factory=list)

    def definition(self, node: str) -> NodeDef | None:
        return nodes.registry().get(self.graph.nodes[node].type)

    @property
    def recordings(self) -> Path:
        return self.library.folder("temp") / "recordings"

    def progress(self, done: int, total: int, preview: Any = None) -> None:
        self.told.append((done, total))

    def raise_if_cancelled(self) -> None: ...

    def path(self, ref: FileRef) -> Path:
        return self.library.resolve(ref)

    def lease(self, *handles: Any, workspace: int = 0) -> AbstractContextManager[tuple[Any, ...]]:
        return self.manager.lease(*handles, workspace=workspace)

    async def denoise(self, job: Any) -> Any:
        asked = job.on_step

        def on_step(state: Any) -> None:
            if asked is not None:
                asked(state)
            self.progress(state.step + 1, state.total)

        return await asyncio.wrap_future(self.loop.submit(replace(job, on_step=on_step)))

    def save(self, prefix: str, ext: str, data: bytes, *, folder: str = "output") -> SavedFile:
        name = f"{prefix}_{len(self.files) + 1:05}_.{ext}"
        self.files[f"{folder}/{name}"] = data
        return SavedFile(name, "", folder)


def library(root: Path) -> Library:
    """A library with a tiny random checkpoint and an empty input folder."""
    from tests.models.make import TINY, write_checkpoint

    (root / "checkpoints").mkdir(parents=True, exist_ok=True)
    (root / "input").mkdir(exist_ok=True)
    write_checkpoint(root / "checkpoints" / CHECKPOINT, TINY)
    data = ("input", "output", "temp")
    models = ("checkpoints", "classifiers", "controlnet", "depth_estimators", "edge_models", "upscale_models")
    return Library({kind: [root / kind] for kind in (*data, *models)})


@contextmanager
def desk(root: Path) -> Iterator[Desk]:
    """A desk with the tiny checkpoint, in fp32 on the CPU."""
    from engine.models.control import Steered
    from engine.models.load import make_manager
    from engine.models.precision import policy

    files = library(root)
    manager = make_manager(files, policy("cpu", "full"))

    @contextmanager
    def lease(*handles: Any) -> Iterator[Any]:
        with manager.lease(*handles) as (module, *controls):
            yield Steered(module, dict(zip(handles[1:], controls, strict=True))) if controls else module

    loop = DenoiseLoop(lease)
    try:
        yield Desk(files, manager, loop)
    finally:
        loop.close()


def call(fn: Any, **values: Any) -> Any:
    """Call a node function, plain or async."""
    result = fn(**values)
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


def tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor inside a value."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from tensors(part)
    elif is_dataclass(value) and not isinstance(value, type):
        for f in fields(value):
            yield from tensors(getattr(value, f.name))


def same(a: Any, b: Any) -> bool:
    """Whether two values agree, tensors bit for bit."""
    mine, yours = list(tensors(a)), list(tensors(b))
    if len(mine) != len(yours) or not all(torch.equal(x, y) for x, y in zip(mine, yours, strict=True)):
        return False
    return bool(mine) or a == b

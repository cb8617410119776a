"""The Context that a running node is given, and the services behind it."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.files import FileRef
from engine.graph.context import Cancelled, SavedFile
from engine.graph.define import NodeDef
from engine.graph.graph import Graph, NodeId
from engine.graph.keys import Key
from engine.graph.plan import Step
from engine.run.artifact import Stamp
from engine.run.cancel import Cancel
from engine.run.events import Emit, Preview, Progress, Warned
from engine.run.recorded import Place, Recorder, Run, Trouble
from engine.run.sinks import Outputs

log = logging.getLogger(__name__)


def _no_files(ref: FileRef) -> Path:
    raise RuntimeError("this run has no library of files")


def _no_models(*handles: Any, workspace: int = 0) -> AbstractContextManager[tuple[Any, ...]]:
    raise RuntimeError("this run has no model manager")


def _no_loop(job: Any) -> Future[Any]:
    raise RuntimeError("this run has no denoise loop")


@dataclass(frozen=True, slots=True)
class Services:
    """What nodes may reach, as callables, so that this package knows no models and no torch.

    Args:
        path: the file of a FileRef.
        lease: ``lease(*handles, workspace=0)``, a context manager over the handles' modules.
        denoise: takes a DenoiseJob and gives the Future of its result.
        preview: makes of a DenoiseJob and the state of its sampler step a picture for people, or None for no picture.
        metadata: text chunks that sinks write into files; None to leave them out.
        recorder: writes down what samplers do; None where that is not wanted.
        recordings: the folder of what was written down; None where there is none.
    """

    path: Callable[[FileRef], Path] = _no_files
    lease: Callable[..., AbstractContextManager[tuple[Any, ...]]] = _no_models
    denoise: Callable[[Any], Future[Any]] = _no_loop
    preview: Callable[[Any, Any], Any] | None = None
    outputs: Outputs | None = None
    metadata: Mapping[str, str] | None = None
    recorder: Recorder | None = None
    recordings: Path | None = None


class NodeContext:
    """The Context of one step; a mapped step moves ``element`` along."""

    def __init__(
        self,
        node: NodeId,
        job: str,
        key: Key,
        nodes: Mapping[NodeId, Any],
        services: Services,
        emit: Emit,
        cancel: Cancel,
        mentioned: tuple[FileRef, ...] = (),
        steps: Mapping[NodeId, Step] = {},
    ) -> None:
        self.node = node
        self.mentioned = mentioned
        self.job = job
        self.metadata = services.metadata
        self.element, self.elements = 0, 1
        self.files: list[Stamp] = []
        self.shared = False
        self.runs = 0
        self._key = key
        self._nodes = nodes
        self._steps = steps
        self._services = services
        self._emit = emit
        self._cancel = cancel

    @property
    def graph(self) -> Graph:
        """The flattened graph as it is now, with what expansions have added under their ids."""
        return Graph(dict(self._nodes))

    def definition(self, node: NodeId) -> NodeDef | None:
        step = self._steps.get(node)
        return step.definition if step is not None else None

    @property
    def recordings(self) -> Path:
        if self._services.recordings is None:
            raise RuntimeError("this run has no folder of recordings")
        return self._services.recordings

    def progress(self, done: int, total: int, preview: Any = None) -> None:
        self.raise_if_cancelled()
        self._tell(done, total, preview)

    def raise_if_cancelled(self) -> None:
        if self._cancel.is_set():
            raise Cancelled

    def _tell(self, done: int, total: int, preview: Any) -> None:
        self._emit(Progress(self.job, self.node, self.element * total + done, self.elements * total))
        if preview is not None:
            self._emit(Preview(self.job, self.node, preview))

    def path(self, ref: FileRef) -> Path:
        return self._services.path(ref)

    def lease(self, *handles: Any, workspace: int = 0) -> AbstractContextManager[tuple[Any, ...]]:
        return self._services.lease(*handles, workspace=workspace)

    async def denoise(self, job: Any) -> Any:
        """Run a DenoiseJob; its steps become progress and previews, and cancelling this job cancels it."""
        self.raise_if_cancelled()
        asked, run = job.on_step, self._recorded(job)

        def on_step(state: Any) -> None:  # runs in the loop's thread, which must not see Cancelled
            if asked is not None:
                asked(state)
            if run is not None:
                run.step(state)
                self._warn(run.trouble())
            self._tell(state.step + 1, state.total or 0, self._picture(job, state))

        followed = dataclasses.replace(job, on_step=on_step, cancelled=self._cancel.is_set)
        if run is not None and job.watch is None:
            followed = dataclasses.replace(followed, watch=run.watch)
        try:
            result = await asyncio.wrap_future(self._services.denoise(followed))
        except BaseException:
            if run is not None:
                run.drop()
            raise
        if run is not None:
            self._warn(await run.end(result))
        self.shared = self.shared or result.shared
        return result

    def _warn(self, trouble: Trouble | None) -> None:
        if trouble is not None:
            self._emit(Warned(self.job, trouble.code, trouble.message, trouble.telling.plain()))

    def _recorded(self, job: Any) -> Run | None:
        """What writes this call down, if that is wanted."""
        recorder, number = self._services.recorder, self.runs
        self.runs += 1
        return None if recorder is None else recorder.begin(self.place, self._key, number, job)

    @property
    def place(self) -> Place:
        """The node, as recordings name it."""
        node = self._nodes.get(self.node)
        return Place(self.node, node.title, node.type) if node is not None else Place(self.node, "", "")

    def _picture(self, job: Any, state: Any) -> Any:
        """A picture of a sampler step; a preview that fails is no reason to lose the result."""
        try:
            return self._services.preview(job, state) if self._services.preview is not None else None
        except Exception:
            log.exception("no preview of node %s", self.node)
            return None

    def save(self, prefix: str, ext: str, data: bytes, *, folder: str = "output") -> SavedFile:
        self.raise_if_cancelled()
        if self._services.outputs is None:
            raise RuntimeError("this run has no output folder")
        saved, stamp = self._services.outputs.save(self._key, len(self.files), prefix, ext, data, folder)
        self.files.append(stamp)
        return saved

"""Session: the engine as a library. It checks and runs workflows in this process, several at once."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from engine.bundle.account import account_of
from engine.graph.check import Checked
from engine.graph.graph import Graph, NodeId
from engine.graph.keys import Salt
from engine.graph.plan import Plan
from engine.graph.registry import Registry
from engine.graph.sentences import sentence
from engine.models.facts import JUDGES, describe
from engine.plugins import Loaded, registry
from engine.recording.wanted import Wanted
from engine.run.growth import Rules
from engine.session.carried import Carried
from engine.session.job import Job, OnEvent, Record
from engine.session.result import Result
from engine.settings import DISK, MEMORY, RECORDINGS, Precision, Settings, Share, default_data
from engine.workflow.checking import examine, noticed
from engine.workflow.error import WorkflowError
from engine.workflow.file import Opened, opened
from engine.workflow.values import find, named, with_values

if TYPE_CHECKING:
    from engine.session.works import Works

Workflow = Graph | Path | str | Mapping[str, Any]
"""A graph, the path of a file, or parsed JSON."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A job that is planned: its problems and its plan, by which rules, and what its pictures will carry."""

    checked: Checked
    rules: Rules
    carried: Carried | None


class Session:
    """Runs workflows; keeps weights and results between runs. A context manager.

    Args:
        loaded: the node types; all that are installed if left out.
        data: where input, output, packs and cache are. models: further model folders.
        output: where pictures go, in place of DATA/output.
        share: "auto" lets jobs share batches, which changes the last bits.
        memory, disk: bytes of results kept; 0 keeps none on disk.
        device: "auto", what torch calls it, or "none". device_bytes: the most bytes of weights on it; 0: nearly all.
        recordings: bytes of recorded sampler steps.
        given: a folder whose input, output and temp files are taken in place of the user's of the same name.
        settings: all these but `output` and `given`, in place of them.
        alone: whether this process may empty the temp folder.
    """

    def __init__(
        self,
        loaded: Loaded | Registry | None = None,
        *,
        data: Path | str | None = None,
        models: Iterable[Path | str] = (),
        output: Path | str | None = None,
        precision: Precision = "auto",
        share: Share = "never",
        memory: int = MEMORY,
        disk: int = DISK,
        device: str = "auto",
        device_bytes: int = 0,
        recordings: int = RECORDINGS,
        given: Path | None = None,
        settings: Settings | None = None,
        alone: bool = True,
    ) -> None:
        place = Path(data).expanduser().absolute() if data is not None else default_data()
        self.settings = settings or Settings(
            place, tuple(map(Path, models)), precision, share, memory, disk, device, device_bytes, recordings
        )
        self.loaded = Loaded(loaded) if isinstance(loaded, Registry) else loaded or registry(self.settings.data)
        self._alone = alone
        library = self.settings.library()
        library = library if output is None else library.replaced("output", Path(output).expanduser().absolute())
        self.given = given
        self.library = library if given is None else library.preferring(given)
        self._works: Works | None = None
        self._guard = threading.Lock()

    @property
    def registry(self) -> Registry:
        """The node types."""
        return self.loaded.registry

    @property
    def works(self) -> Works:
        """Device, stores and threads; made by the first run, because that imports torch."""
        with self._guard:
            if self._works is None:
                from engine.session.works import Works

                self._works = Works(self.settings, self.library, alone=self._alone)
                self._salt: Salt = self.loaded.salt(self._works.device.salt)
            return self._works

    def check(self, workflow: Workflow, targets: Iterable[str] | None = None) -> Checked:
        """All problems, and the plan of what is sound; free of torch. Raises WorkflowError for what cannot be read."""
        found = self._read(workflow)
        return examine(found.graph, self.registry, self.library, self._ids(found.graph, targets), found.problems)

    def run(
        self,
        workflow: Workflow,
        values: Mapping[str, Any] | None = None,
        *,
        targets: Iterable[str] | None = None,
        on_event: OnEvent | None = None,
        metadata: bool = True,
        source: bytes | None = None,
        id: str | None = None,
        record: Wanted | None = None,
    ) -> Result:
        """Run a workflow to its end; an interrupt (Ctrl-C) cancels it first. As `submit` otherwise."""
        job = self.submit(
            workflow,
            values,
            targets=targets,
            on_event=on_event,
            metadata=metadata,
            source=source,
            id=id,
            record=record,
        )
        try:
            return job.result()
        except KeyboardInterrupt:
            job.cancel()
            job.wait()
            raise

    def submit(
        self,
        workflow: Workflow,
        values: Mapping[str, Any] | None = None,
        *,
        targets: Iterable[str] | None = None,
        on_event: OnEvent | None = None,
        metadata: bool = True,
        source: bytes | None = None,
        texts: Mapping[str, Any] | None = None,
        id: str | None = None,
        priority: int = 0,
        strict: bool = True,
        record: Wanted | None = None,
    ) -> Job:
        """Start a workflow and return at once; what several jobs have in common is made once.

        Args:
            values: inputs to set, by "NODE.INPUT"; NODE is an id or a title that only one node has.
            targets: ids or titles of the nodes to make; all sinks if left out.
            on_event: told what happens; called from other threads.
            metadata: whether pictures carry the workflow.
            source: the JSON that they carry, where `workflow` is a graph. texts: what else they carry, by name.
            id: of the job, in place of one that no other has.
            priority: of the jobs that wait the higher goes first; so does its sampling, where batches are not shared.
            strict: whether all targets must be sound; else those that are will be made.
            record: what is to be written down of its samplers.

        Raises WorkflowError for what cannot be read or cannot run; ValueError while another job has this id.
        """
        prepared = self.prepare(
            workflow, values, targets=targets, metadata=metadata, source=source, texts=texts, id=id, strict=strict
        )
        return self.start(prepared, on_event, priority, record)

    def prepare(
        self,
        workflow: Workflow,
        values: Mapping[str, Any] | None = None,
        *,
        targets: Iterable[str] | None = None,
        metadata: bool = True,
        source: bytes | None = None,
        texts: Mapping[str, Any] | None = None,
        id: str | None = None,
        strict: bool = True,
    ) -> Prepared:
        """Plan a job for `start`; as `submit` otherwise."""
        read = self._read(workflow)
        graph = read.graph
        told = {find(graph, self.registry, target): value for target, value in (values or {}).items()}
        graph = with_values(graph, self.registry, values or {})
        ids = self._ids(graph, targets)
        if self._works is None:  # what cannot run is told before torch is imported
            _sound(examine(graph, self.registry, self.library, ids), strict)
        rules = self.rules(id or uuid.uuid4().hex[:12])
        checked = _sound(noticed(rules.check(graph, ids), read.problems), strict)
        account = partial(self._account, checked.plan)
        carried = Carried(checked.plan.graph, source or read.text, told, texts, account) if metadata else None
        return Prepared(checked, rules, carried)

    def _account(self, plan: Plan) -> str:
        """What pictures say of what made them beside the workflow."""
        packs = {pack.name: pack.digest for pack in self.loaded.packs}
        return account_of(self.works.device.about(), packs, plan, self.library)

    def start(
        self,
        prepared: Prepared,
        on_event: OnEvent | None = None,
        priority: int = 0,
        record: Wanted | None = None,
    ) -> Job:
        """Start what `prepare` has planned, once; as `submit` otherwise."""
        told, works, plan = Record(on_event), self.works, prepared.checked.plan
        running = works.runner.submit(
            plan,
            prepared.rules,
            services=works.services(prepared.carried, priority, works.recorder(prepared.rules.job, plan, record)),
            listener=told.tell,
            priority=priority,
        )
        return Job(running, prepared.checked, told, self.library.folder)

    def rules(self, job: str = "") -> Rules:
        """What the plan of a job is checked with; it makes the device, which is in the keys."""
        _ = self.works
        return Rules(self.registry, self.library, self._salt, job, JUDGES, describe(self.library))

    def close(self) -> None:
        """End all work and write what waits to be written."""
        with self._guard:
            works, self._works = self._works, None
        if works is not None:
            works.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, workflow: Workflow) -> Opened:
        if isinstance(workflow, Graph):
            return Opened(workflow)
        return opened(workflow, self.registry, library=self.library)

    def _ids(self, graph: Graph, targets: Iterable[str] | None) -> list[NodeId] | None:
        if targets is None:
            return None
        found = {target: named(graph, target) for target in targets}
        for target, ids in found.items():
            if len(ids) > 1:
                raise WorkflowError([f"{len(ids)} nodes are called {target!r} ({', '.join(ids)}); use an id."])
        return [ids[0] if ids else target for target, ids in found.items()]


def _sound(checked: Checked, strict: bool = True) -> Checked:
    if checked.errors and (strict or not checked.plan.targets):
        raise WorkflowError(map(sentence, checked.errors), checked.errors)
    return checked

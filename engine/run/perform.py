"""Performing one step: look for its artifact, gather its arguments, call it, keep what it made."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from engine.graph.expand import Expand
from engine.graph.graph import Link, Node, NodeId
from engine.graph.keys import Key, digest
from engine.graph.plan import Step
from engine.graph.sockets import MISSING
from engine.run.artifact import Artifact, Stamp
from engine.run.calls import Made, call, call_async, gathered, merged, spread
from engine.run.cancel import Cancel
from engine.run.context import NodeContext, Services
from engine.run.events import Emit, StepFinished, StepStarted, Warned
from engine.run.recorded import Place, may_sample
from engine.run.store import Store


@dataclass(frozen=True, slots=True)
class Ticket:
    """A step that may run now, under which key, and which of its lazy inputs it wants."""

    step: Step
    key: Key
    wanted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grown:
    """A step asked for an expansion; what it was called for so far."""

    elements: tuple[Made | Expand, ...]
    files: tuple[Stamp, ...]
    seconds: float


class Skipped:
    """An argument of the step is not there: a step of the same bundle did not give it."""


Result: TypeAlias = Artifact | Grown | Skipped | BaseException
Find = Callable[[NodeId], Artifact | None]


@dataclass(slots=True)
class Bundle:
    """Steps that one worker performs one after the other; the scheduler may take back those not begun."""

    tickets: tuple[Ticket, ...]
    todo: deque[Ticket]
    done: deque[tuple[Ticket, Result]] = field(default_factory=deque)
    made: dict[NodeId, Artifact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Desk:
    """What performing needs to know of a job; used by many threads."""

    job: str
    store: Store
    services: Services
    emit: Emit
    cancel: Cancel
    steps: Mapping[NodeId, Step]
    nodes: Mapping[NodeId, Node]

    def key(self, step: Step, plain: Key | None = None) -> Key:
        """The key (the step's own, or a refined one) as it is used: files with and without metadata differ."""
        key = plain or step.key
        bare = step.definition.kind == "sink" and self.services.metadata is None
        return digest(key, "without metadata") if bare else key

    def near(self, step: Step) -> bool:
        """Whether looking it up takes microseconds."""
        kind, outputs = step.definition.kind, self.services.outputs
        if kind == "sink" and outputs is not None and outputs.busy:
            return False
        return kind == "volatile" or self.store.near(self.key(step))

    def look_up(self, step: Step, key: Key) -> Artifact | None:
        """The artifact under ``key``, if it still holds: a volatile step has none, files must be there unchanged."""
        kind, outputs = step.definition.kind, self.services.outputs
        if kind == "volatile":
            return None
        found = self.store.get(key)
        if found is not None and found.alias is not None:
            found = self.store.get(found.alias)
        if found is None and kind == "sink" and outputs is not None:
            return outputs.recall(key)
        if found is not None and found.files and (outputs is None or not outputs.intact(found.files)):
            return None
        return None if found is not None and self.unrecorded(step, key) else found

    def unrecorded(self, step: Step, key: Key) -> bool:
        """Whether a step must run for the sake of the recording, though its result may be there."""
        recorder = self.services.recorder
        if recorder is None or not may_sample(step.definition):
            return False
        if step.tentative and (found := self.store.get(key)) is not None and found.alias is not None:
            key = found.alias
        return recorder.lacks(self.place(step), key)

    def place(self, step: Step) -> Place:
        """The node of a step, as recordings name it."""
        node = self.nodes.get(step.id)
        return Place(step.id, node.title if node is not None else "", step.definition.name)

    def perform(self, ticket: Ticket, find: Find) -> Result:
        """Run a plain function here and now; whatever goes wrong is the result, since someone may wait for it."""
        try:
            if (args := self._arguments(ticket, find)) is None:
                return Skipped()
            context = self._begin(ticket)
            began = time.perf_counter()
            made = call(ticket.step, *args, context)
            return self._finish(ticket, made, context, time.perf_counter() - began)
        except BaseException as e:
            return e

    async def perform_async(self, ticket: Ticket, find: Find) -> Result:
        """Run a coroutine function on this loop; cancelling it gives the CancelledError as its result."""
        try:
            if (args := self._arguments(ticket, find)) is None:
                return Skipped()
            context = self._begin(ticket)
            began = time.perf_counter()
            made = await call_async(ticket.step, *args, context)
            await self.recorded(ticket, context.runs)
            return self._finish(ticket, made, context, time.perf_counter() - began)
        except BaseException as e:
            return e

    async def recorded(self, ticket: Ticket, runs: int, under: Sequence[Key] = ()) -> None:
        """A step that may sample is done: wait until what it did is on disk."""
        recorder, step = self.services.recorder, ticket.step
        if recorder is None or not may_sample(step.definition):
            return
        if (trouble := await recorder.finished(self.place(step), ticket.key, runs, under)) is not None:
            self.emit(Warned(self.job, trouble.code, str(trouble.telling), trouble.telling.plain()))

    def work(self, bundle: Bundle, found: Mapping[NodeId, Artifact]) -> None:
        """Perform the steps of a bundle until none is left, or the job is cancelled."""

        def find(id: NodeId) -> Artifact | None:
            return bundle.made.get(id) or found.get(id)

        while not self.cancel.is_set():
            try:
                ticket = bundle.todo.popleft()
            except IndexError:
                return
            result = self.perform(ticket, find)
            if isinstance(result, Artifact):
                bundle.made[ticket.step.id] = result
            bundle.done.append((ticket, result))

    def keep(self, ticket: Ticket, artifact: Artifact, shared: bool = False) -> Artifact:
        """Put it into the store under its key; a refined key is found by the plain one too."""
        step = ticket.step
        if step.definition.kind != "volatile":
            self.store.put(ticket.key, artifact)
            self.point(step, ticket.key, artifact.seconds)
        if step.definition.kind == "sink" and not artifact.outputs and self.services.outputs is not None:
            self.services.outputs.record(ticket.key, artifact)
        recorder = self.services.recorder
        told = StepFinished(
            self.job,
            step.id,
            artifact.seconds,
            artifact.ui,
            shared=shared,
            nbytes=artifact.nbytes,
            fingerprint="" if recorder is None else recorder.fingerprint(self.place(step), artifact.outputs),
        )
        self.emit(told)
        return artifact

    def hit(self, step: Step, artifact: Artifact) -> StepFinished:
        """What is told of a step whose result was there."""
        if (recorder := self.services.recorder) is not None:
            recorder.hit(self.place(step), artifact.outputs)
        seconds, nbytes = artifact.seconds, artifact.nbytes
        return StepFinished(self.job, step.id, seconds, artifact.ui, cached=True, nbytes=nbytes)

    def point(self, step: Step, key: Key, seconds: float) -> None:
        """Let the step's plain key lead to the refined one."""
        if key != (plain := self.key(step)):
            self.store.put(plain, Artifact((), 0, seconds, alias=key))

    def gives_list(self, link: Link) -> bool:
        """Whether the value of a link is a list: its output is one, or its step is mapped."""
        source = self.steps[link.node]
        return bool(source.maps) or source.definition.outputs[link.output].is_list

    def demanded(self, step: Step, find: Find) -> frozenset[str]:
        """The lazy inputs that the node wants, its other inputs being there; ValueError if it has no such inputs."""
        d = step.definition
        values = self._values(step, find, frozenset()) or {}
        lazy = {s.name for s in d.inputs if s.lazy and not s.recipe}
        eager = {s.name: values[s.name] for s in d.inputs if not s.lazy}
        maps = mapped(step, frozenset())
        names = frozenset[str]().union(*(d.wants(element) for element in spread(eager, maps)))
        if unknown := names - lazy:
            raise ValueError(f"its demand names {', '.join(sorted(unknown))}, which are no lazy inputs of it")
        return names

    def _values(self, step: Step, find: Find, wanted: frozenset[str]) -> dict[str, Any] | None:
        values: dict[str, Any] = {}
        for socket in step.definition.inputs:
            name = socket.name
            arg = step.args[name]
            if socket.lazy and (socket.recipe or (step.demanded is None and name not in wanted)):
                values[name] = None if socket.default is MISSING else socket.default
            elif type(arg) is Link:
                if (source := find(arg.node)) is None:
                    return None
                value = source.outputs[arg.output]
                values[name] = [value] if socket.is_list and not self.gives_list(arg) else value
            else:
                values[name] = arg.value  # type: ignore[union-attr] # `type(arg) is` is twice as fast as isinstance
        return values

    def _arguments(self, ticket: Ticket, find: Find) -> tuple[dict[str, Any], frozenset[str]] | None:
        step = ticket.step
        if (values := self._values(step, find, ticket.wanted)) is None:
            return None
        return values, mapped(step, ticket.wanted)

    def _begin(self, ticket: Ticket) -> NodeContext:
        step = ticket.step
        self.emit(StepStarted(self.job, step.id))
        return NodeContext(
            step.id,
            self.job,
            ticket.key,
            self.nodes,
            self.services,
            self.emit,
            self.cancel,
            step.files,
            self.steps,
        )

    def _finish(
        self, ticket: Ticket, elements: list[Made | Expand], context: NodeContext, seconds: float
    ) -> Artifact | Grown:
        files = tuple(context.files)
        made = [e for e in elements if isinstance(e, Made)]
        if len(made) < len(elements):
            return Grown(tuple(elements), files, seconds)
        step = ticket.step
        outputs = gathered(step.definition, [e.outputs for e in made], bool(step.maps))
        ui = merged([e.ui for e in made])
        artifact = Artifact(outputs, self.store.sizeof(outputs), seconds, ui, files)
        return self.keep(ticket, artifact, context.shared)


def mapped(step: Step, wanted: frozenset[str]) -> frozenset[str]:
    """The inputs over whose lists the step is mapped: a lazy one that nobody asked for is none."""
    if not step.maps:
        return step.maps
    sockets = step.definition.inputs
    return frozenset(
        s.name for s in sockets if s.name in step.maps and (not s.lazy or step.demanded is not None or s.name in wanted)
    )

"""What a run tells to whoever writes it down; recording itself is not known here."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.graph.define import NodeDef
from engine.graph.graph import NodeId
from engine.graph.keys import Key
from engine.graph.told import Telling


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a job: its id, title and type."""

    node: NodeId
    title: str
    type: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something is not recorded: a code, and one sentence for people."""

    code: str
    telling: Telling

    @property
    def message(self) -> str:
        return str(self.telling)


class Run(Protocol):
    """One call of the denoise loop that is written down."""

    @property
    def watch(self) -> Any:
        """Looks into the network meanwhile; None where nothing is to be seen."""

    def step(self, state: Any) -> None:
        """A sampler step is done; called in the loop's thread, quick, and raises nothing."""

    def trouble(self) -> Trouble | None:
        """Why it is not recorded, if that is to be told now."""

    async def end(self, result: Any) -> Trouble | None:
        """The call is done: wait until it is on disk."""

    def drop(self) -> None:
        """The call came to nothing."""


class Recorder(Protocol):
    """Writes down what the steps of one job do; called from many threads."""

    def lacks(self, place: Place, key: Key) -> bool:
        """Whether a step must run for the sake of the recording; if not, what is recorded of it becomes this job's."""

    def begin(self, place: Place, key: Key, number: int, job: Any) -> Run:
        """A DenoiseJob begins, the step's first, second, … (`number` counts from 0)."""

    async def finished(self, place: Place, key: Key, runs: int, under: Sequence[Key] = ()) -> Trouble | None:
        """A step is done that made so many of these calls, or of whose expansion the steps `under` did."""

    def fingerprint(self, place: Place, outputs: Sequence[Any]) -> str:
        """The digest of what a step gave, "" for what has no bytes; it is kept with the job."""

    def hit(self, place: Place, outputs: Sequence[Any]) -> None:
        """As `fingerprint`, later, of a step whose result was there."""

    async def close(self) -> None:
        """The job is over: wait until all is on disk."""


def may_sample(definition: NodeDef) -> bool:
    """Whether a step of this type may call the denoise loop, itself or by what it expands to."""
    samples = (
        definition.context is not None and definition.runs_on == "device" and inspect.iscoroutinefunction(definition.fn)
    )
    return definition.kind == "pure" and (samples or any(s.recipe for s in definition.inputs))

"""Recorded jobs: which steps run for the sake of the recording, and what is told of all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from engine.graph import Context, Expand, Graph, Lazy, Link, Node, Recipe, Registry, node
from engine.graph.context import Cancelled
from engine.graph.graph import Const
from engine.graph.keys import Key
from engine.graph.told import telling
from engine.run.cancel import Cancel
from engine.run.context import Services
from engine.run.events import StepFinished, Warned
from engine.run.flights import Flights
from engine.run.growth import Rules
from engine.run.recorded import Place, Trouble
from tests.run import kit
from tests.run.kit import Kit, called, graph


@node(runs_on="device")
async def Sample(a: int, runs: int = 1, *, context: Context) -> int:
    """Calls the denoise loop so often."""
    called.append(f"sample {a}")
    for _ in range(runs):
        await context.denoise(Job(a))
    return a + 100


@node(demand=lambda condition: {"yes"} if condition else {"no"})
def Choose(condition: bool, yes: Lazy[int] = -1, no: Lazy[int] = -1) -> int:
    return yes if condition else no


@node()
def Unroll(value: Recipe[int], times: int = 2) -> int | Expand:
    """Samples in an expansion."""
    called.append("unroll")
    inside = {str(i): Node("Sample", {"a": Const(i)}) for i in range(times)}
    return Expand(Graph(inside), (Link(str(times - 1), 0),))


@dataclass(frozen=True)
class Job:
    a: int
    on_step: Any = None
    cancelled: Any = None
    watch: Any = None


@dataclass
class Written:
    """A run that was begun."""

    key: str
    number: int
    ended: bool = False
    dropped: bool = False
    watch: Any = None
    steps: list[int] = field(default_factory=list)

    def step(self, state: Any) -> None:
        self.steps.append(state.step)

    async def end(self, result: Any) -> Trouble | None:
        self.ended = True
        return Trouble("recording_unwritable", telling("The disk is full.")) if self.number else None

    def trouble(self) -> Trouble | None:
        return None

    def drop(self) -> None:
        self.dropped = True


@dataclass
class Notes:
    """A recorder that remembers what it is told."""

    known: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    runs: list[Written] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    hits: list[str] = field(default_factory=list)
    closed: int = 0

    def lacks(self, place: Place, key: Key) -> bool:
        self.asked.append(place.node)
        found = self.known.get(key.hex())
        return found is None or any(under not in self.known for under in found[1])

    def begin(self, place: Place, key: Key, number: int, job: Any) -> Written:
        self.runs.append(Written(key.hex(), number))
        return self.runs[-1]

    async def finished(self, place: Place, key: Key, runs: int, under: Sequence[Key] = ()) -> Trouble | None:
        self.known[key.hex()] = runs, tuple(k.hex() for k in under)
        return None

    def fingerprint(self, place: Place, outputs: Sequence[Any]) -> str:
        return f"{place.node}:{outputs}"

    def hit(self, place: Place, outputs: Sequence[Any]) -> None:
        self.hits.append(place.node)

    async def close(self) -> None:
        self.closed += 1


def denoise(job: Any) -> Future[Any]:
    """A sampler of two steps."""
    future: Future[Any] = Future()
    if job.a < 0:
        future.set_exception(ValueError("it failed"))
        return future
    for step in range(2):
        job.on_step(SimpleNamespace(step=step, total=2))
    future.set_result(SimpleNamespace(shared=False))
    return future


def registry() -> Registry:
    module = ModuleType("recorded kit")
    own = {name: value for name, value in globals().items() if hasattr(value, "__node__")}
    module.__dict__.update({k: v for k, v in vars(kit).items() if hasattr(v, "__node__")} | own)
    return Registry.of(module)


class Bench:
    """Runs with and without a recorder, on one store."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.kit = Kit(rules=Rules(registry()))

    def run(self, g: Graph, targets: Sequence[str] | None = None, *, record: bool = True, **options: Any) -> kit.Ran:
        self.kit.services = Services(denoise=denoise, recorder=self.notes if record else None)
        return self.kit.run(g, targets, **options)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def picture() -> Graph:
    return graph(
        v=("Value", {"value": 3}), s=("Sample", {"a": "v.0"}), d=("Add", {"a": "s.0"}), z=("Show", {"value": "d.0"})
    )


def test_each_call_of_the_sampler_is_begun_stepped_and_ended(bench: Bench) -> None:
    bench.run(picture())
    assert [(r.number, r.steps, r.ended, r.dropped) for r in bench.notes.runs] == [(0, [0, 1], True, False)]
    assert bench.notes.closed == 1


def test_a_hit_without_a_recording_runs_again_and_nothing_else_does(bench: Bench) -> None:
    bench.run(picture(), record=False)
    again = bench.run(picture())
    assert again.started == ["s"]
    assert again.made["z"].ui == {"text": [104]}
    assert len(bench.notes.runs) == 1
    assert bench.run(picture()).started == []


def test_a_job_that_is_not_recorded_runs_nothing_again(bench: Bench) -> None:
    bench.run(picture(), record=False)
    assert bench.run(picture(), record=False).started == []
    assert bench.notes.asked == []


def test_a_sampler_that_is_itself_the_target_runs_again(bench: Bench) -> None:
    bench.run(picture(), ["s"], record=False)
    assert bench.run(picture(), ["s"]).started == ["s"]


def test_only_steps_that_are_needed_run_for_the_recording(bench: Bench) -> None:
    g = graph(
        x=("Sample", {"a": 1}),
        y=("Sample", {"a": 2}),
        c=("Choose", {"condition": True, "yes": "x.0", "no": "y.0"}),
        z=("Show", {"value": "c.0"}),
    )
    bench.run(g, record=False)
    assert bench.run(g).started == ["x"]


def test_a_demand_that_is_known_late_finds_its_recording(bench: Bench) -> None:
    g = graph(
        o=("Odd", {"a": 3}),
        c=("Choose", {"condition": "o.0", "yes": 5, "no": 6}),
        s=("Sample", {"a": "c.0"}),
        z=("Show", {"value": "s.0"}),
    )
    bench.run(g, record=False)
    assert "s" in bench.run(g).started
    assert bench.run(g).started == []


def test_a_mapped_step_numbers_its_runs(bench: Bench) -> None:
    g = graph(n=("Count", {"n": 3}), s=("Sample", {"a": "n.0"}), t=("Total", {"values": "s.0"}))
    ran = bench.run(g, ["t"])
    assert [r.number for r in bench.notes.runs] == [0, 1, 2]
    assert len({r.key for r in bench.notes.runs}) == 1
    assert list(bench.notes.known.values()) == [(3, ())]
    assert {e.message for e in ran.of(Warned)} == {"The disk is full."}
    assert ran.error is None


def test_samplers_inside_an_expansion_are_recorded_and_found_again(bench: Bench) -> None:
    g = graph(v=("Value", {}), u=("Unroll", {"value": "v.0"}), z=("Show", {"value": "u.0"}))
    bench.run(g, record=False)
    again = bench.run(g)
    assert again.started == ["u", "u.1"]
    assert len(bench.notes.runs) == 1
    assert bench.run(g).started == []
    del bench.notes.known[bench.notes.runs[0].key]
    assert bench.run(g).started == ["u", "u.1"]


def test_a_run_that_fails_is_dropped(bench: Bench) -> None:
    ran = bench.run(graph(s=("Sample", {"a": -1}), z=("Show", {"value": "s.0"})))
    assert ran.error is not None
    assert [(r.ended, r.dropped) for r in bench.notes.runs] == [(False, True)]
    assert bench.notes.known == {}
    assert bench.notes.closed == 1


def test_a_cancelled_job_is_closed_too(bench: Bench) -> None:
    cancel = Cancel()
    cancel.set()
    assert isinstance(bench.run(picture(), cancel=cancel).error, Cancelled)
    assert bench.notes.closed == 1


def test_fingerprints_are_told_of_steps_that_ran_and_kept_of_hits(bench: Bench) -> None:
    plain = bench.run(picture(), record=False)
    assert {e.fingerprint for e in plain.of(StepFinished)} == {""}
    ran = bench.run(picture())
    told = {e.node: e.fingerprint for e in ran.of(StepFinished)}
    assert told["s"] == "s:(103,)"
    assert set(bench.notes.hits) == {"v", "z"}


def test_a_step_that_another_job_runs_unrecorded_runs_once_more(bench: Bench) -> None:
    """The other's result comes first, but it was not written down."""
    g = graph(s=("Sample", {"a": 7}))
    flights = Flights()
    waiting: list[Future[Any]] = []

    def slow(job: Any) -> Future[Any]:
        waiting.append(Future())
        return waiting[-1]

    async def scene() -> tuple[kit.Ran, kit.Ran]:
        bench.kit.services = Services(denoise=slow)
        first = asyncio.ensure_future(bench.kit.run_async(g, ["s"], flights=flights))
        while not waiting:
            await asyncio.sleep(0.001)
        bench.kit.services = Services(denoise=denoise, recorder=bench.notes)
        second = asyncio.ensure_future(bench.kit.run_async(g, ["s"], flights=flights))
        while not bench.notes.asked:
            await asyncio.sleep(0.001)
        waiting[0].set_result(SimpleNamespace(shared=False))
        return await first, await second

    first, second = asyncio.run(asyncio.wait_for(scene(), kit.SECONDS))
    assert first.value("s") == second.value("s") == 107
    assert [r.ended for r in bench.notes.runs] == [True]

"""Small node types, and one call that checks and runs a graph of them."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

from engine.graph import Context, Expand, Graph, Lazy, Link, Node, Registry, UniqueId, node
from engine.graph.check import Checked
from engine.graph.graph import Const
from engine.run.artifact import Artifact
from engine.run.cancel import Cancel
from engine.run.context import Services
from engine.run.events import Event, StepFailed, StepFinished, StepStarted
from engine.run.flights import Flights
from engine.run.growth import Rules
from engine.run.schedule import execute
from engine.run.store import Memory, Store
from engine.run.workers import Threads, Worker

SECONDS = 180.0
"""The longest wait for anything that must come, on a machine as busy as can be."""
called: list[str] = []
"""What node functions that tell of their calls have told; a list is safe to append to from many threads."""
gate = threading.Event()
"""What nodes that hang wait for."""
wrapped: list[weakref.ref[Opaque]] = []
"""The values that Wrap has made."""
meetings: dict[int, threading.Barrier] = {n: threading.Barrier(n, timeout=SECONDS) for n in (2, 3)}
"""Where nodes wait until so many of them run at the same time."""


class Opaque:
    """A value that no key can hold."""

    def __init__(self, value: int) -> None:
        self.value = value


class Pair(NamedTuple):
    first: int
    second: int


@node()
def Value(value: int = 0) -> int:
    return value


@node()
def Add(a: int, b: int = 1) -> int:
    called.append(f"add {a} {b}")
    return a + b


@node()
def Sum(a: int, b: int, c: int) -> int:
    called.append(f"sum {a} {b} {c}")
    return a + 2 * b + 3 * c


@node()
def Divide(a: int, b: int) -> Pair:
    return Pair(*divmod(a, b))


@node(runs_on="device")
def OnDevice(a: int) -> int:
    called.append(threading.current_thread().name)
    return a


@node(runs_on="io")
def Read(a: int, seconds: float = 0.0) -> int:
    time.sleep(seconds)
    return a


@node()
async def Sleep(a: int, seconds: float = 0.0) -> int:
    called.append(f"sleep {a}")
    await asyncio.sleep(seconds)
    return a


@node()
async def Gather(a: int, n: int) -> int:
    """Waits until so many of them run at the same time."""
    called.append("gather")
    while called.count("gather") < n:
        await asyncio.sleep(0.001)
    return a


@node(kind="volatile")
def Now(a: int = 0) -> int:
    called.append("now")
    return len(called)


@node(kind="sink")
def Show(value: Any) -> Mapping[str, Any]:
    return {"text": [value]}


@node(kind="sink")
def Save(value: int, prefix: str = "p", *, context: Context) -> Mapping[str, Any]:
    called.append(f"save {value}")
    return {"images": [context.save(prefix, "txt", str(value).encode()).ui]}


@node()
def Fail(a: int, text: str = "the value is odd") -> int:
    called.append("fail")
    raise ValueError(text)


@node()
def NoMemory(a: int) -> int:
    raise MemoryError


@node()
def WrongCount(a: int) -> Pair:
    return (1, 2, 3)  # type: ignore[return-value]


@node()
def WrongType(a: int) -> int:
    return "text"  # type: ignore[return-value]


@node()
def WrongList(a: int) -> list[int]:
    return a  # type: ignore[return-value]


@node()
def Hang(a: int, context: Context) -> int:
    called.append("hang")
    while not gate.wait(0.005):
        context.progress(0, 1)
    return a


@node()
def Deaf(a: int) -> int:
    called.append("deaf")
    gate.wait(10 * SECONDS)
    return a


def _wanted(condition: bool) -> set[str]:
    return {"yes"} if condition else {"no"}


@node(demand=_wanted)
def If(condition: bool, yes: Lazy[int] = -1, no: Lazy[int] = -1) -> Pair:
    called.append(f"if {yes} {no}")
    return Pair(yes, no)


@node(demand=lambda a: {"nonsense"})
def BadDemand(a: int, b: Lazy[int] = 0) -> int:
    return b


@node(demand=lambda a: "b")
def Second(a: int, b: Lazy[int] = 0, c: Lazy[int] = 0) -> int:
    return b


@node()
def Odd(a: int) -> bool:
    called.append(f"odd {a}")
    return a % 2 == 1


@node()
def Count(n: int) -> list[int]:
    return list(range(n))


@node()
def Total(values: list[int], start: int = 0) -> int:
    return sum(values, start)


@node()
def Repeat(a: int, times: int = 2) -> list[int]:
    return [a] * times


@node()
def Steps(a: int, context: Context) -> int:
    for i in range(2):
        context.progress(i + 1, 2)
    return a


@node()
def Who(id: UniqueId) -> str:
    return id


@node()
def Twice(a: int) -> int | Expand:
    """Adds `a` to itself in a graph of its own."""
    called.append(f"twice {a}")
    return Expand(
        Graph({"v": Node("Value", {"value": Const(a)}), "s": Node("Add", {"a": Link("v", 0), "b": Const(a)})}),
        (Link("s", 0),),
    )


@node()
def Loop(a: int, times: int) -> int | Expand:
    """Adds 1 to `a`, `times` times, by tail recursion."""
    if times == 0:
        return a
    inside = {
        "n": Node("Add", {"a": Const(a)}),
        "r": Node("Loop", {"a": Link("n", 0), "times": Const(times - 1)}),
    }
    return Expand(Graph(inside), (Link("r", 0),))


@node()
def Cycle(a: int, kind: str = "self") -> int | Expand:
    """Expands to what needs its own result, or to what cannot run."""
    graphs = {
        "self": {"x": Node("Add", {"a": Link("c", 0)})},
        "below": {"x": Node("Add", {"a": Link("d", 0)})},
        "inner": {"x": Node("Add", {"a": Link("y", 0)}), "y": Node("Add", {"a": Link("x", 0)})},
        "unknown": {"x": Node("Nonsense", {})},
        "socket": {"x": Node("Add", {"a": Link("a", 7)})},
    }
    return Expand(Graph(graphs[kind]), (Link("x", 0),))


@node()
def Same(a: int) -> int | Expand:
    """Expands to itself."""
    return Expand(Graph({"x": Node("Same", {"a": Const(a)})}), (Link("x", 0),))


@node()
def Outside(a: int) -> int | Expand:
    """Links to the node "far" of the graph that it is in."""
    return Expand(Graph({"x": Node("Add", {"a": Link("far", 0), "b": Const(a)})}), (Link("x", 0),))


@node()
def Wrap(a: int) -> Opaque:
    value = Opaque(a)
    wrapped.append(weakref.ref(value))
    return value


@node()
def Alive(a: int) -> int:
    """How many of the wrapped values are still in memory."""
    gc.collect()
    return sum(value() is not None for value in wrapped)


@node()
def MeetCpu(a: int, n: int) -> int:
    meetings[n].wait()
    return a


@node(runs_on="io")
def MeetIo(a: int, n: int) -> int:
    meetings[n].wait()
    return a


@node(runs_on="device")
def MeetDevice(a: int, n: int) -> int:
    meetings[n].wait()
    return a


@node()
def Unwrap(a: Opaque, plus: int = 0) -> int:
    called.append(f"unwrap {a.value} {plus}")
    return a.value + plus


@node()
def Inside(a: Opaque) -> int | Expand:
    """Hands an opaque value to the inside of an expansion."""
    inside = {"x": Node("Unwrap", {"a": Const(a)}), "y": Node("Unwrap", {"a": Const(Opaque(100))})}
    return Expand(Graph({**inside, "s": Node("Add", {"a": Link("x", 0), "b": Link("y", 0)})}), (Link("s", 0),))


@node()
def SaveEach(n: int) -> int | Expand:
    """Saves `n` files in an expansion."""
    inside = {str(i): Node("Save", {"value": Const(i)}) for i in range(n)}
    return Expand(Graph(inside), (n,))


@node()
def ForEach(items: list[int]) -> list[int] | Expand:
    """Adds 10 to each item, each in a step of its own."""
    body = {f"body{i}": Node("Add", {"a": Const(item), "b": Const(10)}) for i, item in enumerate(items)}
    join = {
        f"join{i}": Node("Join", {"first": Link(f"join{i - 1}", 0), "last": Link(f"body{i}", 0)})
        for i in range(1, len(items))
    }
    first = {"join0": Node("Join", {"last": Link("body0", 0)})}
    return Expand(Graph(body | first | join), (Link(f"join{len(items) - 1}", 0),))


@node()
def Join(last: int, first: list[int] | None = None) -> list[int]:
    return [*(first or ()), last]


def registry() -> Registry:
    module = ModuleType("kit")
    module.__dict__.update({k: v for k, v in globals().items() if hasattr(v, "__node__")})
    return Registry.of(module)


def graph(**nodes: tuple[str, Mapping[str, Any]]) -> Graph:
    """`a=("Add", {"a": "other.0", "b": 2})`: text with a dot is a link."""
    return Graph({id: Node(type, {k: arg(v) for k, v in inputs.items()}) for id, (type, inputs) in nodes.items()})


def arg(v: Any) -> Link | Const:
    if isinstance(v, str) and "." in v:
        source, _, output = v.rpartition(".")
        return Link(source, int(output))
    return Const(v)


def chain(n: int) -> Graph:
    nodes = {"0": Node("Value", {"value": Const(0)})}
    nodes |= {str(i): Node("Add", {"a": Link(str(i - 1), 0)}) for i in range(1, n)}
    return Graph({**nodes, "show": Node("Show", {"value": Link(str(n - 1), 0)})})


@dataclass
class Ran:
    """A finished job."""

    made: Mapping[str, Artifact]
    events: list[Event]
    error: BaseException | None = None

    def value(self, id: str, output: int = 0) -> Any:
        return self.made[id].outputs[output]

    def of(self, kind: type) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]

    @property
    def started(self) -> list[str]:
        return [e.node for e in self.of(StepStarted)]

    @property
    def cached(self) -> set[str]:
        return {e.node for e in self.of(StepFinished) if e.cached}

    @property
    def failed(self) -> dict[str, str]:
        return {e.node: e.message for e in self.of(StepFailed)}


@dataclass
class Kit:
    """What a job needs besides its graph."""

    store: Store = field(default_factory=lambda: Memory(1 << 28))
    workers: Mapping[str, Worker] = field(
        default_factory=lambda: {"cpu": Threads(2), "io": Threads(4, "io"), "device": Threads(1, "device")}
    )
    rules: Rules = field(default_factory=lambda: Rules(registry()))
    services: Services = field(default_factory=Services)
    jobs: int = 0

    def check(self, graph: Graph, targets: Iterable[str] | None = None) -> tuple[Checked, Rules]:
        self.jobs += 1
        r = self.rules
        rules = Rules(r.registry, r.library, r.salt, f"job{self.jobs}", r.judges, r.describe)
        checked = rules.check(graph, targets)
        assert not checked.errors, checked.errors
        return checked, rules

    async def run_async(
        self,
        graph: Graph,
        targets: Iterable[str] | None = None,
        *,
        cancel: Cancel | None = None,
        flights: Flights | None = None,
        events: list[Event] | None = None,
    ) -> Ran:
        checked, rules = self.check(graph, targets)
        heard: list[Event] = [] if events is None else events
        try:
            made = await execute(
                checked.plan,
                store=self.store,
                workers=self.workers,
                rules=rules,
                emit=heard.append,
                cancelled=cancel,
                services=self.services,
                flights=flights,
                job=rules.job,
            )
        except Exception as e:
            return Ran(getattr(e, "done", {}), heard, e)
        return Ran(made, heard)

    def run(self, graph: Graph, targets: Iterable[str] | None = None, **options: Any) -> Ran:
        called.clear()
        wrapped.clear()
        gate.clear()
        return asyncio.run(asyncio.wait_for(self.run_async(graph, targets, **options), SECONDS))

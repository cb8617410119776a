"""Planning, keys and scheduling of large graphs of trivial nodes."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.bench.figure import Figure, best, timed
from engine.graph.check import check
from engine.graph.define import Ui, node
from engine.graph.graph import Graph
from engine.graph.registry import Registry
from engine.session import Session

CHAIN, LAYERS, WIDTH = 10_000, 10, 100
MEGABYTE = 1 << 20


@node("BenchAdd")
def add(*, a: int = 0, b: int = 0, c: int = 1) -> int:
    """Adds."""
    return (a + b + c) & 0xFFFF


@node("BenchShow", kind="sink")
def show(*, a: int) -> Ui:
    """Shows."""
    return Ui({"text": [str(a)]})


def registry() -> Registry:
    """The two node types here."""
    return Registry.of(sys.modules[__name__])


def chain(length: int = CHAIN, start: int = 0) -> dict[str, Any]:
    """Nodes that each feed the next."""
    nodes = {str(i): {"class_type": "BenchAdd", "inputs": {"a": [str(i - 1), 0]}} for i in range(1, length)}
    nodes["0"] = {"class_type": "BenchAdd", "inputs": {"a": start}}
    return nodes | {"end": {"class_type": "BenchShow", "inputs": {"a": [str(length - 1), 0]}}}


def layered(layers: int = LAYERS, width: int = WIDTH, start: int = 0) -> dict[str, Any]:
    """Layers in which each node takes three of the layer before; all of the last are shown."""
    nodes: dict[str, Any] = {f"0.{i}": {"class_type": "BenchAdd", "inputs": {"a": start, "b": i}} for i in range(width)}
    for layer in range(1, layers):
        for i in range(width):
            sources = {name: [f"{layer - 1}.{(i * k + k) % width}", 0] for k, name in ((1, "a"), (3, "b"), (7, "c"))}
            nodes[f"{layer}.{i}"] = {"class_type": "BenchAdd", "inputs": sources}
    last = {f"s{i}": {"class_type": "BenchShow", "inputs": {"a": [f"{layers - 1}.{i}", 0]}} for i in range(width)}
    return nodes | last


def figures() -> Iterator[Figure]:
    """Seconds of planning, of first and cached runs, and the memory that they take."""
    known = registry()
    long, half = Graph.from_file(chain()), Graph.from_file(chain(CHAIN // 2))
    whole = best(lambda: check(long, known))
    yield Figure("plan and keys, chain of 10,000", whole, "s", 0.5)
    yield Figure(
        "growth of that from 5,000 to 10,000 (linear is 2)", whole / best(lambda: check(half, known)), "times", 2.6
    )
    with tempfile.TemporaryDirectory() as data, Session(known, data=data, disk=0) as session:
        session.run(chain(3))
        idle = resident()
        cases = (("chain of 10,000", chain, 2.5, 0.3), ("layers, 1,000 nodes of 3 inputs", layered, 0.5, 0.05))
        for name, make, first, again in cases:
            graphs = [Graph.from_file(make(start=start)) for start in range(1, 4)]
            yield Figure(f"{name}, checked and run", min(_run(session, graph) for graph in graphs), "s", first)
            yield Figure(f"{name}, all cached", min(_run(session, graph) for graph in graphs), "s", again)
        yield Figure("memory above idle after these", (resident() - idle) / MEGABYTE, "MiB", 100)


def _run(session: Session, graph: Graph) -> float:
    return timed(lambda: session.run(graph))


def resident() -> int:
    """Bytes of memory that this process holds now; its peak where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * 4096
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024

"""What the design promises, measured: each group gives figures, most with a limit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module

from engine.bench.figure import Figure, machine

GROUPS = {
    "start": "engine.bench.start",
    "graph": "engine.bench.graph",
    "cache": "engine.bench.cache",
    "memory": "engine.bench.memory",
    "step": "engine.bench.step",
    "look": "engine.bench.look",
    "server": "engine.bench.server",
}
"""Modules with a function `figures()`."""

LARGE = {"models": "engine.bench.models_bench", "editor": "engine.bench.editor"}
"""The same for those that take minutes, and many gigabytes or a browser: only when they are named."""

Measure = Callable[..., Iterator[Figure]]


def report(names: Sequence[str], as_json: bool) -> int:
    """Measure the named groups (all but the large ones if none is named) and print; exit code 1 for a missed limit.

    "models:sdxl" measures only that member of a group.
    """
    found: list[Figure] = []
    here = machine()
    if not as_json:
        print(*(f"{name}: {value}" for name, value in here.items()), sep="\n")
    for name in names or GROUPS:
        group, *members = name.split(":")
        measure: Measure = import_module((GROUPS | LARGE)[group]).figures
        for figure in measure(*members):
            found.append(figure)
            if not as_json:
                print(figure.line(), flush=True)
    missed = [f for f in found if not f.holds]
    if as_json:
        print(json.dumps({"machine": here, "figures": [f.record() for f in found]}, indent=1))
    else:
        print(f"{len(found)} figures, {len(missed)} beyond their limits.")
    return 1 if missed else 0

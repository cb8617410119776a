"""What looking inside costs: each measure beside the same run without it, turn about, in one warm session."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from engine.bench import models
from engine.bench.figure import Figure, timed

if TYPE_CHECKING:
    from engine.session import Session

Graph = dict[str, dict[str, Any]]

STEPS, SIZE, ROUNDS = 20, 128, 5
LOOKED_AT = (2, 8, 14)
"""Sampler steps whose attention is drawn."""
SAMPLER = "5"
CELLS = 8
"""Columns of the grid, and rows."""


def figures() -> Iterator[Figure]:
    """What each of `MEASURES` finds."""
    from engine.session import Session

    with models.mini() as folders, tempfile.TemporaryDirectory() as data, Session(data=data, models=folders) as session:
        session.run(traced(0))
        for measure in MEASURES:
            yield from measure(session)


def traced(seed: int) -> Graph:
    """From prompt to picture, with SamplerTrace for the sampler: its outputs are the latent and the trace."""
    graph: Graph = models.text_to_image(models.MINI, SIZE, STEPS, seed)
    graph[SAMPLER]["class_type"] = "SamplerTrace"
    return graph


def more(plain: Callable[[int], object], looking: Callable[[int], object], rounds: int = ROUNDS) -> float:
    """How much longer `looking` takes than `plain`, in percent: the shortest of runs turn about, each of its own seed.

    The shortest, because whatever else the machine does only makes runs longer.
    """
    without, with_ = [], []
    for seed in range(1, rounds + 1):
        without.append(timed(lambda seed=seed: plain(seed)))  # type: ignore[misc]
        with_.append(timed(lambda seed=seed: looking(1000 + seed)))  # type: ignore[misc]
    return 100 * (min(with_) / min(without) - 1)


def attention(session: Session) -> Iterator[Figure]:
    """AttentionMap at three of the sampler steps, with its pictures drawn."""

    def looking(seed: int) -> Graph:
        graph = traced(seed)
        graph["20"] = {"class_type": "CLIPTokenize", "inputs": {"clip": ["1", 1], "text": "a fox"}}
        for step in LOOKED_AT:
            graph[f"3{step}"] = {"class_type": "AttentionMap", "inputs": {**_looked(), "step": step}}
            graph[f"4{step}"] = {"class_type": "PreviewAny", "inputs": {"source": [f"3{step}", 2]}}
        return graph

    session.run(looking(0))
    found = more(lambda seed: session.run(traced(seed)), lambda seed: session.run(looking(seed)))
    yield Figure(f"AttentionMap on {len(LOOKED_AT)} of {STEPS} steps of the mini: more time", found, "%", 30)


def _looked() -> Mapping[str, Any]:
    return {
        "trace": [SAMPLER, 1],
        "model": ["1", 0],
        "conditioning": ["2", 0],
        "tokens": ["20", 0],
        "word": "fox",
        "image": ["6", 0],
    }


def grid(session: Session) -> Iterator[Figure]:
    """An XYPlot, between the two halves of as many single runs; each cell has noise and guidance of its own."""

    def single(number: int) -> Graph:
        graph: Graph = models.text_to_image(models.MINI, SIZE, STEPS, 2000 + number)
        graph[SAMPLER]["inputs"]["cfg"] = 2.0 + number % CELLS
        return graph

    def singles(numbers: range) -> float:
        return timed(lambda: [session.run(single(number)) for number in numbers])

    axes = {"x_input": f"{SAMPLER}.seed", "x_values": f"3000..{2999 + CELLS}"}
    axes |= {"y_input": f"{SAMPLER}.cfg", "y_values": f"2..{1 + CELLS}"}
    plot = single(0)
    plot["20"] = {"class_type": "XYPlot", "inputs": {"image": ["6", 0], **axes}}
    plot["7"]["inputs"]["images"] = ["20", 0]
    half = CELLS * CELLS // 2
    before, whole = singles(range(half)), timed(lambda: session.run(plot))
    alone = before + singles(range(half, 2 * half))
    yield Figure(f"XYPlot of {CELLS} x {CELLS} over {2 * half} single runs", 100 * whole / alone, "%", 60)


def recording(session: Session) -> Iterator[Figure]:
    """Runs whose sampler steps are written down, without and with attention."""
    from engine.recording.wanted import Wanted

    def run(seed: int, wanted: Wanted | None) -> object:
        return session.run(models.text_to_image(models.MINI, SIZE, STEPS, seed), record=wanted)

    few = Wanted(len(LOOKED_AT))
    run(5000, few)
    found = more(lambda seed: run(6000 + seed, None), lambda seed: run(6000 + seed, Wanted()), 2 * ROUNDS)
    yield Figure(f"recording {STEPS} steps of the mini: more time", found, "%", 10)
    found = more(lambda seed: run(8000 + seed, None), lambda seed: run(8000 + seed, few))
    yield Figure(f"the same with attention at {len(LOOKED_AT)} of them", found, "%")


MEASURES: tuple[Callable[[Session], Iterator[Figure]], ...] = (attention, recording, grid)
"""Each is given a warm session and yields figures."""

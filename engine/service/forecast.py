"""Forecast: how long a plan is likely to take, and whether its models fit, told before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from engine.files import FileProblem, Library
from engine.graph.graph import Link
from engine.graph.plan import Plan, Step
from engine.graph.problems import Problem
from engine.models.facts import NEEDED
from engine.models.handle import DTYPE_OF, PARTS, Part
from engine.models.header import ModelFileError
from engine.models.sizes import LONE, PartSize, lone_size, part_sizes, row_bytes
from engine.service.planner import files_of
from engine.service.service import Service
from engine.service.threads import off
from engine.service.timing import Range, Timings, runs_of, work_of

LEARNT_AT_ONCE = 50
"""Jobs of the history that are read for one forecast."""
LARGEST_LESSON = 1000
"""Nodes of a graph from which times are learnt."""
ITEM_BYTES: Mapping[str, int] = {"float32": 4, "float16": 2, "bfloat16": 2, "float64": 8}
PARTS_OF: Mapping[str, tuple[Part, ...]] = {"MODEL": ("denoiser",), "CLIP": ("text", "text_g"), "VAE": ("vae",)}
"""The parts of a model file that an output of this type stands for."""


class Forecaster:
    """Learns from the history how long node types take; it reads it when it is asked, never while jobs run for others.

    Args:
        service: whose queue has the history. check: the plan of a graph in plain API format; called in a thread.
    """

    def __init__(self, service: Service, check: Callable[[Mapping[str, Any]], Plan]) -> None:
        self._service = service
        self._check = check
        self._timings = Timings()
        self._known: dict[str, None] = {}

    async def learn(self) -> None:
        """Take up the jobs that ended well since the last time, the newest of them at most."""
        queue = self._service.queue
        rows = await queue.history(LEARNT_AT_ONCE, states=("success",))
        new = [row.id for row in reversed(rows) if row.id not in self._known]
        self._known = dict.fromkeys(row.id for row in rows)
        bodies = await queue.bodies(new)
        for id in (id for id in new if id in bodies and len(bodies[id].graph) <= LARGEST_LESSON):
            events = [entry.event for entry in await queue.events(0, 10 * LARGEST_LESSON, id)]
            plan = await off(self._check, bodies[id].graph)
            self._timings.add(runs_of(plan, events))

    def times(self, plan: Plan) -> dict[str, Range]:
        """The likely seconds of each step whose type has run here."""
        told = {id: self._timings.estimate(s.definition.name, work_of(s, plan.steps)) for id, s in plan.steps.items()}
        return {id: range for id, range in told.items() if range is not None}


def time_json(plan: Plan, times: Mapping[str, Range], hits: Iterable[str]) -> dict[str, Any]:
    """The sum over the steps that run, one after the other; and the types that have never run here."""
    found = set(hits)
    runs = {id: step for id, step in plan.steps.items() if id not in found}
    known = [times[id] for id in runs if id in times]
    unknown = sorted({step.definition.name for id, step in runs.items() if id not in times})
    sums = {name: round(sum(getattr(r, name) for r in known), 4) for name in ("low", "typical", "high")}
    return {**sums, "unknown": unknown}


def seconds_json(times: Mapping[str, Range]) -> dict[str, dict[str, Any]]:
    """Of each step."""
    return {id: asdict(times) for id, times in times.items()}


def memory_json(plan: Plan, library: Library, about: Mapping[str, Any]) -> dict[str, Any]:
    """The bytes of a plan's models and of the work on its largest latent.

    Args:
        about: what the worker says of itself: its precision and its budget; empty while it starts.
    """
    used = _parts(plan, library)
    items = _item_bytes(str(about.get("precision", "")))
    weights = {key: _bytes(size, items) for key, size in used.items()}
    least = {key: nbytes * used[key].least // max(used[key].numbers, 1) for key, nbytes in weights.items()}
    space = max(
        (_workspace(step, plan, size, items) for step in plan.steps.values() for size in used.values()), default=0
    )
    budget = about.get("budget") or None
    return {
        "weights": [
            {"name": name, "part": part, "family": size.family, "bytes": weights[name, part]}
            for (name, part), size in used.items()
        ],
        "weight_bytes": sum(weights.values()),
        "at_once": _at_once(weights, space),
        "least": _at_once(least, space),
        "workspace": space,
        "values": sum(int(facts.get("bytes", 0)) for step in plan.steps.values() for facts in step.facts),
        "budget": budget,
        "fits": None if budget is None else _at_once(least, space) <= budget,
    }


def too_large(memory: Mapping[str, Any]) -> list[Problem]:
    """A warning when a plan's models cannot work in the worker, not even with their layers streamed."""
    if memory["fits"] is not False:
        return []
    return [Problem("too_large_for_memory", {"needs": memory["least"], "budget": memory["budget"]}, severity="warning")]


def _parts(plan: Plan, library: Library) -> dict[tuple[str, Part], PartSize]:
    """The parts of model files that the steps use; of a loader with several outputs those that something takes."""
    taken = {(a.node, a.output) for s in plan.steps.values() for a in s.args.values() if isinstance(a, Link)}
    found: dict[tuple[str, Part], PartSize] = {}
    for step in plan.steps.values():
        outputs = enumerate(step.definition.outputs)
        wanted = {p for n, o in outputs if (step.id, n) in taken for p in PARTS_OF.get(o.wire, ())}
        for kind, name in files_of(Plan({step.id: step})):
            if kind in NEEDED:
                sizes = _sizes(library, kind, name)
                found |= {(name, part): size for part, size in sizes.items() if part in wanted}
            if kind in LONE and (lone := _lone_size(library, kind, name)) is not None:
                found[name, LONE[kind]] = lone
    return found


def _sizes(library: Library, kind: str, name: str) -> Mapping[Part, PartSize]:
    try:
        return part_sizes(library.path(kind, name))
    except (ModelFileError, FileProblem, OSError):
        return {}


def _lone_size(library: Library, kind: str, name: str) -> PartSize | None:
    try:
        return lone_size(library.path(kind, name), LONE[kind])
    except (ModelFileError, FileProblem, OSError):
        return None


def _at_once(weights: Mapping[tuple[str, Part], int], space: int) -> int:
    """The most bytes that one lease takes: a denoiser with its ControlNets, the text encoders of a file, or one other.

    Args:
        space: what a denoiser works on.
    """
    controls = sum(nbytes for (_, part), nbytes in weights.items() if part == "control")
    together: dict[tuple[str, str], int] = {}
    for (name, part), nbytes in weights.items():
        lease = (name, DTYPE_OF[part] if part in ("text", "text_g") else part)
        together[lease] = together.get(lease, 0) + nbytes
    return max((n + (space + controls if part == "denoiser" else 0) for (_, part), n in together.items()), default=0)


def _item_bytes(precision: str) -> Mapping[Part, int]:
    """Bytes of a number of each part, from "float16/float32/float16 channels_last"; empty when it is not known."""
    dtypes = dict(zip(PARTS, precision.partition(" ")[0].split("/"), strict=False))
    return {part: ITEM_BYTES[d] for part, like in DTYPE_OF.items() if (d := dtypes.get(like, "")) in ITEM_BYTES}


def _bytes(size: PartSize, items: Mapping[Part, int]) -> int:
    item = items.get(size.part)
    return size.nbytes if item is None else size.numbers * item


def _workspace(step: Step, plan: Plan, size: PartSize, items: Mapping[Part, int]) -> int:
    """Of one picture of what a sampling step works on: more of them are worked on in turns where they do not fit."""
    if size.part != "denoiser" or not any(s.wire in ("MODEL", "GUIDER") for s in step.definition.inputs):
        return 0
    facts: list[Mapping[str, Any]] = [*step.facts]
    for arg in step.args.values():
        if isinstance(arg, Link) and arg.node in plan.steps and arg.output < len(plan.steps[arg.node].facts):
            facts.append(plan.steps[arg.node].facts[arg.output])
    cells = max((f["width"] * f["height"] // 64 for f in facts if f.get("width") and f.get("height")), default=0)
    return row_bytes(size.width, 4, cells, items.get("denoiser", 4))

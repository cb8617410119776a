"""Health and metrics, for those who run the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.queue.histogram import Histogram
from engine.service.service import Service
from web.api.meter import Meter
from web.api.operation import Answer, Call, Operation
from web.api.schema import TEXTS, Schema, obj, one_of, told
from web.api.state import STATE

HEALTH = obj(
    {
        "status": told(one_of("ready", "starting", "degraded"), "starting: jobs are taken, and wait for the worker."),
        "reasons": TEXTS,
    }
)

Labels = Mapping[str, str]
Sample = tuple[Labels, float]
STATES = ("starting", "ready", "dead", "stopped")


async def get_health(call: Call) -> Answer:
    """Whether jobs run: 200 when they do, also with trouble; 503 while the worker starts. Needs no token."""
    service = call.service
    states = [(c.name, c.state) for c in service.channels]
    reasons = [f"the worker {name} is {state}" for name, state in states if state != "ready"]
    trouble = service.queue.trouble
    if trouble is not None:
        reasons.append(f"the queue cannot be written: {trouble.code}")
    if trouble is None and any(state == "ready" for _, state in states):
        return Answer({"status": "degraded" if reasons else "ready", "reasons": reasons}, 200)
    starting = trouble is None and any(state in ("stopped", "starting") for _, state in states)
    return Answer({"status": "starting" if starting else "degraded", "reasons": reasons}, 503)


async def get_metrics(call: Call) -> str:
    """Figures as Prometheus reads them."""
    meter = call.request.app[STATE].meter
    seconds = await meter.step_seconds()
    lines = [*_service(call.service), *_counted(meter), *_steps(seconds)]
    return "\n".join(lines) + "\n"


def _service(service: Service) -> Iterator[str]:
    import psutil

    process = psutil.Process()
    yield from _metric("process_start_time_seconds", "gauge", "When the server started.", [({}, process.create_time())])
    yield from _metric(
        "process_resident_memory_bytes", "gauge", "Memory of the server.", [({}, process.memory_info().rss)]
    )
    yield from _metric("inkwater_info", "gauge", "The version.", [({"version": service.about()["version"]}, 1)])
    counts = service.queue.counts()
    yield from _metric(
        "inkwater_jobs", "gauge", "Jobs by state.", [({"state": state}, count) for state, count in counts.items()]
    )
    yield from _metric("inkwater_queue_paused", "gauge", "1 while no jobs begin.", [({}, service.queue.paused)])
    workers = [({"worker": c.name, "state": s}, c.state == s) for c in service.channels for s in STATES]
    yield from _metric("inkwater_worker_state", "gauge", "1 for the state that each worker is in.", workers)
    lag = service.lag.about()
    told = _buckets({}, lag["bounds"], lag["counts"], lag["sum"])
    yield from _histogram("inkwater_event_loop_lag_seconds", "How late the event loop is.", told)
    yield from _metric("inkwater_event_loop_lag_max_seconds", "gauge", "The latest it has been.", [({}, lag["max"])])
    commits = _of(service.queue.commit_seconds)
    yield from _histogram("inkwater_queue_commit_seconds", "Transactions of the job database.", commits)


def _counted(meter: Meter) -> Iterator[str]:
    queued, ended = meter.jobs["queued"], ("success", "error", "cancelled")
    yield from _metric("inkwater_jobs_submitted_total", "counter", "Jobs that came.", [({}, queued)])
    yield from _metric(
        "inkwater_jobs_finished_total",
        "counter",
        "Jobs that ended, by how.",
        [({"status": status}, meter.jobs[status]) for status in ended],
    )
    yield from _metric(
        "inkwater_job_interruptions_total",
        "counter",
        "Jobs whose server or worker went away.",
        [({"reason": reason}, count) for reason, count in sorted(meter.interruptions.items())],
    )
    yield from _metric(
        "inkwater_steps_total",
        "counter",
        "Steps by how they ended; cached ones did not run.",
        [({"result": result}, meter.steps[result]) for result in ("run", "cached", "failed")],
    )
    for state, word in (("starting", "starts"), ("dead", "deaths")):
        told = [({"worker": name}, n) for (name, s), n in sorted(meter.workers.items()) if s == state]
        yield from _metric(f"inkwater_worker_{word}_total", "counter", f"{word.capitalize()} of workers.", told)
    streams = [({"kind": kind}, count) for kind, count in meter.streams.items()]
    yield from _metric("inkwater_event_streams", "gauge", "Who watches events.", streams)
    lost = meter.lost
    yield from _metric(
        "inkwater_events_thinned_total", "counter", "Progress and previews that slow readers missed.", [({}, lost[0])]
    )
    yield from _metric(
        "inkwater_resyncs_total", "counter", "Slow readers that were sent back to the log.", [({}, lost[1])]
    )


def _steps(seconds: Mapping[str, Histogram]) -> Iterator[str]:
    samples = [s for type, h in sorted(seconds.items()) for s in _of(h, {"type": type})]
    yield from _histogram("inkwater_step_seconds", "Steps that ran, by node type.", samples)


def _of(histogram: Histogram, labels: Labels | None = None) -> list[tuple[str, Sample]]:
    return _buckets(labels or {}, histogram.bounds, histogram.counts, histogram.sum)


def _buckets(labels: Labels, bounds: Sequence[float], counts: Sequence[int], total: float) -> list[tuple[str, Sample]]:
    """The samples of one histogram, by the end of their names."""
    told: list[tuple[str, Sample]] = []
    below = 0
    for bound, count in zip((*map(repr, bounds), "+Inf"), counts, strict=True):
        below += count
        told.append(("_bucket", ({**labels, "le": bound}, below)))
    return [*told, ("_sum", (labels, total)), ("_count", (labels, below))]


def _histogram(name: str, help: str, samples: Sequence[tuple[str, Sample]]) -> Iterator[str]:
    if samples:
        yield from _head(name, "histogram", help)
        yield from (_line(name + end, *sample) for end, sample in samples)


def _metric(name: str, kind: str, help: str, samples: Sequence[Sample]) -> Iterator[str]:
    if samples:
        yield from _head(name, kind, help)
        yield from (_line(name, *sample) for sample in samples)


def _head(name: str, kind: str, help: str) -> tuple[str, str]:
    return f"# HELP {name} {help}", f"# TYPE {name} {kind}"


def _line(name: str, labels: Labels, value: float) -> str:
    shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{shown}}} {float(value)!r}" if shown else f"{name} {float(value)!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


METRICS: Schema = {"type": "string"}

OPERATIONS = (
    Operation(
        "GET", "/health", get_health, "Whether jobs run", "status", answers={200: HEALTH, 503: HEALTH}, open=True
    ),
    Operation(
        "GET", "/metrics", get_metrics, "Figures for Prometheus", "status", answers={200: METRICS}, media="text/plain"
    ),
)

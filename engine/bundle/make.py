"""Making a bundle: a run of which everything is noted that says what ran and what each step gave."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.bundle.account import files_of_plan, pixels
from engine.bundle.bundle import Bundle, MadePicture, SamplerSteps
from engine.bundle.environment import environment
from engine.bundle.inputs import inputs_of
from engine.files import Library
from engine.recording.format import RecordingError
from engine.recording.read import JobRecording, RunOf, recordings_of
from engine.recording.wanted import Wanted
from engine.session.result import files_of

if TYPE_CHECKING:
    from engine.session import Result, Session
    from engine.session.job import OnEvent
    from engine.session.session import Workflow

PICTURES = (".png", ".webp", ".jpg", ".jpeg")
NOTHING = JobRecording("", (), {})


@dataclass(frozen=True, slots=True)
class Bundled:
    """A run and its bundle; `warnings` say what of it could not be noted, one sentence each."""

    result: Result
    bundle: Bundle
    warnings: tuple[str, ...] = ()


def bundled(
    session: Session,
    workflow: Workflow,
    values: Mapping[str, Any] | None = None,
    *,
    targets: Iterable[str] | None = None,
    on_event: OnEvent | None = None,
    metadata: bool = True,
    source: bytes | None = None,
) -> Bundled:
    """Run a workflow and note it; the session should keep nothing of earlier runs, so that every step runs.

    Raises WorkflowError as `Session.run` does.
    """
    job = uuid.uuid4().hex[:12]
    prepared = session.prepare(workflow, values, targets=targets, metadata=metadata, source=source, id=job)
    running = session.start(prepared, on_event, record=Wanted())
    try:
        result = running.result()
    except KeyboardInterrupt:
        running.cancel()
        running.wait()
        raise
    plan = prepared.checked.plan
    files = tuple(files_of_plan(plan, session.library, whole=True))
    inputs, left = inputs_of(files, session.library)
    noted = recordings_of(session.settings.recordings_folder, job) or NOTHING
    bundle = Bundle(
        graph=plan.graph.to_api(),
        targets=tuple(plan.targets),
        source=source.decode("utf-8", "replace") if source is not None else None,
        environment=environment(session.works.device.about()),
        packs={pack.name: pack.digest for pack in session.loaded.packs},
        files=files,
        outputs={id: noted.outputs[id] for id in plan.steps if noted.outputs.get(id)},
        sampling=tuple(_sampling(noted.runs)),
        pictures=tuple(_pictures(result, session.library)),
        inputs=inputs,
    )
    return Bundled(result, bundle, (*noted.warnings, *left))


def _sampling(runs: Iterable[RunOf]) -> Iterator[SamplerSteps]:
    import numpy as np

    for run in runs:
        try:
            found = run.open()
            x = np.stack([*(frame.x for frame in found.frames), found.x])
        except (RecordingError, ValueError):
            continue
        if found.partial:
            continue
        seed, source = int(found.head["seed"]), str(found.head["source"])
        digests = tuple(frame.fingerprint for frame in found.frames)
        yield SamplerSteps(run.node, found.sampler, seed, source, found.sigmas, digests, x)


def _pictures(result: Result, library: Library) -> Iterator[MadePicture]:
    for node, shown in result.ui.items():
        files = (path for path in files_of({node: shown}, library.folder) if path.suffix.lower() in PICTURES)
        for number, path in enumerate(files):
            data = path.read_bytes()
            yield MadePicture(node, path.name, pixels(data), data, number)

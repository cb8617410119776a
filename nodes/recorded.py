"""Recorded jobs in workflows: what a sampler did, to be looked at and gone on from."""

from __future__ import annotations

from engine.diffusion.traces import Trace
from engine.graph.context import Context
from engine.graph.define import node


@node("LoadRecording", runs_on="io", category="inspect/trace", label="Load Recording")
def load_recording(*, recording: str = "", context: Context) -> Trace:
    """Load the sampler steps of a recorded run, as Sampler Trace gives those of its own run.

    Args:
        recording: The key of a recorded run of a sampler: Branch from here in the Recording panel writes it, and GET
            /api/v1/jobs/ID/recording tells it.
    """
    from engine.recording.folder import Folder
    from engine.recording.read import opened
    from engine.recording.trace import trace_of

    return trace_of(opened(Folder(context.recordings, 0), recording.strip()))

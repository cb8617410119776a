"""What events do to a job's row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.queue.rows import WARNINGS, JobRow
from engine.run.events import Event, JobFinished, JobInterrupted, Reason, StepFailed, Warned

REASONS: Mapping[Reason, str] = {
    "server_stopped": "The server was stopped while this job ran.",
    "server_died": "The server died while this job ran.",
    "worker_died": "The worker process died while it ran this job.",
}


def after(row: JobRow, event: Event, time: float) -> JobRow:
    """The row after an event; only jobs that run are changed by one."""
    if row.state != "running":
        return row
    match event:
        case StepFailed(spared=False) if row.error is None:  # of several steps that fail, the first is the cause
            error = {"code": "step_failed", "message": event.message, "node": event.node}
            error |= {"node_type": event.node_type, "exception": event.exception}
            return replace(row, error=error | ({"telling": event.telling} if event.telling else {}))
        case Warned(code=code, message=message, telling=telling):
            told = {"code": code, "message": message, "telling": telling}
            fresh = told not in row.warnings and len(row.warnings) < WARNINGS
            return replace(row, warnings=(*row.warnings, told)) if fresh else row
        case JobFinished(status=status):
            return replace(row, state=status, ended=time, error=None if status == "success" else row.error)
        case JobInterrupted(requeued=requeued, reason=reason):
            died = reason != "server_stopped"
            return replace(
                row,
                state="queued" if requeued else "parked",
                started=None,
                warnings=(),
                interruptions=row.interruptions + died,
                error={"code": reason, "message": event.message or REASONS[reason]} if died or not requeued else None,
            )
    return row

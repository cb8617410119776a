"""Removing what is recorded of a job."""

from __future__ import annotations

from engine.recording.folder import JOBS, Folder, read_json, remove, split
from engine.recording.read import recordings_of


def forget(folder: Folder, job: str) -> bool:
    """Remove a job's list, and the steps that no other job's list has; False where nothing was recorded."""
    listed = recordings_of(folder, job)
    if listed is None:
        return False
    remove(folder.job_file(job))
    others = _steps_of_others(folder)
    for step in {_step(run.key) for run in listed.runs} - others:
        remove(folder.path / step)
    return True


def _steps_of_others(folder: Folder) -> set[str]:
    """The steps that the lists name which are there."""
    lists = (read_json(path) or {} for path in (folder.path / JOBS).glob("*.json"))
    return {_step(str(row.get("key"))) for found in lists for row in found.get("runs", ())}


def _step(key: str) -> str:
    found = split(key)
    return found[0] if found else key

"""Why something is not recorded, in one sentence each."""

from __future__ import annotations

from engine.graph.told import telling, why
from engine.recording.folder import Folder
from engine.run.recorded import Trouble


def too_large(need: int, budget: int) -> Trouble:
    """What is told of a run that would not fit."""
    return Trouble(
        "recording_too_large",
        telling(
            "This run is not recorded: its sampler steps take about {need}, and recordings may take {budget} together; "
            "allow more with --recordings GB, or record fewer steps.",
            need=_megabytes(need),
            budget=_megabytes(budget),
        ),
    )


def unwritable(folder: Folder, error: OSError) -> Trouble:
    """What is told of a disk that takes nothing."""
    return Trouble(
        "recording_unwritable",
        telling(
            "This run is not recorded: {path} cannot be written ({reason}); make room or let it be written, and run it "
            "again.",
            path=str(folder.path),
            reason=why(error),
        ),
    )


def too_slow(folder: Folder) -> Trouble:
    return Trouble(
        "recording_too_slow",
        telling("This run is not recorded: the disk of {path} is slower than the sampler.", path=str(folder.path)),
    )


def step_failed(error: Exception) -> Trouble:
    return Trouble("recording_failed", telling("A sampler step could not be recorded: {reason}.", reason=_said(error)))


def run_failed(error: Exception) -> Trouble:
    return Trouble(
        "recording_failed", telling("A run of the sampler could not be recorded: {reason}.", reason=_said(error))
    )


def _said(error: Exception) -> str:
    return str(error).removesuffix(".")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"

"""Why something is not recorded, in one sentence each."""

from __future__ import annotations

from engine.recording.folder import Folder
from engine.run.recorded import Trouble


def too_large(need: int, budget: int) -> Trouble:
    """What is told of a run that would not fit."""
    return Trouble(
        "recording_too_large",
        f"This run is not recorded: its sampler steps take about {_megabytes(need)}, and recordings may take "
        f"{_megabytes(budget)} together; allow more with --recordings GB, or record fewer steps.",
    )


def unwritable(folder: Folder, error: OSError) -> Trouble:
    """What is told of a disk that takes nothing."""
    return Trouble(
        "recording_unwritable",
        f"This run is not recorded: {folder.path} cannot be written ({error.strerror or error}); make room or let "
        "it be written, and run it again.",
    )


def too_slow(folder: Folder) -> Trouble:
    return Trouble(
        "recording_too_slow",
        f"This run is not recorded: the disk of {folder.path} is slower than the sampler.",
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"

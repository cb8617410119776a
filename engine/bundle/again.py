"""Running a bundle, or the workflow in a picture, again, and saying what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.bundle.bundle import Bundle, BundleError, MadePicture, is_bundle, read
from engine.bundle.make import bundled, pixels
from engine.bundle.verdict import TOLERANCE, Verdict, compare, verdict
from engine.files import Library
from engine.graph.registry import Registry
from engine.workflow.error import WorkflowError
from engine.workflow.file import opened

if TYPE_CHECKING:
    from engine.session import Session
    from engine.session.job import OnEvent


def verified(
    session: Session, path: Path, tolerance: float = TOLERANCE, on_event: OnEvent | None = None
) -> tuple[Verdict, tuple[str, ...]]:
    """Run what made a bundle or a picture again; gives the verdict, and warnings.

    Args:
        session: keeps nothing of earlier runs, and shares no batches.
        tolerance: decibels at which a picture that is not equal is within tolerance.

    Raises BundleError, WorkflowError: one sentence each why it cannot be run here.
    """
    before = read(path) if is_bundle(path) else of_picture(path, session.registry, session.library)
    try:
        made = bundled(session, before.graph, targets=before.targets or None, on_event=on_event, metadata=False)
    except WorkflowError as error:
        raise WorkflowError([f"{path}: it cannot be run here.", *error.sentences], error.problems) from error
    if not is_bundle(path):
        before = _by_the_nearest(before, made.bundle, path)
    return verdict(before, made.bundle, tolerance), made.warnings


def of_picture(path: Path, registry: Registry, library: Library) -> Bundle:
    """What a picture says of its run: the workflow that it carries, and its pixels. Raises BundleError."""
    found = opened(path, registry, library=library)
    data = path.read_bytes()
    try:
        made = MadePicture("", path.name, pixels(data), data)
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: this is neither a bundle nor a picture; verify takes one of these.") from error
    return Bundle(found.graph.healed(registry).to_api(), (), pictures=(made,))


def _by_the_nearest(before: Bundle, after: Bundle, path: Path) -> Bundle:
    """The picture as that node's which made the most like it: a file does not say which of its nodes it is from."""
    (own,) = before.pictures

    def likeness(made: MadePicture) -> float:
        found = compare(own.data, made.data)
        return -1.0 if found is None else (float("inf") if found.equal else found.psnr or 0.0)

    best = max(after.pictures, key=likeness, default=None)
    if best is None:
        raise BundleError(f"{path}: its workflow makes no picture that it could be compared with.")
    return Bundle(before.graph, (), pictures=(MadePicture(best.node, own.name, own.pixels, own.data),))

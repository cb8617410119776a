"""Running a bundle, or the workflow in a picture, again, and saying what came of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.bundle.account import ACCOUNT, Account, pixels, read_account
from engine.bundle.bundle import Bundle, BundleError, MadePicture, is_bundle, read
from engine.bundle.inputs import given
from engine.bundle.make import bundled
from engine.bundle.verdict import TOLERANCE, Verdict, compare, verdict
from engine.files import Library
from engine.graph.registry import Registry
from engine.workflow.error import WorkflowError
from engine.workflow.file import opened
from engine.workflow.picture_text import picture_texts

if TYPE_CHECKING:
    from engine.session import Session
    from engine.session.job import OnEvent


def verified(
    session: Session, path: Path, tolerance: float = TOLERANCE, on_event: OnEvent | None = None
) -> tuple[Verdict, tuple[str, ...]]:
    """Run what made a bundle or a picture again; gives the verdict, and warnings.

    Args:
        session: keeps nothing of earlier runs, and shares no batches; the bundle's own files go to its `given`.
        tolerance: decibels at which a picture that is not equal is within tolerance.

    Raises BundleError, WorkflowError: one sentence each why it cannot be run here.
    """
    before = read(path) if is_bundle(path) else of_picture(path, session.registry, session.library)
    try:
        with given(before.inputs, session.given):
            made = bundled(session, before.graph, targets=before.targets or None, on_event=on_event, metadata=False)
    except WorkflowError as error:
        raise WorkflowError([f"{path}: it cannot be run here.", *error.sentences], error.problems) from error
    after = made.bundle if is_bundle(path) else _by_the_nearest(before, made.bundle, path)
    return verdict(before, after, tolerance), made.warnings


def of_picture(path: Path, registry: Registry, library: Library) -> Bundle:
    """What a picture says of its run: the workflow and the account that it carries, its pixels. Raises BundleError."""
    found = opened(path, registry, library=library)
    data = path.read_bytes()
    try:
        own = pixels(data)
    except (OSError, ValueError) as error:
        raise BundleError(
            "{path}: this is neither a bundle nor a picture; verify takes one of these.", path=str(path)
        ) from error
    told = read_account(picture_texts(path).get(ACCOUNT)) or Account()
    return Bundle(
        found.graph.healed(registry).to_api(),
        (),
        environment=told.environment,
        packs=told.packs,
        files=told.files,
        pictures=(MadePicture(told.node, path.name, told.pixels or own, data, told.number),),
    )


def _by_the_nearest(before: Bundle, after: Bundle, path: Path) -> Bundle:
    """The second run with the one picture that is compared: the same node's of the same number, else the most alike."""
    (own,) = before.pictures

    def likeness(made: MadePicture) -> float:
        found = compare(own.data, made.data)
        return -1.0 if found is None else (float("inf") if found.equal else found.psnr or 0.0)

    named = [made for made in after.pictures if (made.node, made.number) == (own.node, own.number)]
    best = max(named or after.pictures, key=likeness, default=None)
    if best is None:
        raise BundleError("{path}: its workflow makes no picture that it could be compared with.", path=str(path))
    return replace(after, pictures=(replace(best, node=own.node, number=own.number),))

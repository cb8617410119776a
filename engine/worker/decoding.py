"""A recorded sampler step as its checkpoint's own autoencoder shows it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from engine.settings import NO_DEVICE

if TYPE_CHECKING:
    from engine.session import Session

MOST_CELLS = 256 * 256
"""Of a latent; a larger one is decoded by a workflow."""


class NotDecoded(Exception):
    """`str()` of it is one sentence."""


def decoded(session: Session, key: str, step: int, view: str, branch: str, picture: int, size: int) -> dict[str, Any]:
    """A latent view of a recorded sampler step as {"webp": base64}; raises NotDecoded."""
    from engine.models.handle import ModelHandle
    from engine.recording.folder import Folder
    from engine.recording.format import RecordingError
    from engine.recording.look import LATENTS, Shown, latent_of, webp
    from engine.recording.read import opened

    settings, works = session.settings, session.works
    if view not in LATENTS:
        raise NotDecoded(
            f"The view {view!r:.40} is no latent, so it has no decoded form; there is {', '.join(LATENTS)}."
        )
    try:
        recording = opened(Folder(settings.recordings_folder, settings.recordings), key)
        latent = latent_of(recording, view, Shown(step, branch, picture=picture))
    except RecordingError as error:
        raise NotDecoded(str(error)) from error
    spec, file = recording.head["latent"], recording.head["file"]
    if spec is None or file is None:
        raise NotDecoded("The recording does not say which model it is of, so that it cannot be decoded.")
    if latent.shape[1] * latent.shape[2] > MOST_CELLS:
        raise NotDecoded("The latent is too large to be decoded here; decode it by LoadRecording and VAE Decode.")
    if settings.device == NO_DEVICE:
        raise NotDecoded("The server runs without a device (--device none), and decoding needs one.")
    import torch
    from PIL import Image

    handle = ModelHandle(session.library.ref(*_with_vae(session, *file)), recording.family, "vae")
    samples = torch.from_numpy(latent.copy())[None] / spec["factor"] + spec["shift"]

    def work() -> Any:
        with works.device.lease(handle) as (module,):
            return module.decode(samples)

    pixels = (works.device.lane.submit(work).result()[0].numpy() * 255).round().astype("uint8")
    return {"webp": base64.b64encode(webp(Image.fromarray(pixels), size, smooth=True)).decode()}


def _with_vae(session: Session, kind: str, name: str) -> tuple[str, str]:
    """The kind and name of the file, if it holds an autoencoder."""
    from engine.files import FileProblem
    from engine.models.detect import inspect_file
    from engine.models.header import ModelFileError

    try:
        parts = inspect_file(session.library.path(kind, name)).parts
    except (FileProblem, ModelFileError) as error:
        raise NotDecoded(f"The model {name} of the recording cannot be read: {error}.") from error
    if "vae" not in parts:
        raise NotDecoded(f"{name} holds no autoencoder; decode the step by LoadRecording and VAE Decode.")
    return kind, name

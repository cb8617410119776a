"""Sinks: pictures and latents into files, and latents out of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from engine.bundle.account import ACCOUNT, with_picture
from engine.diffusion.types import Image, Latent
from engine.files import FileRef
from engine.graph.context import Context, SavedFile
from engine.graph.define import Ui, node
from engine.graph.sockets import File
from nodes import latent_file, pictures
from nodes.parameters import parameters

if TYPE_CHECKING:
    from PIL import Image as Pil


@node("SaveImage", kind="sink", runs_on="io", category="image", label="Save Image")
def save_image(*, images: Image, filename_prefix: str = "Inkwater", context: Context) -> Ui:
    """Save pictures as PNG in the output folder, with the workflow inside.

    Args:
        images: The pictures.
        filename_prefix: Start of the file names; folders with /, and %date:yyyy-MM-dd%, %width%, %height%, %batch_num%.
    """
    return Ui({"images": [file.ui for file in _save(images, filename_prefix, context, "output")]})


@node("PreviewImage", kind="sink", runs_on="io", category="image", label="Preview Image")
def preview_image(*, images: Image, context: Context) -> Ui:
    """Show pictures without keeping them: they go to the temp folder, which is emptied at the next start.

    Args:
        images: The pictures.
    """
    return Ui({"images": [file.ui for file in _save(images, "preview", context, "temp", compress=1)]})


@node("SaveLatent", kind="sink", runs_on="io", category="_for_testing", label="SaveLatent")
def save_latent(*, samples: Latent, filename_prefix: str = "latents/Inkwater", context: Context) -> Ui:
    """Save latents in ComfyUI's .latent format in the output folder, with the workflow inside.

    Args:
        samples: The latents.
        filename_prefix: Start of the file name; folders with /, and %date:yyyy-MM-dd%.
    """
    data = latent_file.write(samples, context.metadata or {})
    return Ui({"latents": [context.save(filename_prefix, "latent", data).ui]})


@node("LoadLatent", runs_on="io", category="_for_testing", label="LoadLatent", facts=latent_file.facts)
def load_latent(*, latent: Annotated[FileRef, File("input")], context: Context) -> Latent:
    """Load latents that were saved as a .latent file.

    Args:
        latent: A .latent file in the input folder.
    """
    return latent_file.read(context.path(latent), latent.name)


def _save(images: Image, prefix: str, context: Context, folder: str, *, compress: int = 4) -> list[SavedFile]:
    text = texts(context)
    files = []
    for i, picture in enumerate(pictures.to_bytes(images)):
        name = named(prefix, picture.shape[1], picture.shape[0], i)
        own = signed(text, context, i, pictures.frame(picture))
        files.append(context.save(name, "png", pictures.png(picture, own, compress=compress), folder=folder))
        context.progress(i + 1, len(images))
    return files


def texts(context: Context) -> Mapping[str, str]:
    """What the pictures that a node saves carry, but for what each says of itself."""
    return {} if context.metadata is None else {**context.metadata, **parameters(context.graph, context.node)}


def signed(
    text: Mapping[str, str], context: Context, number: int = 0, picture: Pil.Image | None = None
) -> dict[str, str]:
    """The texts of one picture, with its own line in the account of the run."""
    account = text.get(ACCOUNT)
    own = {} if account is None else {ACCOUNT: with_picture(account, context.node, number, picture)}
    return {**text, **own}


def named(prefix: str, width: int, height: int, number: int) -> str:
    """The prefix with what only this node knows filled in; dates are the engine's."""
    filled = prefix.replace("%width%", str(width)).replace("%height%", str(height))
    return filled.replace("%batch_num%", str(number))

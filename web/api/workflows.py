"""The workflows that come with the program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.near import nearest
from engine.service.threads import off
from engine.settings import ROOT
from web.answers import Refusal
from web.api.operation import Call, Operation, path
from web.api.schema import ANY_OBJECT, list_of, obj, ref

FOLDER = ROOT / "workflows"

DESCRIPTIONS: Mapping[str, str] = {
    "custom_sampling": "The sampler taken apart: noise, guidance, method and noise levels are nodes of their own.",
    "for_each": "One picture for each of several prompts, out of one run.",
    "image_to_image": "A picture is noised part of the way and denoised towards a prompt.",
    "latent_upscale": "A small picture first, then a second pass at one and a half times the size.",
    "text_stages": "What a text encoder does, stage by stage: tokens, vectors, conditioning.",
    "text_to_image": "A picture out of noise, guided by a prompt: the place to begin.",
    "tiled_vae": "Encoding and decoding in tiles, for pictures that do not fit into memory whole.",
}


async def list_workflows(call: Call) -> dict[str, Any]:
    """Names, titles and descriptions."""
    return {"workflows": await off(lambda: [_about(file) for file in _files().values()])}


async def get_workflow(call: Call) -> Any:
    """One of them, as it is."""
    name, files = call["name"], _files()
    if name not in files:
        near = ", ".join(nearest(name, files))
        raise Refusal(
            404, "no_such_workflow", f"There is no workflow {name[:80]!r}{f'; near: {near}' if near else ''}."
        )
    return await off(_read, files[name])


def _files() -> dict[str, Path]:
    return {file.stem: file for file in sorted(FOLDER.glob("*.json"))}


def _read(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def _about(file: Path) -> dict[str, Any]:
    nodes = [id for id in _read(file) if id != "_workflow"]
    title = file.stem.replace("_", " ").capitalize()
    return {"name": file.stem, "title": title, "description": DESCRIPTIONS.get(file.stem, ""), "nodes": len(nodes)}


OPERATIONS = (
    Operation(
        "GET",
        "/workflows",
        list_workflows,
        "List the workflows that come along",
        "workflows",
        answers={200: obj({"workflows": list_of(ref("Template"))})},
    ),
    Operation(
        "GET",
        "/workflows/{name}",
        get_workflow,
        "Take a workflow that comes along",
        "workflows",
        (path("name", "Its name."),),
        answers={200: ANY_OBJECT},
    ),
)

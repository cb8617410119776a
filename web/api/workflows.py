"""The workflows that come with the program."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from engine.files import FileProblem, Library
from engine.graph.graph import Graph
from engine.graph.read import WORKFLOW
from engine.near import nearest
from engine.service.service import Service
from engine.service.threads import off
from engine.settings import ROOT
from web.answers import Refusal
from web.api.missing import files_of
from web.api.operation import BASE, Call, Operation, path
from web.api.schema import ANY_OBJECT, list_of, obj, ref
from web.files.send import send

FOLDER = ROOT / "workflows"
LESSONS = "lessons"
"""The folder inside it, and the first part of the names of the workflows that explain a stage each, in order."""
THUMBNAILS = FOLDER / "thumbnails"

DESCRIPTIONS: Mapping[str, str] = {
    "a1111_prompt": "A prompt in A1111's grammar, with its weights, schedules and noise.",
    "areas": "Two prompts, each in an area of its own, make one picture.",
    "composite": "One picture cut out by its colour and laid over another, without a model.",
    "controlnet_edges": "A picture's edges steer a new one: its outline stays, all else is new.",
    "controlnet_several": "Depth and a scribble steer one picture together, each with its own strength and time.",
    "custom_sampling": "The sampler taken apart: noise, guidance, method and noise levels are nodes of their own.",
    "depth_to_image": "A picture's depth is estimated, and a new picture keeps the shape of its scene.",
    "embedding": "Words that were learnt from pictures, out of a file, in a prompt.",
    "for_each": "One picture for each of several prompts, out of one run.",
    "hires_fix_latent": "A latent is enlarged, noised a little and sampled once more for detail.",
    "hires_fix_model": "A small picture, enlarged by an upscaler and denoised once more for detail.",
    "hypernetwork": "Small networks before the attention layers change a model's style.",
    "image_to_image": "A picture is noised part of the way and denoised towards a prompt.",
    "inpaint_mask": "Any model makes anew what a mask shows white, and keeps the rest.",
    "inpaint_model": "A part of a picture is made anew by a model that sees what stands around it.",
    "latent_upscale": "A small picture first, then a second pass at one and a half times the size.",
    "lora": "Two LoRAs on top of each other change a model's style and subjects.",
    "outpaint": "A picture gets room at its edge, and the sampler goes on with it there.",
    "sdxl_refiner": "SDXL's base model makes the picture, and the refiner takes the last steps.",
    "sdxl_turbo": "A distilled model makes a picture in a single step.",
    "text_stages": "What a text encoder does, stage by stage: tokens, vectors, conditioning.",
    "text_to_image": "A picture out of noise, guided by a prompt: the place to begin.",
    "text_to_image_v2": "Stable Diffusion 2.1, which predicts v and reads a larger text encoder.",
    "tiled_vae": "Encoding and decoding in tiles, for pictures that do not fit into memory whole.",
    "vae_file": "One latent decoded by two VAEs, the checkpoint's and one from a file.",
}


async def list_workflows(call: Call) -> dict[str, Any]:
    """Names, titles, descriptions, a picture of each, and which of the models they name are here."""
    service = call.service
    return {"workflows": await off(lambda: [_about(service, *item) for item in _files().items()])}


async def get_workflow(call: Call) -> Any:
    """One of them, as it is."""
    return await off(_read, _found(call["name"]))


async def get_workflow_thumbnail(call: Call) -> web.StreamResponse:
    """A small picture of what one of them makes."""
    _found(call["name"])
    path = _thumbnail(call["name"])
    if not path.is_file():
        raise Refusal(404, "not_found", "This workflow has no picture.")
    return await send(path)


def _found(name: str) -> Path:
    """The file of a workflow; raises Refusal."""
    files = _files()
    if name not in files:
        near = ", ".join(nearest(name, files))
        raise Refusal(
            404, "no_such_workflow", f"There is no workflow {name[:80]!r}{f'; near: {near}' if near else ''}."
        )
    return files[name]


def _files() -> dict[str, Path]:
    """All of them by name; lessons come last, in order."""
    plain = {file.stem: file for file in sorted(FOLDER.glob("*.json"))}
    return plain | {f"{LESSONS}/{file.stem}": file for file in sorted((FOLDER / LESSONS).glob("*.json"))}


def _read(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def _thumbnail(name: str) -> Path:
    return THUMBNAILS / f"{name}.webp"


def _lesson(name: str) -> int | None:
    """The number of a lesson, which its name begins with; None for other workflows."""
    number = name.removeprefix(f"{LESSONS}/").split("_")[0]
    return int(number) if name.startswith(f"{LESSONS}/") and number.isdecimal() else None


def _words(name: str, workflow: Mapping[str, Any]) -> tuple[str, str]:
    """Title and description: a lesson tells them itself, the description as the first sentence of its first note."""
    if _lesson(name) is None:
        return name.replace("_", " ").capitalize(), DESCRIPTIONS.get(name, "")
    about = workflow[WORKFLOW]["_meta"]
    return about["title"], first_sentence(about["notes"][0]["text"])


def first_sentence(note: str) -> str:
    """The first sentence of a note, without the headings before it."""
    text = next(line for line in note.splitlines() if line and not line.startswith("#"))
    return re.split(r"(?<=[.!?]) ", re.sub(r"^\*\*.*?\*\* ", "", text), maxsplit=1)[0]


def _about(service: Service, name: str, file: Path) -> dict[str, Any]:
    workflow = _read(file)
    title, description = _words(name, workflow)
    graph = Graph.from_file(workflow, service.registry)
    named = dict.fromkeys((kind, name) for _, kind, name in files_of(graph, service.registry))
    return {
        "name": name,
        "lesson": _lesson(name),
        "title": title,
        "description": description,
        "nodes": sum(1 for id in workflow if id != WORKFLOW),
        "models": [{"kind": k, "name": n, "missing": not _is_here(service.library, k, n)} for k, n in named],
        "thumbnail": f"{BASE}/workflows/{quote(name, safe='')}/thumbnail" if _thumbnail(name).is_file() else None,
    }


def _is_here(library: Library, kind: str, name: str) -> bool:
    """Whether a file is there; names like it, which take long to find, are not looked for."""
    try:
        library.path(kind, name, lambda kind, name: ())
    except FileProblem:
        return False
    return True


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
        (path("name", "Its name; that of a lesson begins with lessons/."),),
        answers={200: ANY_OBJECT},
    ),
    Operation(
        "GET",
        "/workflows/{name}/thumbnail",
        get_workflow_thumbnail,
        "A small picture of what a workflow makes",
        "workflows",
        (path("name", "Its name; that of a lesson begins with lessons/."),),
        answers={200: {"type": "string", "contentMediaType": "image/webp"}},
        media="image/webp",
    ),
)

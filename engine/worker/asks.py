"""The questions that a worker answers, each with plain JSON."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from engine.files import FileRef
from engine.session.kept import Kept

if TYPE_CHECKING:
    from engine.worker.host import Host


class BadQuestion(Exception):
    """A question that has no answer; `str()` of it is one sentence."""


def answer(host: Host, what: str, args: Mapping[str, Any]) -> Any:
    """The answer; raises BadQuestion, WorkflowError."""
    if what not in ASKS:
        raise BadQuestion(f"A worker knows no question {what!r}; it answers {', '.join(ASKS)}.")
    try:
        return ASKS[what](host, **args)
    except TypeError as error:
        if error.__traceback__ is None or error.__traceback__.tb_next is not None:
            raise
        raise BadQuestion(f"The question {what!r} was put wrongly: {error}.") from error


def explain(host: Host, graph: Mapping[str, Any], targets: tuple[str, ...] = ()) -> dict[str, Any]:
    """Of each step: "hit", or why it runs. {node: {code, args, text}}."""
    from engine.workflow.file import from_json

    session = host.session
    plan = session.rules().check(from_json(graph, session.registry), targets or None).plan
    whys = plan.explain(Kept(session.works), host.recent.before(plan))
    return {id: {"code": why.code, "args": dict(why.args), "text": str(why)} for id, why in whys.items()}


def report(host: Host) -> dict[str, Any]:
    """Who holds what, in bytes: weights and the device, results in memory and on disk, this process, jobs."""
    import psutil

    works = host.session.works
    memory, behind = works.memory, works.behind
    disk = behind.disk if behind is not None else None
    return {
        **works.device.report(),
        "memory": {"used": memory.used, "budget": memory.budget, "count": len(memory)},
        "disk": {
            "used": disk.used if disk is not None else 0,
            "budget": disk.budget if disk is not None else 0,
            "path": str(disk.path) if disk is not None else None,
        },
        "process": {"pid": os.getpid(), "bytes": psutil.Process().memory_info().rss},
        "jobs": list(host.jobs),
    }


def tokens(host: Host, text: str, clip: str = "") -> list[dict[str, Any]]:
    """The tokens of a prompt, without start, end and padding: id, text, weight, chunk (of 75).

    Each vector of a learnt word is a token, with an id behind the vocabulary's and the name of its file.

    Args:
        clip: a family, or a model file that holds a text encoder; the first family if left out.
    """
    from engine.models.embeddings import finder
    from engine.models.families import FAMILIES
    from engine.models.mentions import Embeddings
    from engine.models.text import PromptError
    from engine.models.tokens import tokenize_prompt
    from engine.models.vocabulary import END_ID, token_texts

    family = clip if clip in FAMILIES else _family(host, clip) if clip else next(iter(FAMILIES))
    try:
        library = host.session.library
        files = Embeddings().files(text, library)
        made = tokenize_prompt(text, family, finder(files, library.resolve, family))
    except PromptError as error:
        raise BadQuestion(str(error)) from error
    words = (*token_texts(), *(PurePosixPath(cast(FileRef, file).name).stem for file, _ in made.learnt))
    return [
        {"id": id, "text": words[id], "weight": weight, "chunk": chunk}
        for chunk, (ids, weights) in enumerate(zip(made.ids, made.weights, strict=True))
        for id, weight in list(zip(ids, weights, strict=True))[1 : ids.index(END_ID)]
    ]


def _family(host: Host, name: str) -> str:
    """The family of a file's text encoder."""
    from engine.files import FileProblem
    from engine.models.detect import inspect_file, require
    from engine.models.header import ModelFileError

    library = host.session.library
    for kind in ("checkpoints", "text_encoders"):
        try:
            inspected = inspect_file(library.path(kind, name))
            if not inspected.texts:
                require(inspected, name, "text")
        except FileProblem:
            continue
        except ModelFileError as error:
            raise BadQuestion(str(error)) from error
        return inspected.family
    raise BadQuestion(f"There is no family and no model file {name!r} with a text encoder.")


def value(
    host: Host, graph: Mapping[str, Any], node: str, output: int, job: str = "", ran: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What an output holds, if its result is kept: see `engine.worker.values.shown`."""
    from engine.worker.values import NoOutput, shown

    try:
        return shown(host.session, graph, node, output, job, ran)
    except NoOutput as error:
        raise BadQuestion(str(error)) from error


def free(host: Host, weights: bool = False, cache: bool = False) -> dict[str, int]:
    """Let go of weights that nobody uses, and of results in memory; gives the bytes of each."""
    works = host.session.works
    held = works.memory.used
    if cache:
        works.memory.clear()
    return {"weights": works.device.free() if weights else 0, "cache": held if cache else 0}


def decoded(
    host: Host, key: str, step: int, view: str, branch: str = "", picture: int = 0, size: int = 256
) -> dict[str, Any]:
    """A recorded sampler step as its checkpoint's autoencoder shows it: {"webp": base64}."""
    from engine.worker import decoding

    try:
        return decoding.decoded(host.session, key, step, view, branch, picture, size)
    except decoding.NotDecoded as error:
        raise BadQuestion(str(error)) from error


def stats(host: Host) -> dict[str, Any]:
    """What the denoise loop has done, the jobs that are not over, seconds since the start."""
    uptime = time.monotonic() - host.began
    return {"loop": dict(host.session.works.device.stats()), "jobs": len(host.jobs), "uptime": uptime}


ASKS: Mapping[str, Callable[..., Any]] = {f.__name__: f for f in (explain, report, tokens, value, decoded, free, stats)}

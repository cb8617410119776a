"""Workflows from outside: a file of any format that is known here, or a picture that carries one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.files import Library
from engine.graph.graph import Graph
from engine.graph.jsontext import LARGEST, parse
from engine.graph.problems import GraphError, Problem
from engine.graph.registry import Registry
from engine.graph.sentences import sentence
from engine.near import nearest
from engine.workflow.error import WorkflowError
from engine.workflow.picture_text import begins_picture, is_picture, picture_texts, texts_of

if TYPE_CHECKING:
    from engine.compat.workflow import Translated

RUN = ("inkwater", "prompt", "workflow", "parameters")
"""The texts of a picture that hold a workflow, the best for making it again first."""

EDIT = ("inkwater", "workflow", "prompt", "parameters")
"""The same, the best for looking at it first: ComfyUI's `prompt` says what ran, `workflow` how it was drawn."""

SUFFIXES = (".json", ".png", ".webp", ".jpg", ".jpeg")
"""What files with workflows are called."""

Form = Literal["ours", "ui", "a1111"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A workflow that was read.

    Args:
        graph: flattened. file: our file, as text or parsed; translated where the source was something else, None
            where there is only a graph.
        problems: what a reader should know of the translation (warnings). form: what the source was.
    """

    graph: Graph
    file: bytes | Mapping[str, Any] | None = None
    problems: tuple[Problem, ...] = ()
    form: Form = "ours"

    @property
    def text(self) -> bytes | None:
        """Our file's JSON, if there is a file."""
        return json.dumps(self.file, ensure_ascii=False).encode() if isinstance(self.file, Mapping) else self.file


def opened(
    source: Path | str | bytes | Mapping[str, Any],
    registry: Registry | None = None,
    *,
    library: Library | None = None,
    place: str | None = None,
    order: Iterable[str] = RUN,
) -> Opened:
    """The workflow in a file (by path), in its bytes, or in parsed JSON: ours, ComfyUI's API or UI format, A1111's
    text, or a picture with one of these.

    Args:
        registry: names positional values and says which nodes only an editor knows. library: finds models by hash.
        place: what sentences begin with; the path by itself. order: of the texts of a picture, the first that is there.

    Raises WorkflowError with all that keeps it from being read.
    """
    before = place if place is not None else f"{source}: " if isinstance(source, Path | str) else ""
    text = workflow_text(Path(source), order) if isinstance(source, Path | str) else source
    if isinstance(text, bytes) and begins_picture(text):
        text = _chosen(texts_of(BytesIO(text)), order, before)
    try:
        return _opened(text, registry or Registry(), library)
    except GraphError as error:
        raise WorkflowError((f"{before}{sentence(p)}" for p in error.problems), error.problems) from error


def from_json(source: bytes | Mapping[str, Any], registry: Registry | None = None, place: str = "") -> Graph:
    """The graph in JSON, as text or parsed; raises WorkflowError, its sentences begin with `place`."""
    return opened(source, registry, place=place).graph


def _opened(source: bytes | Mapping[str, Any], registry: Registry, library: Library | None) -> Opened:
    from engine.compat.workflow import is_ui, translate

    if isinstance(source, bytes) and _is_parameters(source):
        from engine.compat.a1111 import translate as from_parameters

        return _translated(from_parameters(source.decode("utf-8", "replace"), registry, library), registry, "a1111")
    value, problems = parse(source) if isinstance(source, bytes) else (source, [])
    if is_ui(value):
        if problems:
            raise GraphError(problems)
        return _translated(translate(value, registry), registry, "ui")
    fine = isinstance(value, Mapping) and not problems
    return Opened(Graph.from_file(value if fine else source, registry), source)


def _translated(found: Translated, registry: Registry, form: Form) -> Opened:
    return Opened(Graph.from_file(found.workflow, registry), found.workflow, found.problems, form)


def _is_parameters(text: bytes) -> bool:
    """Whether this is A1111's text of a picture rather than JSON."""
    return text.lstrip()[:1] not in (b"{", b"[") and _STEPS.search(text) is not None


_STEPS = re.compile(rb"^Steps: \d", re.MULTILINE)


def workflow_text(path: Path, order: Iterable[str] = RUN) -> bytes:
    """The text of a workflow, a whole file or out of a picture; raises WorkflowError."""
    try:
        if not is_picture(path):
            if path.stat().st_size > LARGEST:
                raise WorkflowError([f"{path}: larger than {LARGEST >> 20} MiB, which no workflow is."])
            return path.read_bytes()
        texts = picture_texts(path)
    except FileNotFoundError as error:
        raise WorkflowError([f"{path}: there is no such file{_near(path)}"]) from error
    except OSError as error:
        raise WorkflowError([f"{path}: cannot be read ({error.strerror})."]) from error
    return _chosen(texts, order, f"{path}: ")


def _chosen(texts: Mapping[str, str], order: Iterable[str], place: str) -> bytes:
    """The first text of a picture that is there; raises WorkflowError."""
    found = next((texts[name] for name in order if name in texts), None)
    if found is None:
        told = f"{place}this picture carries no workflow (no text named {' or '.join(order)})."
        raise WorkflowError([told if place else told.capitalize()], [Problem("no_workflow")])
    return found.encode()


def edited(text: bytes, changes: Mapping[tuple[str, str], Any]) -> str | None:
    """The workflow's own JSON with these (node, input) values; None where a value lies inside a subgraph."""
    raw = json.loads(text)
    for (node, input), value in changes.items():
        if not isinstance(raw.get(node), dict):
            return None
        raw[node].setdefault("inputs", {})[input] = {"__value__": value} if isinstance(value, list) else value
    return json.dumps(raw, ensure_ascii=False)


def _near(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir() if p.suffix.lower() in SUFFIXES]
    except OSError:
        return "."
    close = nearest(path.name, names)
    return f"; did you mean {', '.join(str(path.parent / name) for name in close)}?" if close else "."

"""`run FILE…`: run workflows here and say where their files are."""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.common import counted, folders, load_registry, precision, recordings, settings

if TYPE_CHECKING:
    from engine.graph.graph import Graph
    from engine.session import Result, Session

HELP = "run workflows (JSON of ours or ComfyUI's, a picture that carries one, A1111's text) and write their pictures"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUE",
        help="set an input; NODE is an id or a title, VALUE is JSON or else text; may be repeated",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where pictures go (default: output in the data folder)"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON per workflow")
    parser.add_argument("--no-metadata", action="store_true", help="leave the workflow out of the pictures")
    parser.add_argument(
        "--bundle",
        action="store_true",
        help="run every step, and write beside the pictures one file of what ran and what each step gave, for verify",
    )
    parser.add_argument("--no-cache", action="store_true", help="neither read nor keep results on disk")
    parser.add_argument(
        "--record",
        type=_attention,
        nargs="?",
        const=0,
        metavar="N",
        help="write down each sampler step, and at N of them which words were read where; tells the keys for "
        "LoadRecording",
    )
    recordings(parser)
    precision(parser)
    folders(parser)


def _attention(text: str) -> int:
    from engine.recording.wanted import MOST_ATTENTION

    if not text.isdecimal() or int(text) > MOST_ATTENTION:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of sampler steps to look into: say 0 to {MOST_ATTENTION}, or nothing"
        )
    return int(text)


def main(args: argparse.Namespace) -> int:
    """Exit code 1 when a workflow fails; the others run all the same."""
    from engine.cli import Sentence
    from engine.session import Session

    if args.out is not None and args.out.exists() and not args.out.is_dir():
        raise Sentence(f"--out {args.out}: this is a file; name a folder.")
    if args.bundle and args.record is not None:
        raise Sentence("--bundle and --record: run one after the other; a bundle keeps what is recorded to itself.")
    chosen = settings(args)
    with Session(
        load_registry(chosen.data),
        data=chosen.data,
        models=chosen.models,
        output=args.out,
        precision=chosen.precision,
        device_bytes=chosen.device_bytes,
        recordings=chosen.recordings,
        memory=0 if args.bundle else chosen.memory,
        disk=0 if args.no_cache or args.bundle else chosen.disk,
    ) as session:
        codes = [_run(session, file, args) for file in args.files]
    return max(codes)


def _run(session: Session, file: Path, args: argparse.Namespace) -> int:
    from engine.graph.sentences import sentence
    from engine.workflow.error import WorkflowError

    began, job = time.perf_counter(), f"run-{uuid.uuid4().hex[:12]}"
    try:
        result = _watched(session, file, args, job)
    except WorkflowError as error:
        place = f"{file}: " if len(args.files) > 1 else ""
        sentences = [s if s.startswith(place) else place + s for s in error.sentences]
        _tell(args, {"file": str(file), "status": "error", "problems": sentences}, sentences, sys.stderr)
        return 1
    seconds = time.perf_counter() - began
    files = [str(path) for path in result.files]
    for problem in result.problems:
        print(f"Warning: {sentence(problem)}", file=sys.stderr)
    recorded = _recorded(session, job) if args.record is not None else []
    lines = [*_texts(result), *files, *map(_told, recorded), _summary(file, result, seconds)]
    record = {"file": str(file), "status": "success", "seconds": round(seconds, 3), "files": files, "ui": result.ui}
    record |= {"recorded": recorded} if args.record is not None else {}
    _tell(args, record | {"ran": len(result.ran), "cached": len(result.cached)}, lines, sys.stdout)
    return 0


def _recorded(session: Session, job: str) -> list[dict[str, Any]]:
    """The runs of samplers that were written down."""
    from engine.recording.read import recordings_of

    found = recordings_of(session.settings.recordings_folder, job)
    names = ("node", "title", "type", "key")
    return [{name: getattr(run, name) for name in names} for run in found.runs] if found is not None else []


def _told(run: dict[str, Any]) -> str:
    return f"{run['title'] or run['type']}: recorded as {run['key']}"


def _watched(session: Session, file: Path, args: argparse.Namespace, job: str) -> Result:
    from engine.cli.progress import view
    from engine.graph.sentences import sentence
    from engine.workflow.file import opened

    read = opened(file, session.registry, library=session.library)
    graph = read.graph
    for problem in read.problems:
        print(f"Warning: {sentence(problem)}", file=sys.stderr)
    values = _values(graph, session, args.set)

    def title(id: str) -> str:
        node = graph.nodes.get(id)
        return (node.title or node.type) if node is not None else id

    seen = view(title)
    run = _bundled if args.bundle else partial(_plainly, job=job, attention=args.record)
    try:
        return run(session, file, graph, values, on_event=seen.show, metadata=not args.no_metadata, source=read.text)
    finally:
        seen.close()


def _plainly(
    session: Session,
    file: Path,
    graph: Graph,
    values: dict[str, Any],
    *,
    job: str,
    attention: int | None,
    **how: Any,
) -> Result:
    from engine.recording.wanted import Wanted

    return session.run(graph, values, id=job, record=None if attention is None else Wanted(attention), **how)


def _bundled(session: Session, file: Path, graph: Graph, values: dict[str, Any], **how: Any) -> Result:
    """Run it and write its bundle into the output folder, under a name that is free."""
    from engine.bundle.bundle import SUFFIX, write
    from engine.bundle.make import bundled

    made = bundled(session, graph, values, **how)
    for warning in made.warnings:
        print(f"Warning: {warning}", file=sys.stderr)
    place = session.library.folder("output")
    place.mkdir(parents=True, exist_ok=True)
    names = (place / f"{file.stem}_{n:05}{SUFFIX}" for n in count(1))
    path = next(path for path in names if not path.exists())
    write(made.bundle, path)
    return replace(made.result, files=(*made.result.files, path))


def _values(graph: Any, session: Session, settings: list[str]) -> dict[str, Any]:
    from engine.cli import Sentence
    from engine.workflow.values import parse_value

    values: dict[str, Any] = {}
    for setting in settings:
        target, equals, text = setting.partition("=")
        if not equals:
            raise Sentence(f"--set {setting}: write NODE.INPUT=VALUE, for example KSampler.seed=7.")
        values[target] = parse_value(graph, session.registry, target, text)
    return values


def _texts(result: Result) -> list[str]:
    """What nodes show as text."""
    return [str(text) for ui in result.ui.values() for text in ui.get("text", ())]


def _summary(file: Path, result: Result, seconds: float) -> str:
    cached = f", {counted(len(result.cached), 'step')} there already" if result.cached else ""
    return f"{file}: done in {seconds:.1f} s{cached}."


def _tell(args: argparse.Namespace, record: dict[str, Any], lines: list[str], stream: Any) -> None:
    if args.json:
        print(json.dumps(record, ensure_ascii=False), flush=True)
    else:
        print(*lines, sep="\n", file=stream, flush=True)

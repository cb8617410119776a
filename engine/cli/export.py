"""`export FILE`: a workflow in the formats of others, or any workflow in ours."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.common import folders, load_registry, settings

if TYPE_CHECKING:
    from engine.graph.registry import Registry
    from engine.workflow.file import Opened

HELP = "print a workflow in ComfyUI's API format (subgraphs flattened, muted and bypassed nodes gone)"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--comfy", action="store_true", help="the format that ComfyUI's editor saves and opens")
    form.add_argument("--own", action="store_true", help="Inkwater's own format, with places, notes and subgraphs")
    folders(parser)


def main(args: argparse.Namespace) -> int:
    from engine.graph.sentences import sentence
    from engine.workflow.file import EDIT, opened

    chosen = settings(args)
    registry = load_registry(chosen.data).registry
    read = opened(args.file, registry, library=chosen.library(), order=EDIT)
    for problem in read.problems:
        print(f"Warning: {sentence(problem)}", file=sys.stderr)
    if args.own:
        exported = json.loads(read.text or b"{}")
    else:
        exported = _comfy(args.file, read, registry) if args.comfy else read.graph.to_api()
    print(json.dumps(exported, indent=2, ensure_ascii=False))
    return 0


def _comfy(file: Path, read: Opened, registry: Registry) -> dict[str, Any]:
    from engine.cli import Sentence
    from engine.graph.check import check
    from engine.graph.sentences import sentence
    from engine.workflow.comfy_ui import to_comfy_ui

    structural = ("missing_node_type", "dependency_cycle", "bad_linked_input")
    bad = [p for p in check(read.graph, registry).problems if p.code in structural]
    if bad:
        raise Sentence("\n".join(f"{file}: {sentence(p)}" for p in bad))
    return to_comfy_ui(read.graph, registry, json.loads(read.text or b"{}"))

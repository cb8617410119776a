"""`export FILE`: a workflow in the formats of others."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from engine.cli.common import folders, load_registry, settings

HELP = "print a workflow in ComfyUI's API format (subgraphs flattened, muted and bypassed nodes gone)"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--comfy", action="store_true", help="the format that ComfyUI's editor saves and opens")
    folders(parser)


def main(args: argparse.Namespace) -> int:
    from engine.cli import Sentence
    from engine.graph.check import check
    from engine.graph.sentences import sentence
    from engine.workflow.comfy_ui import to_comfy_ui
    from engine.workflow.file import load

    registry = load_registry(settings(args).data).registry
    graph, text = load(args.file, registry)
    if not args.comfy:
        exported = graph.to_api()
    else:
        structural = ("missing_node_type", "dependency_cycle", "bad_linked_input")
        bad = [p for p in check(graph, registry).problems if p.code in structural]
        if bad:
            raise Sentence("\n".join(f"{args.file}: {sentence(p)}" for p in bad))
        exported = to_comfy_ui(graph, registry, json.loads(text))
    print(json.dumps(exported, indent=2, ensure_ascii=False))
    return 0

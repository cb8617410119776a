"""`graph FILE --dot`: the workflow as a drawing for Graphviz."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from engine.cli.common import folders, load_registry, settings

HELP = "draw a workflow in Graphviz's language"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--dot", action="store_true", help="Graphviz's language, the only one so far")
    folders(parser)


def main(args: argparse.Namespace) -> int:
    from engine.graph.questions import dot
    from engine.workflow.file import opened

    registry = load_registry(settings(args).data).registry
    sys.stdout.write(dot(opened(args.file, registry).graph, registry))
    return 0

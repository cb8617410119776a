"""`bench`: the figures that the design promises, measured here."""

from __future__ import annotations

import argparse

from engine.cli.common import precision

FLAGS = ("look", "server", "models", "editor")
HELP = "measure planning, caching, memory, sampling, looking inside, the server and the editor on this machine"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these groups of measurements")
    parser.add_argument("--look", action="store_true", help="only what looking inside costs (a group too)")
    parser.add_argument("--server", action="store_true", help="only what clients of the server see (a group too)")
    parser.add_argument(
        "--models", action="store_true", help="only each family at full size: minutes, and up to 20 GB of memory"
    )
    parser.add_argument(
        "--editor", action="store_true", help="only the editor with 1,000 and 3,000 nodes: minutes, and a browser"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    precision(parser)


def main(args: argparse.Namespace) -> int:
    """Exit code 1 when a limit is missed."""
    from engine.bench import report

    return report([*args.names, *(name for name in FLAGS if getattr(args, name))], args.json)

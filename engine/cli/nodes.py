"""`nodes [--json|--markdown]`: all node types that there are."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from engine.cli.common import folders, load_registry, settings

if TYPE_CHECKING:
    from engine.graph.define import NodeDef

HELP = "list all node types with their inputs and outputs"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these, with the help of each input")
    parser.add_argument("--json", action="store_true", help="print JSON: name to definition")
    parser.add_argument("--markdown", action="store_true", help="print one page with the help of every input")
    folders(parser)


def main(args: argparse.Namespace) -> int:
    from engine.cli import Sentence
    from engine.cli.catalogue import catalogue
    from engine.graph.described import described
    from engine.near import nearest

    registry = load_registry(settings(args).data).registry
    for name in args.names:
        if name not in registry:
            near = ", ".join(nearest(name, registry))
            raise Sentence(f"There is no node type {name!r}{f'; did you mean {near}?' if near else '.'}")
    chosen = {name: registry[name] for name in args.names or sorted(registry)}
    if args.json:
        print(json.dumps({name: described(d) for name, d in chosen.items()}, indent=1, ensure_ascii=False))
    elif args.markdown:
        print(catalogue(chosen), end="")
    elif args.names:
        print(*map(_page, chosen.values()), sep="\n\n")
    else:
        _list(chosen)
    return 0


def _list(chosen: Mapping[str, NodeDef]) -> None:
    ordered = sorted(chosen.values(), key=lambda d: (d.category, d.name))
    for category, group in groupby(ordered, key=lambda d: d.category):
        print(category or "other")
        for d in group:
            inputs = ", ".join(f"{s.name}: {s.wire}" for s in d.inputs)
            outputs = ", ".join(s.wire for s in d.outputs)
            print(f"  {d.name}({inputs}){f' → {outputs}' if outputs else ''}")
    print(f"{len(ordered)} node types; `nodes NAME` tells more of one.")


def _page(d: NodeDef) -> str:
    from engine.graph.sockets import MISSING

    lines = [f"{d.name} ({d.label})", *(f"  {line}" for line in d.help.splitlines())]
    for s in d.inputs:
        default = "" if s.default is MISSING or s.optional else f" = {s.default!r}"
        lines.append(f"  in  {s.name}: {s.wire}{default}{' (optional)' * s.optional}  {s.help}".rstrip())
    lines += [f"  out {s.name}: {s.wire}  {s.help}".rstrip() for s in d.outputs]
    return "\n".join(lines)

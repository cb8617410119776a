"""`why BEFORE AFTER`: two bundles or pictures side by side: inputs, the first step that differs, pictures."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.common import folders, load_registry, settings

if TYPE_CHECKING:
    from engine.bundle.bundle import Bundle
    from engine.why import Changes

HELP = "say why two pictures (or bundles) are not the same: inputs, the first step that differs, how far they are apart"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", type=Path, metavar="BEFORE")
    parser.add_argument("after", type=Path, metavar="AFTER")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    folders(parser)


def main(args: argparse.Namespace) -> int:
    """Exit code 0 when they are the same, 2 when they differ, 1 when one cannot be read."""
    from engine.bundle.bundle import BundleError
    from engine.bundle.verdict import verdict
    from engine.graph.graph import Graph
    from engine.why import changes

    try:
        before, after = _read(args.before, args), _read(args.after, args)
    except FileNotFoundError as error:
        print(f"{error.filename}: there is no such file.", file=sys.stderr)
        return 1
    except BundleError as error:
        print(error, file=sys.stderr)
        return 1
    changed = changes(Graph.from_api(before.graph), Graph.from_api(after.graph))
    found = verdict(before, _paired(before, after))
    told = list(_lines(changed))
    if args.json:
        about = {name: [asdict(p) for p in getattr(changed, name)] for name in ("parameters", "added", "removed")}
        print(json.dumps({"same": changed.same, **about, **asdict(found)}, ensure_ascii=False))
    else:
        told += [str(found.first)] if found.first is not None else []
        told += [f"{name}: {then}, now {now}." for name, then, now in found.here]
        print(*told, _apart(found.word, found.psnr), sep="\n")
    return 0 if changed.same and found.word == "equal" else 2


def _read(path: Path, args: argparse.Namespace) -> Bundle:
    from engine.bundle.again import of_picture
    from engine.bundle.bundle import is_bundle, read

    if is_bundle(path):
        return read(path)
    chosen = settings(args)
    return of_picture(path, load_registry(chosen.data).registry, chosen.library())


def _paired(before: Bundle, after: Bundle) -> Bundle:
    """A picture does not say which node it is from: then the first pictures of both are compared."""
    from dataclasses import replace

    if before.outputs and after.outputs:
        return after
    nodes = [made.node for made in before.pictures]
    return replace(after, pictures=tuple(replace(m, node=n) for m, n in zip(after.pictures, nodes, strict=False)))


def _lines(changed: Changes) -> Iterator[str]:
    for p in changed.parameters:
        yield f"{p.title}.{p.input}: {_told(p.before)}, now {_told(p.after)}."
    yield from (f"{p.title} ({p.type}) is new." for p in changed.added)
    yield from (f"{p.title} ({p.type}) is gone." for p in changed.removed)
    if changed.same:
        yield "The graphs are the same."


def _told(value: Any) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


def _apart(word: str, psnr: float | None) -> str:
    if word == "equal":
        return "The pictures are equal."
    return f"The pictures are {psnr:.1f} dB apart (PSNR)." if psnr is not None else "The pictures cannot be compared."

"""`verify FILE…`: run a bundle, or the workflow of a picture, again, and say whether the same comes of it."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cli.common import folders, load_registry, precision, settings

if TYPE_CHECKING:
    from engine.session import Session

HELP = "run a bundle (of run --bundle) or a picture's workflow again, and say: equal, within tolerance, or what differs"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--tolerance",
        type=_decibels,
        default=40.0,
        metavar="DB",
        help="how near a picture must come where it is not equal, in decibels of PSNR (default: 40)",
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON per file")
    precision(parser)
    folders(parser)


def main(args: argparse.Namespace) -> int:
    """Exit code 0 when all are equal or within tolerance, 2 when one differs, 1 when one cannot be run."""
    from tempfile import TemporaryDirectory

    from engine.session import Session

    chosen = settings(args)
    with (
        TemporaryDirectory(prefix="inkwater-verify-") as place,
        Session(
            load_registry(chosen.data),
            data=chosen.data,
            models=chosen.models,
            output=Path(place, "made"),
            given=Path(place, "given"),
            precision=chosen.precision,
            device_bytes=chosen.device_bytes,
            memory=0,
            disk=0,
        ) as session,
    ):
        codes = [_verify(session, file, args) for file in args.files]
    return 1 if 1 in codes else max(codes)


def _verify(session: Session, file: Path, args: argparse.Namespace) -> int:
    from engine.bundle.again import verified
    from engine.bundle.bundle import BundleError
    from engine.bundle.verdict import sentences
    from engine.workflow.error import WorkflowError

    try:
        found, warnings = verified(session, file, args.tolerance)
    except FileNotFoundError:
        return _refused(file, [f"{file}: there is no such file."], args)
    except BundleError as error:
        return _refused(file, [str(error)], args)
    except WorkflowError as error:
        return _refused(file, list(error.sentences), args)
    for warning in warnings:
        print(f"Warning: {warning}", file=sys.stderr)
    if args.json:
        print(json.dumps({"file": str(file), **asdict(found)}, ensure_ascii=False), flush=True)
    else:
        first, *others = sentences(found)
        print(f"{file}: {first}", *(f"  {line}" for line in others), sep="\n", flush=True)
    return 2 if found.word == "differs" else 0


def _refused(file: Path, told: list[str], args: argparse.Namespace) -> int:
    if args.json:
        print(json.dumps({"file": str(file), "word": "refused", "problems": told}, ensure_ascii=False), flush=True)
    else:
        print(*told, sep="\n", file=sys.stderr, flush=True)
    return 1


def _decibels(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 200:
        raise argparse.ArgumentTypeError(f"{text!r} is no tolerance: say decibels from 0 to 200, such as 40")
    return value

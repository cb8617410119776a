"""What several sub-commands share: options, and the registry with its failures told."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.settings import PRECISIONS, RECORDINGS, Settings, default_data

if TYPE_CHECKING:
    from engine.plugins import Loaded


def folders(parser: argparse.ArgumentParser) -> None:
    """--data and --models."""
    parser.add_argument("--data", type=Path, metavar="DIR", help="where input, output, packs and cache are kept")
    parser.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        action="append",
        default=[],
        help="a further folder of models (ours, ComfyUI's, A1111's or Forge's layout, or a YAML list); may be repeated",
    )


def precision(parser: argparse.ArgumentParser) -> None:
    """--precision and --device-memory."""
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="auto", help="auto: what is fast and good on this device; full: fp32"
    )
    parser.add_argument(
        "--device-memory",
        type=_gigabytes,
        default=0,
        metavar="GB",
        help="the most memory that weights may take on the device; larger models stream their layers",
    )


def recordings(parser: argparse.ArgumentParser) -> None:
    """--recordings."""
    parser.add_argument(
        "--recordings",
        type=_gigabytes_or_none,
        default=RECORDINGS,
        metavar="GB",
        help="the most disk that recorded sampler steps may take, the oldest go first; 0 records nothing; default 1",
    )


def _gigabytes(text: str) -> int:
    """Bytes of a number of gigabytes above 0."""
    if not (size := _size(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no size: say a number of gigabytes above 0, such as 2 or 0.5")
    return size


def _gigabytes_or_none(text: str) -> int:
    """Bytes of a number of gigabytes, which may be 0."""
    if (size := _size(text)) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: say a number of gigabytes, such as 2 or 0.5, or 0")
    return size


def _size(text: str) -> int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value * 1e9) if 0 <= value < 1e6 else None


def settings(args: argparse.Namespace) -> Settings:
    """The settings that the options say."""
    data = args.data.expanduser().absolute() if args.data else default_data()
    return Settings(
        data=data,
        models=tuple(args.models),
        precision=getattr(args, "precision", "auto"),
        device_bytes=getattr(args, "device_memory", 0),
        recordings=getattr(args, "recordings", RECORDINGS),
    )


def load_registry(data: Path) -> Loaded:
    """All node types; a pack that is left out is told on stderr."""
    from engine.plugins import registry

    loaded = registry(data)
    for failure in loaded.failures:
        print(f"Pack {failure.name} is left out: {failure.reason}", file=sys.stderr)
    return loaded


def counted(count: int, noun: str) -> str:
    """ "1 step", "2 steps"."""
    return f"{count} {noun}{'s' * (count != 1)}"

"""The settings of a worker as its command line, there and back."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from engine.settings import Settings

PLAIN = (
    "precision",
    "share",
    "memory",
    "disk",
    "device",
    "device_bytes",
    "recordings",
    "at_once",
    "preview_method",
    "preview_size",
)


def to_options(settings: Settings) -> list[str]:
    """The command line that says these settings."""
    options = [f"--data={settings.data.absolute()}"]
    options += [f"--models={folder.absolute()}" for folder in settings.models]
    options += [f"--folder={kind}={folder.absolute()}" for kind, folder in settings.folders]
    return options + [f"--{name.replace('_', '-')}={getattr(settings, name)}" for name in PLAIN]


def from_options(options: Sequence[str] | None = None) -> Settings:
    """The settings that a command line says."""
    parser = argparse.ArgumentParser(prog="python -m engine.worker", description="Runs the jobs of a server.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, action="append", default=[])
    parser.add_argument("--folder", action="append", default=[], metavar="KIND=DIR")
    for name in PLAIN:
        default = Settings.__dataclass_fields__[name].default
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    given = vars(parser.parse_args(options))
    folders = tuple((kind, Path(folder)) for kind, _, folder in (f.partition("=") for f in given.pop("folder")))
    return Settings(**given | {"models": tuple(given["models"]), "folders": folders})

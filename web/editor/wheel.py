"""The build backend of this project: setuptools, with the editor built before the files of a wheel are collected.

An editable installation has the checkout's editor, which the server builds.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

from web.editor.build import build
from web.editor.node import REQUIREMENT, find
from web.editor.run import CannotBuild
from web.editor.sources import UI, fresh

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

Settings = Mapping[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Node as a Python package, where the editor must be built and the machine has none that fits."""
    needs_node = not fresh(UI) and find(UI) is None
    return [*build_meta.get_requires_for_build_wheel(config_settings), *([REQUIREMENT] if needs_node else [])]


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """A wheel with the editor in it."""
    try:
        build(UI, lambda line: print(line, file=sys.stderr, flush=True))
    except CannotBuild as error:
        raise SystemExit(f"The editor could not be built: {error}") from error
    return str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))

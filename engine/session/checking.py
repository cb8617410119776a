"""The rules of a check with all that is known: files of a library, what models say of themselves, what fits what."""

from __future__ import annotations

from engine.files import Library
from engine.graph.keys import Salt
from engine.graph.registry import Registry
from engine.models.facts import JUDGES, describe
from engine.run.growth import Rules


def rules(registry: Registry, library: Library, salt: Salt | str = "", job: str = "") -> Rules:
    """What a graph is checked with, before the run and in it."""
    return Rules(registry, library, salt, job, JUDGES, describe(library))

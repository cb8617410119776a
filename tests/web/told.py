"""All sentences that the code can tell of what went wrong, found in its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from engine.graph.told import Told, telling

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Said:
    """One place where a sentence stands; `sentence` is None where it is not written out there."""

    place: str
    sentence: str | None
    given: frozenset[str]


def gaps(sentence: str) -> frozenset[str]:
    """The names of the values that a sentence wants."""
    return frozenset(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)


def said(part: str) -> Iterator[Said]:
    """Every construction of a `Told` or a telling in a part of the code, `engine` or `nodes`."""
    makers = _makers()
    for path in sorted((ROOT / part).rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in makers:
                first = call.args[0] if call.args else None
                written = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
                given = frozenset(word.arg for word in call.keywords if word.arg is not None)
                yield Said(f"{path.relative_to(ROOT)}:{call.lineno}", written, given)


def _makers() -> set[str]:
    """Names of `telling`, of `Told` and of all classes under it."""
    bases: dict[str, set[str]] = {}
    for part in ("engine", "nodes"):
        for path in (ROOT / part).rglob("*.py"):
            for made in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(made, ast.ClassDef):
                    bases[made.name] = {base.id for base in made.bases if isinstance(base, ast.Name)}
    found, before = {Told.__name__}, 0
    while len(found) > before:
        before = len(found)
        found |= {name for name, some in bases.items() if some & found}
    return found | {telling.__name__}


def sentences() -> Mapping[str, list[str]]:
    """By part; what engine says is not said again for nodes."""
    engine = {one.sentence for one in said("engine") if one.sentence is not None}
    nodes = {one.sentence for one in said("nodes") if one.sentence is not None}
    return {"engine": sorted(engine), "nodes": sorted(nodes - engine)}

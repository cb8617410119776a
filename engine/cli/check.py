"""`check FILE|DIR…`: every problem of a workflow, or for folders a table of what runs here."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.common import folders, load_registry, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.files import Library
    from engine.graph.problems import Problem
    from engine.graph.registry import Registry

HELP = "tell all problems of workflows; of a folder, which workflows run now and what the others need"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE|DIR")
    parser.add_argument("--json", action="store_true", help="print JSON: one line per workflow")
    folders(parser)


def main(args: argparse.Namespace) -> int:
    """Exit code 1 when something does not run."""
    chosen = settings(args)
    registry, library = load_registry(chosen.data).registry, chosen.library()
    fine = True
    for path in args.files:
        reports = [examine(file, registry, library) for file in _workflows(path)]
        if args.json:
            print(*(json.dumps(r.record(), ensure_ascii=False) for r in reports), sep="\n")
        elif path.is_dir():
            _table(path, reports)
        else:
            print(*(line for r in reports for line in r.lines()), sep="\n")
        fine = fine and all(r.runs for r in reports)
    return 0 if fine else 1


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of one workflow: the sentences of an unreadable one, or its problems and its steps."""

    file: Path
    sentences: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    steps: int = 0
    readable: bool = True

    @property
    def runs(self) -> bool:
        return self.readable and not any(p.severity == "error" for p in self.problems)

    @property
    def verdict(self) -> str:
        """What the table says of it."""
        if self.runs:
            return "runs now"
        if not self.readable:
            return self.sentences[0].removeprefix(f"{self.file}: ")
        return "; ".join(filter(None, (_types(self.problems), _models(self.problems)))) or self._count()

    def _count(self) -> str:
        errors = sum(p.severity == "error" for p in self.problems)
        return f"{errors} problem{'s' * (errors != 1)}"

    def lines(self) -> Iterator[str]:
        if self.readable:
            yield f"{self.file}: {f'fine, {self.steps} steps' if self.runs else self._count()}"
        yield from (f"  {s}" if self.readable else s for s in self.sentences)

    def record(self) -> dict[str, Any]:
        """For --json."""
        found = [
            {"code": p.code, "severity": p.severity, "node": p.node, "input": p.input, "sentence": s}
            for p, s in zip(self.problems, self.sentences, strict=False)
        ]
        unread = [{"sentence": s} for s in self.sentences] if not self.readable else []
        return {"file": str(self.file), "runs": self.runs, "steps": self.steps, "problems": found or unread}


def examine(file: Path, registry: Registry, library: Library) -> Report:
    """Check one workflow; what cannot be read is a report too."""
    from engine.graph.problems import GraphError
    from engine.graph.sentences import sentence
    from engine.session.checking import rules
    from engine.workflow.error import WorkflowError
    from engine.workflow.file import load

    try:
        graph, _ = load(file, registry)
    except (GraphError, WorkflowError) as error:
        return Report(file, tuple(str(error).splitlines()), readable=False)
    found = rules(registry, library).check(graph)
    return Report(file, tuple(map(sentence, found.problems)), found.problems, len(found.plan.steps))


def _workflows(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.suffix.lower() in (".json", ".png") and p.is_file())


def _table(folder: Path, reports: list[Report]) -> None:
    if not reports:
        print(f"{folder}: no workflows (files ending in .json or .png).")
        return
    rows = [(str(r.file.relative_to(folder)), r.verdict) for r in reports]
    width = max(len(name) for name, _ in rows)
    print(*(f"{name:<{width}}  {verdict}" for name, verdict in rows), sep="\n")
    print(f"{sum(r.runs for r in reports)} of {len(reports)} run now.")


def _types(problems: tuple[Problem, ...]) -> str:
    names = sorted({str(p.args.get("type", p.node)) for p in problems if p.code == "missing_node_type"})
    return f"needs node types {', '.join(names)}" if names else ""


def _models(problems: tuple[Problem, ...]) -> str:
    missing: dict[str, str] = {}
    for p in problems:
        if p.code == "value_not_in_list" and "kind" in p.args:
            near = p.args.get("near") or ()
            missing[str(p.args["value"])] = f" (nearest here: {near[0]})" if near else ""
    return f"needs {', '.join(f'{name}{near}' for name, near in missing.items())}" if missing else ""

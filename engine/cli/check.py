"""`check FILE|DIR…`: every problem of a workflow, or for folders a table of what runs here."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.common import counted, folders, load_registry, settings

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
        if path.is_dir():
            reports = [r for r in reports if r.workflow]
        if args.json:
            print(*(json.dumps(r.record(), ensure_ascii=False) for r in reports), sep="\n")
        elif path.is_dir():
            _table(path, reports)
        else:
            print(*(line for r in reports for line in r.lines()), sep="\n")
        fine = fine and all(r.runs for r in reports)
    return 0 if fine else 1


NO_WORKFLOW = ("invalid_prompt", "bad_id", "no_workflow")
"""Codes of problems of files that are something else altogether."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of one file: its problems with their sentences, and its steps."""

    file: Path
    sentences: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    steps: int = 0
    readable: bool = True

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == "error")

    @property
    def runs(self) -> bool:
        return self.readable and not self.errors

    @property
    def workflow(self) -> bool:
        """Whether this is a workflow at all."""
        return self.readable or not all(p.code in NO_WORKFLOW for p in self.problems)

    @property
    def verdict(self) -> str:
        """What the table says of it."""
        if self.runs:
            return "runs now"
        if not self.readable:
            return self.sentences[0].removeprefix(f"{self.file}: ")
        needs = filter(None, (_types(self.errors), _models(self.errors)))
        return "; ".join(needs) or counted(len(self.errors), "problem")

    def lines(self) -> Iterator[str]:
        """What is printed of it alone."""
        if not self.readable:
            yield from self.sentences
            return
        fine = f"fine, {counted(self.steps, 'step')}"
        yield f"{self.file}: {fine if self.runs else counted(len(self.errors), 'problem')}"
        for problem, sentence in zip(self.problems, self.sentences, strict=True):
            yield f"  {sentence if problem.severity == 'error' else f'(warning) {sentence}'}"

    def record(self) -> dict[str, Any]:
        """For --json."""
        told = [{"sentence": s} for s in self.sentences]
        for entry, p in zip(told, self.problems, strict=False):
            entry.update(code=p.code, severity=p.severity, node=p.node, input=p.input)  # type: ignore[arg-type]
        return {"file": str(self.file), "runs": self.runs, "steps": self.steps, "problems": told}


def examine(file: Path, registry: Registry, library: Library) -> Report:
    """Check one workflow; what cannot be read is a report too."""
    from engine.graph.sentences import sentence
    from engine.workflow import checking
    from engine.workflow.error import WorkflowError
    from engine.workflow.file import opened

    try:
        read = opened(file, registry, library=library)
    except WorkflowError as error:
        return Report(file, error.sentences, error.problems, readable=False)
    found = checking.examine(read.graph, registry, library, before=read.problems)
    return Report(file, tuple(map(sentence, found.problems)), found.problems, len(found.plan.steps))


def _workflows(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    from engine.workflow.file import SUFFIXES

    return sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def _table(folder: Path, reports: list[Report]) -> None:
    rows = [(str(r.file.relative_to(folder)), r.verdict) for r in reports]
    width = max((len(name) for name, _ in rows), default=0)
    for name, verdict in rows:
        print(f"{name:<{width}}  {verdict}")
    print(f"{sum(r.runs for r in reports)} of {counted(len(reports), 'workflow')} run now.")


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

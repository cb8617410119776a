"""Foresight: facts carried along the links before the run, and judged where they meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from engine.files import FileProblem, FileRef, Library
from engine.graph.facts import NOTHING, Describe, Facts, Judge, Known
from engine.graph.graph import Const, Link, NodeId
from engine.graph.parse import Parsed, Parser
from engine.graph.plan import Step
from engine.graph.problems import Mend, Refused
from engine.graph.told import Telling, beside

LOOKED_AT = 50
"""The most files that are looked into to find one that fits."""


class Foresight:
    """Works out the facts of one check; what a file says of itself is asked for once."""

    def __init__(self, judges: Sequence[Judge], describe: Describe | None, library: Library | None) -> None:
        self._judges = judges
        self._describe = describe
        self._library = library
        self._told: dict[FileRef, Facts | Exception] = {}

    def of(self, id: NodeId, found: Parsed, above: Mapping[NodeId, Step], parser: Parser) -> tuple[Facts, ...]:
        """The facts of each output; what does not fit becomes a problem of the node."""
        definition = found.definition
        if definition.facts is None and not self._judges:
            return (NOTHING,) * len(definition.outputs)
        known = self._inputs(id, found, above, parser)
        # What takes anything needs nothing to fit: both sides of a choice, the values of a list.
        fussy = {s.name: known[s.name] for s in definition.inputs if s.name in known and s.type is not Any}
        for judge in self._judges if fussy else ():
            blamed: set[str] = set()
            for first, second, expected, seen in judge.verdicts(fussy):
                if second in blamed or first in blamed:
                    continue
                blamed.add(second)
                args = {"first": first, "expected": expected, "found": seen, "fact": judge.fact}
                if isinstance(seen, Telling):
                    args |= {"found": str(seen), "telling": seen.plain()}
                mend = self._other_file(judge, expected, found.args.get(second))
                parser.say(judge.code, args, id, second, mend, judge.severity)
        count = len(definition.outputs)
        if definition.facts is None or id in parser.bad:
            return (NOTHING,) * count
        values = {name: a.value if isinstance(a, Const) else known.get(name, NOTHING) for name, a in found.args.items()}
        inputs = Known(values, known, self._library, parser.graph, parser.definitions, found.args)
        try:
            told = tuple(definition.facts(inputs))
        except Refused as refused:
            parser.say(refused.code, refused.details, id, refused.input, refused.mend)
        except FileProblem as problem:
            parser.file_problem(id, None, problem)
        except Exception as error:  # a node's own code must not end the check
            parser.say("facts_failed", beside(error), id, severity="warning")
        else:
            return (told + (NOTHING,) * count)[:count]
        return (NOTHING,) * count

    def _other_file(self, judge: Judge, expected: Any, arg: Any) -> Mend | None:
        """For a file that does not fit: the files of its kind that do, as far as looking costs little."""
        ref = arg.value if isinstance(arg, Const) else None
        if not isinstance(ref, FileRef) or self._library is None or expected is None:
            return None
        others = (name for name in self._library.names(ref.kind) if name != ref.name)
        fitting = tuple(name for name in islice(others, LOOKED_AT) if self._suits(ref.kind, name, judge, expected))
        return Mend("choose", {"options": fitting}) if fitting else None

    def _suits(self, kind: str, name: str, judge: Judge, expected: Any) -> bool:
        """Whether this file is known to have the fact and to fit; its digest is not worked out for that."""
        try:
            told = self._describe(FileRef(kind, name, "")) if self._describe is not None else NOTHING
        except Exception:  # a file that cannot be told of is not offered
            return False
        fact = told.get(judge.other)
        return fact is not None and judge.fits(expected, fact)

    def _inputs(self, id: NodeId, found: Parsed, above: Mapping[NodeId, Step], parser: Parser) -> dict[str, Facts]:
        """The facts of each input of which something is known."""
        known: dict[str, Facts] = {}
        for name, arg in found.args.items():
            if type(arg) is Link:
                facts = above[arg.node].facts[arg.output]
                if facts:
                    known[name] = facts
            elif self._describe is not None and isinstance(arg.value, FileRef):  # type: ignore[union-attr]
                known[name] = self._file(id, name, arg.value, parser)  # type: ignore[union-attr]
        return known

    def _file(self, id: NodeId, name: str, ref: FileRef, parser: Parser) -> Facts:
        if ref not in self._told:
            try:
                self._told[ref] = self._describe(ref) if self._describe is not None else NOTHING
            except Exception as error:  # told below, once for each node that uses the file
                self._told[ref] = error
        told = self._told[ref]
        match told:
            case Refused():
                parser.say(told.code, told.details, id, name, told.mend)
            case FileProblem():
                parser.file_problem(id, name, told)
            case Exception():
                parser.say("facts_failed", beside(told), id, name, severity="warning")
            case _:
                return told
        return NOTHING

"""Facts: what is known of values before the run (family, channels, picture size …), and judges of what fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.files import FileRef, Library
from engine.graph.graph import Arg, Graph, NodeId
from engine.graph.problems import Severity

if TYPE_CHECKING:
    from engine.graph.define import NodeDef

Facts: TypeAlias = Mapping[str, Any]
"""What is known of one value, by name."""

NOTHING: Facts = {}


class Known(dict[str, Any]):
    """What is known of a node's inputs: the parsed constant of each, or the Facts of what is linked to it.

    `library` is the one that the check was given (None in a check without files); `graph` is the one that is checked
    (inside an expansion that alone), `definitions` the types of its nodes, `args` the node's inputs with their links.
    """

    __slots__ = ("_of", "args", "definitions", "graph", "library")

    def __init__(
        self,
        values: Mapping[str, Any],
        of: Mapping[str, Facts],
        library: Library | None,
        graph: Graph | None = None,
        definitions: Mapping[NodeId, NodeDef | None] | None = None,
        args: Mapping[str, Arg] | None = None,
    ) -> None:
        super().__init__(values)
        self._of = of
        self.library = library
        self.graph = graph or Graph()
        self.definitions = definitions or {}
        self.args = args or {}

    def facts(self, name: str) -> Facts:
        """The facts of an input: of the linked output, or of the file that a constant names; else none."""
        return self._of.get(name, NOTHING)


FactsOf: TypeAlias = Callable[[Known], Sequence[Facts]]
"""From what is known of the inputs to one Facts per output; raises Refused to make a problem."""

Describe: TypeAlias = Callable[[FileRef], Facts]
"""What is known of a file from its header."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A row of the table of what must fit: fact `fact` of one input of a node against `other` of another input.

    Where it does not fit there is a problem with this code and args {first, second, found, expected}:
    `found` is the fact of the input that is blamed (`second`), `expected` that of the other.
    """

    code: str
    fact: str
    other: str
    fits: Callable[[Any, Any], bool]
    severity: Severity = "error"

    def verdicts(self, inputs: Mapping[str, Facts]) -> Iterator[tuple[str, str, Any, Any]]:
        """(first, second, expected, found) of each pair of inputs that does not fit."""
        pairs = combinations(inputs, 2) if self.fact == self.other else permutations(inputs, 2)
        for first, second in pairs:
            a, b = inputs[first].get(self.fact), inputs[second].get(self.other)
            if a is not None and b is not None and not self.fits(a, b):
                yield first, second, a, b


@dataclass(frozen=True, slots=True)
class Bar(Judge):
    """A row for values that are of no use: whatever input has the fact `fact` is a problem; `found` says why."""

    def verdicts(self, inputs: Mapping[str, Facts]) -> Iterator[tuple[str, str, Any, Any]]:
        """(input, input, None, found) of each input that has the fact."""
        for name, facts in inputs.items():
            if (why := facts.get(self.fact)) is not None:
                yield name, name, None, why


def barred(code: str, fact: str) -> Judge:
    """No input may have this fact."""
    return Bar(code, fact, fact, lambda a, b: False)


def same(code: str, fact: str, severity: Severity = "error") -> Judge:
    """All inputs of a node that have this fact must agree on it."""
    return Judge(code, fact, fact, lambda a, b: bool(a == b), severity)

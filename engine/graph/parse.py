"""Parsing the nodes of a graph by their definitions: links judged, constants made values, all problems kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.files import FileProblem, FileRef, Library
from engine.graph.define import NodeDef
from engine.graph.graph import Arg, Const, Graph, Link, Node, NodeId
from engine.graph.hints import Hints
from engine.graph.plan import Step
from engine.graph.problems import Mend, Problem, Severity
from engine.graph.registry import Registry
from engine.graph.sockets import (
    MISSING,
    PLAIN,
    Choice,
    File,
    Socket,
    accepts,
    members,
    parse_constant,
    parse_list,
)
from engine.graph.told import beside

_NONE = Const(None)


@dataclass(slots=True)
class Parsed:
    """A node whose inputs have been read; `args` lacks those that have problems, `parents` holds what they need too."""

    definition: NodeDef
    args: dict[str, Arg]
    demanded: frozenset[str] | None = None
    parents: tuple[NodeId, ...] = ()


@dataclass(slots=True)
class Parser:
    """Parses the nodes of one graph.

    Args:
        outer: steps of the graph around an expansion, which links may name.
        opaque: whether constants may be values that no file can hold (inside an expansion).
    """

    graph: Graph
    registry: Registry
    library: Library | None = None
    outer: Mapping[NodeId, Step] = field(default_factory=dict)
    opaque: bool = False
    problems: list[Problem] = field(default_factory=list)
    bad: set[NodeId] = field(default_factory=set)
    definitions: dict[NodeId, NodeDef | None] = field(init=False)
    hints: Hints = field(init=False)

    def __post_init__(self) -> None:
        self.definitions = {id: self.registry.get(node.type) for id, node in self.graph.nodes.items()}
        self.hints = Hints(self.graph, self.definitions)

    def say(
        self,
        code: str,
        args: Mapping[str, Any],
        node: NodeId,
        input: str | None = None,
        mend: Mend | None = None,
        severity: Severity = "error",
    ) -> None:
        """Keep a problem; an error makes its node bad."""
        self.problems.append(Problem(code, {**args, "type": self.graph.nodes[node].type}, node, input, mend, severity))
        if severity == "error":
            self.bad.add(node)

    def node(self, id: NodeId, node: Node) -> Parsed | None:
        """The node by its definition, or None when its type is unknown."""
        definition = self.definitions[id]
        if definition is None:
            near = self.hints.near(node.type, self.registry, "node types")
            told = {"near": near} | ({"pack": node.pack} if node.pack else {})
            self.say("missing_node_type", told, id, mend=Mend("retype", {"options": near}) if near else None)
            return None
        parsed = Parsed(definition, {})
        lazy = []
        for socket in definition.inputs:
            if socket.lazy and not socket.recipe:
                lazy.append(socket)
            else:
                self._input(id, node, socket, parsed.args)
        if lazy:
            parsed.demanded = _demanded(definition, parsed.args)
            for socket in lazy:
                if parsed.demanded is None or socket.name in parsed.demanded:
                    self._input(id, node, socket, parsed.args)
                else:
                    parsed.args[socket.name] = _NONE if socket.default is MISSING else Const(socket.default)
        parsed.parents = self._parents(node, parsed)
        self._unknown_inputs(id, node, definition)
        return parsed

    def _parents(self, node: Node, parsed: Parsed) -> tuple[NodeId, ...]:
        """What the node needs; where an input is wrong, what it names."""
        args = parsed.args
        if len(args) == len(parsed.definition.inputs):
            return tuple([a.node for a in args.values() if type(a) is Link])
        named = (args.get(s.name) or node.inputs.get(s.name) for s in parsed.definition.inputs)
        return tuple(
            a.node for a in named if isinstance(a, Link) and (a.node in self.graph.nodes or a.node in self.outer)
        )

    def _input(self, id: NodeId, node: Node, socket: Socket, args: dict[str, Arg]) -> None:
        try:
            self._read(id, node, socket, args)
        except Exception as error:  # options or constraints of the node's own code
            self.say("exception_during_validation", beside(error), id, socket.name)

    def _read(self, id: NodeId, node: Node, socket: Socket, args: dict[str, Arg]) -> None:
        """Read one input into `args`, or say what is wrong with it."""
        arg = node.inputs.get(socket.name)
        if arg is None:
            if socket.default is MISSING:
                self.say("required_input_missing", _about(socket), id, socket.name, self._fill(id, socket))
                return
            if socket.default is None or socket.file is None:
                args[socket.name] = Const(socket.default)
                return
            arg = Const(socket.default)
        if type(arg) is Link:
            if self._link(id, socket, arg):
                args[socket.name] = arg
        elif isinstance(arg, Const) and (value := self._constant(id, socket, arg.value)) is not MISSING:
            args[socket.name] = arg if value is arg.value else Const(value)

    def _link(self, id: NodeId, socket: Socket, link: Link) -> bool:
        """Whether a link can be followed: its node is there; its output too, and of a fitting type."""
        outer = self.outer.get(link.node)
        if link.node not in self.graph.nodes and outer is None:
            args = {"source": link.node, "output": link.output, **_about(socket)}
            self.say("bad_linked_input", {**args, "reason": "no_node"}, id, socket.name, self._fill(id, socket))
            return False
        source = outer.definition if outer is not None else self.definitions[link.node]
        if source is None:
            return True
        given = source.outputs[link.output] if 0 <= link.output < len(source.outputs) else None
        if given is not None and (
            given.type is socket.type or accepts(given.type, socket.type) or _chooses(given.type, socket)
        ):
            return True
        args = {"source": link.node, "source_type": source.name, "output": link.output, **_about(socket)}
        if given is None:
            args |= {"reason": "no_output", "outputs": [o.name for o in source.outputs]}
            self.say("bad_linked_input", args, id, socket.name, self._fill(id, socket, link.node))
        else:
            args["received"] = given.wire
            self.say("return_type_mismatch", args, id, socket.name, self._fill(id, socket, link.node))
        return False

    def _constant(self, id: NodeId, socket: Socket, value: Any) -> Any:
        """The constant as a value of the socket, or MISSING when it has problems."""
        if not socket.constraints and type(value) is socket.type and socket.type in _AS_IT_IS:
            return value
        if value is None and socket.optional:
            return None
        if socket.file is not None:
            return self._file(id, socket, socket.file, value)
        if self.opaque and not any(t in PLAIN for t in members(socket.type)):
            return value
        parsed = parse_list(value, socket.type) if socket.is_list else parse_constant(value, socket.type)
        if parsed is MISSING:
            self.say(
                "invalid_input_type",
                {"value": value, **_about(socket)},
                id,
                socket.name,
                self._retyped(id, socket, value),
            )
            return MISSING
        for constraint in socket.constraints:
            for v in parsed if socket.is_list else (parsed,):
                self._constrain(id, socket, constraint, v)
        return parsed

    def _constrain(self, id: NodeId, socket: Socket, constraint: Any, value: Any) -> None:
        if isinstance(constraint, Choice):
            options = self.hints.options(constraint)
            if value in options:
                return
            near = self.hints.near(str(value), options, (self.graph.nodes[id].type, socket.name))
            args = {"value": value, "options": options, "near": near}
            mend = Mend("set", {"value": near[0]}) if near else Mend("choose", {"options": options})
            self.say("value_not_in_list", args, id, socket.name, mend)
        elif (complaint := constraint.complaint(value)) is not None:
            good = complaint.value
            clamp = Mend("set", {"value": good}) if good is not MISSING and not socket.is_list else None
            self.say(complaint.code, complaint.args, id, socket.name, complaint.mend or clamp, complaint.severity)

    def _file(self, id: NodeId, socket: Socket, file: File, value: Any) -> Any:
        """The file that a name means; without a library the name stands for itself."""
        if isinstance(value, FileRef):
            return value
        if not isinstance(value, str):
            self.say("invalid_input_type", {"value": value, **_about(socket)}, id, socket.name, self._fill(id, socket))
            return MISSING
        if self.library is None:
            return FileRef(file.kind, value, f"name:{value}")
        found = self.hints.file(self.library, file.kind, value)
        if isinstance(found, FileRef):
            return found
        self.file_problem(id, socket.name, found)
        return MISSING

    def file_problem(self, id: NodeId, input: str | None, found: FileProblem) -> None:
        """Keep what is wrong with a file as a problem of an input."""
        near = found.details.get("near", ())
        mend = Mend("set", {"value": near[0]}) if near else None
        self.say(found.code, found.details, id, input, mend)

    def _fill(self, id: NodeId, socket: Socket, near: NodeId | None = None) -> Mend | None:
        """How an input without a usable value gets one."""
        if socket.default is not MISSING:
            return Mend("set", {"value": socket.default})
        if socket.file is not None:
            return Mend("choose", {"options": self._files(socket.file)})
        if socket.choice is not None:
            return Mend("choose", {"options": self.hints.options(socket.choice)})
        return self.hints.connect(id, socket.type, near)

    def _files(self, file: File) -> tuple[str, ...]:
        return self.hints.names(self.library, file.kind) if self.library is not None else ()

    def _retyped(self, id: NodeId, socket: Socket, value: Any) -> Mend | None:
        """The value of the right type that was probably meant."""
        meant = _meant(value, socket.type)
        return self._fill(id, socket) if meant is MISSING else Mend("set", {"value": meant})

    def _unknown_inputs(self, id: NodeId, node: Node, definition: NodeDef) -> None:
        """Inputs that the definition does not have: left out, and told, since old files carry some."""
        known = [s.name for s in definition.inputs]
        if node.inputs.keys() <= set(known):
            return
        for name in node.inputs:
            if name not in known:
                near = tuple(n for n in self.hints.near(name, known, definition) if n not in node.inputs)
                mend = Mend("rename", {"to": near[0]}) if near else Mend("remove")
                self.say("unknown_input", {"near": near}, id, name, mend, "warning")


def _about(socket: Socket) -> dict[str, Any]:
    return {"expected": socket.wire}


def _chooses(given: Any, socket: Socket) -> bool:
    """Text may flow into a choice, but into no file name: its content would be missing in the key."""
    return given is str and socket.choice is not None


def _demanded(definition: NodeDef, args: Mapping[str, Arg]) -> frozenset[str] | None:
    """The lazy inputs that are wanted if constants alone decide it; None when only the run can tell."""
    values = {s.name: args.get(s.name) for s in definition.inputs if not s.lazy}
    if definition.demand is None or not all(isinstance(a, Const) for a in values.values()):
        return None
    try:
        return definition.wants({name: a.value for name, a in values.items() if isinstance(a, Const)})
    except Exception:  # the node's own code: the run will name the fault
        return None


def _meant(value: Any, t: Any) -> Any:
    """A number written as text, a fraction where a whole number is due, "true" for true, a number where text is due."""
    try:
        if t is float and isinstance(value, str):
            return parse_constant(float(value), float)
        if t is int and isinstance(value, str | float):
            return parse_constant(round(float(value)), int)
    except (ValueError, OverflowError):
        return MISSING
    if t is bool and str(value).lower() in _BOOLEANS:
        return _BOOLEANS[str(value).lower()]
    if t is str and type(value) in (int, float):
        return str(value)
    return MISSING


_AS_IT_IS = (int, str, bool)
"""Types whose constants need no parsing when they have the type already."""

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}

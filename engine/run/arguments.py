"""What comes to a node by a link: of the input's type, and within the bounds that a constant there must keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph.graph import Link
from engine.graph.plan import Step
from engine.graph.problems import Problem
from engine.graph.sockets import MISSING, Choice, Socket
from engine.graph.told import Telling, telling
from engine.run.errors import BadArgument
from engine.run.readers import called, unsound, value_reader


def fitting(step: Step, args: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of one call, numbers as Python's; raises BadArgument.  Constants were checked before the run."""
    linked = [s for s in step.definition.inputs if s.name in args and isinstance(step.args.get(s.name), Link)]
    return {**args, **{socket.name: _fitting(socket, args[socket.name]) for socket in linked}}


def _fitting(socket: Socket, value: Any) -> Any:
    if value is None and (socket.optional or socket.lazy):
        return None
    if socket.is_list and isinstance(value, list | tuple):
        return [_one(socket, v) for v in value]
    return _one(socket, value)


def _one(socket: Socket, value: Any) -> Any:
    read = value_reader(socket.type)
    found = value if read is None else read(value)
    if found is MISSING:
        raise _bad(socket, _of_another_type(socket, value))
    if (reason := unsound(socket.type, found)) is not None:
        raise _bad(socket, reason)
    for constraint in socket.constraints:
        complaint = constraint.complaint(found)
        if complaint is not None and complaint.severity == "error":
            options = {"options": constraint.listed()} if isinstance(constraint, Choice) else {}
            raise _bad(socket, Problem(complaint.code, {**complaint.args, **options}))
    return found


def _of_another_type(socket: Socket, value: Any) -> Telling | Problem:
    """Numbers and texts are shown, tensors, models and the like only named."""
    if isinstance(value, bool | int | float | str):
        return Problem("invalid_input_type", {"value": value, "expected": socket.wire})
    return telling("it is {found}, and {expected} is wanted", found=called(value), expected=socket.wire)


def _bad(socket: Socket, reason: Telling | Problem) -> BadArgument:
    return BadArgument("cannot use what comes by the link to {input}: {reason}.", input=socket.name, reason=reason)

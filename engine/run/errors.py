"""A failure as one sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph.graph import NodeId
from engine.graph.told import Telling, Told, telling
from engine.run.artifact import Artifact

_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")


class StepError(Exception):
    """A node failed; ``cause`` is what it raised.  Where several targets failed, ``others`` has the rest.

    ``done``: the artifacts of the targets that did succeed.
    """

    def __init__(self, node: NodeId, node_type: str, cause: BaseException, title: str = "") -> None:
        super().__init__(node, node_type, cause)
        self.node = node
        self.node_type = node_type
        self.cause = cause
        self.title = title
        self.others: tuple[StepError, ...] = ()
        self.done: Mapping[NodeId, Artifact] = {}

    def __str__(self) -> str:
        return str(self.telling)

    @property
    def telling(self) -> Telling:
        """Which node failed, and why."""
        reason = _reason(self.cause)
        if self.title and self.title != self.node_type:
            return telling(
                "{node_type} “{title}” (node {node}) {reason}",
                node_type=self.node_type,
                title=self.title,
                node=self.node,
                reason=reason,
            )
        return telling("{node_type} (node {node}) {reason}", node_type=self.node_type, node=self.node, reason=reason)

    @property
    def short(self) -> Telling:
        """What kind of node failed, and why."""
        return telling("{node_type} {reason}", node_type=self.node_type, reason=_reason(self.cause))


class NeedsDevice(RuntimeError):
    """A node wants models or a device where there is none."""

    def __init__(self) -> None:
        super().__init__(str(NO_DEVICE))


NO_DEVICE = telling(
    'needs a device, and there is none here (device "none"): run it where --device is auto, cpu or a GPU.'
)


class BadReturn(Told):
    """A node returned something else than it declares."""


class BadArgument(Told):
    """What came to a node by a link is nothing that its input takes."""


class BadExpansion(Told):
    """The graph that a node returned cannot run."""


class Stuck(RuntimeError):
    """The scheduler has steps left that nothing can start: a fault of the engine, named rather than waited for."""


def is_out_of_memory(e: BaseException) -> bool:
    """Python's MemoryError, or what torch raises for a device or the host."""
    names: set[Any] = {t.__name__ for t in type(e).__mro__}
    text = str(e).lower()
    return isinstance(e, MemoryError) or "OutOfMemoryError" in names or any(t in text for t in _NO_MEMORY)


def _reason(e: BaseException) -> Telling:
    said = e.strerror if isinstance(e, OSError) and e.filename is None and e.strerror else str(e)
    text = " ".join(said.split()).removesuffix(".")
    kind = type(e).__name__
    if is_out_of_memory(e):
        return _no_memory(text)
    if isinstance(e, NeedsDevice) or _lacks_torch(e):
        return NO_DEVICE
    match e:
        case BadArgument() | BadReturn() | BadExpansion():
            return e.telling
        case Told():
            return telling("failed: {reason}", reason=e.telling)
        case KeyError():
            return telling("failed: key {key} is missing (KeyError).", key=text)
    if text:
        return telling("failed: {text} ({kind}).", text=text, kind=kind)
    return telling("failed with {kind}.", kind=kind)


def _no_memory(text: str) -> Telling:
    if not text:
        return telling("ran out of memory: use a smaller picture or batch, or close other programs.")
    return telling("ran out of memory ({text}): use a smaller picture or batch, or close other programs.", text=text)


def _lacks_torch(e: BaseException) -> bool:
    return isinstance(e, ModuleNotFoundError) and (e.name or "").partition(".")[0] == "torch"


def forget_frames(e: BaseException) -> None:
    """Let go of the frames of an exception and of those behind it: their variables may be large."""
    seen: BaseException | None = e
    while seen is not None and seen.__traceback__ is not None:
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__

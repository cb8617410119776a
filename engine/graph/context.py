"""Context: all that a running node may do to the world."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from engine.files import FileRef
    from engine.graph.define import NodeDef
    from engine.graph.graph import Graph, NodeId


class Cancelled(Exception):
    """The job of this node was cancelled; nodes let it pass."""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file that a sink wrote: its name, its folder below `folder` ("output" or "temp")."""

    name: str
    subfolder: str
    folder: str

    @property
    def ui(self) -> dict[str, str]:
        """As the front end is told of it."""
        return {"filename": self.name, "subfolder": self.subfolder, "type": self.folder}


class Context(Protocol):
    """All that a running node may do to the world; injected where a parameter has this type."""

    node: str
    """The id of the node, "parent.child" inside an expansion."""
    job: str
    graph: Graph
    """The flattened graph that this step belongs to."""
    metadata: Mapping[str, str] | None
    """Text that sinks write into files ("prompt", "inkwater", …); None when it is to be left out."""
    mentioned: tuple[FileRef, ...]
    """The files that the texts of this step mention (`sockets.Mentions`)."""

    def definition(self, node: NodeId) -> NodeDef | None:
        """The type of a node of the graph that this step depends on."""

    @property
    def recordings(self) -> Path:
        """The folder of recorded sampler steps."""

    def progress(self, done: int, total: int, preview: Any = None) -> None:
        """Tell how far the node is; raises Cancelled when the job was cancelled."""

    def raise_if_cancelled(self) -> None:
        """Raise Cancelled when the job was cancelled."""

    def path(self, ref: FileRef) -> Path:
        """Where the file is now."""

    def lease(self, *handles: Any, workspace: int = 0) -> AbstractContextManager[tuple[Any, ...]]:
        """The modules of all handles, in one atomic call, with `workspace` bytes of room; never nested."""

    async def denoise(self, job: Any) -> Any:
        """Run a `DenoiseJob` in the denoise loop and give its `DenoiseResult`; no lease is held meanwhile."""

    def save(self, prefix: str, ext: str, data: bytes, *, folder: str = "output") -> SavedFile:
        """Write a file that was never there before: the one way in which nodes write."""

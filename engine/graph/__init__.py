"""The graph: node types, graphs, checks, plans and keys. Standard library and networkx; never torch."""

from engine.graph.context import Cancelled, Context, SavedFile
from engine.graph.define import NodeDef, Ui, missing_help, node
from engine.graph.expand import Expand
from engine.graph.facts import Facts, Judge, Known, same
from engine.graph.graph import Const, Graph, Link, Node
from engine.graph.keys import Key, NotDigestible, digest
from engine.graph.plan import Plan, Step
from engine.graph.problems import Mend, Problem, Refused
from engine.graph.registry import Registry, RegistryClash
from engine.graph.sockets import MISSING, Choice, File, Lazy, Range, Socket, UniqueId, Widget, accepts, type_name

__all__ = [
    "MISSING",
    "Cancelled",
    "Choice",
    "Const",
    "Context",
    "Expand",
    "Facts",
    "File",
    "Graph",
    "Judge",
    "Key",
    "Known",
    "Lazy",
    "Link",
    "Mend",
    "Node",
    "NodeDef",
    "NotDigestible",
    "Plan",
    "Problem",
    "Range",
    "Refused",
    "Registry",
    "RegistryClash",
    "SavedFile",
    "Socket",
    "Step",
    "Ui",
    "UniqueId",
    "Widget",
    "accepts",
    "digest",
    "missing_help",
    "node",
    "same",
    "type_name",
]

"""The graph: node types, graphs, checks, plans and keys. Standard library and networkx; never torch."""

from engine.graph.check import Checked, check, expanded, inside
from engine.graph.context import Cancelled, Context, SavedFile
from engine.graph.define import NodeDef, Ui, missing_help, node
from engine.graph.expand import Expand
from engine.graph.facts import Facts, Judge, Known, barred, same
from engine.graph.graph import Const, Graph, Link, Node
from engine.graph.keys import Key, NotDigestible, Salt, digest, key_of
from engine.graph.plan import Plan, Step
from engine.graph.problems import GraphError, Mend, Problem, Refused
from engine.graph.registry import Registry, RegistryClash
from engine.graph.sentences import sentence
from engine.graph.sockets import (
    MISSING,
    Choice,
    File,
    Lazy,
    Range,
    Recipe,
    Socket,
    UniqueId,
    Widget,
    accepts,
    type_name,
)

__all__ = [
    "MISSING",
    "Cancelled",
    "Checked",
    "Choice",
    "Const",
    "Context",
    "Expand",
    "Facts",
    "File",
    "Graph",
    "GraphError",
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
    "Recipe",
    "Refused",
    "Registry",
    "RegistryClash",
    "Salt",
    "SavedFile",
    "Socket",
    "Step",
    "Ui",
    "UniqueId",
    "Widget",
    "accepts",
    "barred",
    "check",
    "digest",
    "expanded",
    "inside",
    "key_of",
    "missing_help",
    "node",
    "same",
    "sentence",
    "type_name",
]

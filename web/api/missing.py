"""What a graph asks for that is not here: node types with the packs they came with, and files with near names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.files import FileProblem, Library
from engine.graph.graph import Const, Graph, NodeId
from engine.graph.registry import Registry
from engine.near import nearest
from web.api.schema import TEXT, TEXTS, Schema, list_of, maybe, obj, told

MOST_LOOKED_UP = 200
"""Missing files for which near names are looked for."""

MISSING: Schema = told(
    obj(
        {
            "types": list_of(
                obj(
                    {
                        "type": TEXT,
                        "pack": told(TEXT, "What it came with, as the file says; empty: not known."),
                        "near": told(TEXTS, "Node types here that are called almost the same."),
                        "nodes": TEXTS,
                    }
                )
            ),
            "files": list_of(
                obj(
                    {
                        "kind": told(TEXT, "checkpoints, loras, input, …"),
                        "name": TEXT,
                        "near": told(TEXTS, "Files here that are called almost the same."),
                        "url": told(maybe(TEXT), "Where the workflow says that it can be had; not checked."),
                        "nodes": TEXTS,
                    }
                )
            ),
        }
    ),
    "What the workflow asks for that is not here.",
)


def missing(graph: Graph, registry: Registry, library: Library, file: Mapping[str, Any] | None = None) -> Any:
    """As MISSING describes it.

    Args:
        file: our file of the graph; its nodes may tell where their models come from.
    """
    return {"types": _types(graph, registry), "files": _files(graph, registry, library, _urls(file or {}))}


def _types(graph: Graph, registry: Registry) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for id, node in graph.nodes.items():
        if node.type not in registry:
            row = found.setdefault(node.type, {"type": node.type, "pack": node.pack, "near": [], "nodes": []})
            row["nodes"].append(id)
            row["pack"] = row["pack"] or node.pack
    for row in list(found.values())[:MOST_LOOKED_UP]:
        row["near"] = list(nearest(row["type"], registry))
    return list(found.values())


def _files(graph: Graph, registry: Registry, library: Library, urls: Mapping[str, str]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for id, kind, name in files_of(graph, registry):
        if (kind, name) in found:
            found[kind, name]["nodes"].append(id)
        elif (near := _near(library, kind, name, len(found))) is not None:
            row = {"kind": kind, "name": name, "near": near, "url": urls.get(name), "nodes": [id]}
            found[kind, name] = row
    return list(found.values())


def files_of(graph: Graph, registry: Registry) -> Iterator[tuple[NodeId, str, str]]:
    """Each file that a node names: the node, the kind, the name."""
    for id, node in graph.nodes.items():
        definition = registry.get(node.type)
        for socket in definition.inputs if definition is not None else ():
            arg = node.inputs.get(socket.name)
            if socket.file is not None and isinstance(arg, Const) and isinstance(arg.value, str) and arg.value:
                yield id, socket.file.kind, arg.value


def _near(library: Library, kind: str, name: str, count: int) -> list[str] | None:
    """Names like one that is not there; None when it is."""
    try:
        library.path(kind, name, None if count < MOST_LOOKED_UP else lambda kind, name: ())
    except FileProblem as problem:
        return list(problem.details.get("near", ()))
    return None


def _urls(file: Mapping[str, Any]) -> dict[str, str]:
    """Addresses of models by file name, as nodes tell them (also those in subgraphs)."""
    found: dict[str, str] = {}
    todo: list[Any] = [file]
    while todo:
        match todo.pop():
            case {"_meta": {"models": list(models)}}:
                found |= {str(m["name"]): m["url"] for m in models if _is_address(m)}
            case {"_meta": {"subgraphs": Mapping() as subgraphs}}:
                todo += [nodes for s in subgraphs.values() if isinstance(nodes := _part(s, "nodes"), Mapping)]
            case Mapping() as table if "class_type" not in table:
                todo += table.values()
    return found


def _is_address(model: Any) -> bool:
    return isinstance(_part(model, "name"), str) and str(_part(model, "url")).startswith("https://")


def _part(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None

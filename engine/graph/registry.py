"""Registry: the node types that a graph may use, as a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType

from engine.graph.define import NodeDef


class RegistryClash(ValueError):
    """Two node types claim one name."""


class Registry(Mapping[str, NodeDef]):
    """An immutable set of node types by name; aliases are found too, but not listed."""

    __slots__ = ("_aliases", "_defs")

    def __init__(self, definitions: Iterable[NodeDef] = ()) -> None:
        self._defs: dict[str, NodeDef] = {}
        self._aliases: dict[str, NodeDef] = {}
        for definition in definitions:
            self._refuse_clash(definition.name, definition)
            self._defs[definition.name] = definition
        for definition in self._defs.values():
            for alias in definition.aliases:
                self._refuse_clash(alias, definition)
                self._aliases[alias] = definition

    @classmethod
    def of(cls, *modules: ModuleType) -> Registry:
        """The node types among the modules' functions."""
        values = (value for module in modules for value in vars(module).values())
        found = (getattr(value, "__node__", None) for value in values if not isinstance(value, ModuleType))
        return cls(definition for definition in found if isinstance(definition, NodeDef))

    def _refuse_clash(self, name: str, new: NodeDef) -> None:
        old = self._defs.get(name) or self._aliases.get(name)
        if old is not None and old.fn is not new.fn:
            raise RegistryClash(
                f"Node type {name!r} is defined by both {old.place} and {new.place}; rename one of them."
            )

    def __or__(self, other: Registry) -> Registry:
        return Registry([*self.values(), *other.values()])

    def __getitem__(self, name: str) -> NodeDef:
        found = self._defs.get(name)
        return found if found is not None else self._aliases[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._defs)

    def __len__(self) -> int:
        return len(self._defs)

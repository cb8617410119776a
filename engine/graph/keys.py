"""Keys: digests of recipes. Different values differ; what has no canonical form is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NewType

from engine.graph.graph import Arg, Link, NodeId

if TYPE_CHECKING:
    from engine.files import FileRef
    from engine.graph.define import NodeDef

Key = NewType("Key", bytes)

FORMAT = 1
"""Raised when the meaning of a key changes."""

SIZE = 20
"""Bytes of a key."""

LARGEST = 10_000_000
"""The most pieces that a value may have; a list that holds itself has more."""


@dataclass(frozen=True, slots=True)
class Salt:
    """All that changes numbers from outside the graph.

    Args:
        base: torch version, device kind, precision policy, digest of engine and nodes, as one text.
        packs: the digest of each pack's sources, by the name of its module; its node types have it in their keys.
    """

    base: str = ""
    packs: Mapping[str, str] = field(default_factory=dict)

    def of(self, module: str) -> bytes:
        """The salt of the node types that `module` defines."""
        parts = module.split(".")
        names = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
        pack = next((self.packs[name] for name in names if name in self.packs), "")
        return digest("salt", FORMAT, self.base, pack)


class NotDigestible(TypeError):
    """A value has no canonical form; it is never replaced by an id or a random number."""


def digest(*parts: Any) -> Key:
    """Hash plain values, typed and length-prefixed: 1, 1.0, True and "1" differ, and so do 0.0 and -0.0.

    Lists and tuples are alike (JSON cannot tell them apart). An object gives its parts by `__digest__`.
    Raises NotDigestible for anything else, NaN included.
    """
    return _hashed(canonical(parts))


def _hashed(data: bytes) -> Key:
    return Key(hashlib.blake2b(data, digest_size=SIZE, person=b"inkwater").digest())


def key_of(
    definition: NodeDef,
    args: Mapping[str, Arg],
    input_keys: Mapping[NodeId, Key],
    demanded: Collection[str] | None = None,
    *,
    salt: bytes = b"",
    job: str = "",
    node: NodeId = "",
    place: tuple[str, ...] = (),
    parent: tuple[Key, str] | None = None,
    files: tuple[FileRef, ...] = (),
) -> Key:
    """The key of one node call; cost is in its own inputs only.

    Args:
        input_keys: the key of each node that a link comes from.
        demanded: the lazy inputs that are wanted; the others leave the key. None: all count.
        job: part of the key of volatile nodes. node: of those that ask for their id. place: the folders of sinks.
        parent: inside an expansion, the key of the node that expanded and the child's name there: constants with
            no canonical form are keyed by these and their input's name. Elsewhere they raise NotDigestible.
        files: those that its texts mention.
    """
    extra = (
        job if definition.kind == "volatile" else "",
        node if definition.unique_id is not None else "",
        place if definition.kind == "sink" else (),
    )
    out = [_head(definition.name, salt, extra)]
    for socket in definition.inputs:
        name = socket.name
        if socket.lazy and not socket.recipe and demanded is not None and name not in demanded:
            continue
        arg = args[name]
        if type(arg) is Link:
            out.append(b"%sL%s%d;" % (_str(name), input_keys[arg.node], arg.output))
        else:
            out.append(_str(name) + _constant(arg.value, name, parent))  # type: ignore[union-attr]
    if files:
        out.append(b"M" + canonical(files))
    return _hashed(b"".join(out))


@lru_cache(maxsize=4096)
def _head(name: str, salt: bytes, extra: tuple[Any, ...]) -> bytes:
    return canonical(("step", salt, name, extra))


def _constant(value: Any, name: str, parent: tuple[Key, str] | None) -> bytes:
    """A constant, or where it was made if it has no canonical form."""
    write = _WRITERS.get(type(value))
    if write is not None:
        return b"C" + write(value)
    try:
        return b"C" + canonical(value)
    except NotDigestible:
        if parent is None:
            raise
        return b"P" + canonical((*parent, name))


def canonical(value: Any) -> bytes:
    """One byte string for a value, and another for every other value."""
    out: list[bytes] = []
    todo: list[Any] = [value]
    while todo:
        v = todo.pop()
        write = _WRITERS.get(type(v))
        if write is not None:
            out.append(write(v))
        else:
            out.append(_open(v, todo))
            if len(out) > LARGEST:
                raise NotDigestible(f"A value of more than {LARGEST} pieces cannot be part of a key.")
    return b"".join(out)


def _open(v: Any, todo: list[Any]) -> bytes:
    """Write what stands before the parts of `v`, and put the parts on the list."""
    if isinstance(v, list | tuple) and (type(v) in (list, tuple) or hasattr(v, "_fields")):
        todo.extend(reversed(v))
        return b"l%d:" % len(v)
    if type(v) is dict:
        if not all(type(k) is str for k in v):
            raise NotDigestible("A mapping can be part of a key only if its names are text.")
        for k in sorted(v, reverse=True):
            todo += (v[k], k)
        return b"d%d:" % len(v)
    if (parts := getattr(type(v), "__digest__", None)) is not None:
        todo += (parts(v), f"{type(v).__module__}.{type(v).__qualname__}")
        return b"o"
    raise NotDigestible(f"A {type(v).__qualname__} cannot be part of a key; give its class a __digest__ method.")


def _int(v: int) -> bytes:
    return b"i%d;" % v


def _float(v: float) -> bytes:
    if v != v:
        raise NotDigestible("NaN cannot be part of a key.")
    return b"f%s;" % v.hex().encode()


def _str(v: str) -> bytes:
    b = v.encode("utf-8", "surrogatepass")
    return b"s%d:%s" % (len(b), b)


_WRITERS: Mapping[type, Callable[[Any], bytes]] = {
    type(None): lambda v: b"N",
    bool: lambda v: b"T" if v else b"F",
    int: _int,
    float: _float,
    str: _str,
    bytes: lambda v: b"b%d:%s" % (len(v), v),
}

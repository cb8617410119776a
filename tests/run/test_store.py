"""Codecs, the memory store, tiers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.graph.keys import digest
from engine.run.artifact import ENTRY_BYTES, Artifact
from engine.run.codecs import Codec, Codecs, NotStorable, record
from engine.run.store import Memory, Tiers


def made(value: Any = 1, nbytes: int = 0, seconds: float = 1.0) -> Artifact:
    return Artifact((value,), nbytes, seconds)


# --- codecs ----------------------------------------------------------------------------------


class Blob:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Blob) and other.data == self.data

    def __hash__(self) -> int:
        return hash(self.data)


class SubBlob(Blob):
    pass


@dataclass(frozen=True)
class Pair:
    left: Any
    right: Any


BLOB = Codec(
    "blob", lambda b: len(b.data), lambda b: ({"n": len(b.data)}, {"data": b.data}), lambda j, b: Blob(bytes(b["data"]))
)
CODECS = Codecs({Blob: BLOB, Pair: record(Pair)})

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.binary().map(Blob)
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.booleans(), inner)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=12,
)


def typed(value: Any) -> Any:
    """A form in which 1, 1.0 and True differ, and lists and tuples do."""
    if isinstance(value, list | tuple):
        return type(value), [typed(v) for v in value]
    if isinstance(value, dict):
        return [(typed(k), typed(v)) for k, v in value.items()]
    return (Pair, typed(value.left), typed(value.right)) if isinstance(value, Pair) else (type(value), value)


@given(values)
def test_what_is_encoded_is_decoded(value: Any) -> None:
    import json

    encoded, buffers = CODECS.encode(value)
    through = json.loads(json.dumps(encoded))
    decoded = CODECS.decode(through, [memoryview(bytearray(b)) for b in buffers])
    assert typed(decoded) == typed(value)


def test_sizes_count_what_is_inside() -> None:
    assert CODECS.sizeof([Blob(b"x" * 1000)] * 3) >= 3000
    assert CODECS.sizeof({"a": Pair(b"y" * 500, "z" * 500)}) >= 1000
    assert CODECS.sizeof(SubBlob(b"x" * 1000)) >= 1000, "a subclass takes its base's row"
    assert 0 < CODECS.sizeof(object()) < 200


def test_without_a_codec_nothing_is_written() -> None:
    with pytest.raises(NotStorable):
        CODECS.encode([object()])
    with pytest.raises(NotStorable):
        Codecs({Blob: Codec("blob", lambda b: 1)}).encode(Blob(b""))
    encoded, buffers = CODECS.encode(Pair(1, Blob(b"z")))
    with pytest.raises(NotStorable):
        Codecs().decode(encoded, [memoryview(b) for b in buffers])
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(NotStorable):
        CODECS.encode(deep)


def test_two_codecs_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="name"):
        Codecs({Blob: BLOB, SubBlob: BLOB})


# --- memory ----------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3000), st.floats(0, 10)), max_size=80))
def test_the_budget_holds_and_a_get_gives_what_was_put(puts: list[tuple[int, int, float]]) -> None:
    memory = Memory(8000)
    last: dict[int, Artifact] = {}
    for n, nbytes, seconds in puts:
        last[n] = made(n, nbytes, seconds)
        memory.put(digest(n), last[n])
        assert memory.used <= memory.budget
        found = memory.get(digest(n))
        assert found is last[n]
    kept = [a for n, a in last.items() if memory.get(digest(n)) is not None]
    assert memory.used == sum(a.nbytes + ENTRY_BYTES for a in kept)


def test_what_does_not_fit_is_not_kept() -> None:
    memory = Memory(1000)
    memory.put(digest(1), made(nbytes=100))
    memory.put(digest(2), made(nbytes=5000))
    assert memory.get(digest(2)) is None
    assert memory.get(digest(1)) is not None


def test_what_is_cheap_to_make_again_goes_first() -> None:
    memory = Memory(5 * (1000 + ENTRY_BYTES))
    for n in range(5):
        memory.put(digest(n), made(n, 1000, seconds=0.01 if n == 3 else 5.0))
    memory.put(digest(9), made(9, 1000, 5.0))
    assert [memory.get(digest(n)) is None for n in range(5)] == [False, False, False, True, False]


def test_a_put_looks_at_few_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0
    cost = Artifact.cost.fget  # type: ignore[attr-defined]

    def counted(self: Artifact) -> float:
        nonlocal looked
        looked += 1
        return float(cost(self))

    monkeypatch.setattr(Artifact, "cost", property(counted))
    memory = Memory(1000 * ENTRY_BYTES)
    for n in range(3000):
        memory.put(digest(n), made(n, 0, random.Random(n).random()))
    assert looked <= 2000 * 8


def test_tiers_copy_forward() -> None:
    first, second = Memory(1 << 20), Memory(1 << 20)
    tiers = Tiers(first, second)
    second.put(digest(1), made(7))
    assert first.get(digest(1)) is None
    found = tiers.get(digest(1))
    assert found is not None
    assert found.outputs == (7,)
    assert first.get(digest(1)) is found
    tiers.put(digest(2), made(8))
    assert first.get(digest(2)) is second.get(digest(2)) is tiers.peek(digest(2)) is not None
    assert tiers.get(digest(3)) is None

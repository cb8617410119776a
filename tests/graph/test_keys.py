"""Keys: what differs has different keys, what does not matter is not in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.files import FileRef, Library
from engine.graph import Graph, NotDigestible, Salt, check, digest
from engine.graph.keys import key_of

from .kit import REGISTRY, api, graph


@dataclass(frozen=True)
class Handle:
    name: str

    def __digest__(self) -> tuple[str, ...]:
        return (self.name,)


@dataclass(frozen=True)
class Other(Handle):
    pass


class Pair(NamedTuple):
    a: int
    b: int


CONFUSABLE: list[Any] = [
    None, True, False, 0, 1, -1, 255, 256, 2**63, 2**64 - 1, 0.0, -0.0, 1.0, math.inf, -math.inf, 5e-324,
    "", "0", "1", "None", "True", "1.0", "s", "é", b"", b"1", b"0",
    [], [[]], [[], []], [1], [1, 1], ["1"], [None], ["a", "b"], ["ab"], [["a"], "b"], [["a", "b"]],
    {}, {"a": 1}, {"a": "1"}, {"a": [1]}, [{"a": 1}], {"a": {}}, {"a": None}, {"b": 1},
    {"a": 1, "b": 2}, {"a": 2, "b": 1},
    Handle("a"), Handle("b"), Other("a"),
    FileRef("vae", "x", "1"), FileRef("vae", "x", "2"), FileRef("loras", "x", "1"),
]  # fmt: skip


def test_confusable_values_all_differ() -> None:
    for a, b in combinations(CONFUSABLE, 2):
        assert digest(a) != digest(b), (a, b)


def test_parts_cannot_slide_into_each_other() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("a", "b") != digest(["a", "b"])
    assert digest([1, 2], 3) != digest([1], 2, 3)


def test_lists_and_tuples_are_alike_and_order_of_names_does_not_count() -> None:
    assert digest([1, [2]]) == digest((1, (2,))) == digest(Pair(1, 2)._replace(b=[2]))  # type: ignore[arg-type]
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_the_name_of_a_file_is_not_in_its_digest() -> None:
    assert digest(FileRef("vae", "x", "1")) == digest(FileRef("vae", "y", "1"))


@pytest.mark.parametrize("value", [object(), math.nan, {1: 2}, {1, 2}, range(3), 1j, [object()], {"a": math.nan}])
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(NotDigestible):
        digest(value)


def test_a_list_that_holds_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.graph.keys.LARGEST", 1000)
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(NotDigestible):
        digest(loop)


def test_depth_is_no_limit() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert len(digest(deep)) == 20


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def _typed(value: Any) -> Any:
    """A form in which Python's equality is equality of values and their types."""
    if isinstance(value, list):
        return ("list", tuple(map(_typed, value)))
    if isinstance(value, dict):
        return ("dict", tuple(sorted((k, _typed(v)) for k, v in value.items())))
    return (type(value).__name__, value.hex() if isinstance(value, float) else value)


@given(JSON, JSON)
def test_digests_are_equal_exactly_when_the_values_are(a: Any, b: Any) -> None:
    def same(x: Any, y: Any) -> bool:
        try:
            return bool(_typed(x) == _typed(y))
        except TypeError:
            return False

    assert (digest(a) == digest(b)) == same(a, b)
    assert digest(a) == digest(a)


def keys(*, salt: Salt | str = "", job: str = "", library: Library | None = None, **nodes: Any) -> dict[str, bytes]:
    checked = check(graph(**nodes), REGISTRY, salt=salt, job=job, library=library)
    assert not checked.errors
    return {id: step.key for id, step in checked.plan.steps.items()}


def test_ids_titles_and_defaults_are_not_in_the_key() -> None:
    a = keys(n1=("Number", {}), n2=("Add", {"a": ["n1", 0]}), n3=("Show", {"x": ["n2", 0]}))
    b = keys(
        x=("Number", {"value": 0}, {"title": "T", "pos": [1, 2]}),
        y=("Add", {"a": ["x", 0], "b": 1}),
        z=("Show", {"x": ["y", 0]}),
    )
    assert list(a.values()) == list(b.values())


def test_what_is_asked_is_in_the_key() -> None:
    base: dict[str, Any] = {"n1": ("Split", {"x": 5}), "n3": ("Show", {"x": ["n1", 0]})}
    key = keys(**base)["n3"]
    assert keys(**(base | {"n1": ("Split", {"x": 6})}))["n3"] != key
    assert keys(**(base | {"n3": ("Show", {"x": ["n1", 1]})}))["n3"] != key
    assert keys(**(base | {"n3": ("Show", {"x": {"__value__": ["n1", 0]}})}))["n3"] != key
    assert keys(**base, salt="other")["n3"] != key
    assert keys(**base)["n3"] == key


def test_constants_that_python_calls_equal_differ_where_any_is_taken() -> None:
    found = {keys(n=("Show", {"x": value}))["n"] for value in (1, 1.0, True, "1")}
    assert len(found) == 4


def test_volatile_nodes_add_the_job_and_all_below_them() -> None:
    nodes: dict[str, Any] = {"c": ("Clock", {}), "n": ("Show", {"x": ["c", 0]}), "m": ("Show", {"x": 1})}
    one, two = keys(**nodes, job="1"), keys(**nodes, job="2")
    assert one["c"] != two["c"]
    assert one["n"] != two["n"]
    assert one["m"] == two["m"]
    assert one == keys(**nodes, job="1")


def test_a_node_that_asks_for_its_id_has_it_in_the_key() -> None:
    found = keys(a=("Named", {}), b=("Named", {}), s=("Show", {"x": ["a", 0]}), t=("Show", {"x": ["b", 0]}))
    assert found["a"] != found["b"]


def test_a_sink_holds_its_folders(tmp_path: Any) -> None:
    nodes: dict[str, Any] = {"n": ("Number", {}), "s": ("Show", {"x": ["n", 0]})}
    one = keys(**nodes, library=Library.standard(tmp_path / "a"))
    two = keys(**nodes, library=Library.standard(tmp_path / "b"))
    assert one["n"] == two["n"]
    assert one["s"] != two["s"]


def test_a_pack_is_salted_by_its_own_sources() -> None:
    nodes: dict[str, Any] = {"n": ("Number", {}), "s": ("Show", {"x": ["n", 0]})}
    plain = keys(**nodes, salt=Salt("v"))
    assert keys(**nodes, salt="v") == plain
    assert keys(**nodes, salt=Salt("v", {"other": "1", "tests.graph.kit_of_another": "1"})) == plain
    edited = [keys(**nodes, salt=Salt("v", {module: "1"})) for module in ("tests", "tests.graph.kit")]
    assert all(found["n"] != plain["n"] for found in edited)


def test_lazy_inputs_that_are_not_asked_for_leave_the_key() -> None:
    def either(on: Any, no: Any) -> dict[str, Any]:
        return {"e": ("Either", {"on": on, "yes": 1, "no": no}), "s": ("Show", {"x": ["e", 0]})}

    assert keys(**either(True, 2))["e"] == keys(**either(True, 3))["e"]
    assert keys(**either(False, 2))["e"] != keys(**either(False, 3))["e"]


def test_a_demand_that_hangs_on_a_link_is_refined_at_run_time() -> None:
    g = graph(e=("Either", {"on": ["w", 0], "yes": ["n", 0], "no": 2}), n=("Number", {}),
              w=("Loop", {"value": 1}), s=("Show", {"x": ["e", 0]}))  # fmt: skip
    plan = check(g, REGISTRY).plan
    e = plan.steps["e"]
    assert e.demanded is None
    assert (e.tentative, plan.steps["s"].tentative, plan.steps["n"].tentative) == (True, True, False)
    above = {id: plan.steps[id].key for id in ("w", "n")}
    salt = Salt().of(e.definition.module)
    assert key_of(e.definition, e.args, above, salt=salt) == e.key
    no = key_of(e.definition, e.args, above, {"no"}, salt=salt)
    assert no != e.key
    assert no == key_of(e.definition, e.args, above | {"n": above["w"]}, {"no"}, salt=salt)


def test_a_recipe_is_part_of_the_key_though_it_is_not_made() -> None:
    def loop(value: int) -> bytes:
        found = keys(n=("Number", {"value": value}), l=("Loop", {"value": ["n", 0]}), s=("Show", {"x": ["l", 0]}))
        return found["l"]

    assert loop(1) != loop(2)


def test_keys_of_a_known_graph_stay_as_they_are(golden: Any) -> None:
    nodes = api(
        n1=("Number", {"value": "12345678901234567890"}),
        n2=("Split", {"x": ["n1", 0]}),
        n3=("Add", {"a": ["n2", 1], "b": 2}),
        n4=("Either", {"on": False, "yes": 1, "no": ["n3", 0]}),
        n5=("Show", {"x": ["n4", 0]}),
        n6=("Show", {"x": {"__value__": [1, 1.0, True, "1", None, {"é": [-0.0]}]}}),
        n7=("Load", {"name": "sdxl/x.safetensors"}),
        n8=("Save", {"pictures": ["n7", 0], "prefix": "a"}),
        n9=("Named", {}),
        na=("Clock", {}),
        nb=("Add", {"a": ["n9", 0], "b": ["na", 0]}),
        nc=("Show", {"x": ["nb", 0]}),
    )
    plan = check(Graph.from_api(nodes), REGISTRY, salt=Salt("golden"), job="job").plan
    golden("graph_keys.json", {id: plan.steps[id].key.hex() for id in sorted(plan.steps)})

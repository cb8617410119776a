"""Random graphs against networkx, and random JSON against anything but problems."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.graph import Const, Graph, GraphError, Link, Node, Problem, check, sentence
from engine.graph.questions import ancestors, between, descendants, digraph, dot, order

from .kit import REGISTRY, api, graph


def random_graph(seed: int, cyclic: bool) -> tuple[Graph, nx.DiGraph[str]]:
    """Additions with random links (backwards only, unless cyclic), and sinks on a few of them."""
    rng = random.Random(seed)
    count = rng.randint(1, 40)
    ids = [f"{i}" for i in range(count)]
    drawn: nx.DiGraph[str] = nx.DiGraph()
    drawn.add_nodes_from(ids)
    nodes: dict[str, Node] = {}
    for i, id in enumerate(ids):
        inputs: dict[str, Link | Const] = {}
        for name in ("a", "b"):
            pool = ids if cyclic and rng.random() < 0.1 else ids[:i]
            if pool and rng.random() < 0.8:
                inputs[name] = Link(rng.choice(pool), 0)
                drawn.add_edge(inputs[name].node, id)  # type: ignore[union-attr]
            else:
                inputs[name] = Const(rng.random())
        nodes[id] = Node("Add", inputs)
    for id in rng.sample(ids, rng.randint(1, min(3, count))):
        nodes[f"s{id}"] = Node("Show", {"x": Link(id, 0)})
        drawn.add_edge(id, f"s{id}")
    shuffled = list(nodes.items())
    rng.shuffle(shuffled)
    return Graph(dict(shuffled)), drawn


@pytest.mark.parametrize("seed", range(300))
def test_random_graphs_agree_with_networkx(seed: int) -> None:
    g, drawn = random_graph(seed, cyclic=seed % 2 == 1)
    assert set(digraph(g).edges) == set(drawn.edges)
    checked = check(g, REGISTRY)
    plan = checked.plan
    place = {id: n for n, id in enumerate(plan.steps)}
    assert all(place[a] < place[b] for a, b in drawn.edges if b in place)
    sinks = [id for id in g.nodes if id.startswith("s")]
    knots = {id for k in nx.strongly_connected_components(drawn) if len(k) > 1 for id in k}
    knots |= {id for id in drawn if drawn.has_edge(id, id)}
    sound = [s for s in sinks if not knots & nx.ancestors(drawn, s)]
    assert list(plan.targets) == sound
    needed = set(sound).union(*(nx.ancestors(drawn, s) for s in sound))
    assert set(plan.steps) == needed
    for problem in checked.problems:
        nodes = problem.args["nodes"]
        assert problem.code == "dependency_cycle"
        assert all(drawn.has_edge(a, b) for a, b in zip(nodes, (*nodes[1:], nodes[0]), strict=True))
        assert len(set(nodes)) == len(nodes)
    assert bool(checked.problems) == bool(knots)
    for id in list(g.nodes)[:3]:
        assert ancestors(g, id) == nx.ancestors(drawn, id)
        assert descendants(g, id) == nx.descendants(drawn, id)
    if not knots:
        ordered = order(g)
        assert all(ordered.index(a) < ordered.index(b) for a, b in drawn.edges)


@pytest.mark.parametrize("seed", range(0, 300, 10))
def test_reading_what_was_written_gives_the_same_graph_and_keys(seed: int) -> None:
    g, _ = random_graph(seed, cyclic=False)
    again = Graph.from_file(json.dumps(g.to_api()).encode())
    assert again == g
    one, two = (check(x, REGISTRY, salt="s").plan for x in (g, again))
    assert {id: s.key for id, s in one.steps.items()} == {id: s.key for id, s in two.steps.items()}


def test_the_nodes_between_two() -> None:
    g = graph(
        o=("Number", {}), a=("Add", {"a": ["o", 0]}), b=("Add", {"a": ["a", 0]}), x=("Add", {"a": ["o", 0]}),
        y=("Number", {}), c=("Add", {"a": ["b", 0], "b": ["y", 0]}),
    )  # fmt: skip
    assert between(g, "o", "c") == {"a", "b"}


def test_the_drawing_names_nodes_and_links_and_is_escaped() -> None:
    g = Graph.from_api(api(n=("Number", {}, {"title": 'a"];\n\\x'}), s=("Show", {"x": ["n", 0]})))
    lines = dot(g, REGISTRY).splitlines()
    assert r'  "n" [label="a\"]; \\x\nNumber\nn"];' in lines
    assert '  "s" [label="Show\\ns", style=bold];' in lines
    assert '  "n" -> "s" [label="INT → x"];' in lines
    assert '  "n" -> "s" [label="x"];' in dot(g).splitlines()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
IDS = st.sampled_from(["1", "2", "3", "1:2", "_workflow", "", "é", "x" * 300])
LINKS = st.tuples(IDS, st.integers(-1, 3) | st.floats()).map(list)
NAMES = st.sampled_from(
    ["a", "b", "x", "first", "second", "steps", "mode", "name", "values", "on", "yes", "value", "?"]
)
VALUES = JSON | LINKS | LINKS | st.fixed_dictionaries({"__value__": JSON})
TYPES = st.sampled_from([*REGISTRY, "subgraph:a", "subgraph:b", "Unknown"])
ENDS = st.lists(st.tuples(IDS, NAMES).map(list)) | JSON
PORT = st.fixed_dictionaries({"name": NAMES}, optional={"to": ENDS, "from": LINKS | JSON, "type": JSON})
PORTS = st.lists(PORT | JSON, max_size=2)
MODES = st.sampled_from(["mute", "bypass", 3, None])


def nodes(more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    node = st.fixed_dictionaries(
        {"class_type": TYPES},
        optional={"inputs": st.dictionaries(NAMES, VALUES, max_size=3) | JSON, "_meta": more},
    )
    return st.dictionaries(IDS, node | node | JSON, max_size=5)


SUBGRAPHS = st.dictionaries(
    st.sampled_from(["a", "b"]),
    st.fixed_dictionaries(
        {"nodes": nodes(st.fixed_dictionaries({"mode": MODES}))},
        optional={"inputs": PORTS | JSON, "outputs": PORTS | JSON, "widgets": PORTS},
    )
    | JSON,
)
FILES = nodes(st.fixed_dictionaries({"mode": MODES}, optional={"title": JSON, "subgraphs": SUBGRAPHS}) | JSON)


def tellable(problems: Sequence[Problem]) -> None:
    """Each problem can be told in a line."""
    assert all(sentence(p).isprintable() for p in problems)


def survives(source: Any) -> None:
    """Reading and checking give a graph or problems, and each problem a sentence."""
    try:
        g = Graph.from_file(source, REGISTRY)
    except GraphError as error:
        tellable(error.problems)
        return
    checked = check(g, REGISTRY)
    tellable(checked.problems)
    assert set(checked.plan.targets) <= set(checked.plan.steps)
    again = Graph.from_api(json.loads(json.dumps(g.to_api())))
    assert again == g


@settings(max_examples=400)
@given(FILES)
def test_no_file_of_our_kind_makes_a_traceback(file: Any) -> None:
    survives(file)
    survives(json.dumps(file).encode())


@given(JSON)
def test_no_json_makes_a_traceback(value: Any) -> None:
    survives(json.dumps(value).encode())


@given(st.binary(max_size=60))
def test_no_bytes_make_a_traceback(data: bytes) -> None:
    survives(data)


@given(
    st.sampled_from([b'{"1":{"class_type":"Add","inputs":{"a":["1",0],"b":1.5}},"2":{"class_type":"Show"}}']), st.data()
)
def test_no_damaged_file_makes_a_traceback(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data)))
    survives(data[:at] + draw.draw(st.binary(max_size=3)) + data[at + draw.draw(st.integers(0, 3)) :])

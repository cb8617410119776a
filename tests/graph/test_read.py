"""Reading files: our format and ComfyUI's API format, within limits, every fault told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.graph import Const, Graph, GraphError, Link, Node, sentence
from engine.graph.jsontext import DEEPEST, too_deep

from .kit import api


def codes(source: Any) -> list[str]:
    with pytest.raises(GraphError) as error:
        Graph.from_file(source)
    assert str(error.value) == "\n".join(sentence(p) for p in error.value.problems)
    return [p.code for p in error.value.problems]


def entry(value: str) -> bytes:
    return b'{"1": {"class_type": "A", "inputs": {"x": %s}}}' % value.encode()


def test_links_and_constants_are_told_apart_once() -> None:
    values = {
        "link": ["4", 0],
        "float": ["4", 1.0],
        "wrapped": {"__value__": ["4", 0]},
        "twice": {"__value__": {"__value__": 1}},
        "number": [4, 0],
        "half": ["4", 0.5],
        "far": ["4", 2.0**64],
        "true": ["4", True],
        "three": ["4", 0, 0],
        "object": {"__value__": 1, "b": 2},
        "null": None,
    }
    node = Graph.from_api(api(n=("A", values, {"title": "T"}))).nodes["n"]
    assert node == Node(
        "A",
        {
            "link": Link("4", 0),
            "float": Link("4", 1),
            "wrapped": Const(["4", 0]),
            "twice": Const({"__value__": 1}),
            "number": Const([4, 0]),
            "half": Const(["4", 0.5]),
            "far": Const(["4", 2.0**64]),
            "true": Const(["4", True]),
            "three": Const(["4", 0, 0]),
            "object": Const({"__value__": 1, "b": 2}),
            "null": Const(None),
        },
        "T",
    )


def test_a_path_its_bytes_and_its_json_are_the_same_graph(tmp_path: Path) -> None:
    nodes = api(a=("Number", {"value": 2**64 - 1}), b=("Show", {"x": ["a", 0]}))
    data = json.dumps(nodes).encode()
    path = tmp_path / "w.json"
    path.write_bytes(b"\xef\xbb\xbf" + data)
    graphs = [Graph.from_file(source) for source in (path, str(path), data, nodes)]
    assert all(g == graphs[0] for g in graphs)
    assert graphs[0].nodes["a"].inputs["value"] == Const(2**64 - 1)


def test_the_workflow_entry_is_legal_and_unused() -> None:
    nodes = api(
        a=("Number", {}), _workflow=("PrimitiveString", {"value": ""}, {"title": "T", "groups": [], "notes": []})
    )
    assert list(Graph.from_api(nodes).nodes) == ["a"]


def test_a_node_without_inputs_is_legal() -> None:
    assert Graph.from_file(b'{"1": {"class_type": "A"}}').nodes["1"] == Node("A", {})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b"nonsense", "bad_json"),
        (b"\xff\xfe{}", "bad_json"),
        (b"\x89PNG\r\n\x1a\n", "bad_json"),
        (b"[]", "invalid_prompt"),
        (b"3", "invalid_prompt"),
        (b"null", "invalid_prompt"),
        (b'{"1": 3}', "invalid_prompt"),
        (b'{"1": {}}', "invalid_prompt"),
        (b'{"1": {"class_type": 3}}', "invalid_prompt"),
        (b'{"1": {"class_type": "A", "inputs": []}}', "invalid_prompt"),
        (b'{"": {"class_type": "A"}}', "bad_id"),
        (b'{"%s": {"class_type": "A"}}' % (b"x" * 257), "bad_id"),
        (b'{"\\ud800": {"class_type": "A"}}', "bad_id"),
        (b'{"1": {"class_type": "A"}, "1": {"class_type": "B"}}', "duplicate_id"),
        (b'{"1": {"class_type": "A", "class_type": "B"}}', "duplicate_key"),
        (entry("NaN"), "bad_number"),
        (entry("-Infinity"), "bad_number"),
        (entry("1e999"), "bad_number"),
        (entry("[[{\"a\": NaN}]]"), "bad_number"),
        (entry(str(2**64)), "bad_number"),
        (entry(str(-(2**63) - 1)), "bad_number"),
        (entry("9" * 5000), "bad_number"),
        (entry('"\\ud800"'), "bad_text"),
        (entry('{"\\udfff": 1}'), "bad_text"),
        (entry("[" * 62 + "]" * 62), "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b'{"nodes": [], "links": [], "version": 0.4}', "ui_format"),
    ],
)  # fmt: skip
def test_what_is_no_graph_is_told(data: bytes, code: str) -> None:
    assert codes(data) == [code]


def test_the_deepest_and_largest_that_pass() -> None:
    assert Graph.from_file(entry("[" * 61 + "]" * 61))
    for number in (2**64 - 1, -(2**63)):
        assert Graph.from_file(entry(str(number))).nodes["1"].inputs["x"] == Const(number)
    assert Graph.from_file({"1": {"class_type": "A", "inputs": {"x": [["a"] * 1000]}}})


def test_depth_counts_brackets_outside_strings_only() -> None:
    assert not too_deep(json.dumps(["[" * 1000, '\\"[[' * 100, {"a": "\\"}]).encode())
    assert not too_deep(b"[" * DEEPEST + b"]" * DEEPEST)
    assert too_deep(b"[" * (DEEPEST + 1))


def test_values_from_python_are_held_to_the_same_limits() -> None:
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    loop: list[Any] = []
    loop.append(loop)
    for value, code in ((deep, "too_deep"), (loop, "too_deep"), (2**70, "bad_number"), (float("nan"), "bad_number"),
                        (object(), "bad_value"), ({1: 2}, None), ({1, 2}, "bad_value")):  # fmt: skip
        if code is not None:
            assert codes({"1": {"class_type": "A", "inputs": {"x": value}}}) == [code]


def test_all_faults_of_a_file_are_told_with_their_places() -> None:
    data = (
        b'{"1": {"class_type": "A", "inputs": {"x": NaN, "y": 1e999}}, "2": {}, "3": {"class_type": "A", "inputs": 1}}'
    )
    with pytest.raises(GraphError) as error:
        Graph.from_file(data)
    assert [(p.node, p.input) for p in error.value.problems] == [("1", "x"), ("1", "y"), ("2", None), ("3", None)]


def test_too_many_nodes_or_bytes_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("engine.graph.subgraphs.MOST_NODES", 3)
    assert codes(api(a=("A", {}), b=("A", {}), c=("A", {}), d=("A", {}))) == ["too_many_nodes"]
    monkeypatch.setattr("engine.graph.jsontext.LARGEST", 10)
    monkeypatch.setattr("engine.graph.read.LARGEST", 10)
    path = tmp_path / "w.json"
    path.write_bytes(entry("1"))
    assert codes(path) == ["file_too_large"]
    assert codes(entry("1")) == ["file_too_large"]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert codes(tmp_path / "none.json") == ["unreadable_file"]
    assert codes(tmp_path) == ["unreadable_file"]
    assert codes("\0") == ["unreadable_file"]


def test_reading_what_was_written_gives_the_same(golden: Any) -> None:
    values = {"a": ["x", 0], "b": {"__value__": ["x", 0]}, "c": {"__value__": {"__value__": 1}}, "d": [1, 2], "e": "t"}
    g = Graph.from_api(api(n=("A", values, {"title": "T"}), m=("B", {}, {"mode": "bypass"})))
    assert Graph.from_api(g.to_api()) == g
    golden("graph_api.json", g.to_api())

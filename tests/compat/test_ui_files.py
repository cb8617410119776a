"""Whole files: samples, round trips, and anything that may come from outside."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.compat.workflow import translate
from engine.files import Library
from engine.graph.check import check
from engine.graph.graph import Graph
from engine.graph.keys import Key
from engine.graph.problems import GraphError
from engine.workflow.comfy_ui import to_comfy_ui
from engine.workflow.error import WorkflowError
from engine.workflow.file import Opened, opened
from tests.compat.ui_kit import REGISTRY, drawn, file, loader, node, sampler, told, translated

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "workflows").glob("*.json"))
GOLDEN = sorted((ROOT / "tests" / "golden" / "ui").glob("*.json"))
SAMPLES = "INKWATER_UI_SAMPLES"
"""Names a folder of the files from which the golden ones were made, where somebody has it."""

LIBRARY = Library.standard(ROOT / "no-such-data", [], ROOT / "models")


def shortened(value: Any) -> Any:
    """The texts of others by their digests: what stands in the golden files is our form of them, not their words."""
    match value:
        case dict():
            return {name: shortened(inner) for name, inner in value.items()}
        case list():
            return [shortened(inner) for inner in value]
        case str() if len(value) > 40:
            return f"{len(value)} characters {hashlib.sha256(value.encode()).hexdigest()[:16]}"
    return value


def keys(graph: Graph) -> set[Key]:
    return {step.key for step in check(graph, REGISTRY).plan.steps.values()}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_a_workflow_that_goes_to_comfy_and_back_has_the_same_keys(path: Path) -> None:
    graph = Graph.from_file(path, REGISTRY)
    there = to_comfy_ui(graph, REGISTRY, json.loads(path.read_text("utf-8")))
    back = opened(json.dumps(there).encode(), REGISTRY)
    assert back.problems == ()
    assert keys(back.graph) == keys(graph) != set()
    again = to_comfy_ui(back.graph, REGISTRY, json.loads(back.text or b""))
    assert again["nodes"] == there["nodes"]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: p.stem)
def test_what_samples_become(path: Path) -> None:
    """Each golden file is read, lacks no value, and names what is not here."""
    found = check(Graph.from_file(path, REGISTRY), REGISTRY)
    assert {p.code for p in found.problems} <= {"missing_node_type"}
    assert all(p.args["pack"] == "comfy-core" for p in found.problems)
    meta = json.loads(path.read_text("utf-8"))["_workflow"]["_meta"]
    assert any("characters" in note["text"] for note in meta["notes"])


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: p.stem)
@pytest.mark.skipif(SAMPLES not in os.environ, reason=f"{SAMPLES} names no folder")
def test_samples_become_that(path: Path) -> None:
    found = translate(json.loads((Path(os.environ[SAMPLES]) / path.name).read_text("utf-8")), REGISTRY)
    assert found.problems == ()
    assert shortened(found.workflow) == json.loads(path.read_text("utf-8"))


def test_there_are_five_samples_and_what_they_need() -> None:
    missing = {
        path.stem: {p.args["type"] for p in check(Graph.from_file(path, REGISTRY), REGISTRY).problems}
        for path in GOLDEN
    }
    assert {name for name, types in missing.items() if not types} >= {"default", "hiresfix_latent_workflow"}
    assert len(missing) == 5


def test_a_bypassed_lora_of_a_sample_is_healed_over() -> None:
    nodes = Graph.from_file(ROOT / "tests" / "golden" / "ui" / "lora.json", REGISTRY).nodes
    assert sum(n.type == "LoraLoader" for n in nodes.values()) == 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
IDS = st.integers(-20, 6) | st.sampled_from(["1", "s", ""]) | VALUES
TYPES = st.sampled_from(
    ["KSampler", "Reroute", "PrimitiveNode", "SetNode", "GetNode", "Context (rgthree)", "Context Merge (rgthree)", "s",
     "Any Switch (rgthree)", "Anything Everywhere?", "Prompts Everywhere", "Note", "workflow/g", "Unknown", "LoadImage"]
)  # fmt: skip
LISTS = st.lists(VALUES, max_size=8)


def maybe(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that lack some of these fields and have others of the wrong kind."""
    return st.fixed_dictionaries({}, optional={k: v | VALUES for k, v in fields.items()})


SLOTS = st.lists(
    maybe(name=st.text(max_size=4), type=st.sampled_from(["*", "MODEL"]), link=IDS, widget=maybe(name=IDS))
)
NODES = maybe(
    id=IDS,
    type=TYPES,
    mode=st.sampled_from([0, 2, 4]),
    inputs=SLOTS,
    outputs=SLOTS,
    widgets_values=LISTS | st.dictionaries(st.text(max_size=3), VALUES, max_size=3),
    widgets_values_named=st.dictionaries(st.sampled_from(["seed", "fixed", "control_after_generate"]), VALUES),
    properties=maybe(proxyWidgets=st.lists(st.lists(IDS, max_size=3)), ue_properties=VALUES, cnr_id=VALUES),
    flags=VALUES,
    pos=VALUES,
)
LINKS = st.lists(
    st.tuples(IDS, IDS, st.integers(-1, 2), IDS, st.integers(-1, 2), st.just("*")).map(list)
    | maybe(id=IDS, origin_id=IDS, origin_slot=IDS, target_id=IDS, target_slot=IDS, parentId=IDS),
    max_size=6,
)
PORTS = st.lists(maybe(name=st.text(max_size=4), type=IDS, linkIds=LISTS), max_size=3)
GRAPHS = {"nodes": st.lists(NODES, max_size=6), "links": LINKS, "groups": st.lists(maybe(title=IDS, bounding=LISTS))}
DEFINITIONS = maybe(id=IDS, name=IDS, inputs=PORTS, outputs=PORTS, **GRAPHS)
EXTRA = maybe(
    groupNodes=st.fixed_dictionaries({"g": maybe(nodes=st.lists(NODES, max_size=3), links=LINKS, config=VALUES)}),
    ue_links=st.lists(maybe(downstream=IDS, upstream=IDS, downstream_slot=IDS, upstream_slot=IDS)),
    reroutes=st.lists(maybe(id=IDS, pos=LISTS, parentId=IDS), max_size=3),
)
FILES = st.fixed_dictionaries(
    {"nodes": GRAPHS["nodes"]},
    optional={
        "links": LINKS,
        "groups": GRAPHS["groups"] | VALUES,
        "definitions": maybe(subgraphs=st.lists(DEFINITIONS, max_size=3)),
        "extra": EXTRA,
    },
)


def read_or_told(source: Any) -> Opened | None:
    """What is read; None where it is told why not, in sentences."""
    told: tuple[str, ...] = ()
    try:
        return opened(source, REGISTRY)
    except WorkflowError as error:
        told = error.sentences
    assert told
    assert all(told)
    return None


@given(FILES)
def test_whatever_a_file_holds_it_is_read_or_told(ui: dict[str, Any]) -> None:
    """Nothing but WorkflowError comes out, and what is read is JSON that means the same when it is read again."""
    found = read_or_told(ui)
    if found is not None:
        assert Graph.from_file(json.loads(found.text or b""), REGISTRY) == found.graph
        check(found.graph, REGISTRY)


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode) | VALUES.map(lambda v: json.dumps(v).encode()))
def test_whatever_bytes_come_they_are_read_or_told(text: bytes) -> None:
    read_or_told(text)


def test_numbers_and_texts_that_no_file_may_hold_are_left_out_and_told() -> None:
    ui = drawn(sampler(title="\ud800", values=[float("nan"), "fixed", 20, 7.5, "euler", "karras", 1.0]))
    entry = translated(ui).workflow["3"]
    assert "seed" not in entry["inputs"]
    assert "title" not in entry["_meta"]
    assert [(p.code, p.args["count"]) for p in told(ui)] == [("values_dropped", 2)]


def test_values_nested_without_end_are_refused() -> None:
    deep: Any = 1
    for _ in range(50_000):
        deep = [deep]
    with pytest.raises(GraphError, match="nested deeper"):
        translated(drawn(node(1, "Unknown", values=(deep,))))


def test_two_nodes_of_one_id_are_told() -> None:
    with pytest.raises(GraphError, match="used by two nodes"):
        translated(drawn(loader(4), sampler(4)))


def test_too_many_nodes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.compat.workflow.MOST_NODES", 3)
    with pytest.raises(GraphError, match="more than 3 nodes"):
        translated(drawn(*(loader(n) for n in range(4))))


def test_ids_may_be_texts_and_links_objects() -> None:
    link = {"id": 1, "origin_id": "a", "origin_slot": 0, "target_id": "b", "target_slot": 0, "type": "MODEL"}
    parts = [{**loader(), "id": "a"}, {**sampler(), "id": "b"}]
    parts[1]["inputs"][0]["link"] = 1
    assert file({"version": 1, "state": {}, "nodes": parts, "links": [link]})["b"]["inputs"]["model"] == ["a", 0]


def test_our_own_files_and_plain_ones_are_no_ui_files() -> None:
    plain = {"1": {"class_type": "PrimitiveInt", "inputs": {"value": 3}}}
    assert opened(plain, REGISTRY).form == "ours"
    assert opened(drawn(loader()), REGISTRY).form == "ui"

"""The API as it is declared, described and refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web import kit
from tests.web.kit import Server, node, saved
from web.api import OPERATIONS
from web.api.openapi import document
from web.api.schema import list_of, map_of, maybe, misfit, obj, one_of, text


def refused(server: Server, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    """Status and error of a request that must be refused."""
    with pytest.raises(kit.HttpError) as error:
        server.ask(method, f"/api/v1{path}", body)
    assert set(error.value.body) == {"error"}
    return error.value.status, error.value.body["error"]


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(operation.summary and operation.handler.__doc__ and operation.answers for operation in OPERATIONS)


def test_every_reference_of_the_document_leads_somewhere() -> None:
    told = document(OPERATIONS, "1")
    refs = set(re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(told)))
    assert refs <= set(told["components"]["schemas"])
    assert "Job" in refs


def test_what_is_served_is_what_is_declared(served: Server) -> None:
    told = served.get("/api/v1/openapi.json")
    assert told["openapi"].startswith("3.1")
    assert {(m.upper(), p) for p, ms in told["paths"].items() for m in ms} == {(o.method, o.path) for o in OPERATIONS}
    page = served.get("/api/v1/docs").decode()
    assert all(f"{o.method} /api/v1{o.path}" in page for o in OPERATIONS)
    assert not re.search(r"<(script|img|link)|https?://", page)


@pytest.mark.parametrize(
    ("body", "field", "expected", "found"),
    [
        ({}, "workflow", "an object or text", "nothing"),
        ({"workflow": 3}, "workflow", "an object or text", "3"),
        ({"workflow": {}, "target": ["1"]}, "target", "no such field (did you mean targets?)", '["1"]'),
        ({"workflow": {}, "targets": ["1", 2]}, "targets[1]", "text", "2"),
        ({"workflow": {}, "number": "first"}, "number", "a number", '"first"'),
        ({"workflow": {}, "front": 1}, "front", "true or false", "1"),
        ({"workflow": {}, "number": 2**60}, "number", f"at most {2**53 - 1}", str(2**60)),
        ([], "", "an object", "[]"),
    ],
)
def test_a_body_that_does_not_fit_is_told_by_field(
    served: Server, body: Any, field: str, expected: str, found: str
) -> None:
    status, error = refused(served, "POST", "/jobs", body)
    assert (status, error["code"]) == (400, "bad_request")
    assert (error["field"], error["expected"], error["found"]) == (field, expected, found)
    assert error["message"].endswith(f"expected {expected}, found {found}.")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/jobs?limit=0", "limit"),
        ("/jobs?limit=x", "limit"),
        ("/jobs?limit=99999999999999999999", "limit"),
        ("/jobs?state=done", "state"),
        ("/jobs?cursor=!", "cursor"),
        ("/images?cursor=W10%3D", "cursor"),
        ("/images?type=etc", "type"),
        ("/events?after=-1&follow=0", "after"),
        ("/events?previews=yes&follow=0", "previews"),
    ],
)
def test_a_parameter_that_does_not_fit_is_told(served: Server, path: str, field: str) -> None:
    status, error = refused(served, "GET", path)
    assert (status, error["code"], error["field"]) == (400, "bad_request", field)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("PUT", "/jobs", 405, "method_not_allowed"),
        ("GET", "/jobs/none", 404, "no_such_job"),
        ("GET", "/jobs/none/results", 404, "no_such_job"),
        ("GET", "/jobs/none/workflow", 404, "no_such_job"),
        ("POST", "/jobs/none/cancel", 404, "no_such_job"),
        ("POST", "/jobs/none/hold", 404, "no_such_job"),
        ("DELETE", "/jobs/none", 404, "no_such_job"),
        ("GET", "/nodes/KSamplr", 404, "no_such_node"),
        ("GET", "/models/nothing", 404, "no_such_kind"),
        ("GET", "/models/output", 404, "no_such_kind"),
        ("GET", "/models/loras/none.safetensors", 404, "no_such_model"),
        ("GET", "/models/loras/..%2f..%2fstate.sqlite", 400, "bad_file_name"),
        ("GET", "/images/output/..%2f..%2fstate.sqlite/thumbnail", 400, "bad_file_name"),
        ("GET", "/images/output/none.png/thumbnail", 404, "not_found"),
        ("GET", "/workflows/..%2fpyproject", 404, "no_such_workflow"),
    ],
)
def test_what_is_not_there_is_told(served: Server, method: str, path: str, status: int, code: str) -> None:
    assert refused(served, method, path)[0] == status
    assert refused(served, method, path)[1]["code"] == code


def test_a_workflow_that_cannot_run_is_told_with_all_its_problems(served: Server) -> None:
    graph = {"1": node("KitSave", number=("9", 0)), "2": node("KitShow", number="x")}
    status, error = refused(served, "POST", "/jobs", {"workflow": graph})
    assert (status, error["code"]) == (400, "invalid_workflow")
    assert {p["node"] for p in error["problems"]} == {"1", "2"}
    assert all(p["message"].startswith("Node ") and p["severity"] == "error" for p in error["problems"])


def test_no_answer_has_a_traceback(served: Server) -> None:
    graph = {"1": node("KitFail", message="canary"), "2": node("KitShow", number=("1", 0))}
    job = served.post("/api/v1/jobs", {"workflow": graph})["id"]
    kit.wait_for(lambda: served.get(f"/api/v1/jobs/{job}")["ended"], "the end")
    told = served.get(f"/api/v1/events?after=0&follow=0&job={job}") + str(served.get(f"/api/v1/jobs/{job}")).encode()
    assert b"canary" in told
    assert b"raceback" not in told


SCHEMA = obj(
    {
        "name": text(minLength=1, maxLength=3, pattern="^[a-z]*$"),
        "kind": maybe(one_of("a", "b")),
        "counts": map_of({"type": "integer", "minimum": 0, "maximum": 9}),
        "words": list_of(text()),
    },
    "words",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 12) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "x"]), inner, max_size=3),
    max_leaves=6,
)
FITTING = st.fixed_dictionaries(
    {
        "name": st.text(alphabet="abc", min_size=1, max_size=3),
        "kind": st.sampled_from(["a", "b"]) | st.none(),
        "counts": st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=3),
    },
    optional={"words": st.lists(st.text(max_size=3), max_size=3)},
)


@given(JSON | FITTING | FITTING.flatmap(lambda f: st.fixed_dictionaries(dict.fromkeys(f, JSON))))
def test_our_check_of_schemas_judges_as_a_full_one_does(value: Any) -> None:
    import jsonschema_rs

    enum = {**SCHEMA["properties"]["kind"], "enum": ["a", "b", None]}
    whole = {**SCHEMA, "properties": {**SCHEMA["properties"], "kind": enum}}
    assert (misfit(whole, value) is None) == jsonschema_rs.is_valid(whole, value)


def test_metrics_are_what_prometheus_reads(served: Server) -> None:
    job = served.post("/api/v1/jobs", {"workflow": saved(4, prefix="metrics")})["id"]
    kit.wait_for(lambda: served.get(f"/api/v1/jobs/{job}")["ended"], "the end")
    families = parsed(served.get("/api/v1/metrics").decode())
    assert families["inkwater_jobs"]["state"] == "gauge"
    steps = families["inkwater_step_seconds"]["samples"]
    assert any(labels.get("type") == "KitSave" for _, labels, _ in steps)
    assert sum(v for _, _, v in families["inkwater_jobs_finished_total"]["samples"]) >= 1


SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)')


def parsed(told: str) -> dict[str, Any]:
    """The exposition format, strictly (prometheus.io/docs/instrumenting/exposition_formats): families by name."""
    families: dict[str, Any] = {}
    assert told.endswith("\n")
    for line in told.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in families
            families[name] = {"samples": [], "state": None}
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == list(families)[-1]
            families[name]["state"] = kind
        else:
            found = SAMPLE.fullmatch(line)
            assert found is not None, line
            family = list(families)[-1]
            assert found[1] in (family, *(family + end for end in ("_bucket", "_sum", "_count")))
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', found[2] or ""))
            families[family]["samples"].append((found[1], labels, float(found[3])))
    for name, family in families.items():
        assert family["state"] in ("gauge", "counter", "histogram")
        assert name.endswith("_total") == (family["state"] == "counter")
        if family["state"] == "histogram":
            assert_histogram(name, family["samples"])
    return families


def assert_histogram(name: str, samples: list[tuple[str, Mapping[str, str], float]]) -> None:
    """Buckets are cumulative, and the last of each row is its count."""
    for row in rows(samples):
        buckets = [v for n, _, v in row if n == f"{name}_bucket"]
        assert buckets == sorted(buckets)
        assert [labels["le"] for n, labels, _ in row if n == f"{name}_bucket"][-1] == "+Inf"
        assert buckets[-1] == next(v for n, _, v in row if n == f"{name}_count")


def rows(samples: list[Any]) -> Iterator[list[Any]]:
    """The samples of each set of labels."""
    keys = dict.fromkeys(tuple((k, v) for k, v in labels.items() if k != "le") for _, labels, _ in samples)
    for key in keys:
        yield [s for s in samples if tuple((k, v) for k, v in s[1].items() if k != "le") == key]


def test_templates_are_there_and_sound(served: Server) -> None:
    for template in served.get("/api/v1/workflows")["workflows"]:
        assert template["title"]
        assert template["description"], f"web/api/workflows.py has no description of {template['name']}"
        graph = served.get(f"/api/v1/workflows/{quote(template['name'], safe='')}")
        checked = served.post("/api/v1/check", {"workflow": graph})
        assert checked["runs"] or any(model["missing"] for model in template["models"])
        wrong = [p for p in checked["problems"] if p["severity"] == "error" and not p["args"].get("kind")]
        assert [p for p in wrong if p["code"] != "unknown_embedding"] == [], "only models may be missing"

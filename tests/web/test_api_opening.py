"""Opening files of any kind, and workflows in ComfyUI's formats."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.graph.graph import Graph
from tests.web.kit import ROOT, node
from tests.web.stand import Reply, Stand, stand

UI = ROOT / "tests" / "golden" / "ui"
TEMPLATES = sorted((ROOT / "workflows").glob("*.json"))
SUM = {"1": node("KSampler", seed=2**64 - 1), "2": node("SaveImage", images=("1", 0))}
PARAMETERS = (
    "a fox\nNegative prompt: a dog\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 5, Size: 128x128, Model: none"
)
CARRIER = {"class_type": "PrimitiveString", "inputs": {"value": ""}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand(tmp_path_factory.mktemp("opening")) as made:
        yield made


def post(site: Stand, data: bytes, media: str = "application/octet-stream") -> Reply:
    return site.ask("POST", "/api/v1/workflows/open", data, {"Content-Type": media})


def opened(site: Stand, data: bytes | Any) -> Any:
    reply = post(site, data if isinstance(data, bytes) else json.dumps(data).encode())
    assert reply.status == 200, reply.body
    return reply.json


def png(**texts: str) -> bytes:
    info, file = PngInfo(), io.BytesIO()
    for name, text in texts.items():
        info.add_text(name, text)
    Image.new("RGB", (4, 4)).save(file, "PNG", pnginfo=info)
    return file.getvalue()


def picture(kind: str, comment: str = "") -> bytes:
    file, exif = io.BytesIO(), Image.Exif()
    if comment:
        exif[0x010E] = comment
    Image.new("RGB", (4, 4)).save(file, kind, exif=exif)
    return file.getvalue()


def test_ours_comes_as_it_is(site: Stand) -> None:
    told = opened(site, SUM)
    assert (told["form"], told["workflow"], told["problems"]) == ("ours", SUM, [])


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda f: f.stem)
def test_every_template_opens_as_it_is(site: Stand, file: Path) -> None:
    told = opened(site, file.read_bytes())
    assert told["workflow"] == json.loads(file.read_text("utf-8"))
    assert told["missing"]["types"] == []


def test_a_ui_file_is_translated_and_what_it_lacks_is_named(site: Stand) -> None:
    models = [{"name": "lost.safetensors", "url": "https://example.com/lost", "directory": "checkpoints"}]
    nodes = [
        {
            "id": 1,
            "type": "CheckpointLoaderSimple",
            "widgets_values": ["lost.safetensors"],
            "properties": {"models": models},
        },
        {"id": 2, "type": "KSamplerr", "inputs": [], "outputs": [], "properties": {"cnr_id": "some-pack"}},
    ]
    told = opened(site, {"nodes": nodes, "links": [], "version": 0.4})
    assert told["form"] == "ui"
    lost = told["missing"]["types"][0]
    assert (lost["type"], lost["pack"], lost["nodes"]) == ("KSamplerr", "some-pack", ["2"])
    assert "KSampler" in lost["near"]
    file = told["missing"]["files"][0]
    assert (file["kind"], file["name"], file["url"], file["nodes"]) == (
        "checkpoints",
        "lost.safetensors",
        "https://example.com/lost",
        ["1"],
    )


def test_addresses_of_models_are_told_only_when_they_are_safe(site: Stand) -> None:
    meta = {"models": [{"name": "a.safetensors", "url": "javascript:alert(1)"}]}
    loader = node("CheckpointLoaderSimple", ckpt_name="a.safetensors")
    inner = {"s": {"title": "", "nodes": {"1": loader | {"_meta": meta}}, "inputs": [], "outputs": []}}
    file = {"5": node("subgraph:s"), "_workflow": CARRIER | {"_meta": {"version": 1, "subgraphs": inner}}}
    assert [row["url"] for row in opened(site, file)["missing"]["files"]] == [None]
    meta["models"][0]["url"] = "https://example.com/a"
    found = opened(site, file)["missing"]["files"]
    assert [(row["url"], row["nodes"]) for row in found] == [("https://example.com/a", ["5:1"])]


def test_pictures_prefer_what_is_best_to_look_at(site: Stand) -> None:
    other = {"9": node("SaveImage")}
    ui = {"nodes": [{"id": 4, "type": "KSampler"}], "links": [], "version": 0.4}
    assert opened(site, png(prompt=json.dumps(other), inkwater=json.dumps(SUM)))["workflow"] == SUM
    assert opened(site, png(prompt=json.dumps(other), workflow=json.dumps(ui)))["form"] == "ui"
    assert opened(site, png(prompt=json.dumps(other)))["workflow"] == other
    assert opened(site, png(parameters=PARAMETERS))["form"] == "a1111"


@pytest.mark.parametrize("kind", ["WEBP", "JPEG"])
def test_webp_and_jpeg_carry_workflows_too(site: Stand, kind: str) -> None:
    assert opened(site, picture(kind, f"prompt:{json.dumps(SUM)}"))["workflow"] == SUM


def test_text_of_a1111(site: Stand) -> None:
    told = opened(site, PARAMETERS.encode())
    assert told["form"] == "a1111"
    assert any(n["class_type"] == "KSampler" for n in told["workflow"].values())


@pytest.mark.parametrize(
    "data", [png(), picture("WEBP"), picture("JPEG"), picture("GIF"), picture("BMP"), picture("TIFF")]
)
def test_a_picture_without_a_workflow_is_told_apart(site: Stand, data: bytes) -> None:
    reply = post(site, data)
    assert (reply.status, reply.code) == (422, "no_workflow")
    assert reply.sentence == "This picture carries no workflow."


@pytest.mark.parametrize(
    ("data", "status", "code", "words"),
    [
        (b"", 400, "no_body", "empty"),
        (b"   ", 400, "no_body", "empty"),
        (b"{", 400, "invalid_workflow", "not JSON"),
        (b"[1, 2]", 400, "invalid_workflow", "a JSON object of nodes"),
        (b'{"a": 1}', 400, "invalid_workflow", "no node"),
        (b'{"1": {"class_type": "A", "inputs": {"x": 1e999}}}', 400, "invalid_workflow", ""),
        (b'{"1": {"class_type": "A"}, "1": {"class_type": "B"}}', 400, "invalid_workflow", "1"),
        (b"PK\x03\x04\x00\x00" * 20, 422, "not_a_workflow", "JSON, PNG, WebP or JPEG"),
        (b'{"nodes": [{"id": 1, "type": "A"}, {"id": 1, "type": "B"}]}', 400, "invalid_workflow", "1"),
        (b"[" * 100 + b"]" * 100, 400, "invalid_workflow", "deep"),
    ],
)
def test_every_failure_is_one_clear_sentence(site: Stand, data: bytes, status: int, code: str, words: str) -> None:
    reply = post(site, data)
    assert (reply.status, reply.code) == (status, code)
    assert words in reply.sentence
    assert reply.sentence.endswith(".")


def test_a_file_that_cannot_run_opens_all_the_same_when_it_can_be_mended(site: Stand) -> None:
    broken = {"1": node("subgraph:gone"), "2": {"inputs": {}}, "3": node("SaveImage")}
    told = opened(site, broken)
    assert told["workflow"] == broken
    assert [p["code"] for p in told["problems"]] != []


def test_pages_may_send_files_as_they_are(site: Stand) -> None:
    headers = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"}
    for media in ("application/json", "application/octet-stream", "image/png"):
        reply = site.ask("POST", "/api/v1/workflows/open", json.dumps(SUM).encode(), {**headers, "Content-Type": media})
        assert reply.status == 200, media
    reply = site.ask("POST", "/api/v1/workflows/open", b"{}", {**headers, "Content-Type": "text/plain"})
    assert reply.status == 415


def exported(site: Stand, workflow: Any, form: str) -> Reply:
    return site.post("/api/v1/workflows/export", {"workflow": workflow, "form": form})


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda f: f.stem)
def test_exports_hold_the_same_graph(site: Stand, file: Path) -> None:
    workflow = json.loads(file.read_text("utf-8"))
    graph = Graph.from_file(workflow)
    api = exported(site, workflow, "api").json
    assert set(api) == set(graph.nodes)
    assert Graph.from_file(api) == graph
    ui = exported(site, workflow, "comfy").json
    nodes = {str(n["id"]): n["type"] for n in ui["nodes"] if n["type"] not in ("Note", "MarkdownNote")}
    assert nodes == {id: n.type for id, n in graph.nodes.items()}


def test_an_export_says_why_it_cannot_be(site: Stand) -> None:
    reply = exported(
        site, {"1": node("LatentUpscale", samples=("1", 0)), "2": node("SaveLatent", samples=("1", 0))}, "comfy"
    )
    assert (reply.status, reply.code) == (400, "invalid_workflow")
    assert "depend on each other" in reply.sentence


def test_unknown_types_frames_and_notes_are_exported_too(site: Stand) -> None:
    workflow = json.loads((ROOT / "tests" / "golden" / "editor" / "everything.json").read_text("utf-8"))
    ui = exported(site, workflow, "comfy").json
    by_type = {n["type"]: n for n in ui["nodes"]}
    assert by_type["Unheard.Of"]["widgets_values"] == [2**64 - 1, "fixed", None]
    assert by_type["Unheard.Of"]["properties"]["cnr_id"] == "a-pack"
    assert [o["type"] for o in by_type["Unheard.Of"]["outputs"]] == ["IMAGE"]
    assert by_type["MarkdownNote"]["widgets_values"] == ["A *note*"]
    assert ui["groups"][0] | {"id": 0} == {
        "id": 0,
        "title": "G",
        "bounding": [20, 0, 700, 500],
        "flags": {},
        "color": "#3f789e",
        "font_size": 24,
    }


def test_stock_front_ends_are_told_saved_workflows_in_their_form(site: Stand) -> None:
    ours = (ROOT / "workflows" / "text_to_image.json").read_bytes()
    site.ask("POST", "/userdata/workflows%2Fa.json", ours)
    told = site.get("/userdata/workflows%2Fa.json").json
    assert {n["type"] for n in told["nodes"]} >= {"KSampler", "SaveImage"}
    assert site.get("/api/v1/saves/a.json").body == ours
    theirs = json.dumps(told).encode()
    site.ask("POST", "/userdata/workflows%2Fa.json", theirs)
    assert site.get("/userdata/workflows%2Fa.json").body == theirs
    assert site.get("/api/v1/saves/none.json").status == 404


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}", b'{"1": {"class_type": "A", "inputs": {"a": ["1", 0]}}}'])
def test_what_has_no_such_form_comes_as_it_is(site: Stand, data: bytes) -> None:
    site.ask("POST", "/userdata/workflows%2Fodd.json", data)
    assert site.get("/userdata/workflows%2Fodd.json").body == data

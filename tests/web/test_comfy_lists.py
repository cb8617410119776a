"""ComfyUI's routes that list, over the real server: history, jobs, node types, models, the server itself."""

from __future__ import annotations

import gzip
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web import kit
from tests.web.kit import HttpError, Server


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, list[str]]]:
    """A server with a history: three that went well, one that failed; in the order of their ends."""
    with kit.server(tmp_path_factory.mktemp("lists")) as server:
        fails = {"1": kit.node("KitFail"), "2": kit.node("KitShow", number=("1", 0))}
        done: list[str] = []
        for graph in (*map(kit.saved, range(3)), fails):
            done.append(server.submit(graph, extra_data={"extra_pnginfo": {"workflow": {"id": f"w{len(done)}"}}}))
            server.ended(done[-1])
        yield server, done


Jobs = tuple[Server, list[str]]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", slice(None)),
        ("?max_items=2", slice(2, None)),
        ("?max_items=2&offset=-1", slice(2, None)),
        ("?max_items=2&offset=0", slice(0, 2)),
        ("?max_items=2&offset=1", slice(1, 3)),
        ("?offset=3", slice(3, None)),
        ("?max_items=0", slice(0, 0)),
        ("?offset=99", slice(0, 0)),
    ],
)
def test_pages_of_the_history(jobs: Jobs, query: str, wanted: slice) -> None:
    server, ids = jobs
    for prefix in ("", "/api"):
        assert set(server.get(f"{prefix}/history{query}")) == set(ids[wanted])


def test_an_entry_of_the_history(jobs: Jobs) -> None:
    server, ids = jobs
    entry = server.get(f"/history/{ids[0]}")[ids[0]]
    assert entry.keys() == {"prompt", "outputs", "meta", "status"}
    (file,) = entry["outputs"]["2"]["files"]
    assert file["type"] == "output"
    messages = entry["status"]["messages"]
    assert [type for type, _ in messages] == ["execution_start", "execution_cached", "execution_success"]
    assert all(data["prompt_id"] == ids[0] and data["timestamp"] > 10**12 for _, data in messages)
    assert server.get("/history/unknown") == {}


@pytest.mark.parametrize("query", ["max_items=x", "offset=1.5", "offset=1e99", "max_items=99999999999999999999"])
def test_numbers_that_are_none(jobs: Jobs, query: str) -> None:
    with pytest.raises(HttpError) as wrong:
        jobs[0].get(f"/history?{query}")
    assert wrong.value.status == 400


def test_jobs_have_all_that_strict_readers_ask_for(jobs: Jobs) -> None:
    server, ids = jobs
    page = server.get("/api/jobs?status=completed,failed,cancelled&limit=64&offset=0")
    assert page["pagination"] == {"offset": 0, "limit": 64, "total": 4, "has_more": False}
    assert [j["id"] for j in page["jobs"]] == ids[::-1]
    by_id = {j["id"]: j for j in page["jobs"]}
    good, bad = by_id[ids[0]], by_id[ids[3]]
    assert good["status"] == "completed"
    assert good["outputs_count"] == 1
    assert good["preview_output"].keys() == {"filename", "subfolder", "type", "nodeId", "mediaType"}
    assert good["create_time"] <= good["execution_start_time"] <= good["execution_end_time"]
    assert bad["status"] == "failed"
    assert "it was to fail" in bad["execution_error"]["exception_message"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("status=failed", [3]),
        ("status=completed&sort_order=asc", [0, 1, 2]),
        ("status=completed&limit=1&offset=1", [1]),
        ("status=pending,in_progress", []),
        ("workflow_id=w3", [3]),
        ("workflow_id=other", []),
        ("limit=2&sort_order=asc", [0, 1]),
        ("offset=3", [0]),
    ],
)
def test_filters_of_jobs(jobs: Jobs, query: str, wanted: list[int]) -> None:
    server, ids = jobs
    assert [j["id"] for j in server.get(f"/jobs?{query}")["jobs"]] == [ids[i] for i in wanted]


def test_pages_of_jobs_say_whether_there_are_more(jobs: Jobs) -> None:
    numbers = jobs[0].get("/jobs?limit=3")["pagination"]
    assert numbers == {"offset": 0, "limit": 3, "total": 4, "has_more": True}
    assert jobs[0].get("/jobs?sort_by=execution_duration")["pagination"]["total"] == 4


@pytest.mark.parametrize(
    "query", ["status=done", "limit=0", "limit=x", "offset=-1", "sort_by=size", "sort_order=up", "limit=1e3"]
)
def test_parameters_of_jobs_are_strict(jobs: Jobs, query: str) -> None:
    with pytest.raises(HttpError) as wrong:
        jobs[0].get(f"/jobs?{query}")
    assert wrong.value.status == 400
    assert isinstance(wrong.value.body["error"], str)


def test_one_job_in_detail(jobs: Jobs) -> None:
    server, ids = jobs
    told = server.get(f"/api/jobs/{ids[0]}")
    assert told["workflow"]["prompt"]["1"]["class_type"] == "KitSleep"
    assert told["outputs"]["2"]["text"]
    assert told["execution_status"]["completed"] is True
    with pytest.raises(HttpError) as unknown:
        server.get("/api/jobs/unknown")
    assert unknown.value.status == 404


def test_history_is_deleted(served: Server) -> None:
    first, second = (served.submit(kit.shown(700 + i)) for i in range(2))
    served.ended(first), served.ended(second)
    served.post("/history", {"delete": [first, "unknown"]})
    assert served.get(f"/history/{first}") == {}
    assert second in served.get(f"/history/{second}")
    served.post("/api/history", {"clear": True})
    assert served.get("/history") == {}
    assert served.get("/jobs?status=completed")["pagination"]["total"] == 0


def _open(server: Server, path: str, **headers: str) -> Any:
    return urllib.request.urlopen(urllib.request.Request(server.url + path, headers=headers), timeout=kit.PATIENCE)


def test_object_info_is_packed_tagged_and_complete(served: Server) -> None:
    with _open(served, "/api/object_info", **{"Accept-Encoding": "gzip, deflate"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        told = json.loads(gzip.decompress(packed.read()))
        tag = packed.headers["ETag"]
    assert {"KSampler", "SaveImage", "KitShow"} <= set(told)
    assert served.get("/object_info") == told
    with pytest.raises(urllib.error.HTTPError) as same:
        _open(served, "/object_info", **{"Accept-Encoding": "gzip", "If-None-Match": tag})
    assert same.value.code == 304
    assert served.get("/object_info/KitShow") == {"KitShow": told["KitShow"]}
    assert served.get("/object_info/NoSuch") == {}


def test_only_editors_are_told_of_the_types_that_they_take_for_granted(served: Server) -> None:
    told, for_editors = served.get("/object_info"), served.get("/object_info", **{"Comfy-User": ""})
    more = {name: info for name, info in for_editors.items() if name not in told}
    assert told.items() <= for_editors.items()
    assert {"CheckpointLoaderSimple", "LoraLoader", "ControlNetLoader", "GLIGENLoader"} <= set(for_editors)
    assert all(info["deprecated"] and info["category"] == "not here" for info in more.values())
    for name in more:
        with pytest.raises(HttpError) as refused:
            served.post("/prompt", {"prompt": {**kit.shown(1), "9": kit.node(name)}})
        assert name in refused.value.body["error"]["message"]


def test_new_files_are_in_the_combos_at_once(served: Server) -> None:
    def options() -> list[str]:
        found = served.get("/object_info/LoadImage")["LoadImage"]["input"]["required"]["image"][0]
        assert found == served.get("/object_info")["LoadImage"]["input"]["required"]["image"][0]
        return list(found)

    file = served.data / "input" / "new-picture.png"
    assert file.name not in options()
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"\x89PNG")
    try:
        assert file.name in options()
    finally:
        file.unlink()
    assert file.name not in options()


def test_models_and_embeddings(served: Server) -> None:
    kinds = served.get("/models")
    assert {"checkpoints", "loras", "vae", "embeddings", "text_encoders"} <= set(kinds)
    assert not {"input", "output", "temp"} & set(kinds)
    assert "mini-v1.safetensors" in served.get("/api/models/checkpoints")
    folder = served.data / "models" / "embeddings"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ink.safetensors").write_bytes(b"x")
    assert served.get("/embeddings") == ["ink"]
    assert served.get("/models/embeddings") == ["ink.safetensors"]
    (file,) = served.get("/experiment/models/embeddings")
    assert file.keys() == {"name", "pathIndex", "modified", "created", "size"}
    assert (file["name"], file["size"]) == ("ink.safetensors", 1)
    folders = {f["name"]: f["folders"] for f in served.get("/experiment/models")}
    assert len(folders["embeddings"]) > file["pathIndex"]
    assert str(served.data) not in str(folders)


@pytest.mark.parametrize("path", ["/models/nowhere", "/models/output", "/experiment/models/nowhere", "/models/..%2f"])
def test_folders_that_are_none(served: Server, path: str) -> None:
    with pytest.raises(HttpError) as wrong:
        served.get(path)
    assert wrong.value.status == 404


def test_the_picture_beside_a_model(served: Server) -> None:
    from PIL import Image

    folder = served.data / "models" / "loras" / "deep"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.safetensors").write_bytes(b"x")
    Image.new("RGB", (900, 300), "red").save(folder / "a.png")
    at = next(f["pathIndex"] for f in served.get("/experiment/models/loras") if f["name"] == "deep/a.safetensors")
    data = served.get(f"/experiment/models/preview/loras/{at}/deep/a.safetensors")
    assert data[8:12] == b"WEBP"
    for wrong in (
        f"{at}/deep/b.safetensors",
        "99/deep/a.safetensors",
        f"{at}/..%2f..%2fstate.sqlite",
    ):
        with pytest.raises(HttpError) as missing:
            served.get(f"/experiment/models/preview/loras/{wrong}")
        assert missing.value.status == 404


def test_the_server_itself(served: Server) -> None:
    told = served.get("/system_stats")
    assert {"os", "ram_total", "ram_free", "comfyui_version", "python_version", "pytorch_version", "argv"} <= set(
        told["system"]
    )
    (device,) = told["devices"]
    assert device.keys() == {
        "name", "type", "index", "vram_total", "vram_free", "torch_vram_total", "torch_vram_free",
    }  # fmt: skip
    assert device["vram_total"] >= device["vram_free"] > 0
    features = served.get("/features")
    assert features["supports_preview_metadata"] is True
    assert features["max_upload_size"] > 10**6


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/extensions", []),
        ("/i18n", {}),
        ("/workflow_templates", {}),
        ("/global_subgraphs", {}),
        ("/internal/logs", ""),
        ("/internal/logs/raw", {"entries": [], "size": {"cols": 80, "rows": 24}}),
    ],
)
def test_what_editors_ask_for_at_their_start(served: Server, path: str, answer: Any) -> None:
    assert served.get(path) == answer
    assert served.get(f"/api{path}") == answer


def test_logs_are_subscribed_to_in_vain(served: Server) -> None:
    assert served.ask("PATCH", "/internal/logs/subscribe", {"clientId": "x", "enabled": True}) == b""
    assert str(served.data) not in str(served.get("/internal/folder_paths"))

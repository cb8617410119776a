"""Models, pictures, node types and what the worker tells, over the API."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from engine.digests import WHOLE
from engine.settings import SHIPPED
from tests.web import kit
from tests.web.kit import HttpError, Server

API = "/api/v1"


def test_models_are_told_by_their_header(served: Server) -> None:
    assert served.get(f"{API}/models")["checkpoints"] >= 1
    path = SHIPPED / "checkpoints" / "mini-v1.safetensors"
    model = served.get(f"{API}/models/checkpoints/mini-v1.safetensors")
    assert (model["family"], model["title"], model["prediction"]) == ("mini1", "mini-v1", "v")
    assert (model["size"], model["unusable"]) == (path.stat().st_size, None)
    assert set(model["parts"]) == {"denoiser", "text", "vae"}
    assert model in served.get(f"{API}/models/checkpoints")["models"]


def test_a_damaged_model_is_listed_with_what_is_wrong(served: Server) -> None:
    write(served.data / "models" / "checkpoints" / "deep" / "broken.safetensors", b"nothing of use")
    model = served.get(f"{API}/models/checkpoints/deep%2Fbroken.safetensors")
    assert (model["name"], model["family"]) == ("deep/broken.safetensors", None)
    assert "broken.safetensors" in model["unusable"]


def test_models_come_in_pages(served: Server) -> None:
    for n in range(5):
        write(served.data / "models" / "loras" / f"{n}.safetensors", header({}))
    names: list[str] = []
    cursor = ""
    while cursor is not None:
        page = served.get(f"{API}/models/loras?limit=2{f'&cursor={cursor}' if cursor else ''}")
        names += [model["name"] for model in page["models"]]
        cursor = page["next"]
    assert names == [f"{n}.safetensors" for n in range(5)]


def test_a_hash_is_made_when_it_is_asked_for_and_remembered(served: Server) -> None:
    path = served.data / "models" / "vae" / "large.safetensors"
    write(path, header({}))
    with path.open("r+b") as file:
        file.truncate(WHOLE + 5)
    url = f"{API}/models/vae/large.safetensors"
    assert served.get(url)["sha256"] is None
    asked = served.get(f"{url}?hash=1")
    assert asked["hashing"] or asked["sha256"]
    found = kit.wait_for(lambda: served.get(f"{url}?hash=1")["sha256"], "the hash")
    assert found == hashlib.sha256(path.read_bytes()).hexdigest()
    kit.wait_for(lambda: not served.get(url)["hashing"], "the end of hashing")


def test_the_texts_of_a_header(served: Server) -> None:
    write(served.data / "models" / "loras" / "told.safetensors", header({"ss_tag": "<b>fox</b>"}))
    told = served.get(f"{API}/models/loras/told.safetensors/metadata")
    assert told == {"metadata": {"ss_tag": "<b>fox</b>"}}


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def header(texts: dict[str, str]) -> bytes:
    """A safetensors file without tensors."""
    told = json.dumps({"__metadata__": texts}).encode()
    return struct.pack("<Q", len(told)) + told


def test_a_thumbnail_is_small_and_kept_by_the_client(served: Server) -> None:
    (served.data / "input").mkdir(exist_ok=True)
    Image.new("RGB", (900, 300), "red").save(served.data / "input" / "wide.png")
    (row,) = [i for i in served.get(f"{API}/images?type=input&limit=1000")["images"] if i["name"] == "wide.png"]
    small = served.get(f"{row['thumbnail']}?side=64")
    (served.data / "thumbnail.webp").write_bytes(small)
    with Image.open(served.data / "thumbnail.webp") as picture:
        assert (picture.format, picture.size) == ("WEBP", (64, 21))
    write(served.data / "input" / "no.png", b"no picture")
    with pytest.raises(HttpError) as none:
        served.get(f"{API}/images/input/no.png/thumbnail")
    assert (none.value.status, none.value.body["error"]["code"]) == (415, "no_picture")


def test_a_model_has_the_picture_beside_its_file(served: Server) -> None:
    folder = served.data / "models" / "loras" / "ink pots"
    write(folder / "v1.0.safetensors", header({}))
    url = f"{API}/models/loras/{quote('ink pots/v1.0.safetensors')}"
    assert served.get(url)["preview"] is None
    with pytest.raises(HttpError) as none:
        served.get(f"{url}/preview")
    assert (none.value.status, none.value.body["error"]["code"]) == (404, "no_preview")
    Image.new("RGB", (300, 900), "blue").save(folder / "v1.0.png")
    assert served.get(url)["preview"] == f"{url}/preview"
    Image.new("RGB", (900, 300), "red").save(folder / "v1.0.preview.png")
    (served.data / "preview.webp").write_bytes(served.get(f"{url}/preview?side=64"))
    with Image.open(served.data / "preview.webp") as picture:
        assert (picture.format, picture.size) == ("WEBP", (64, 21))


def test_a_picture_that_leads_out_of_the_folder_is_none(served: Server) -> None:
    folder = served.data / "models" / "loras"
    write(folder / "linked.safetensors", header({}))
    Image.new("RGB", (8, 8)).save(served.data / "outside.png")
    (folder / "linked.png").symlink_to(served.data / "outside.png")
    assert served.get(f"{API}/models/loras/linked.safetensors")["preview"] is None


def test_node_types_are_told_as_the_command_line_tells_them(served: Server) -> None:
    from engine.graph.described import described
    from engine.plugins import builtins

    told = served.get(f"{API}/nodes")
    assert {name for name in told if not name.startswith("Kit")} >= set(builtins())
    assert told["KSampler"] == json.loads(json.dumps(described(builtins()["KSampler"])))
    assert served.get(f"{API}/nodes/KSampler") == told["KSampler"]


@pytest.fixture
def ready(served: Server) -> Server:
    def look() -> bool:
        try:
            return bool(served.get(f"{API}/health") == {"status": "ready", "reasons": []})
        except HttpError:
            return False

    kit.wait_for(look, "the worker")
    return served


def test_who_holds_what(ready: Server) -> None:
    ready.ended(ready.submit(kit.shown(500)))
    memory: dict[str, Any] = ready.get(f"{API}/memory")
    assert memory["weights"] == []
    assert memory["results"]["count"] >= 1
    assert memory["process"]["pid"] in ready.workers()
    assert ready.get(f"{API}/cache")["disk"]["path"].startswith(str(ready.data))
    assert ready.post(f"{API}/cache/clear")["cache"] > 0
    assert ready.get(f"{API}/cache")["memory"]["count"] == 0
    assert ready.post(f"{API}/memory/free") == {"weights": 0, "cache": 0}


def test_how_a_prompt_is_read(ready: Server) -> None:
    read = ready.post(f"{API}/tokens", {"text": "a (red:1.3) fox"})
    assert [(t["text"], t["weight"]) for t in read["tokens"]] == [("a", 1.0), ("red", 1.3), ("fox", 1.0)]
    assert (read["chunks"], read["free"]) == (1, 72)
    long = ready.post(f"{API}/tokens", {"text": "fox " * 80, "clip": "mini1"})
    assert [t["chunk"] for t in long["tokens"]] == [0] * 75 + [1] * 5
    assert (long["chunks"], long["free"]) == (2, 70)
    assert ready.post(f"{API}/tokens", {"text": ""}) == {"tokens": [], "chunks": 1, "free": 75}
    with pytest.raises(HttpError) as wrong:
        ready.post(f"{API}/tokens", {"text": "a", "clip": "nothing"})
    assert wrong.value.status == 400


def test_health_needs_no_token_and_tells_of_the_worker(fresh: Any) -> None:
    server = fresh("--listen", "0.0.0.0", "--token", "secret")
    url = server.url.replace("0.0.0.0", "127.0.0.1")
    server.url = url

    def status() -> str:
        try:
            return str(server.get(f"{API}/health")["status"])
        except HttpError as error:
            return str(error.body["status"]) if error.status == 503 else f"{error.status}"

    assert status() in ("starting", "ready")
    kit.wait_for(lambda: status() == "ready", "the worker")
    with pytest.raises(HttpError) as closed:
        server.get(f"{API}/metrics")
    assert closed.value.status == 401
    assert b"inkwater_jobs" in server.get(f"{API}/metrics", Authorization="Bearer secret")

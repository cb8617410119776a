"""Client libraries that people use with ComfyUI, unchanged: text to a picture on the real server with the mini."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.graph.graph import Graph
from tests.web import kit
from tests.web.kit import ROOT, Server

pytestmark = pytest.mark.slow

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that draws, on the CPU."""
    with kit.server(tmp_path_factory.mktemp("painter"), "--device", "cpu") as server:
        yield server


def prompt(seed: int) -> dict[str, Any]:
    """The shipped workflow in API format, in few steps."""
    nodes = Graph.from_file(ROOT / "workflows" / "text_to_image.json").to_api()
    for node in nodes.values():
        if node["class_type"] == "KSampler":
            node["inputs"] |= {"steps": 3, "seed": seed}
    return nodes


def test_comfy_api_simplified(painter: Server, tmp_path: Path) -> None:
    library = pytest.importorskip("comfy_api_simplified")
    file = tmp_path / "workflow.json"
    file.write_text(json.dumps(prompt(1)))
    workflow = library.ComfyWorkflowWrapper(str(file))
    client = library.ComfyApiWrapper(painter.url)
    pictures = client.queue_and_wait_images(workflow, "Picture")
    assert [data[:8] for data in pictures.values()] == [PNG]
    assert client.get_queue() == {"queue_running": [], "queue_pending": []}
    assert "KSampler" in client.get_object_info()
    assert client.get_system_stats()["devices"]
    assert client.get_embeddings() == []


def test_comfy_toolkit(painter: Server) -> None:
    library = pytest.importorskip("comfy_toolkit")
    client = library.ComfyClient(painter.url)
    assert client.is_online()
    assert client.queue_status() == {"running": 0, "pending": 0}
    assert client.vram_stats()["vram_total"] > 0
    job = client.submit(prompt(2))
    (picture,) = client.wait_for_images(job, max_wait=kit.PATIENCE, poll_interval=0.1)
    assert client.download(picture)[:8] == PNG


def test_comfy_headless(painter: Server) -> None:
    library = pytest.importorskip("comfy_headless")
    client = library.ComfyClient(base_url=painter.url)
    assert client.is_online()
    assert client.get_vram_gb() > 0
    job = client.queue_prompt(prompt(3), extra_pnginfo={"note": "kept"})
    entry = client.wait_for_completion(job, timeout=kit.PATIENCE, poll_interval=0.1)
    (picture,) = next(shown["images"] for shown in entry["outputs"].values() if "images" in shown)
    data = client.get_image(picture["filename"], picture["subfolder"], picture["type"])
    assert data[:8] == PNG
    assert b"note" in data


def test_the_websocket_of_comfy_headless(painter: Server) -> None:
    library = pytest.importorskip("comfy_headless.websocket_client")

    async def run() -> list[str]:
        async with library.ComfyWSClient(painter.url, client_id="headless") as client:
            told: list[str] = []

            async def on_progress(progress: Any) -> None:
                told.append(progress.status)

            client.add_listener("", on_progress)
            job = await asyncio.to_thread(painter.submit, prompt(4), client_id="headless")
            last = await client.wait_for_completion(job, kit.PATIENCE)
            return [*told, "last: " + last.status]

    told = asyncio.run(run())
    assert told[-1] == "last: completed"
    assert {"started", "cached", "executing", "progress", "node_complete"} <= set(told)

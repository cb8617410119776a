"""ComfyUI's own front ends, unchanged, as clients of our server: a real browser, all outside hosts blocked."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.web.kit import ROOT, node, server

PACKAGE = "comfyui-frontend-package"
VERSIONS = ("1.27.10", "1.58.1")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here"),
]

SMALL = """() => {
  const set = (type, values) => {
    for (const node of window.app.graph._nodes.filter(n => n.type === type))
      for (const w of node.widgets) if (w.name in values) w.value = values[w.name];
  };
  set('CheckpointLoaderSimple', {ckpt_name: 'mini-v1.safetensors'});
  set('EmptyLatentImage', {width: 128, height: 128});
  set('KSampler', {steps: 8, seed: 7});
}"""
"""The front end's own default graph, cut down to the model that we ship."""

TYPES = "() => window.app.graph._nodes.map(n => n.type)"
SHOWN = "() => window.app.graph._nodes.some(n => n.type === 'SaveImage' && n.imgs && n.imgs[0].naturalWidth === 128)"


def exported() -> str:
    """A shipped workflow as ComfyUI's front ends save theirs."""
    command = [sys.executable, "main.py", "export", "workflows/text_to_image.json", "--comfy"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module", params=VERSIONS)
def front_end(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static files of a version: from the package, which stands nowhere in the project."""
    place = tmp_path_factory.mktemp(f"front-{request.param}")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(place)]
    done = subprocess.run([*command, f"{PACKAGE}=={request.param}"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{PACKAGE} {request.param} cannot be had here")
    return place / "comfyui_frontend_package" / "static"


def test_the_front_end_boots_queues_and_shows_the_picture(front_end: Path, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    options = ["--front-end-root", str(front_end)]
    with server(tmp_path, *options, "--device", "auto") as started, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        outside: list[str] = []

        def only_ours(route: object) -> None:
            url = route.request.url  # type: ignore[attr-defined]
            ours = urlsplit(url).hostname in ("127.0.0.1", None, "")
            outside.extend([] if ours else [url])
            route.continue_() if ours else route.abort()  # type: ignore[attr-defined]

        page.route("**/*", only_ours)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        missing: list[str] = []
        page.on("response", lambda r: missing.append(f"{r.status} {r.url}") if r.status >= 500 else None)
        page.request.post(f"{started.url}/api/settings", data={"Comfy.TutorialCompleted": True})

        page.goto(started.url)
        page.wait_for_function(
            "() => window.app && window.app.graph && window.app.graph._nodes.length > 4", timeout=60_000
        )
        if "CheckpointLoaderSimple" not in page.evaluate(TYPES):  # the newer one's default is of another family
            page.evaluate("workflow => window.app.loadGraphData(workflow)", json.loads(exported()))
        page.wait_for_function(f"() => ({TYPES})().includes('CheckpointLoaderSimple')")
        page.evaluate(SMALL)
        page.evaluate("() => { window.app.queuePrompt(0, 1) }")
        page.wait_for_function(SHOWN, timeout=90_000)
        page.wait_for_timeout(1_000)
        page.screenshot(path=str(tmp_path / "front-end.png"))

        assert missing == []
        browser.close()
    assert list((tmp_path / "output").glob("*.png"))


NEWS = """() => {
  const node = window.app.graph._nodes.find(n => n.type === 'XYPlot');
  return (node.imgs || []).filter(i => i.naturalWidth).map(i => i.naturalWidth);
}"""
"""How wide the pictures are that the plot shows."""


def test_a_plot_shows_its_cells_while_it_runs_and_why_some_are_not_there(front_end: Path, tmp_path: Path) -> None:
    """Of 2 × 2 cells one is made, one waits for a file, and a row fails: that is no error of the run."""
    from playwright.sync_api import sync_playwright

    there, gate, never = (tmp_path / name for name in ("there", "gate", "never"))
    there.write_text("")
    values = {
        "x_input": "1.file",
        "x_values": f"{there}, {gate}",
        "y_input": "2.unless",
        "y_values": f"{there}, {never}",
    }
    graph = {
        "1": node("KitWait", number=64, file=str(there)),
        "2": node("KitFail", number=64, message="it is broken", unless=str(there)),
        "3": node("EmptyImage", width=("1", 0), height=("2", 0), batch_size=1, color=16_738_816),
        "8": node("XYPlot", image=("3", 0), **values, share_batches=True, labels=True),
        "9": node("PreviewImage", images=("8", 0)),
    }
    options = ["--front-end-root", str(front_end), "--device", "auto"]
    with server(tmp_path, *options) as started, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        page.route("**/*", lambda r: r.continue_() if urlsplit(r.request.url).hostname == "127.0.0.1" else r.abort())
        page.request.post(f"{started.url}/api/settings", data={"Comfy.TutorialCompleted": True})
        page.goto(started.url)
        page.wait_for_function(READY, timeout=120_000)
        page.evaluate(DROPPED, json.dumps(graph))
        page.wait_for_function("() => window.app.graph._nodes.some(n => n.type === 'XYPlot')")
        page.evaluate("() => { window.app.queuePrompt(0, 1) }")
        page.wait_for_function(f"() => ({NEWS})().length === 3", timeout=120_000)
        assert sorted(page.evaluate(NEWS)) == [64, 320, 320]
        page.screenshot(path=str(tmp_path / "partial.png"))
        gate.write_text("")
        page.wait_for_function(f"() => ({NEWS})().length === 4", timeout=120_000)
        assert page.evaluate(NEWS) == [64, 64, 320, 320], "in their order, when all are there"
        page.wait_for_timeout(1_000)
        page.screenshot(path=str(tmp_path / "front-end.png"))
        assert "Error" not in page.inner_text("body"), "nothing is told as an error of the run"
        browser.close()


READY = "() => window.app && window.app.graph && window.app.graph._nodes.length > 4"
DROPPED = "async text => { await window.app.handleFile(new File([text], 'a.json', {type: 'application/json'})) }"
SHOWN_AS = """() => ({
  types: window.app.graph._nodes.map(n => n.type).sort(),
  groups: window.app.graph._groups.map(g => g.title),
  notes: window.app.graph._nodes.filter(n => /Note$/.test(n.type)).map(n => n.widgets[0].value),
  links: window.app.graph._nodes.flatMap(n => n.inputs || []).filter(i => i.link != null).length,
})"""


def saved_by_the_editor(*, subgraph: bool) -> str:
    """A file as our editor wrote it, with a frame and a note; with an instance of a subgraph or without."""
    file = json.loads((ROOT / "tests/golden/editor/written/everything.json").read_text("utf-8"))
    del file["9"]  # of a type that is nowhere known
    if not subgraph:
        del file["3"], file["5"], file["_workflow"]["_meta"]["subgraphs"]
        file["6"]["inputs"]["samples"] = ["4", 0]
    return json.dumps(file)


def test_what_our_editor_saved_opens(front_end: Path, tmp_path: Path) -> None:
    """From the list of saved workflows whole (subgraphs flattened), as a plain file while it has no subgraph, and
    exported always: instances of subgraphs have no form in ComfyUI's API format."""
    from playwright.sync_api import Page, sync_playwright

    def shows(page: Page, types: list[str]) -> dict[str, Any]:
        wanted = json.dumps(sorted(types))
        page.wait_for_function(
            f"() => JSON.stringify(({SHOWN_AS})().types) === JSON.stringify({wanted})", timeout=60_000
        )
        shown: dict[str, Any] = page.evaluate(SHOWN_AS)
        return shown

    flat = ["CheckpointLoaderSimple", "CLIPTextEncode", "EmptyLatentImage", "VAEDecode", "SaveImage"]
    inner = ["KSampler", "ConditioningZeroOut"]
    whole, plain = saved_by_the_editor(subgraph=True), saved_by_the_editor(subgraph=False)
    with server(tmp_path, "--front-end-root", str(front_end)) as started, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        page.route("**/*", lambda r: r.continue_() if urlsplit(r.request.url).hostname == "127.0.0.1" else r.abort())
        page.request.post(f"{started.url}/api/settings", data={"Comfy.TutorialCompleted": True})
        page.goto(started.url)
        page.wait_for_function(READY, timeout=120_000)

        started.post("/api/userdata/workflows%2Ffox.json", json.loads(whole))
        listed = started.get("/api/userdata/workflows%2Ffox.json")
        page.evaluate("workflow => window.app.loadGraphData(workflow)", listed)
        shown = shows(page, [*flat, *inner, "MarkdownNote"])
        assert (shown["groups"], shown["notes"], shown["links"]) == (["G"], ["A *note*"], 9)

        page.evaluate(DROPPED, plain)
        assert shows(page, [*flat, "PreviewImage", "PrimitiveString"])["links"] == 5

        exported = started.post("/api/v1/workflows/export", {"workflow": whole, "form": "api"})
        page.evaluate(DROPPED, json.dumps(exported))
        assert shows(page, [*flat, *inner])["links"] == 9
        page.screenshot(path=str(tmp_path / "front-end.png"))
        browser.close()

"""The real server and names that lead out of its folders, in inputs, prefixes and addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zlib import crc32

import pytest

from tests.web import kit, samples
from tests.web.attack import alive, get, post, table
from tests.web.kit import Server, node
from tests.web.stand import ask, stand
from tests.web.test_safety_files import NAMES
from tests.web.test_safety_requests import STREAMS

SECRET = "the canary of a file outside"
SENDABLE = [name for name in NAMES if "\ud800" not in name]


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose data folder has secrets around it, and links to them in it."""
    around = tmp_path_factory.mktemp("trap")
    data = around / "data"
    (around / "secret.png").write_bytes(samples.picture() + SECRET.encode())
    (around / "secret.safetensors").write_text(SECRET)
    for folder in ("input", "output", "temp"):
        (data / folder / "sub").mkdir(parents=True)
        (data / folder / "link.png").symlink_to(around / "secret.png")
        (data / folder / "linked").symlink_to(around)
        (data / folder / "sub" / "deep.png").symlink_to(around / "secret.png")
        (data / folder / ".hidden.png").write_text(SECRET)
        (data / f"{folder}-other").mkdir()
        (data / f"{folder}-other" / "secret.png").write_text(SECRET)
    with kit.server(data) as server:
        yield server


def required(kind: Any) -> Any:
    """Some value that a node type takes for a required input."""
    name, more = kind[0], (kind[1] if len(kind) > 1 else {})
    if isinstance(name, list):
        return name[0] if name else ""
    return more.get("default", {"INT": 1, "FLOAT": 1.0, "STRING": "", "BOOLEAN": False}.get(name, ["0", 0]))


def test_no_text_input_of_any_node_type_leads_out(trap: Server) -> None:
    """Each string and each choice of each node type, many nodes to a check of the API."""
    before, nodes = outside(trap), []
    for type, about in trap.get("/object_info").items():
        inputs = {**about["input"].get("required", {}), **about["input"].get("optional", {})}
        plain = {name: required(kind) for name, kind in about["input"].get("required", {}).items()}
        for name, (kind, *_) in inputs.items():
            start = crc32(f"{type}.{name}".encode())  # over all types each name comes many times
            wicked = SENDABLE[start % 6 :: 6] if kind == "STRING" else SENDABLE[start % 3 :: 3]
            nodes += [{"class_type": type, "inputs": {**plain, name: value}} for value in wicked]
    assert len(nodes) > 5000
    for start in range(0, len(nodes), 20):  # so few that no problem is left out of the answer
        graph = {f"n{i}": node for i, node in enumerate(nodes[start : start + 20])}
        reply = post(trap, "/api/v1/check", {"workflow": graph})
        assert reply.status < 500, graph
        assert SECRET.encode() not in reply.body
    assert outside(trap) == before


def outside(server: Server) -> dict[str, bytes]:
    """All files around the server's own folders."""
    around = server.data.parent
    own = [server.data / name for name in ("input", "output", "temp", "cache", "user")]
    files = [p for p in around.rglob("*") if p.is_file() and not p.is_symlink() and "state.sqlite" not in p.name]
    return {str(p): p.read_bytes() for p in files if not any(p.is_relative_to(o) for o in own) and p.suffix != ".pyc"}


def test_pictures_outside_are_refused_through_the_prompt(trap: Server) -> None:
    for name in [*SENDABLE, "../secret.png [output]", "link.png [temp]", "secret.png [input-other]"]:
        graph = {"1": node("LoadImage", image=name), "2": node("SaveImage", images=("1", 0), filename_prefix="a")}
        reply = post(trap, "/prompt", {"prompt": graph})
        assert reply.status == 400, name
        assert SECRET.encode() not in reply.body
        assert reply.json["node_errors"] or reply.json["error"]["message"]
    alive(trap)


def test_what_sinks_save_stays_inside(trap: Server) -> None:
    before = outside(trap)
    for number, name in enumerate(SENDABLE):
        reply = post(trap, "/prompt", {"prompt": kit.saved(number, prefix=name)})
        assert reply.status in (200, 400), name
        if reply.status == 200:
            for output in trap.ended(reply.json["prompt_id"])["outputs"].values():
                for file in output.get("files", ()):
                    path = trap.data / "output" / file["subfolder"] / file["filename"]
                    assert path.resolve().is_relative_to(trap.data / "output")
    assert outside(trap) == before
    alive(trap)


def test_no_part_of_a_path_of_any_route_leads_out(trap: Server, tmp_path: Path) -> None:
    """Every parameter of every route of GET and DELETE, one at a time."""
    with stand(tmp_path) as made:
        found = {(r.method, r.resource.canonical) for r in made.app.router.routes() if r.resource is not None}
    before = outside(trap)
    for method, template in sorted(found):
        if "{" not in template or method not in ("GET", "DELETE") or template.startswith("/api/v1/events"):
            continue
        if template.startswith("/api/") and not template.startswith("/api/v1/"):
            continue
        names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
        for wicked in names:
            fixed = {"type": "output", "kind": "loras", "folder": "loras", "path_index": "0", "pack": "kit"}
            for value in SENDABLE:
                parts = {name: fixed.get(name, "a.png") for name in names} | {wicked: quote(value, safe="")}
                reply = ask(trap.url, method, template.format(**parts))
                assert reply.status != 500, (template, value)
                assert SECRET.encode() not in reply.body, (template, value)
    assert outside(trap) == before
    alive(trap)


def test_texts_of_others_are_never_part_of_a_page(trap: Server, tmp_path: Path) -> None:
    """Names, titles and addresses come back as JSON or as files; the two pages there are hold nothing of a client's."""
    script = "<img src=x onerror=alert(1)>"
    graph = {"1": {**node("KitShow", number=script), "_meta": {"title": script}}, script: node(script)}
    for path in ("/prompt", "/api/v1/jobs"):
        reply = post(trap, path, {"prompt": graph, "workflow": graph})
        assert (reply.status, reply.headers["content-type"]) == (400, "application/json")
    post(trap, f"/userdata/{quote(script)}", 1)
    for method, path in table(tmp_path):
        if method == "GET" and path.removeprefix("/api") not in STREAMS:
            for part in ("prompt_id", "/id", "name", "path", "file", "folder", "kind", "type"):
                wicked = path.replace(part, ("/" if part == "/id" else "") + quote(script, safe=""))
                reply = get(trap, f"{wicked}?filename={quote(script)}&dir={quote(script)}&cursor={quote(script)}")
                page = "html" in reply.headers.get("content-type", "")
                assert not page or path in ("/", "/api/v1/docs"), path
                assert not page or script.encode() not in reply.body


def test_a_workflow_that_names_an_unknown_pack_installs_nothing(served: Server) -> None:
    before = sorted(p.name for p in (served.data / "packs").iterdir())
    graph = {"1": {"class_type": "EvilNode", "inputs": {}, "_meta": {"cnr_id": "evil-pack", "aux_id": "evil/pack"}}}
    assert post(served, "/prompt", {"prompt": graph}).status == 400
    assert sorted(p.name for p in (served.data / "packs").iterdir()) == before


def test_addresses_of_others_are_never_asked(served: Server) -> None:
    """What looks like an address in any text stays a text: the names of files have no colon."""
    for address in (
        "http://169.254.169.254/latest",
        "http://[::1]:1/",
        "https://evil.test/a.png",
        "file:///etc/passwd",
    ):
        graph = {"1": node("LoadImage", image=address), "2": node("SaveImage", images=("1", 0), filename_prefix="a")}
        reply = post(served, "/prompt", {"prompt": graph})
        assert reply.status == 400
        assert ":" in str(reply.json)

"""The real server: what it tells of secrets, what reading changes, and who is let in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.web import kit, samples
from tests.web.attack import get, table
from tests.web.kit import Server, node
from tests.web.stand import Reply, ask, form
from tests.web.test_safety_requests import STREAMS


def test_reading_changes_nothing(fresh: Callable[..., Server], tmp_path: Path) -> None:
    """All routes of GET and HEAD, with the words that make others write."""
    server = fresh()
    done = server.submit(kit.saved(1))
    server.ended(done)
    server.post("/api/v1/queue/pause")
    waiting = server.submit(kit.shown(2))
    ask(server.url, "POST", "/userdata/id", b"1")
    seen = (server.get("/queue"), server.get("/history"), snapshot(server.data))
    words = "?clear=true&delete=1&overwrite=true&dir=workflows&filename=a.png&path=&type=output&unload_models=true"
    for method, path in table(tmp_path / "table"):
        if method in ("GET", "HEAD") and path.removeprefix("/api") not in STREAMS:
            for id in (done, waiting):
                ask(server.url, method, path.replace("/id", f"/{id}").replace("prompt_id", id) + words)
    assert (server.get("/queue"), server.get("/history"), snapshot(server.data)) == seen


def snapshot(data: Path) -> dict[str, tuple[int, int]]:
    """What a write would change. Of the queue that is its log: the file itself takes the log over when all is idle."""
    files = [p for p in data.rglob("*") if p.is_file() and not p.name.endswith(("-shm", ".pyc", ".lock", ".sqlite"))]
    return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in files}


CANARY = "canary-8c1f0a-do-not-tell"


def test_secrets_are_told_to_nobody(fresh: Callable[..., Server]) -> None:
    """Keys in extra_data, and the token in addresses, headers and refused requests."""
    token = "token-canary-77aa01"
    server = fresh("--token", token)
    key = {"Authorization": f"Bearer {token}"}
    extra = {
        "auth_token_comfy_org": CANARY,
        "api_key_comfy_org": CANARY,
        "unheard_of": {"deep": [CANARY]},
        "extra_pnginfo": {"workflow": {"nodes": [], "said": "kept"}},
    }
    told: list[bytes] = []

    def seen(method: str, path: str, body: Any = None) -> Reply:
        reply = ask(server.url, method, path, body, key)
        told.append(reply.body)
        return reply

    for graph in (kit.saved(1, seconds=0.5), kit.shown(2), {"1": node("KitFail", message="no")}, {"1": node("None")}):
        seen("POST", f"/prompt?token={token}", {"prompt": graph, "extra_data": extra, "client_id": "me"})
        seen("GET", "/queue")
    seen("POST", "/prompt", f'{{"prompt": {{}}, "extra_data": {{"api_key_comfy_org": "{CANARY}", NaN'.encode())
    seen("GET", f"/none?token={token}")
    ask(server.url, "GET", f"/%zz?token={token}")
    ask(server.url, "GET", "/settings", headers={"Authorization": f"Bearer {token}x"})
    kit.wait_for(lambda: not sum(map(len, seen("GET", "/queue").json.values())), "the end of the jobs")
    jobs = seen("GET", "/api/v1/jobs").json["jobs"]
    for job in jobs:
        for path in ("", "/workflow", "/results"):
            seen("GET", f"/api/v1/jobs/{job['id']}{path}")
        seen("GET", f"/jobs/{job['id']}")
    for path in ("/history", "/jobs", "/internal/logs", "/internal/logs/raw", "/system_stats", "/api/v1/metrics"):
        seen("GET", path)
    assert server.stop() == 0
    assert len(jobs) >= 2
    assert any(b'"said":"kept"' in body.replace(b" ", b"") for body in told)
    files = {str(p): p.read_bytes() for p in server.data.rglob("*") if p.is_file()}
    assert any("state.sqlite" in name for name in files)
    announced = [line for line in server.lines if line.startswith("Inkwater listens on ")]
    lines = "".join(line for line in server.lines if line not in announced)
    for where, text in {**files, **{f"answer {n}": b for n, b in enumerate(told)}, "log": lines.encode()}.items():
        assert CANARY.encode() not in text, where
        assert token.encode() not in text, where


def test_secrets_are_in_no_picture(fresh: Callable[..., Server]) -> None:
    """A picture carries its graph and what extra_pnginfo says, and none of the keys that came with them."""
    server = fresh("--device", "cpu")
    body, headers = form(image=("a.png", samples.picture()))
    assert ask(server.url, "POST", f"/upload/image?token={CANARY}", body, headers).status == 200
    graph = {"1": node("LoadImage", image="a.png"), "2": node("SaveImage", images=("1", 0), filename_prefix="a")}
    extra = {"api_key_comfy_org": CANARY, "extra_pnginfo": {"workflow": {"said": "kept"}}}
    done = server.ended(server.submit(graph, extra_data=extra, client_id="me"))
    (image,) = done["outputs"]["2"]["images"]
    saved = (server.data / "output" / image["filename"]).read_bytes()
    assert b"kept" in saved
    assert b"LoadImage" in saved
    assert CANARY.encode() not in saved
    assert CANARY not in json.dumps(done)


def test_a_public_server_makes_a_token_and_says_so(fresh: Callable[..., Server]) -> None:
    server = fresh("--listen", "0.0.0.0")
    url, _, token = server.lines[-1].split()[-1].partition("/?token=")
    assert len(token) >= 43
    assert ask(url, "GET", "/settings").status == 401
    assert ask(url, "GET", f"/settings?token={token}").status == 200
    assert any("TLS" in line for line in server.lines)


def test_no_authentication_is_said_at_the_start(fresh: Callable[..., Server]) -> None:
    server = fresh("--listen", "0.0.0.0", "--no-auth")
    assert get(server, "/settings").status == 200
    assert get(server, "/settings", Host="evil.test").status == 403
    assert any("--no-auth" in line for line in server.lines)


def test_further_names_are_allowed_by_name(fresh: Callable[..., Server]) -> None:
    server = fresh("--allow-host", "studio.local")
    assert get(server, "/settings", Host="studio.local:1234").status == 200
    assert get(server, "/settings", Host="evil.studio.local").status == 403

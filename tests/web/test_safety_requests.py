"""What every request is asked for, over real sockets: a walk over all routes, names, origins, media types."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.web.stand import Reply, Stand, stand
from web.guard import OPEN, SAFE_METHODS

TOKEN = "canary-token-4f2a"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def routes(site: Stand) -> list[tuple[str, str]]:
    """(method, a path) for every route, with something in the place of each parameter."""
    found = set()
    for route in site.app.router.routes():
        assert route.resource is not None
        path = route.resource.canonical
        for name in ("{", "}"):
            path = path.replace(name, "")
        found.add((route.method, path))
    return sorted(found)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand(tmp_path_factory.mktemp("locked"), token=TOKEN) as site:
        yield site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand(tmp_path_factory.mktemp("open")) as made:
        yield made


def test_the_walk_meets_the_routes(site: Stand) -> None:
    paths = {path for _, path in routes(site)}
    assert {"/prompt", "/ws", "/queue", "/api/view", "/upload/image", "/api/v1/health", "/userdata/file"} <= paths


def test_every_route_wants_the_token(locked: Stand) -> None:
    """HTTP, files and websockets alike, with a wrong token as without one, and paths that are no routes too."""
    for method, path in [*routes(locked), ("GET", "/no/such/path"), ("POST", "/no"), ("OPTIONS", "/")]:
        for headers in ({}, {"Authorization": "Bearer wrong"}, UPGRADE if method == "GET" else {}):
            reply = locked.ask(method, path, headers=headers)
            if path in OPEN and method in SAFE_METHODS:
                assert reply.status != 401, path
            else:
                assert reply.status == 401, (method, path)
                assert reply.headers["www-authenticate"].startswith("Basic ")
    assert {"/api/v1/health"} == OPEN


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {TOKEN}"},
        {"Authorization": "Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode()},
    ],
)
def test_the_token_opens(locked: Stand, headers: dict[str, str]) -> None:
    assert locked.ask("GET", "/settings", headers=headers).status == 200


def test_the_token_in_the_address_opens_and_sets_nothing(locked: Stand) -> None:
    reply = locked.get(f"/settings?token={TOKEN}")
    assert reply.status == 200
    assert "set-cookie" not in reply.headers
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert locked.get("/settings").status == 401
    assert locked.get(f"/settings?token={TOKEN}x").status == 401
    assert locked.get(f"/settings?token=&token={TOKEN}").status == 401


@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test:8188", "192.168.1.5", "", "a, localhost"])
def test_every_route_refuses_another_name(site: Stand, host: str) -> None:
    """A name that its owner points at this machine (DNS rebinding), with and without an Origin that agrees."""
    for method, path in routes(site):
        for headers in ({"Host": host}, {"Host": host, "Origin": f"http://{host}"}):
            assert site.ask(method, path, headers=headers).status in ((400, 403) if host == "" else (403,)), (
                method,
                path,
            )


def test_a_request_has_one_name(site: Stand) -> None:
    parts = urlsplit(site.url)
    for hosts in ("", f"Host: {parts.netloc}\r\nHost: evil.test\r\n"):
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(f"GET /settings HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n".encode())
            assert connection.recv(1000).split()[1] in (b"400", b"403")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.test"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Cookie": "session=1"},
    ],
)
def test_every_route_that_writes_refuses_other_sites_pages(site: Stand, headers: dict[str, str]) -> None:
    for method, path in routes(site):
        if method not in SAFE_METHODS:
            sent = {**headers, "Content-Type": "application/json"}
            assert site.ask(method, path, b"{}", sent).status == 403, (method, path)
        elif method == "GET":
            assert site.ask(method, path, headers={**UPGRADE, **headers}).status == 403, (method, path)


def test_no_answer_opens_itself_to_other_sites(site: Stand) -> None:
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": "http://evil.test", "Access-Control-Request-Method": "POST"}
        reply = site.ask(method, "/settings", headers=headers)
        assert reply.status in (403, 405)
        assert not any(name.startswith("access-control") for name in reply.headers)


def from_page(site: Stand, path: str, media: str | None) -> Reply:
    headers = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"} | ({"Content-Type": media} if media else {})
    return site.ask("POST", path, b"{}", headers)


def test_pages_write_json(site: Stand) -> None:
    """Forms and plain text can be sent by any page without the browser asking first."""
    excepted = {"/userdata/file", "/settings", "/settings/id"}
    for method, path in routes(site):
        if method == "POST" and path.removeprefix("/api") not in excepted:
            for media in ("text/plain", "application/x-www-form-urlencoded", "text/plain;application/json", None):
                assert from_page(site, path, media).status == 415, (path, media)
    assert from_page(site, "/upload/image", "application/json").status == 415


def test_stock_front_ends_write_plain_text_where_they_do(site: Stand) -> None:
    """Their fetch() sends settings and user files as text/plain; the Origin has been checked by then."""
    for path in ("/settings", "/settings/a", "/userdata/a.json"):
        assert from_page(site, path, "text/plain;charset=UTF-8").status == 200
        assert from_page(site, path, "application/x-www-form-urlencoded").status == 415
        for origin in ("http://evil.test", "null"):
            headers = {"Origin": origin, "Content-Type": "text/plain"}
            assert site.ask("POST", path, b"{}", headers).status == 403


def test_scripts_may_omit_the_media_type(site: Stand) -> None:
    assert site.post("/settings", b'{"from": "a script"}').status == 200
    assert (
        site.post("/settings", b'{"from": "a script"}', Content_Type="application/x-www-form-urlencoded").status == 200
    )


def test_links_from_elsewhere_lead_here_but_nothing_is_embedded(site: Stand) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert site.ask("GET", "/", headers=link).status == 200
    assert (
        site.ask("GET", "/settings", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}).status
        == 403
    )


def test_every_answer_carries_the_headers(site: Stand) -> None:
    for reply in (site.get("/"), site.get("/settings"), site.get("/none"), site.get("/", Host="evil.test")):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'self'" in reply.headers["content-security-policy"]
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
        assert reply.headers["server"] == "Inkwater"


STREAMS = {"/ws", "/v1/events", "/v1/socket"}
"""Answers without an end, without their /api."""

READING = [
    "/",
    "/embeddings",
    "/experiment/models",
    "/experiment/models/preview/{folder}/{path_index}/{filename}",
    "/experiment/models/{folder}",
    "/extensions",
    "/extensions/{pack}/{path}",
    "/features",
    "/global_subgraphs",
    "/history",
    "/history/{prompt_id}",
    "/i18n",
    "/internal/files/{kind}",
    "/internal/folder_paths",
    "/internal/logs",
    "/internal/logs/raw",
    "/jobs",
    "/jobs/{id}",
    "/models",
    "/models/{folder}",
    "/object_info",
    "/object_info/{name}",
    "/prompt",
    "/queue",
    "/settings",
    "/settings/{id}",
    "/system_stats",
    "/user.css",
    "/userdata",
    "/userdata/{file}",
    "/users",
    "/v2/userdata",
    "/view",
    "/view_metadata/{folder}",
    "/workflow_templates",
    "/ws",
    "/{path}",
    "/v1/cache",
    "/v1/docs",
    "/v1/events",
    "/v1/health",
    "/v1/images",
    "/v1/images/{type}/{name}/thumbnail",
    "/v1/jobs",
    "/v1/jobs/{id}",
    "/v1/jobs/{id}/compare/{other}",
    "/v1/jobs/{id}/compare/{other}/{number}",
    "/v1/jobs/{id}/recording",
    "/v1/recordings",
    "/v1/recordings/{key}/{step}/{view}",
    "/v1/recordings/{key}/{step}/words",
    "/v1/jobs/{id}/results",
    "/v1/jobs/{id}/workflow",
    "/v1/memory",
    "/v1/metrics",
    "/v1/models",
    "/v1/models/{kind}",
    "/v1/models/{kind}/{name}",
    "/v1/models/{kind}/{name}/metadata",
    "/v1/models/{kind}/{name}/preview",
    "/v1/nodes",
    "/v1/nodes/{type}",
    "/v1/openapi.json",
    "/v1/packs",
    "/v1/queue",
    "/v1/saves/{name}",
    "/v1/saves/{name}/versions",
    "/v1/saves/{name}/versions/{id}",
    "/v1/socket",
    "/v1/workflows",
    "/v1/workflows/{name}",
    "/v1/workflows/{name}/thumbnail",
    "/v1/{path}",
]
"""What GET answers: each was read and found to change nothing. A new one is read the same way, then added here."""


def test_what_get_answers_was_reviewed(site: Stand) -> None:
    resources = {(r.method, r.resource.canonical) for r in site.app.router.routes() if r.resource}
    assert {path.removeprefix("/api") for method, path in resources if method == "GET"} == set(READING)

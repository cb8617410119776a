"""What packs serve: their routes and files, under all the guards that others are under."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from engine.graph.registry import Registry
from engine.plugins import Loaded, Pack
from engine.routes import Route
from tests.web import samples
from tests.web.stand import Stand, stand
from web.files.packs import scripts, slug

CODE = """
from aiohttp import web
from engine.files import contained
from engine.routes import route
from web.answers import read_object

@route("GET", "/things/{id}")
async def thing(request):
    return {"id": request.match_info["id"]}

@route("POST", "/things")
async def make(request):
    return web.json_response(await read_object(request), status=201)

@route("GET", "/broken")
async def broken(request):
    raise RuntimeError("canary /etc/secret")

@route("GET", "/nothing")
async def nothing(request):
    return None

@route("GET", "/odd")
async def odd(request):
    return object()
"""


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("packs")
    packs = data / "packs"
    write(packs / "my pack" / "__init__.py", CODE.encode())
    for name in ("a.js", "sub/b.mjs", "sub/c.js", "d.css", "e.json", ".hidden.js"):
        write(packs / "my pack" / "web" / name, b"1")
    for name, content in samples.PAGES.items():
        write(packs / "my pack" / "web" / "pages" / name, content)
    write(packs / "my pack" / "web" / "p.png", samples.picture())
    write(packs / "bad" / "__init__.py", b"from engine.routes import route\n@route('GET', 'x')\nasync def f(r): ...\n")
    return data


@pytest.fixture(scope="module")
def site(data: Path) -> Iterator[Stand]:
    with stand(data) as made:
        yield made


BASE = "/api/v1/packs/my-pack"


def test_routes_answer_under_the_packs_own_address(site: Stand) -> None:
    assert site.get(f"{BASE}/things/x%20y").json == {"id": "x y"}
    made = site.post(f"{BASE}/things", {"a": 1})
    assert (made.status, made.json) == (201, {"a": 1})
    assert site.get(f"{BASE}/nothing").json is None
    assert site.get("/things/x").status == 404
    assert site.get("/api/v1/packs/bad/x").status == 404


def test_routes_inherit_every_guard(site: Stand, data: Path) -> None:
    assert site.post(f"{BASE}/things", {}, Origin="http://evil.test").status == 403
    assert site.post(f"{BASE}/things", b"{}", Origin=site.url, Content_Type="text/plain").status == 415
    assert site.get(f"{BASE}/things/x", Host="evil.test").status == 403
    assert site.post(f"{BASE}/things", b"[NaN]").json["error"]["code"] == "bad_number"
    assert site.get(f"{BASE}/things/x").headers["x-content-type-options"] == "nosniff"
    with stand(data, token="t") as locked:
        assert locked.get(f"{BASE}/things/x").status == 401
        assert locked.get("/extensions/my-pack/a.js").status == 401
        assert locked.get(f"{BASE}/things/x?token=t").status == 200


def test_faults_of_a_route_are_told_without_details(site: Stand, caplog: pytest.LogCaptureFixture) -> None:
    for path in ("broken", "odd"):
        reply = site.get(f"{BASE}/{path}?token=canary-in-url")
        assert (reply.status, reply.json["error"]["code"]) == (500, "internal_error")
        assert b"canary" not in reply.body
        assert b"Traceback" not in reply.body
    assert "canary /etc/secret" in caplog.text
    assert "canary-in-url" not in caplog.text


def test_scripts_are_listed_for_the_editor(site: Stand) -> None:
    listed = site.get("/extensions").json
    assert listed == [
        f"/extensions/my-pack/{name}" for name in ("a.js", "pages/code.js", "pages/gif_script.js", "sub/c.js")
    ]
    for address in (*listed, "/extensions/my-pack/sub/b.mjs"):
        reply = site.get(address)
        assert (reply.status, reply.headers["content-type"]) == (200, "text/javascript")


@pytest.mark.parametrize(
    ("name", "media"), [("d.css", "text/css"), ("e.json", "application/json"), ("p.png", "image/png")]
)
def test_static_files_have_their_types(site: Stand, name: str, media: str) -> None:
    assert site.get(f"/extensions/my-pack/{name}").headers["content-type"] == media


def test_pages_of_packs_are_attachments_and_drawings_run_nothing(site: Stand) -> None:
    for name in samples.PAGES:
        reply = site.get(f"/extensions/my-pack/pages/{name}")
        assert reply.headers["content-security-policy"].startswith("sandbox;")
        assert "html" not in reply.headers["content-type"]
        assert "xml" not in reply.headers["content-type"].replace("svg+xml", "")


def test_what_is_not_there(site: Stand) -> None:
    for path in (
        "my-pack/none.js",
        "my-pack/sub",
        "none/a.js",
        "bad/a.js",
        "my-pack/.hidden.js",
        "my-pack/../__init__.py",
    ):
        assert site.get(f"/extensions/{path}").status in (400, 404)


async def answer(request: object) -> None:
    """A route's function."""


def test_packs_whose_addresses_clash_only_lose_their_routes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from aiohttp import web

    from web.files.packs import add_routes

    good = Pack("good", "good", "", (), (Route("GET", "/a", answer),))
    bad = Pack("bad", "bad", "", (), (Route("GET", "/{a}/{a}", answer),))
    app = web.Application()
    add_routes(app, Loaded(Registry.of(ModuleType("empty")), (bad, good)))
    assert "bad" in caplog.text
    assert [r.resource.canonical for r in app.router.routes() if r.resource] == ["/api/v1/packs/good/a"] * 2
    assert scripts(Loaded(Registry.of(ModuleType("empty")), (good,))) == []
    assert slug("my pack/é.py") == "my-pack--"

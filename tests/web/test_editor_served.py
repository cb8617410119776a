"""The editor's page and files as browsers get them: what they may load, how long they keep it, who may see it."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.stand import Stand, stand

TOKEN = "a-token-of-the-tests"
PACKS = Path(__file__).parent / "pack"
SCRIPT = b"export const a = 1;" * 100


def built(folder: Path, *, ours: bool = True) -> Path:
    """An editor's files; one that is not ours lacks the mark."""
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>Inkwater</title>")
    (folder / "assets" / "a-hash.js").write_bytes(SCRIPT)
    (folder / "assets" / "a-hash.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "assets" / "f.woff2").write_bytes(b"wOF2")
    if ours:
        (folder / "editor.json").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    data = tmp_path_factory.mktemp("site")
    for name in ("kit", "broken"):
        shutil.copytree(PACKS / name, data / "packs" / name, ignore=shutil.ignore_patterns("__pycache__"))
    with stand(data, front_end_root=built(data / "front")) as made:
        yield made


def rules(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


def test_the_page_runs_no_script_but_files_of_this_server(site: Stand) -> None:
    reply = site.get("/")
    policy = rules(reply.headers["content-security-policy"])
    assert policy["default-src"] == policy["script-src"] == ["'self'"]
    assert policy["object-src"] == policy["base-uri"] == policy["frame-src"] == policy["form-action"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'self'"]
    assert "unsafe-eval" not in reply.headers["content-security-policy"]
    assert {f"ws://{site.host}", "'self'"} <= set(policy["connect-src"])
    hosts = {value for values in policy.values() for value in values if "." in value or "*" in value}
    assert all(site.host in value for value in hosts)


def test_files_with_a_hash_are_kept_and_the_page_never_is(site: Stand) -> None:
    assert site.get("/").headers["cache-control"] == "no-cache"
    assert site.get("/index.html").headers["cache-control"] == "no-cache"
    kept = site.get("/assets/a-hash.js").headers["cache-control"]
    assert "immutable" in kept
    assert "max-age=31536000" in kept
    assert site.get("/editor.json").headers["cache-control"] == "no-cache"


def test_files_come_compressed_to_who_takes_that(site: Stand) -> None:
    plain, packed = site.get("/assets/a-hash.js"), site.get("/assets/a-hash.js", Accept_Encoding="gzip")
    assert plain.body == SCRIPT
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == SCRIPT
    assert packed.headers["content-type"] == plain.headers["content-type"]


@pytest.mark.parametrize(
    ("path", "media"),
    [
        *(("/", "text/html"), ("/assets/a-hash.js", "text/javascript"), ("/editor.json", "application/json")),
        ("/assets/f.woff2", "font/woff2"),
    ],
)
def test_media_types_do_not_depend_on_the_system(site: Stand, path: str, media: str) -> None:
    assert site.get(path).headers["content-type"].partition(";")[0] == media
    assert site.get(path).headers["x-content-type-options"] == "nosniff"


def test_a_page_that_is_not_ours_keeps_its_own_ways(tmp_path: Path) -> None:
    """ComfyUI's front ends need what our policy forbids, and their files' names hold no hash that we know of."""
    with stand(tmp_path, front_end_root=built(tmp_path / "front", ours=False)) as other:
        assert rules(other.get("/").headers["content-security-policy"]) == {"frame-ancestors": ["'self'"]}
        assert other.get("/assets/a-hash.js").headers["cache-control"] == "no-cache"


def test_nothing_beside_the_editor_is_served(site: Stand) -> None:
    for path in ("/../packs/kit/__init__.py", "/%2e%2e/packs", "/assets/..%2f..%2fpacks", "/assets", "/none.js"):
        assert site.get(path).status in (400, 403, 404)


def test_packs_tell_what_they_add(site: Stand) -> None:
    told = json.loads(site.get("/api/v1/packs").body)
    found = {pack["name"]: pack for pack in told["packs"]}
    assert found["kit"]["editor"] == "/extensions/kit/editor.js"
    assert "KitDial" in found["kit"]["nodes"]
    assert told["failures"] == []
    module = site.get(found["kit"]["editor"])
    assert module.status == 200
    assert module.headers["content-type"].startswith("text/javascript")


def test_what_is_for_our_editor_is_not_run_by_others(site: Stand) -> None:
    assert json.loads(site.get("/extensions").body) == []


def test_a_pack_that_is_left_out_is_told_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "packs" / "torn").mkdir(parents=True)
    (tmp_path / "packs" / "torn" / "__init__.py").write_text("raise RuntimeError('torn apart')")
    with stand(tmp_path) as made:
        (failure,) = json.loads(made.get("/api/v1/packs").body)["failures"]
    assert failure["name"] == "torn"
    assert "torn apart" in failure["reason"]


def test_the_page_keeps_its_token_in_a_cookie_that_no_script_and_no_other_site_has(tmp_path: Path) -> None:
    with stand(tmp_path, token=TOKEN, front_end_root=built(tmp_path / "front")) as locked:
        assert locked.get("/").status == 401
        assert "set-cookie" not in locked.get("/").headers
        reply = locked.get(f"/?token={TOKEN}")
        cookie, *marks = reply.headers["set-cookie"].split("; ")
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(marks)
        for path in ("/", "/assets/a-hash.js", "/settings"):
            assert locked.get(path, Cookie=cookie).status == 200
        assert locked.get("/settings", Cookie=f"{cookie}x").status == 401
        assert locked.get("/settings", Cookie=cookie, Authorization="Bearer wrong").status == 401
        name, _, value = cookie.partition("=")
        assert locked.get("/settings", Cookie=f"{name}0={value}").status == 401, "another server's on this machine"


def test_a_cookie_alone_writes_nothing(tmp_path: Path) -> None:
    with stand(tmp_path, token=TOKEN, front_end_root=built(tmp_path / "front")) as locked:
        cookie = locked.get(f"/?token={TOKEN}").headers["set-cookie"].partition(";")[0]
        sent = {"Cookie": cookie, "Content-Type": "application/json"}
        assert locked.ask("POST", "/settings", {"a": 1}, sent).status == 403
        assert locked.ask("POST", "/settings", {"a": 1}, {**sent, "Origin": "http://evil.test"}).status == 403
        assert locked.ask("POST", "/settings", {"a": 1}, {**sent, "Origin": locked.url}).status == 200

"""Files of users never become pages, and names never lead out, whatever they are and however they are encoded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.files import FileProblem, contained, unfit
from tests.web import samples
from tests.web.stand import Reply, Stand, stand, upload

SECRET = b"the canary of a file outside"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A data folder with files of all kinds, and secrets around it that links and siblings lead to."""
    around = tmp_path_factory.mktemp("safety")
    data = around / "data"
    for folder in ("input", "output", "temp", "user/default", "models/loras", "packs/good/web"):
        (data / folder).mkdir(parents=True)
    outside = around / "secret.png"
    outside.write_bytes(samples.picture() + SECRET)
    for sibling in ("output-other", "input2", "user/default2", "user/other"):
        (data / sibling).mkdir(parents=True)
        (data / sibling / "secret.png").write_bytes(SECRET)
    (data / "user" / "secret.png").write_bytes(SECRET)
    (data / "state.sqlite").write_bytes(SECRET)
    for folder in ("input", "output", "temp", "user/default", "packs/good/web"):
        (data / folder / "link.png").symlink_to(outside)
        (data / folder / "linked").symlink_to(around)
        (data / folder / "sub").mkdir()
        (data / folder / "sub" / "deep.png").symlink_to(outside)
        (data / folder / ".hidden.png").write_bytes(SECRET)
        (data / folder / "a.png").write_bytes(samples.picture())
    (data / "packs" / "good" / "__init__.py").write_text("")
    (data / "packs" / "good" / "secret.py").write_bytes(b"# " + SECRET)
    os.mkfifo(data / "output" / "pipe.png")
    with stand(data) as made:
        yield made


NAMES = (
    *("../secret.png", "../../secret.png", "sub/../../secret.png", "..\\secret.png", "..\\..\\secret.png", "..", "."),
    *(
        "....//secret.png",
        "..;/secret.png",
        "./../secret.png",
        "/etc/passwd",
        "//etc/passwd",
        "///etc/passwd",
        "sub/..",
    ),
    *("\\\\host\\share\\a.png", "\\\\?\\C:\\a.png", "C:\\Windows\\win.ini", "C:/Windows/win.ini", "C:a.png"),
    *("file:///etc/passwd", "~/a.png", "~root/a.png", "$HOME/a.png", "|id", "a.png\r\nX: y", "\ud800.png", "pipe.png"),
    *("link.png", "linked/secret.png", "linked/data/state.sqlite", "sub/deep.png", ".hidden.png", "a.png\0.txt", "\0"),
    *("../output-other/secret.png", "../input2/secret.png", "../default2/secret.png", "../other/secret.png", "a.png\n"),
    *("../state.sqlite", "../secret.py", "../../../../../../../../etc/passwd", "", "a" * 5000, "x/" * 600 + "a.png"),
    *("con.png", "NUL", "aux.txt", "COM1.png", "lpt9", "CONIN$", "a.png.", "a.png ", "a.png::$DATA", "a.png:stream"),
    *("%2e%2e/secret.png", "..%2fsecret.png", "%252e%252e%252fsecret.png", "..%c0%afsecret.png"),
    *("..\u2215secret.png", "\uff0e\uff0e/secret.png"),
)


def encodings(name: str) -> set[str]:
    """The name encoded once and twice, with and without slashes, with and without dots."""
    data = name.encode("utf-8", "surrogatepass")
    once = quote(data, safe="")
    return {once, quote(data, safe="/"), quote(once, safe=""), once.replace("..", "%2e%2e")}


def clean(reply: Reply) -> bool:
    """No secret came, and nothing broke."""
    return SECRET not in reply.body and b"root:" not in reply.body and reply.status != 500


READS = (
    "/view?filename={}",
    "/view?filename={}&type=input",
    "/view?filename=a.png&subfolder={}",
    "/view?filename=secret.png&subfolder={}",
    "/view?filename=a.png&type={}",
    "/view?filename={}&preview=webp",
    "/view?filename={}&channel=rgb",
    "/view?filename={}%20%5Btemp%5D",
    "/view_metadata/loras?filename={}",
    "/view_metadata/loras?filename={}.safetensors",
    "/view_metadata/{}?filename=a.safetensors",
    "/internal/files/{}",
    "/userdata?dir={}&recurse=true&full_info=true",
    "/v2/userdata?path={}",
    "/userdata/{}",
    "/extensions/good/{}",
    "/extensions/{}/secret.png",
    "/settings/{}",
    "/{}",
    "/models/{}",
    "/experiment/models/{}",
    "/experiment/models/preview/loras/0/{}",
    "/experiment/models/preview/{}/0/a.png",
)


@pytest.mark.parametrize("route", READS)
def test_no_name_leads_out_when_reading(site: Stand, route: str) -> None:
    for name in NAMES:
        for encoded in encodings(name):
            reply = site.get(route.format(encoded))
            assert clean(reply), (route, name, encoded, reply.status)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("%2e%2e/secret.png", "..%2fsecret.png")])
def test_what_is_refused_says_so_in_a_sentence(site: Stand, name: str) -> None:
    reply = site.get(f"/view?filename={quote(name.encode('utf-8', 'surrogatepass'), safe='')}")
    assert reply.status in (400, 403, 404)
    assert reply.sentence.endswith(".")
    assert len(reply.sentence) < 500


def everything(site: Stand) -> dict[Path, bytes]:
    """All that is in and around the data folder, links unfollowed."""
    around = site.data.parent
    return {p: p.read_bytes() for p in around.rglob("*") if p.is_file() and not p.is_symlink()}


@pytest.mark.parametrize(
    "write",
    [
        lambda site, name: site.post(f"/userdata/{quote(name, safe='')}", b"written"),
        lambda site, name: site.post(f"/userdata/{quote(quote(name, safe=''), safe='')}", b"written"),
        lambda site, name: site.ask("DELETE", f"/userdata/{quote(name, safe='')}"),
        lambda site, name: site.post(f"/userdata/a.png/move/{quote(name, safe='')}"),
        lambda site, name: site.post(f"/userdata/{quote(name, safe='')}/move/b.png"),
        lambda site, name: site.post(f"/settings/{quote(name, safe='')}", 1),
        lambda site, name: upload(site, name, samples.picture(), overwrite="true"),
        lambda site, name: upload(site, "b.png", samples.picture(), subfolder=name, overwrite="true"),
        lambda site, name: upload(site, "b.png", samples.picture(), type=name),
        lambda site, name: upload(
            site, "b.png", samples.picture(), "/upload/mask", original_ref=json.dumps({"filename": name})
        ),
        lambda site, name: upload(
            site, "b.png", samples.picture(), "/upload/mask",
            original_ref=json.dumps({"filename": "secret.png", "subfolder": name}),
        ),
    ],
)  # fmt: skip
def test_no_name_leads_out_when_writing(site: Stand, write: object) -> None:
    assert callable(write)
    own = [site.data / "user" / "default", *(site.data / kind for kind in ("input", "output", "temp"))]
    before = {p: data for p, data in everything(site).items() if not any(p.is_relative_to(o) for o in own)}
    links = {p: os.readlink(p) for p in site.data.rglob("*") if p.is_symlink()}
    for name in NAMES:
        if "\ud800" not in name:
            assert clean(write(site, name)), name
        (site.data / "user" / "default" / "a.png").write_bytes(samples.picture())
    after = {p: data for p, data in everything(site).items() if not any(p.is_relative_to(o) for o in own)}
    assert after == before
    assert {p: os.readlink(p) for p in links if p.is_symlink()} == links


PARTS = ("..", ".", "a", "/", "\\", "\0", "~", "C:", " ", "link.png", "linked", "sub")


@given(st.text(max_size=30) | st.lists(st.sampled_from(PARTS), max_size=8).map("".join))
def test_contained_never_leads_out(name: str) -> None:
    root = Path("/tmp")
    if unfit(name) is not None:
        with pytest.raises(FileProblem, match=r"\.$"):
            contained(root, name)
    else:
        assert contained(root, name).is_relative_to(root.resolve())
        assert contained(root, name) != root.resolve()


@pytest.mark.parametrize("kind", ["input", "output", "temp"])
@pytest.mark.parametrize("name", samples.PAGES)
def test_pages_come_as_attachments(site: Stand, kind: str, name: str) -> None:
    (site.data / kind / name).write_bytes(samples.PAGES[name])
    reply = site.get(f"/view?filename={name}&type={kind}")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"].startswith("attachment;")
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"].startswith("sandbox;")
    (site.data / kind / name).unlink()


@pytest.mark.parametrize("name", samples.POLYGLOTS)
def test_pictures_that_are_pages_too_are_pictures_in_a_sandbox(site: Stand, name: str) -> None:
    (site.data / "output" / name).write_bytes(samples.POLYGLOTS[name])
    reply = site.get(f"/view?filename={name}")
    assert reply.headers["content-type"].startswith("image/")
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize("name", [*samples.PAGES, *samples.POLYGLOTS])
def test_the_users_storage_is_only_ever_downloaded(site: Stand, name: str) -> None:
    site.post(f"/userdata/{quote(name, safe='')}", {**samples.PAGES, **samples.POLYGLOTS}[name])
    reply = site.get(f"/userdata/{quote(name, safe='')}")
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"].startswith("attachment;")
    assert reply.headers["content-security-policy"].startswith("sandbox;")


def test_a_name_cannot_add_headers(site: Stand) -> None:
    name = 'a"; filename=evil.html; x="é\u202e.png'
    (site.data / "output" / name).write_bytes(samples.picture())
    reply = site.get(f"/view?filename={quote(name)}")
    assert reply.headers["content-disposition"].count(";") == 2
    assert "evil.html;" not in reply.headers["content-disposition"]
    assert "\u202e" not in reply.headers["content-disposition"]

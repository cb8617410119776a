"""Limits: pixels, unpacked bytes, depth and size of JSON, slow and endless bodies."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import psutil
import pytest

from engine.graph.jsontext import DEEPEST
from tests.web import samples
from tests.web.stand import PATIENCE, Stand, stand, upload
from web import answers


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    data = tmp_path_factory.mktemp("limits")
    (data / "output").mkdir()
    with stand(data) as made:
        yield made


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (samples.pixel_bomb(), "picture_too_large"),
        (samples.pixel_bomb(16_385, 1), "picture_too_large"),
        (samples.pixel_bomb(10_000, 10_000), "picture_too_large"),
        (samples.pixel_bomb(2**31 - 1, 2**31 - 1), "picture_too_large"),
        (b"BM" + b"\xff" * 60, "no_picture"),
        (samples.gif_bomb(1, 65535), "picture_too_large"),
        (b"II*\0" + b"\xff" * 200, "no_picture"),
        (samples.picture()[:20], "no_picture"),
    ],
)
def test_bombs_are_refused_by_their_headers(site: Stand, data: bytes, code: str) -> None:
    before = psutil.Process().memory_info().rss
    assert upload(site, "a.png", data).code == code
    (site.data / "output" / "bomb.png").write_bytes(data)
    for query in ("preview=webp", "preview=jpeg;90", "channel=rgb", "channel=a"):
        reply = site.get(f"/view?filename=bomb.png&{query}")
        assert reply.code == code
        assert reply.sentence.endswith(".")
    assert psutil.Process().memory_info().rss - before < 100 << 20


def test_texts_that_unpack_to_much_are_not_unpacked(site: Stand) -> None:
    bomb = samples.text_bomb()
    before = psutil.Process().memory_info().rss
    assert upload(site, "texts.png", bomb).status in (200, 415)
    (site.data / "output" / "texts.png").write_bytes(bomb)
    assert site.get("/view?filename=texts.png&preview=webp").status in (200, 415)
    assert psutil.Process().memory_info().rss - before < 200 << 20


def test_only_the_first_frame_is_decoded(site: Stand) -> None:
    (site.data / "output" / "many.gif").write_bytes(samples.gif_bomb())
    reply = site.get("/view?filename=many.gif&preview=webp")
    assert samples.opened(reply.body).size == (1, 1)


@pytest.mark.parametrize("cut", [60, 100, 130])
def test_broken_pictures_are_told_in_a_sentence(site: Stand, cut: int) -> None:
    (site.data / "output" / "cut.png").write_bytes(samples.picture(size=(64, 64))[:cut])
    reply = site.get("/view?filename=cut.png&preview=webp")
    assert (reply.status, reply.code) == (415, "broken_picture")


def nested(levels: int, inner: str = "1") -> bytes:
    return ("[" * levels + inner + "]" * levels).encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "bad_json"),
        (b"nonsense", "bad_json"),
        (b"\xff\xfe{}", "bad_json"),
        (b"{} {}", "bad_json"),
        (b'{"a": 1, "a": 2}', "duplicate_id"),
        (b'{"b": {"a": 1, "a": 2}}', "duplicate_key"),
        (b'{"a": {"b": [1, NaN]}}', "bad_number"),
        (b'{"a": -Infinity}', "bad_number"),
        (b'{"a": 1e999}', "bad_number"),
        (b'{"a": ' + b"9" * 30 + b"}", "bad_number"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "bad_number"),
        (b'{"a": "\\ud800"}', "bad_text"),
        (nested(DEEPEST + 1), "too_deep"),
        (nested(100_000), "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b"", "no_body"),
        (b"[]", "not_an_object"),
        (b'"text"', "not_an_object"),
    ],
)
def test_json_beyond_the_limits_is_one_sentence(site: Stand, body: bytes, code: str) -> None:
    reply = site.post("/settings", body)
    assert (reply.status, reply.code) == (400, code)
    assert reply.sentence.endswith((".", "?"))
    assert len(reply.sentence) < 600


def test_the_place_of_a_bad_number_is_told(site: Stand) -> None:
    assert "a.b.1" in site.post("/settings", b'{"a": {"b": [1, NaN]}}').sentence


def test_depth_up_to_the_limit_is_read(site: Stand) -> None:
    assert site.post("/settings", b'{"deep": ' + nested(DEEPEST - 1) + b"}").status == 200
    assert json.dumps(site.get("/settings/deep").json).count("[") == DEEPEST - 1


def test_size_is_limited_whether_it_is_told_or_not(site: Stand) -> None:
    large = b'"' + b"a" * (5 << 20) + b'"'
    assert site.post("/settings/a", large).code == "body_too_large"
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(large), large)
    reply = raw(site, b"POST /settings/a HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked)
    assert b" 413 " in reply


def test_a_told_size_is_judged_before_anything_is_read(site: Stand) -> None:
    reply = raw(site, b"POST /settings/a HTTP/1.1\r\nHost: %s\r\nContent-Length: 99999999999\r\n\r\n")
    assert b" 413 " in reply


def test_packed_bodies_are_limited_unpacked(site: Stand) -> None:
    bomb = gzip.compress(b" " * (300 << 20))
    before = psutil.Process().memory_info().rss
    reply = site.post("/settings/a", bomb, Content_Encoding="gzip")
    assert reply.status in (400, 413)
    assert psutil.Process().memory_info().rss - before < 100 << 20


def raw(site: Stand, request: bytes, wait: float = PATIENCE) -> bytes:
    """The first bytes that come back for bytes that are sent; %s is the Host."""
    parts = urlsplit(site.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=wait) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request.replace(b"%s", parts.netloc.encode(), 1))
        return connection.recv(65536)


def test_slow_bodies_are_given_up(site: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PATIENCE", 0.2)
    form = b"Content-Type: multipart/form-data; boundary=x\r\n"
    part = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\nabc'
    for request in (
        b"POST /settings/a HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000000\r\n\r\n{",
        b"POST /userdata/slow.json HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000000\r\n\r\n{",
        b"POST /upload/image HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000000\r\n" + form + b"\r\n" + part,
        b"POST /upload/image HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000000\r\n" + form + b"\r\n--x\r\nConte",
    ):
        assert b" 408 " in raw(site, request)
    assert not list((site.data / "input").glob(".*"))
    assert site.get("/settings").status == 200


def test_broken_http_stops_nothing(site: Stand) -> None:
    for request in (
        b"\0" * 1000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  HTTP/1.1\r\nHost: %s\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: %s\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: %s\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"POST /settings HTTP/1.1\r\nHost: %s\r\nContent-Length: -1\r\n\r\n",
        b"POST /settings HTTP/1.1\r\nHost: %s\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST /settings HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /settings HTTP/1.1\r\nHost: %s\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
    ):
        assert b"Traceback" not in raw(site, request)
    assert site.get("/settings").status == 200


def test_many_idle_connections_delay_nobody(site: Stand) -> None:
    parts = urlsplit(site.url)
    idle = [socket.create_connection((parts.hostname, parts.port)) for _ in range(200)]
    try:
        for connection in idle:
            connection.sendall(b"POST /settings HTTP/1.1\r\nHost: x\r\nContent-")
        assert site.get("/settings").status == 200
    finally:
        for connection in idle:
            connection.close()

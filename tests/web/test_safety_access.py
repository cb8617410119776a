"""Who may talk to the server: names, origins and tokens as values, without a server."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.service.settings import ServerSettings
from web.access import (
    Access,
    foreign,
    is_loopback,
    make_token,
    needs_token,
    netloc,
    same_origin,
    shown_token,
    warnings,
)

LOCAL = ServerSettings(Path("data"))
PUBLIC = replace(LOCAL, listen="0.0.0.0")


@pytest.mark.parametrize("listen", ["127.0.0.1", "localhost", "::1", "127.8.9.1", "127.0.0.1,::1"])
def test_loopback_needs_no_token_and_no_warning(listen: str) -> None:
    settings = replace(LOCAL, listen=listen)
    assert not needs_token(settings)
    assert Access.of(settings).admits(None)
    assert warnings(settings) == ()


@pytest.mark.parametrize(
    "listen", ["0.0.0.0", "::", "", "192.168.1.5", "example.com", "127.0.0.1,0.0.0.0", "127.evil.test"]
)
def test_every_other_bind_needs_a_token_and_is_warned_of(listen: str) -> None:
    settings = replace(LOCAL, listen=listen)
    assert needs_token(settings)
    with pytest.raises(ValueError, match="--token"):
        Access.of(settings)
    token = make_token()
    access = Access.of(replace(settings, token=token))
    assert access.admits(token)
    assert not any(access.admits(wrong) for wrong in (None, "", token[:-1], token + "x", "é" + token))
    assert "TLS" in warnings(settings)[0]


def test_no_authentication_only_where_it_is_spelled_out() -> None:
    settings = replace(PUBLIC, auth=False, token="set")
    assert not needs_token(settings)
    assert Access.of(settings).admits(None)
    assert "--no-auth" in warnings(settings)[0]


def test_a_token_that_was_given_counts_on_loopback_too() -> None:
    access = Access.of(replace(LOCAL, token="secret"))
    assert not access.admits(None)
    assert access.admits("secret")


def test_tokens_differ_and_are_long() -> None:
    assert len({make_token() for _ in range(100)}) == 100
    assert len(make_token()) >= 43


@pytest.mark.parametrize(
    ("authorization", "query", "shown"),
    [
        ("Bearer abc", None, "abc"),
        ("bearer  abc ", None, "abc"),
        ("Basic " + base64.b64encode(b"anyone:abc").decode(), None, "abc"),
        ("Basic " + base64.b64encode(b":a:b").decode(), None, "a:b"),
        (None, "abc", "abc"),
        ("Bearer wrong", "abc", "wrong"),
        ("Basic %%%", None, None),
        ("Basic " + base64.b64encode(b"\xff\xfe").decode(), None, None),
        ("Digest abc", None, None),
        (None, None, None),
    ],
)
def test_where_a_token_is_shown(authorization: str | None, query: str | None, shown: str | None) -> None:
    assert shown_token(authorization, query) == shown


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:8188", "127.9.9.9", "[::1]:8188", "[0:0::1]", "localhost."]
)
def test_loopback_is_known_by_its_names_at_any_port(host: str) -> None:
    assert Access.of(LOCAL).knows(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "127.0.0.1@evil.test", "evil.test:8188", "0.0.0.0",
        "192.168.1.5", "", " localhost", "localhost ", "localhost\t", "local host", "[::1", "::1]", "[localhost]",
        "localhost:99999999", "localhost:", "user@localhost", "localhost/x", "2130706433", "0x7f.1", "[::ffff:8.8.8.8]",
    ],
)  # fmt: skip
def test_other_names_are_not_known(host: str) -> None:
    assert not Access.of(LOCAL).knows(host)


def test_the_bound_address_and_named_hosts_are_known() -> None:
    bound = Access.of(replace(LOCAL, listen="192.168.1.5", token="t", allow_hosts=("Studio.local", "10.0.0.1:80")))
    assert all(bound.knows(host) for host in ("192.168.1.5:8188", "studio.LOCAL:1", "10.0.0.1", "localhost"))
    assert not any(bound.knows(host) for host in ("192.168.1.6", "studio.local.evil.test", "evil.test"))


def test_bound_to_all_addresses_any_address_but_no_foreign_name_is_known() -> None:
    """A name can be rebound to this machine by whoever owns it; an address cannot."""
    access = Access.of(replace(PUBLIC, token="t"))
    assert all(access.knows(host) for host in ("192.168.1.5:8188", "[fe80::1]:8188", "localhost"))
    assert not any(access.knows(host) for host in ("evil.test", "192.168.1.5.evil.test"))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8188", "127.0.0.1:8188"),
        ("http://LOCALHOST:8188", "localhost:8188"),
        ("http://[::1]:8188", "[0::1]:8188"),
        ("http://studio.local", "studio.local"),
        ("http://studio.local:80", "studio.local"),
        ("https://studio.local", "studio.local"),
        ("https://studio.local", "studio.local:443"),
    ],
)
def test_same_origin(origin: str, host: str) -> None:
    assert same_origin(origin, host)


@pytest.mark.parametrize(
    "origin",
    [
        "null", "", "*", "file://", "http://evil.test", "http://127.0.0.1", "http://127.0.0.1:9999",
        "http://localhost:8188", "http://127.0.0.1:8188.evil.test", "http://127.0.0.1.evil.test:8188",
        "http://127.0.0.1:8188@evil.test", "http://evil.test/127.0.0.1:8188", "http://evil.test#127.0.0.1:8188",
        "ftp://127.0.0.1:8188", "127.0.0.1:8188", "http://127.0.0.1:8188 http://evil.test", "http://192.168.1.5:8188",
        "moz-extension://127.0.0.1:8188",
    ],
)  # fmt: skip
def test_other_origins(origin: str) -> None:
    assert not same_origin(origin, "127.0.0.1:8188")


HOST = "127.0.0.1:8188"
OURS = f"http://{HOST}"


@pytest.mark.parametrize(
    ("headers", "writes", "allowed"),
    [
        ({}, True, True),
        ({"Origin": OURS}, True, True),
        ({"Origin": OURS, "Sec-Fetch-Site": "same-origin", "Cookie": "a=b"}, True, True),
        ({"Origin": "null"}, True, False),
        ({"Origin": "http://evil.test"}, True, False),
        ({"Origin": "http://evil.test"}, False, False),
        ({"Origin": OURS, "Sec-Fetch-Site": "cross-site"}, True, False),
        ({"Sec-Fetch-Site": "cross-site"}, True, False),
        ({"Sec-Fetch-Site": "same-site"}, True, False),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, True, False),
        ({"Cookie": "a=b"}, True, False),
        ({"Cookie": "a=b"}, False, True),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, False, True),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, False, False),
        ({"Sec-Fetch-Site": "none"}, False, True),
    ],
)
def test_what_another_sites_page_causes_is_refused(headers: dict[str, str], writes: bool, allowed: bool) -> None:
    assert (foreign(headers, HOST, writes=writes) is None) == allowed


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading_of_names(text: str) -> None:
    found = netloc(text)
    assert found is None or found[0] == found[0].lower()
    assert not same_origin(text, "unheard.of:1") or "unheard.of" in text.lower()
    assert isinstance(is_loopback(text), bool)

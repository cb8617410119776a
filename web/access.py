"""Who may talk to the server: the token, the names by which it is called, and the pages that may write."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from engine.service.settings import ServerSettings

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[^/?#@\s]+)", re.IGNORECASE)
SEEN = 256
"""Names whose meaning is remembered: each request carries one of a few."""
_PORTS = {"http": 80, "https": 443}

Netloc = tuple[str, int | None]
"""A name in lower case (an address in its shortest form), and a port if one is said."""


@dataclass(frozen=True, slots=True)
class Access:
    """What requests must show.

    Args:
        token: "" asks for none. hosts: names by which the server may be called, beside loopback.
        addresses: any IP address may stand in Host too: bound to all of them, and a name that is rebound is none.
    """

    token: str = ""
    hosts: frozenset[str] = frozenset()
    addresses: bool = False

    @classmethod
    def of(cls, settings: ServerSettings) -> Access:
        """What the settings ask for; raises ValueError when a token is needed and there is none."""
        if needs_token(settings) and not settings.token:
            raise ValueError(f"a server that listens on {settings.listen} needs a token: --token, or --no-auth")
        bound = listens(settings.listen)
        names = (*settings.allow_hosts, *bound)
        return cls(
            settings.token if settings.auth else "",
            frozenset(host[0] for name in names if (host := netloc(name)) is not None),
            any(name in ("", "0.0.0.0", "::", "*") for name in bound),
        )

    def knows(self, host: str) -> bool:
        """Whether the server may be called by this Host header."""
        found = netloc(host)
        if found is None:
            return False
        name = found[0]
        return is_loopback(name) or name in self.hosts or (self.addresses and _is_address(name))

    def admits(self, shown: str | None) -> bool:
        """Whether this is the token; takes as long for any that is not."""
        return not self.token or (
            shown is not None and hmac.compare_digest(shown.encode("utf-8", "replace"), self.token.encode())
        )


def make_token() -> str:
    """A token that nobody guesses: 32 random bytes, fit for URLs."""
    return secrets.token_urlsafe(32)


def listens(listen: str) -> tuple[str, ...]:
    """The addresses that "127.0.0.1" or "0.0.0.0,::" names."""
    return tuple(part.strip() for part in listen.split(","))


def needs_token(settings: ServerSettings) -> bool:
    """Whether others than this machine can reach the server, and nobody said --no-auth."""
    return settings.auth and not all(is_loopback(name) for name in listens(settings.listen))


def warnings(settings: ServerSettings) -> tuple[str, ...]:
    """What to tell at each start, one sentence each."""
    if all(is_loopback(name) for name in listens(settings.listen)):
        return ()
    told = ["Without TLS the token and all pictures can be read on the way; put a proxy with TLS in front."]
    if not settings.auth:
        told = [f"--no-auth: whoever reaches {settings.listen} can run workflows and read, write and delete files."]
    return tuple(told)


@lru_cache(SEEN)
def is_loopback(name: str) -> bool:
    """Whether a name or address leads to this machine only."""
    plain = name.lower().strip("[]")
    return plain == "localhost" or (_is_address(plain) and ip_address(plain).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


@lru_cache(SEEN)
def netloc(text: str) -> Netloc | None:
    """Name and port of "name:port"; None for text that is neither."""
    text = f"[{text}]" if ":" in text and _is_address(text) else text
    found = _HOST.fullmatch(text)
    if found is None:
        return None
    name = found["name"].strip("[]").lower().removesuffix(".")
    if not name or (found["name"].startswith("[") and not _is_address(name)):
        return None
    name = ip_address(name).compressed if _is_address(name) else name
    return name, None if found["port"] is None else int(found["port"])


def same_origin(origin: str, host: str) -> bool:
    """Whether a page from `origin` was served under this Host; "null" and what is malformed never was."""
    found, ours = _ORIGIN.fullmatch(origin), netloc(host)
    theirs = None if found is None else netloc(found["host"])
    if found is None or ours is None or theirs is None:
        return False
    usual = _PORTS[found["scheme"].lower()]
    return (theirs[0], theirs[1] or usual) == (ours[0], ours[1] or usual)


def cookie_name(host: str) -> str:
    """The cookie in which a browser keeps the token; cookies do not tell ports apart, so their names do."""
    found = netloc(host)
    return f"inkwater-{found[1] or 'usual'}" if found else "inkwater"


def shown_token(authorization: str | None, query: str | None, cookie: str | None = None) -> str | None:
    """The token in `Authorization: Bearer …`, as the password of `Basic …`, in `?token=`, or in the page's cookie."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return query if query is not None else cookie


def from_browser(headers: Mapping[str, str]) -> bool:
    """Whether a request carries what browsers add and scripts do not: Origin, Sec-Fetch-Site or a cookie."""
    return any(name in headers for name in ("Origin", "Sec-Fetch-Site", "Cookie"))


def foreign(headers: Mapping[str, str], host: str, *, writes: bool) -> str | None:
    """Why a request is taken for one that another site's page caused; None when it is not.

    Args:
        writes: it changes something or opens a websocket. Else a link from elsewhere may lead here.
    """
    origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site")
    if origin is not None and not same_origin(origin, host):
        return f"the page comes from {origin[:100]!r}, not from this server ({host[:100]!r})"
    followed = not writes and headers.get("Sec-Fetch-Mode") == "navigate"
    if site is not None and site not in ("same-origin", "none") and not followed:
        return "the browser says that another site asks"
    if writes and origin is None and "Cookie" in headers:
        return "it carries a cookie, and no Origin that says whose page asks"
    return None

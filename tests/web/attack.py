"""Requests at a server under attack, and the look whether it still lives."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.web import kit
from tests.web.kit import Server
from tests.web.stand import Reply, ask, stand
from tests.web.test_safety_requests import routes


def get(server: Server, path: str, **headers: str) -> Reply:
    return ask(server.url, "GET", path, headers=headers)


def post(server: Server, path: str, body: Any) -> Reply:
    return ask(server.url, "POST", path, body)


def alive(server: Server) -> None:
    """The queue still goes on."""
    assert server.ended(server.submit(kit.shown(random.randrange(10**9))))["status"]["status_str"] == "success"


def table(tmp_path: Path) -> list[tuple[str, str]]:
    """All routes by method and template."""
    with stand(tmp_path) as made:
        return routes(made)

"""Former versions of the user's workflows: each save keeps the one before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.stand import Stand, stand
from web.files.versions import MOST


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Stand]:
    with stand(tmp_path) as made:
        yield made


def save(site: Stand, name: str, value: Any, overwrite: bool = True) -> int:
    address = name.replace("/", "%2F")
    return site.post(f"/userdata/workflows%2F{address}?overwrite={str(overwrite).lower()}", value).status


def versions(site: Stand, name: str) -> list[Any]:
    """What each version held, the latest first."""
    address = f"/api/v1/saves/{name.replace('/', '%2F')}/versions"
    return [site.get(f"{address}/{row['id']}").json for row in site.get(address).json["versions"]]


def test_each_save_keeps_what_was_there(site: Stand) -> None:
    for value in (1, 2, 3):
        save(site, "deep/fox.json", value)
    assert versions(site, "deep/fox.json") == [2, 1]
    told = site.get("/api/v1/saves/deep%2Ffox.json/versions").json["versions"]
    assert all(row["size"] == 1 and row["modified"] > 1e12 for row in told)
    assert site.get("/userdata?dir=workflows&recurse=true").json == ["deep/fox.json"]


def test_the_same_again_is_no_new_version(site: Stand) -> None:
    for value in (1, 1, 2, 1, 1):
        save(site, "a.json", value)
    assert versions(site, "a.json") == [1, 2, 1]


def test_a_refused_save_keeps_nothing(site: Stand) -> None:
    assert [save(site, "a.json", value, overwrite=False) for value in (1, 2)] == [200, 409]
    assert versions(site, "a.json") == []


def test_a_deleted_workflow_has_its_last_state_among_its_versions(site: Stand) -> None:
    save(site, "a.json", 1)
    save(site, "a.json", 2)
    site.ask("DELETE", "/userdata/workflows%2Fa.json")
    assert versions(site, "a.json") == [2, 1]


def test_versions_follow_a_new_name_and_join_those_of_what_it_replaces(site: Stand) -> None:
    for name, value in (("a.json", 1), ("a.json", 2), ("b.json", 3)):
        save(site, name, value)
    assert site.post("/userdata/workflows%2Fa.json/move/workflows%2Fb.json?overwrite=true").status == 200
    assert versions(site, "a.json") == []
    assert sorted(versions(site, "b.json")) == [1, 3]


def test_the_oldest_go(site: Stand) -> None:
    for value in range(MOST + 3):
        save(site, "a.json", value)
    assert versions(site, "a.json") == [*range(MOST + 1, 1, -1)]


def test_other_files_of_the_user_have_none(site: Stand) -> None:
    for value in (1, 2):
        site.post("/userdata/comfy.settings.json", value)
        site.post("/userdata/workflows%2F.index.json", value)
    assert not (site.data / "user" / "default" / ".versions").exists()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/saves/none.json/versions", 200),
        ("/api/v1/saves/none.json/versions/1", 404),
        ("/api/v1/saves/a.json/versions/..%2f..%2fa.json", 404),
        ("/api/v1/saves/..%2f..%2fstate/versions", 400),
        ("/api/v1/saves/.versions/versions", 400),
    ],
)
def test_names_that_are_none(site: Stand, path: str, status: int) -> None:
    assert site.get(path).status == status


def test_a_link_in_the_place_of_a_version_is_not_followed(site: Stand) -> None:
    for value in (1, 2):
        save(site, "a.json", value)
    folder = site.data / "user" / "default" / ".versions" / "workflows" / "a.json"
    secret = site.data / "secret"
    secret.write_text("3")
    os.symlink(secret, folder / "5.json")
    assert site.get("/api/v1/saves/a.json/versions/5").status == 404

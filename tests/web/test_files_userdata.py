"""The user's storage and settings, as stock front ends use them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.web.stand import Stand, stand


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Stand]:
    with stand(tmp_path) as made:
        yield made


def user(site: Stand) -> Path:
    return site.data / "user" / "default"


def test_files_are_written_read_listed_moved_and_deleted(site: Stand) -> None:
    assert site.get("/userdata?dir=workflows&recurse=true&split=false&full_info=true").json == []
    assert site.post("/userdata/workflows%2Fdeep%2FA%20b.json", {"a": 1}).json == "workflows/deep/A b.json"
    told = site.post("/userdata/workflows%2Fc.json?full_info=true", {}).json
    assert {"path": "workflows/c.json", "size": 2}.items() <= told.items()
    assert site.get("/userdata/workflows%2Fdeep%2FA%20b.json").json == {"a": 1}
    assert site.get("/userdata?dir=workflows").json == ["c.json"]
    assert site.get("/userdata?dir=workflows&recurse=true").json == ["c.json", "deep/A b.json"]
    assert site.get("/userdata?dir=workflows/&recurse=true&split=true").json[1] == ["deep/A b.json", "deep", "A b.json"]
    assert [row["path"] for row in site.get("/userdata?dir=workflows&recurse=true&full_info=true").json] == [
        "c.json",
        "deep/A b.json",
    ]
    moved = site.post("/userdata/workflows%2Fc.json/move/workflows%2Fd.json?overwrite=false")
    assert moved.json == "workflows/d.json"
    assert site.ask("DELETE", "/userdata/workflows%2Fd.json").status == 204
    assert site.ask("DELETE", "/userdata/workflows%2Fd.json").status == 404
    there = [p.relative_to(user(site)).parts for p in user(site).rglob("*") if p.is_file()]
    assert [parts[-1] for parts in there if parts[0] != ".versions"] == ["A b.json"]


def test_a_taken_name_is_409_unless_overwritten(site: Stand) -> None:
    site.post("/userdata/a.json", 1)
    site.post("/userdata/b.json", 2)
    assert site.post("/userdata/a.json?overwrite=false", 3).status == 409
    assert site.post("/userdata/a.json/move/b.json?overwrite=false").status == 409
    assert site.get("/userdata/a.json").json == 1
    assert site.post("/userdata/a.json?overwrite=true", 3).status == 200
    assert site.post("/userdata/a.json/move/b.json?overwrite=true").json == "b.json"
    assert site.get("/userdata/b.json").json == 3
    assert site.get("/userdata/a.json").status == 404
    assert site.post("/userdata/b.json/move/b.json").json == "b.json"
    assert site.get("/userdata/b.json").json == 3


def test_folders_are_no_files(site: Stand) -> None:
    site.post("/userdata/dir%2Fa.json", 1)
    assert site.post("/userdata/dir", 1).status == 409
    assert site.post("/userdata/dir%2Fa.json%2Fb.json", 1).status == 409
    assert site.get("/userdata/dir").status == 404
    assert site.ask("DELETE", "/userdata/dir").status == 404
    assert site.post("/userdata/none.json/move/x.json").status == 404
    assert site.get("/userdata").status == 400


def test_bookmarks_have_the_one_hidden_name(site: Stand) -> None:
    assert site.get("/userdata/workflows%2F.index.json").status == 404
    assert site.post("/userdata/workflows%2F.index.json", {"favorites": []}).json == "workflows/.index.json"
    assert site.get("/userdata/workflows%2F.index.json").json == {"favorites": []}
    assert site.get("/userdata?dir=workflows").json == []
    assert site.post("/userdata/.other.json", 1).status == 400


def test_the_newer_list_tells_files_from_folders(site: Stand) -> None:
    site.post("/userdata/workflows%2Fa.json", 1)
    rows = site.get("/v2/userdata?path=").json
    assert [(row["name"], row["path"], row["type"]) for row in rows] == [("workflows", "workflows", "directory")]
    (row,) = site.get("/v2/userdata?path=workflows").json
    assert (row["path"], row["type"], row["size"]) == ("workflows/a.json", "file", 1)
    assert site.get("/v2/userdata?path=none").status == 404


def test_writing_is_whole_or_not_at_all(site: Stand) -> None:
    """Many writers of one file: what is read is always one of the texts, and no half file stays."""
    texts = [str(n).encode() * 50_000 for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(site.post, "/userdata/a.json", text) for text in texts * 3]
        reads = [pool.submit(site.get, "/userdata/a.json") for _ in range(40)]
        assert all(write.result().status == 200 for write in writes)
        assert all(r.result().status == 404 or r.result().body in texts for r in reads)
    assert [p.name for p in user(site).iterdir()] == ["a.json"]


def test_settings(site: Stand) -> None:
    assert site.get("/settings").json == {"Comfy.TutorialCompleted": True}
    assert site.get("/settings/Some.Setting").json is None
    assert site.post("/settings/Some.Setting", [1, {"a": None}]).status == 200
    assert site.post("/settings", {"Other": "x", "Comfy.TutorialCompleted": False}).status == 200
    assert site.get("/settings").json == {
        "Some.Setting": [1, {"a": None}],
        "Other": "x",
        "Comfy.TutorialCompleted": False,
    }
    assert site.get("/api/settings/Other").json == "x"
    assert site.post("/settings", [1]).code == "not_an_object"


def test_no_change_of_settings_is_lost(site: Stand) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: site.post(f"/settings/s{n}", n), range(40)))
    found = site.get("/settings").json
    assert all(found[f"s{n}"] == n for n in range(40))


def test_damaged_settings_are_kept_and_told(site: Stand) -> None:
    user(site).mkdir(parents=True)
    (user(site) / "comfy.settings.json").write_text("{broken")
    assert site.get("/settings").json == {"Comfy.TutorialCompleted": True}
    assert site.post("/settings/a", 1).code == "damaged_settings"
    assert (user(site) / "comfy.settings.json").read_text() == "{broken"


def test_there_is_one_user(site: Stand) -> None:
    assert site.get("/users").json == {"storage": "server", "migrated": True}
    assert site.post("/users", {"username": "x"}).code == "one_user"
    assert site.get("/userdata?dir=workflows", comfy_user="../../x").json == []


def test_the_users_style(site: Stand) -> None:
    empty = site.get("/user.css")
    assert (empty.status, empty.body, empty.headers["content-type"]) == (200, b"", "text/css; charset=utf-8")
    site.post("/userdata/user.css", b"body{color:red}")
    styled = site.get("/user.css")
    assert (styled.body, styled.headers["content-type"]) == (b"body{color:red}", "text/css")
    assert styled.headers["x-content-type-options"] == "nosniff"


def test_the_folder_may_be_elsewhere(tmp_path: Path) -> None:
    with stand(tmp_path / "data", userdata=tmp_path / "mine") as site:
        site.post("/userdata/a.json", 1)
    assert (tmp_path / "mine" / "default" / "a.json").read_text() == "1"

"""Recordings over the API: what is listed, what is shown, what is refused and how."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.recording.folder import Folder, write_json
from tests.recording.make import KEY, made
from tests.web import kit
from tests.web.kit import HttpError, Server, node

API = "/api/v1"
PLACE = f"{API}/recordings/{KEY}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with kit.server(tmp_path_factory.mktemp("recordings")) as running:
        yield running


@pytest.fixture
def folder(server: Server) -> Folder:
    """One recorded run, of the job "rec"."""
    folder = Folder(server.data / "cache" / "recordings", 0)
    folder.clear()
    made(folder.path)
    listed(folder, "rec", KEY)
    return folder


def listed(folder: Folder, job: str, *keys: str) -> None:
    rows = [{"node": "5", "title": "Sampler", "type": "KSampler", "key": key} for key in keys]
    write_json(folder.job_file(job), {"job": job, "runs": rows, "outputs": {}, "warnings": ["Told."]})


def ended(server: Server, job: str) -> Any:
    return server.get(f"{API}/jobs/{job}")["ended"]


@pytest.fixture(scope="module")
def jobs(server: Server) -> None:
    """Jobs that have ended."""
    for id in ("rec", "bare"):
        job = {
            "workflow": {"1": node("KitPicture", red=1)},
            "id": id,
            "record": {"attention": 2} if id == "rec" else False,
        }
        server.post(f"{API}/jobs", job)
        kit.wait_for(partial(ended, server, id), "the end")


def refused(server: Server, path: str, method: str = "GET", body: Any = None) -> tuple[int, str, str]:
    with pytest.raises(HttpError) as caught:
        server.ask(method, path, body)
    error = caught.value.body["error"]
    return caught.value.status, error["code"], error["message"]


def test_a_recording_is_listed_with_its_steps(server: Server, folder: Folder, jobs: None) -> None:
    found = server.get(f"{API}/jobs/rec/recording")
    file = folder.file(KEY)
    assert file is not None
    assert (found["job"], found["bytes"], found["warnings"]) == ("rec", file.stat().st_size, ["Told."])
    (run,) = found["runs"]
    assert [f["step"] for f in run.pop("frames")] == [0, 1]
    assert run == {
        "node": "5",
        "title": "Sampler",
        "type": "KSampler",
        "key": KEY,
        "sampler": "euler",
        "partial": False,
        "total": 2,
        "width": 6,
        "height": 4,
        "pictures": 2,
        "branches": ["positive", "negative"],
        "attention": {
            "steps": [1],
            "tokens": {"positive": [{"text": "a", "index": 1}, {"text": "fox", "index": 2}]},
        },
    }


def test_a_job_without_a_recording_says_what_to_do(server: Server, folder: Folder, jobs: None) -> None:
    status, code, message = refused(server, f"{API}/jobs/bare/recording")
    assert (status, code) == (404, "no_recording")
    assert "run it again with record" in message
    assert refused(server, f"{API}/jobs/nobody/recording")[:2] == (404, "no_such_job")


def test_a_run_that_is_gone_is_told_among_the_warnings(server: Server, folder: Folder, jobs: None) -> None:
    listed(folder, "rec", KEY, "cd" * 20)
    found = server.get(f"{API}/jobs/rec/recording")
    assert [run["key"] for run in found["runs"]] == [KEY]
    assert "never made, or removed for newer ones" in found["warnings"][-1]


@pytest.mark.parametrize("view", ["x", "clean", "noise", "guidance", "difference", "attention"])
def test_every_view_is_a_picture(server: Server, folder: Folder, view: str) -> None:
    with Image.open(io.BytesIO(server.get(f"{PLACE}/1/{view}?size=60&picture=1"))) as shown:
        assert (shown.format, shown.size) == ("WEBP", (60, 40))


def test_a_picture_that_the_client_has_is_not_sent_again(server: Server, folder: Folder) -> None:
    import urllib.error
    import urllib.request

    with urllib.request.urlopen(f"{server.url}{PLACE}/0/clean") as first:
        tag = first.headers["ETag"]
    again = urllib.request.Request(f"{server.url}{PLACE}/0/clean", headers={"If-None-Match": tag})
    with pytest.raises(urllib.error.HTTPError, match="304"):
        urllib.request.urlopen(again)


def test_a_spot_tells_its_words(server: Server, folder: Folder) -> None:
    found = server.get(f"{PLACE}/1/words?branch=positive&x=0.99&y=0.99")
    assert found == {"words": [{"text": "fox", "index": 2, "weight": 0.25}, {"text": "a", "index": 1, "weight": 0.0}]}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/7/x", 404, "no_step"),
        ("/x/x", 400, "bad_request"),
        ("/1/nothing", 400, "bad_request"),
        ("/1/x?size=1", 400, "bad_request"),
        ("/1/x?picture=5", 404, "no_such_picture"),
        ("/1/clean?branch=other", 404, "no_branch"),
        ("/1/attention?token=77", 404, "no_token"),
        ("/1/words?x=2", 400, "bad_request"),
        ("/1/words?x=nan", 400, "bad_request"),
        ("/1/words?branch=negative", 404, "no_branch"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(
    server: Server, folder: Folder, path: str, status: int, code: str
) -> None:
    found, told, message = refused(server, PLACE + path)
    assert (found, told) == (status, code)
    assert message.endswith(".")


@pytest.mark.parametrize("key", ["nothing", "..%2F..%2Fstate.sqlite", "cd" * 20, f"{KEY}-1", "%00", "%C3%A9"])
def test_only_names_of_recordings_lead_to_files(server: Server, folder: Folder, key: str) -> None:
    assert refused(server, f"{API}/recordings/{key}/0/x")[:2] == (404, "no_recording")


def test_a_damaged_recording_and_one_of_another_version_are_refused(server: Server, folder: Folder) -> None:
    file = folder.file(KEY)
    assert file is not None
    data = file.read_bytes()
    file.write_bytes(data[:-5])
    assert refused(server, f"{PLACE}/0/x")[:2] == (409, "damaged_recording")
    file.write_bytes(data.replace(b"RECORDING-1", b"RECORDING-2", 1))
    assert refused(server, f"{PLACE}/0/x")[:2] == (409, "other_version")


def test_what_cannot_be_decoded_says_why(server: Server, folder: Folder) -> None:
    status, code, message = refused(server, f"{PLACE}/0/clean?decoded=1")
    assert (status, code) == (409, "not_decoded")
    assert "does not say which model it is of" in message


def test_recordings_can_be_removed(server: Server, folder: Folder, jobs: None) -> None:
    before = server.get(f"{API}/recordings")
    assert before["bytes"] > 0
    assert before["budget"] == 1 << 30
    assert server.ask("DELETE", f"{API}/jobs/rec/recording") == {"done": True}
    assert server.ask("DELETE", f"{API}/jobs/rec/recording") == {"done": False}
    assert server.get(f"{API}/recordings")["bytes"] == 0
    made(folder.path)
    freed = server.ask("DELETE", f"{API}/recordings")["bytes"]
    assert freed > 0
    assert not Path(folder.path, KEY).exists()


def test_a_job_that_is_forgotten_takes_its_recording_along(server: Server, folder: Folder) -> None:
    server.post(f"{API}/jobs", {"workflow": {"1": node("KitPicture", red=2)}, "id": "gone"})
    kit.wait_for(partial(ended, server, "gone"), "the end")
    listed(folder, "gone", KEY)
    folder.job_file("rec").unlink()
    server.ask("DELETE", f"{API}/jobs/gone")
    assert not Path(folder.path, KEY).exists()


@pytest.mark.parametrize("record", [5, "yes", {"attention": -1}, {"attention": 1001}, {"steps": 3}, []])
def test_what_is_to_be_recorded_is_checked(server: Server, record: Any) -> None:
    body = {"workflow": {"1": node("KitPicture", red=1)}, "record": record}
    status, code, message = refused(server, f"{API}/jobs", "POST", body)
    assert (status, code) == (400, "bad_request")
    assert message.startswith("Field record")

"""Jobs over the API: submitted once, listed without gaps, held, moved, cancelled, forgotten."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tests.web import kit
from tests.web.kit import HttpError, Server, node, saved, shown

API = "/api/v1"


def put(server: Server, number: int = 0, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = server.post(f"{API}/jobs", {"workflow": shown(number), **more})
    return made


def ended(server: Server, id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        job: dict[str, Any] = server.get(f"{API}/jobs/{id}")
        return job if job["ended"] is not None else None

    found: dict[str, Any] = kit.wait_for(look, f"the end of {id}")
    return found


@contextmanager
def paused(server: Server) -> Iterator[None]:
    """No jobs begin meanwhile; what waits at the end is cancelled."""
    assert server.post(f"{API}/queue/pause") == {"paused": True}
    try:
        yield
    finally:
        for job in pages(server, "queued,held"):
            server.post(f"{API}/jobs/{job['id']}/cancel")
        server.post(f"{API}/queue/resume")


def pages(server: Server, states: str = "", limit: int = 7) -> list[dict[str, Any]]:
    """All jobs, page by page."""
    jobs: list[dict[str, Any]] = []
    cursor = ""
    while True:
        chosen = f"&state={states}" if states else ""
        page = server.get(f"{API}/jobs?limit={limit}{chosen}{f'&cursor={cursor}' if cursor else ''}")
        assert len(page["jobs"]) <= limit
        jobs += page["jobs"]
        cursor = page["next"]
        if cursor is None:
            return jobs


def waiting(server: Server) -> list[str]:
    return [job["id"] for job in server.get(f"{API}/queue?limit=1000")["queued"]]


def test_a_job_from_its_submission_to_its_files(served: Server) -> None:
    body = {"workflow": saved(1), "values": {"KitSleep.number": 41}, "title": "A file", "client": "me"}
    job = served.post(f"{API}/jobs", body)
    assert (job["title"], job["client"], job["error"]) == ("A file", "me", None)
    assert ended(served, job["id"])["state"] == "success"
    results = served.get(f"{API}/jobs/{job['id']}/results")
    assert results["shown"]["2"]["text"] == ["41"]
    (file,) = results["files"]
    assert served.get(file["url"]) == b"41\n"
    workflow = served.get(f"{API}/jobs/{job['id']}/workflow")
    assert workflow["graph"]["1"]["inputs"]["number"] == 41
    assert workflow["targets"] == ["2"]
    assert served.ask("DELETE", f"{API}/jobs/{job['id']}") == {"done": True}
    with pytest.raises(HttpError):
        served.get(f"{API}/jobs/{job['id']}")
    assert served.get(file["url"]) == b"41\n"


def test_the_same_submission_again_is_the_same_job(served: Server) -> None:
    id = uuid.uuid4().hex
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: put(served, 5, id=id), range(16)))
    assert {job["id"] for job in made} == {id}
    ended(served, id)
    assert put(served, 5, id=id)["state"] == "success"
    assert sum(job["id"] == id for job in pages(served)) == 1
    with pytest.raises(HttpError) as other:
        put(served, 6, id=id)
    assert (other.value.status, other.value.body["error"]["code"]) == (409, "id_taken")


def test_targets_and_values_by_title(served: Server) -> None:
    graph = shown(1) | {"3": node("KitShow", number=("1", 0))}
    graph["3"]["_meta"] = {"title": "Second"}
    job = served.post(f"{API}/jobs", {"workflow": graph, "targets": ["Second"], "values": {"KitValue.number": 8}})
    ended(served, job["id"])
    assert served.get(f"{API}/jobs/{job['id']}/results")["shown"] == {"3": {"text": ["8"]}}
    with pytest.raises(HttpError) as wrong:
        served.post(f"{API}/jobs", {"workflow": graph, "values": {"KitValu.number": 8}})
    assert "KitValue" in wrong.value.body["error"]["message"]


def test_what_does_not_run_is_listed_with_the_job(served: Server) -> None:
    graph = shown(1) | {"3": node("KitShow", number=("9", 0))}
    job = served.post(f"{API}/jobs", {"workflow": graph})
    assert [p["node"] for p in job["problems"] if p["severity"] == "error"] == ["3"]
    assert ended(served, job["id"])["state"] == "success"
    with pytest.raises(HttpError):
        served.post(f"{API}/jobs", {"workflow": graph, "partial": False})


def test_a_failed_job_says_where_and_why(served: Server) -> None:
    graph = {"1": node("KitFail", message="no ink"), "2": node("KitShow", number=("1", 0))}
    job = ended(served, served.post(f"{API}/jobs", {"workflow": graph})["id"])
    assert job["state"] == "error"
    assert (job["error"]["node"], job["error"]["node_type"]) == ("1", "KitFail")
    assert "no ink" in job["error"]["message"]


def test_the_order_is_what_people_make_it(served: Server) -> None:
    with paused(served):
        a, b, c, d = (put(served, n)["id"] for n in range(4))
        assert waiting(served) == [a, b, c, d]
        served.post(f"{API}/jobs/{c}/move", {"to": "front"})
        served.post(f"{API}/jobs/{a}/move", {"to": "back"})
        served.post(f"{API}/jobs/{d}/move", {"before": b})
        assert waiting(served) == [c, d, b, a]
        front = put(served, 9, front=True)["id"]
        assert waiting(served) == [front, c, d, b, a]
        assert served.post(f"{API}/jobs/{d}/hold")["state"] == "held"
        with pytest.raises(HttpError) as twice:
            served.post(f"{API}/jobs/{d}/hold")
        assert (twice.value.status, twice.value.body["error"]["code"]) == (409, "wrong_state")
        with pytest.raises(HttpError) as retried:
            served.post(f"{API}/jobs/{d}/retry")
        assert retried.value.status == 409
        served.post(f"{API}/queue/resume")
        for id in (a, b, c, front):
            assert ended(served, id)["state"] == "success"
        assert served.get(f"{API}/jobs/{d}")["state"] == "held"
        served.post(f"{API}/jobs/{d}/release")
        assert ended(served, d)["state"] == "success"
        starts = {id: served.get(f"{API}/jobs/{id}")["started"] for id in (a, b, c, d, front)}
        assert sorted(starts, key=lambda id: starts[id]) == [front, c, b, a, d]


@pytest.mark.parametrize("body", [{}, {"to": "front", "before": "x"}, {"to": "up"}, {"before": "nobody"}])
def test_a_move_says_one_place(served: Server, body: Any) -> None:
    with paused(served):
        id = put(served)["id"]
        with pytest.raises(HttpError) as wrong:
            served.post(f"{API}/jobs/{id}/move", body)
        assert wrong.value.status == (404 if body.get("before") == "nobody" else 400)


def test_exactly_one_job_is_cancelled(served: Server) -> None:
    graphs = [saved(n, seconds=600.0, prefix=uuid.uuid4().hex) for n in (1, 2)]
    one, two = (served.post(f"{API}/jobs", {"workflow": g})["id"] for g in graphs)
    for id in (one, two):
        kit.wait_for(lambda id=id: served.get(f"{API}/jobs/{id}")["progress"], "progress")
    with pytest.raises(HttpError) as runs:
        served.ask("DELETE", f"{API}/jobs/{one}")
    assert (runs.value.status, runs.value.body["error"]["code"]) == (409, "not_ended")
    assert served.post(f"{API}/jobs/{one}/cancel") == {"done": True}
    assert ended(served, one)["state"] == "cancelled"
    assert served.get(f"{API}/jobs/{two}")["state"] == "running"
    assert served.post(f"{API}/jobs/{two}/cancel") == {"done": True}
    assert ended(served, two)["state"] == "cancelled"
    assert served.post(f"{API}/jobs/{two}/cancel") == {"done": False}


def test_pages_have_no_gap_and_nothing_twice(served: Server) -> None:
    for n in range(12):
        put(served, 100 + n)
    kit.wait_for(lambda: not pages(served, "queued,running"), "an empty queue")
    whole = [job["id"] for job in pages(served, limit=1000)]
    assert len(set(whole)) == len(whole)
    for limit in (1, 2, 3, 5, len(whole) - 1, len(whole), len(whole) + 1):
        assert [job["id"] for job in pages(served, limit=max(limit, 1))] == whole
    for states in ("success", "error", "cancelled", "success,cancelled"):
        chosen = pages(served, states, limit=3)
        assert {job["state"] for job in chosen} <= set(states.split(","))
        assert [job["id"] for job in chosen] == [id for id in whole if id in {job["id"] for job in chosen}]
    assert sum(len(pages(served, s)) for s in ("success", "error", "cancelled")) == len(whole)


def test_pages_hold_while_jobs_come(served: Server) -> None:
    before = [job["id"] for job in pages(served, limit=1000)]
    with ThreadPoolExecutor(1) as pool:
        coming = pool.map(lambda n: put(served, 200 + n), range(20))
        seen = [job["id"] for job in pages(served, limit=2)]
        list(coming)
    assert len(set(seen)) == len(seen)
    assert [id for id in seen if id in set(before)] == before
    kit.wait_for(lambda: not pages(served, "queued,running"), "an empty queue")


def test_files_are_listed_newest_first_in_pages(served: Server) -> None:
    for n in range(5):
        ended(served, served.post(f"{API}/jobs", {"workflow": saved(n, prefix=f"pages/{n}")})["id"])
    seen: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = served.get(f"{API}/images?limit=2{f'&cursor={cursor}' if cursor else ''}")
        seen += page["images"]
        cursor = page["next"]
    names = [image["name"] for image in seen]
    assert len(set(names)) == len(names)
    assert [n for n in names if n.startswith("pages/")] == [f"pages/{n}_00001_.txt" for n in (4, 3, 2, 1, 0)]
    assert [image["modified"] for image in seen] == sorted((image["modified"] for image in seen), reverse=True)
    newest = next(image for image in seen if image["name"] == "pages/4_00001_.txt")
    assert (newest["subfolder"], newest["filename"], newest["thumbnail"]) == ("pages", "4_00001_.txt", None)
    assert served.get(newest["url"]) == b"4\n"

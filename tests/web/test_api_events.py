"""Events over the API: from every number on, without gap or doubling, whatever happens to the connection."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import aiohttp
import pytest

from engine.queue.log import Logged
from engine.run.events import Preview, Progress, StepFailed
from engine.run.picture import Picture
from engine.service.hub import Live, Notice
from tests.web import kit
from tests.web.kit import Server, fan, held, saved, shown
from web.api.events import framed, message, text_of

API = "/api/v1"
Event = dict[str, Any]


def log(server: Server, after: int = 0, job: str = "") -> list[Event]:
    """What the server has on disk, read as server-sent events."""
    path = f"{API}/events?after={after}&follow=0{f'&job={job}' if job else ''}"
    return [e for e in read(server.get(path).decode()) if "seq" in e]


def read(text: str) -> list[Event]:
    """The events of a stream (html.spec.whatwg.org, 9.2.6); each id is its event's number."""
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            event = json.loads(fields["data"])
            assert fields.get("id") == (str(event["seq"]) if "seq" in event else None)
            events.append(event)
    return events


@asynccontextmanager
async def streamed(server: Server, after: int, **more: str) -> AsyncIterator[AsyncIterator[Event]]:
    """Events of one connection of server-sent events; the number goes as a browser sends it when it comes back."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(kit.PATIENCE)) as session,
        session.get(f"{server.url}{API}/events", params=more, headers={"Last-Event-ID": str(after)}) as answer,
    ):
        assert answer.content_type == "text/event-stream"

        async def each() -> AsyncIterator[Event]:
            block = ""
            async for line in answer.content:
                block += line.decode()
                if block.endswith("\n\n"):
                    for event in read(block):
                        yield event
                    block = ""

        yield each()


@asynccontextmanager
async def socketed(server: Server, after: int, **more: str) -> AsyncIterator[AsyncIterator[Event]]:
    """Events of one websocket."""
    url = f"{server.url}{API}/socket"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, params={"after": str(after), **more}) as opened,
    ):

        async def each() -> AsyncIterator[Event]:
            async for told in opened:
                yield json.loads(told.data)

        yield each()


WAYS = pytest.mark.parametrize("way", [streamed, socketed], ids=["sse", "websocket"])


async def watch(way: Any, server: Server, until: Callable[[Event], bool], dice: random.Random) -> list[Event]:
    """Durable events from the first on, over connections that break off again and again."""
    seen: list[Event] = []
    while True:
        left = dice.choice([0, 1, 2, 5, 20, 100])
        async with way(server, seen[-1]["seq"] if seen else 0) as events:
            async for event in events:
                if "seq" in event:
                    seen.append(event)
                    left -= 1
                    if until(event):
                        return seen
                if left <= 0:
                    break


def test_from_every_number_the_rest_of_the_log(served: Server) -> None:
    last = served.submit(fan(300, number=11))
    served.ended(last)
    kit.wait_for(lambda: log(served, job=last)[-1]["kind"] == "JobFinished", "the end in the log")
    whole = log(served)
    assert len(whole) > 600
    numbers = [e["seq"] for e in whole]
    assert numbers == sorted(set(numbers))
    for after in {0, *numbers[:: len(numbers) // 25], *(n - 1 for n in numbers[-3:]), *numbers[-3:], numbers[-1] + 9}:
        assert log(served, after) == [e for e in whole if e["seq"] > after]


def test_of_one_job_only(served: Server) -> None:
    ids = [served.submit(shown(300 + n)) for n in range(3)]
    for id in ids:
        served.ended(id)
    whole = log(served)
    for id in ids:
        own = log(served, job=id)
        assert own == [e for e in whole if e["job"] == id]
        assert (own[0]["kind"], own[-1]["kind"]) == ("JobQueued", "JobFinished")


@WAYS
def test_the_stream_of_a_job_ends_with_it(served: Server, way: Any) -> None:
    id = uuid.uuid4().hex

    async def whole(after: int = 0) -> list[Event]:
        async with way(served, after, job=id) as events:
            return [e async for e in events if "seq" in e]

    async def both() -> list[Event]:
        early = asyncio.create_task(whole())
        await asyncio.sleep(0.1)
        body = {"workflow": saved(uuid.uuid4().int % 2**31, seconds=0.2), "id": id}
        await asyncio.to_thread(served.post, f"{API}/jobs", body)
        return await early

    seen = asyncio.run(both())
    assert seen[-1]["kind"] == "JobFinished"
    assert seen == log(served, job=id) == asyncio.run(whole())
    assert asyncio.run(whole(seen[-2]["seq"])) == seen[-1:]


def test_of_a_job_that_has_ended_nothing_is_left_to_tell(served: Server) -> None:
    id = served.submit(shown(400))
    served.ended(id)
    last = log(served, job=id)[-1]["seq"]
    with urlopen(f"{served.url}{API}/events?job={id}&after={last}") as answer:
        assert (answer.status, answer.read()) == (204, b"")


@WAYS
@pytest.mark.parametrize("seed", range(2))
def test_reconnecting_while_jobs_run_misses_nothing(served: Server, way: Any, seed: int) -> None:
    last = uuid.uuid4().hex

    async def both() -> list[Event]:
        async def work() -> None:
            for n in range(15):
                graph = saved(1000 * seed + n, seconds=0.02, prefix="watched")
                await asyncio.to_thread(served.post, f"{API}/jobs", {"workflow": graph})
                await asyncio.sleep(0.01)
            await asyncio.to_thread(served.post, f"{API}/jobs", {"workflow": shown(seed), "id": last, "number": 2**40})

        dice = random.Random(seed)
        end = lambda e: e["kind"] == "JobFinished" and e["job"] == last  # noqa: E731
        seen, _ = await asyncio.gather(watch(way, served, end, dice), work())
        return seen

    seen = asyncio.run(both())
    assert seen == [e for e in log(served) if e["seq"] <= seen[-1]["seq"]]


def test_after_kill_and_restart_the_numbers_go_on(fresh: Callable[..., Server], tmp_path: Path) -> None:
    first = fresh()
    done = first.submit(shown(1))
    first.ended(done)
    broken = first.submit(held(2, tmp_path / "go"))
    kit.wait_for(lambda: any(e["kind"] == "StepStarted" and e["job"] == broken for e in log(first)), "a step")
    before = log(first)
    first.kill()
    (tmp_path / "go").touch()
    second = fresh()
    second.ended(broken)
    kit.wait_for(lambda: log(second)[-1]["kind"] == "JobFinished", "the end in the log")
    whole = log(second)
    assert whole[: len(before)] == before
    numbers = [e["seq"] for e in whole]
    assert numbers == sorted(set(numbers))
    kinds = [e["kind"] for e in whole if e["job"] == broken]
    assert kinds.count("JobInterrupted") == 1
    assert kinds.count("JobFinished") == 1
    assert log(second, before[-1]["seq"]) == whole[len(before) :]


@WAYS
@pytest.mark.parametrize("all_of_it", [True, False], ids=["from the start", "from the last number"])
def test_the_last_progress_is_told_to_whoever_comes(served: Server, way: Any, all_of_it: bool) -> None:
    id = served.submit(saved(uuid.uuid4().int % 2**31, seconds=600.0))
    kit.wait_for(lambda: served.get(f"{API}/jobs/{id}")["progress"], "progress")
    after = 0 if all_of_it else log(served)[-1]["seq"]

    async def first() -> list[Event]:
        seen: list[Event] = []
        async with way(served, after, job=id) as events:
            async for event in events:
                seen.append(event)
                if event["kind"] == "Progress":
                    return seen
        return seen

    try:
        seen = asyncio.run(first())
        assert (seen[-1]["job"], seen[-1]["node"]) == (id, "1")
        started = {(e["job"], e["node"]) for e in seen if e["kind"] == "StepStarted"}
        assert started == ({(id, "1")} if all_of_it else set())
    finally:
        served.post(f"{API}/jobs/{id}/cancel")
        served.ended(id)


def test_who_stops_reading_delays_nobody_and_loses_nothing(served: Server) -> None:
    after = log(served)[-1]["seq"] if log(served) else 0
    parts = urlsplit(served.url)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((parts.hostname, parts.port))
        slow.settimeout(kit.PATIENCE)
        slow.sendall(f"GET {API}/events?after={after} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
        ids = [served.submit(fan(600, number=20_000 + n)) for n in range(3)]
        for id in ids:
            served.ended(id)
        kit.wait_for(lambda: log(served, job=ids[-1])[-1]["kind"] == "JobFinished", "the end in the log")
        whole = log(served, after)
        text = b""
        while b'"seq":%d,' % whole[-1]["seq"] not in text[-2000:]:
            text += slow.recv(1 << 16)
    seen = [e for e in read(text.partition(b"\r\n\r\n")[2].decode()) if "seq" in e]
    assert seen == whole


def test_a_websocket_that_talks_too_much_is_closed(served: Server) -> None:
    async def talk() -> int | None:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{served.url}{API}/socket") as opened:
            for _ in range(200):
                if opened.closed:
                    break
                try:
                    await opened.send_str("hello")
                except ConnectionError:
                    break
            async for _ in opened:
                pass
            return opened.close_code

    assert asyncio.run(talk()) == aiohttp.WSCloseCode.POLICY_VIOLATION


def test_the_end_of_the_server_ends_the_streams(fresh: Callable[..., Server]) -> None:
    server = fresh()

    async def until_the_end() -> int:
        async with streamed(server, 0) as events:
            stop = asyncio.get_running_loop().run_in_executor(None, server.stop)
            async for _ in events:
                pass
            return await stop

    assert asyncio.run(until_the_end()) == 0


def test_only_a_durable_event_has_a_number() -> None:
    assert (
        message(Live(Progress("j", "1", 2, 5)))
        == b'data: {"kind":"Progress","job":"j","node":"1","done":2,"total":5}\n\n'
    )
    assert message(Notice("paused", {"paused": True})) == b'data: {"kind":"Paused","paused":true}\n\n'
    failed = StepFailed("j", "1", "KSampler", "No.", "ValueError", "Traceback …")
    assert message(Logged(7, 1.5, failed)).startswith(b'id: 7\ndata: {"seq":7,"time":1.5,"kind":"StepFailed"')
    assert b"Traceback" not in message(Logged(7, 1.5, failed))


def test_a_preview_is_a_data_url_or_a_frame() -> None:
    preview = Preview("j", "1", Picture(b"\xff\xd8jpeg", "jpeg", 64, 32))
    told = json.loads(text_of(Live(preview)))
    assert (told["kind"], told["width"], told["height"]) == ("Preview", 64, 32)
    head, _, data = told["image"].partition(",")
    assert (head, base64.b64decode(data)) == ("data:image/jpeg;base64", b"\xff\xd8jpeg")
    frame = framed(Live(preview), preview)
    length = int.from_bytes(frame[:4], "big")
    assert json.loads(frame[4 : 4 + length])["format"] == "jpeg"
    assert frame[4 + length :] == b"\xff\xd8jpeg"

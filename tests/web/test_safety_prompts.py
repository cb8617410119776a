"""The real server and huge, cyclic and malformed requests, and floods of them."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web import kit
from tests.web.attack import alive, post
from tests.web.kit import Graph, Server, node


def chain(length: int, back: str | None = None) -> Graph:
    """Nodes that each add to the one before; the first adds to `back`."""
    nodes = {f"n{i}": node("KitAdd", a=(f"n{i - 1}", 0)) for i in range(1, length)}
    return {
        "n0": node("KitAdd", a=(back, 0)) if back else node("KitValue"),
        **nodes,
        "end": node("KitShow", number=(f"n{length - 1}", 0)),
    }


@pytest.mark.parametrize(
    ("graph", "word"),
    [
        (lambda: {"1": node("KitAdd", a=("1", 0)), "2": node("KitShow", number=("1", 0))}, "depend on each other"),
        (lambda: chain(99_000, "n98999"), "depend on each other"),
        (lambda: {f"n{i}": node("KitShow", number="x" * 10) for i in range(99_000)}, "number"),
        (lambda: {"1": node("KitShow", number=1, **{f"i{n}": n for n in range(99_000)})}, ""),
        (lambda: {"x" * 1_000_000: node("KitShow", number=1)}, "256"),
        pytest.param(lambda: chain(100_001), "100000", marks=pytest.mark.slow),
        pytest.param(lambda: {f"n{i}": node("KitAdd", a=("n0", 0)) for i in range(99_000)}, "", marks=pytest.mark.slow),
        pytest.param(lambda: {f"n{i}": node("NoSuchType") for i in range(99_000)}, "NoSuch", marks=pytest.mark.slow),
    ],
)
def test_huge_and_cyclic_graphs_are_answered_in_sentences(
    served: Server, graph: Callable[[], Graph], word: str
) -> None:
    reply = post(served, "/prompt", {"prompt": graph()})
    if reply.status == 200:
        served.ended(reply.json["prompt_id"])
        return
    assert reply.status == 400
    assert word in str(reply.json)
    assert len(reply.json["error"]["message"]) < 1000
    alive(served)


def test_others_are_answered_while_a_huge_graph_is_read(served: Server) -> None:
    """The longest wait of others is far below what the huge one takes: it is read beside the event loop."""
    body = json.dumps({"prompt": chain(50_000, "n49999")}).encode()

    async def both() -> tuple[int, int]:
        async with aiohttp.ClientSession() as session:
            huge = asyncio.ensure_future(session.post(f"{served.url}/prompt", data=body))
            answered = 0
            while not huge.done():
                async with session.get(f"{served.url}/prompt") as reply:
                    answered += reply.status == 200
            return answered, (await huge).status

    answered, status = asyncio.run(both())
    assert status == 400
    assert answered >= 5


GOOD: Graph = {"1": node("KitValue", number=1), "2": node("KitShow", number=("1", 0))}


def first(**fields: Any) -> dict[str, Any]:
    """The prompt with other fields in its first node."""
    return {"prompt": {**GOOD, "1": fields}}


def given_inputs(inputs: Any, **fields: Any) -> dict[str, Any]:
    return first(class_type="KitValue", inputs=inputs, **fields)


def more(**fields: Any) -> dict[str, Any]:
    """A good prompt with more fields around it."""
    return {"prompt": GOOD, **fields}


def around(workflow: Any, **nodes: Any) -> dict[str, Any]:
    """A good prompt in a file with this `_workflow`."""
    return {"prompt": {**GOOD, **nodes, "_workflow": workflow}}


ITSELF = {"_meta": {"subgraphs": {"a": {"nodes": {"1": node("subgraph:a")}}}}}
MALFORMED: tuple[Any, ...] = (
    *(b"", b"{", b"null", b"[]", b'"x"', b"5", {}),
    *({"prompt": value} for value in (None, [], "x", {}, {"1": None}, {"1": []}, {"1": "x"}, {"": node("KitShow")})),
    *(first(), first(inputs={}), first(class_type="KitValue"), given_inputs({}, is_changed=["x"])),
    *(first(class_type=type, inputs={}) for type in (None, 5, ["KitValue"], {}, "\0", "", "subgraph:none")),
    *(given_inputs(value) for value in (None, [], "x", {"": 1, "a.b": 2, "__class__": 3})),
    *(given_inputs({"number": value}) for value in (None, {}, [], [[]], 2**63, 2**70, 1e308)),
    *(given_inputs({"number": link}) for link in (["1"], ["1", -1], ["1", 9], ["1", 0.5], ["9", 0], [1, 0], [None, 0])),
    *(given_inputs({"number": ["2", 0]}), given_inputs({}, _meta=5), given_inputs({}, _meta={"title": {}, "mode": []})),
    *(around(5), around({"_meta": {"subgraphs": {"a": 5}}}), around(ITSELF, **{"3": node("subgraph:a")})),
    *({"prompt": {"nodes": nodes, "links": links}} for nodes, links in (([], []), ([5], [None]), ([{"id": 1}], [[1]]))),
    *(more(partial_execution_targets=value) for value in ([], "2", [None], ["9"], {"2": 1}, [["2"]])),
    *(more(number=value) for value in ("first", "nan", "inf", [], True, 1e308, -1e308)),
    *(
        more(**{name: value})
        for name in ("client_id", "prompt_id")
        for value in (5, "x" * 10_000, "\0", "../../x", "a b\n")
    ),
    *(more(front="x"), more(extra_data=5), more(extra_data={"extra_pnginfo": 5})),
    *(
        more(extra_data={"extra_pnginfo": value})
        for value in ({"": None}, {"a\0": "x"}, {"é" * 100: [1]}, {"prompt": "mine"})
    ),
)


def test_no_malformed_prompt_stops_the_worker(served: Server) -> None:
    """The peer dies of a node without `inputs`; here each is refused or run, and the worker stays the same."""
    alive(served)
    workers = served.workers()
    for body in MALFORMED:
        reply = post(served, "/prompt", body)
        assert reply.status in (200, 400, 409), (body, reply)
        if reply.status != 200:
            assert reply.json["error"]["message"], body
        else:
            served.ended(reply.json["prompt_id"])
    alive(served)
    assert served.workers() == workers


NAMED = st.sampled_from(["1", "2", "inputs", "class_type", "number", ""])
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMED, inner, max_size=3),
    max_leaves=6,
)
PATHS = st.sampled_from(["1", "1.inputs", "1.inputs.number", "1.class_type", "1._meta", "2", "2.inputs.number", "3"])


@given(PATHS, JSON)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_prompts_with_anything_in_any_place_are_refused_or_run(
    served: Server, path: tuple[str, ...], value: Any
) -> None:
    graph = json.loads(json.dumps(GOOD))
    *parts, last = path.split(".")
    at = graph
    for part in parts:
        at = at[part]
    at[last] = value
    reply = post(served, "/prompt", {"prompt": graph})
    assert reply.status in (200, 400)
    assert post(served, "/api/v1/check", {"workflow": graph}).status in (200, 400)


BODIES: tuple[Any, ...] = (
    *(b"", b"{", b"[]", b"null", b'"x"', b"[" * 100_000, b'{"a":1,"a":2}', b"NaN"),
    *({"delete": value} for value in (5, [5, None, {}], ["x" * 10_000, "\0"])),
    *({"clear": "x"}, {"prompt_id": {}}, {"prompt_id": ["a"]}, {"unload_models": []}, {"job_ids": 5}, {"job_ids": [5]}),
    *({"workflow": 5}, {"workflow": {"1": 5}}, {"text": 5}, {"text": "x", "clip": "../x"}),
)
POSTS = (
    "/queue",
    "/history",
    "/interrupt",
    "/free",
    "/jobs/cancel",
    "/settings",
    "/api/v1/jobs",
    "/api/v1/check",
    "/api/v1/tokens",
    "/api/v1/values",
)


@pytest.mark.parametrize("route", POSTS)
def test_no_malformed_body_breaks_any_route(served: Server, route: str) -> None:
    for body in BODIES:
        assert post(served, route, body).status < 500, (route, body)
    alive(served)


def test_a_flood_on_the_websocket_delays_nobody(served: Server) -> None:
    """One client sends without end, one far too much at once, a hundred are silent; a job's messages still come."""

    async def go() -> list[str]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            silent = [await session.ws_connect(f"{served.url}/ws?clientId=silent{n}") for n in range(100)]
            mine = await session.ws_connect(f"{served.url}/ws?clientId=mine")
            flooding = asyncio.ensure_future(flood(session))
            large = await session.ws_connect(f"{served.url}/ws?clientId=large")
            await large.send_str("x" * (1 << 20))
            closed = await last(large)
            assert closed.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
            body = {"prompt": kit.shown(random.randrange(10**9)), "client_id": "mine"}
            async with session.post(f"{served.url}/prompt", json=body) as reply:
                assert reply.status == 200
            types: list[str] = []
            async with asyncio.timeout(kit.PATIENCE):
                while "execution_success" not in types:
                    types.append(json.loads((await mine.receive()).data)["type"])
                assert await flooding
            for socket in (*silent, mine):
                await socket.close()
            return types

    async def flood(session: aiohttp.ClientSession) -> bool:
        """Send until the server has enough; whether it cut the connection."""
        socket = await session.ws_connect(f"{served.url}/ws?clientId=flood")
        try:
            for n in range(100_000):
                await socket.send_str('{"type": "noise"}' if n % 2 else "not even JSON")
                if n % 100 == 0:
                    await asyncio.sleep(0)
                if socket.closed:
                    break
        except (ConnectionError, aiohttp.ClientError):
            return True
        return (await last(socket)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)

    async def last(socket: aiohttp.ClientWebSocketResponse) -> aiohttp.WSMessage:
        while (message := await socket.receive(kit.PATIENCE)).type is aiohttp.WSMsgType.TEXT:
            pass
        return message

    types = asyncio.run(go())
    assert types.index("execution_start") < types.index("execution_success")
    alive(served)

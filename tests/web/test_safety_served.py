"""The real server under what is meant to harm it: names, graphs, malformed requests, floods, secrets."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zlib import crc32

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web import kit, samples
from tests.web.kit import Graph, Server, node
from tests.web.stand import Reply, ask, form, stand
from tests.web.test_safety_files import NAMES
from tests.web.test_safety_requests import STREAMS, routes

SECRET = "the canary of a file outside"
SENDABLE = [name for name in NAMES if "\ud800" not in name]


def get(server: Server, path: str, **headers: str) -> Reply:
    return ask(server.url, "GET", path, headers=headers)


def post(server: Server, path: str, body: Any) -> Reply:
    return ask(server.url, "POST", path, body)


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose data folder has secrets around it, and links to them in it."""
    around = tmp_path_factory.mktemp("trap")
    data = around / "data"
    (around / "secret.png").write_bytes(samples.picture() + SECRET.encode())
    (around / "secret.safetensors").write_text(SECRET)
    for folder in ("input", "output", "temp"):
        (data / folder / "sub").mkdir(parents=True)
        (data / folder / "link.png").symlink_to(around / "secret.png")
        (data / folder / "linked").symlink_to(around)
        (data / folder / "sub" / "deep.png").symlink_to(around / "secret.png")
        (data / folder / ".hidden.png").write_text(SECRET)
        (data / f"{folder}-other").mkdir()
        (data / f"{folder}-other" / "secret.png").write_text(SECRET)
    with kit.server(data) as server:
        yield server


def alive(server: Server) -> None:
    """The queue still goes on, in the same worker."""
    assert server.ended(server.submit(kit.shown(random.randrange(10**9))))["status"]["status_str"] == "success"


def required(kind: Any) -> Any:
    """Some value that a node type takes for a required input."""
    name, more = kind[0], (kind[1] if len(kind) > 1 else {})
    if isinstance(name, list):
        return name[0] if name else ""
    return more.get("default", {"INT": 1, "FLOAT": 1.0, "STRING": "", "BOOLEAN": False}.get(name, ["0", 0]))


def test_no_text_input_of_any_node_type_leads_out(trap: Server) -> None:
    """Each string and each choice of each node type, through POST /prompt and the check of the API."""
    before = outside(trap)
    for type, about in trap.get("/object_info").items():
        inputs = {**about["input"].get("required", {}), **about["input"].get("optional", {})}
        texts = [name for name, kind in inputs.items() if kind[0] == "STRING" or isinstance(kind[0], list | str)]
        plain = {name: required(kind) for name, kind in about["input"].get("required", {}).items()}
        for name in texts:
            start = crc32(f"{type}.{name}".encode())  # over all types each name comes many times
            wicked = SENDABLE[start % 6 :: 6] if inputs[name][0] == "STRING" else SENDABLE[start % 3 :: 3]
            for value in wicked:
                graph = {"1": {"class_type": type, "inputs": {**plain, name: value}}}
                reply = post(trap, "/api/v1/check", {"workflow": graph})
                assert reply.status < 500, (type, name, value)
                assert SECRET.encode() not in reply.body
    assert outside(trap) == before


def outside(server: Server) -> dict[str, bytes]:
    """All files around the server's own folders."""
    around = server.data.parent
    own = [server.data / name for name in ("input", "output", "temp", "cache", "user")]
    files = [p for p in around.rglob("*") if p.is_file() and not p.is_symlink() and "state.sqlite" not in p.name]
    return {str(p): p.read_bytes() for p in files if not any(p.is_relative_to(o) for o in own) and p.suffix != ".pyc"}


def test_pictures_outside_are_refused_through_the_prompt(trap: Server) -> None:
    for name in [*SENDABLE, "../secret.png [output]", "link.png [temp]", "secret.png [input-other]"]:
        graph = {"1": node("LoadImage", image=name), "2": node("SaveImage", images=("1", 0), filename_prefix="a")}
        reply = post(trap, "/prompt", {"prompt": graph})
        assert reply.status == 400, name
        assert SECRET.encode() not in reply.body
        assert reply.json["node_errors"] or reply.json["error"]["message"]
    alive(trap)


def test_what_sinks_save_stays_inside(trap: Server) -> None:
    before = outside(trap)
    for number, name in enumerate(SENDABLE):
        reply = post(trap, "/prompt", {"prompt": kit.saved(number, prefix=name)})
        assert reply.status in (200, 400), name
        if reply.status == 200:
            for output in trap.ended(reply.json["prompt_id"])["outputs"].values():
                for file in output.get("files", ()):
                    path = trap.data / "output" / file["subfolder"] / file["filename"]
                    assert path.resolve().is_relative_to(trap.data / "output")
    assert outside(trap) == before
    alive(trap)


def table(tmp_path: Path) -> list[tuple[str, str]]:
    """All routes by method and template."""
    with stand(tmp_path) as made:
        return routes(made)


def test_no_part_of_a_path_of_any_route_leads_out(trap: Server, tmp_path: Path) -> None:
    """Every parameter of every route of GET and DELETE, one at a time."""
    with stand(tmp_path) as made:
        found = {(r.method, r.resource.canonical) for r in made.app.router.routes() if r.resource is not None}
    before = outside(trap)
    for method, template in sorted(found):
        if "{" not in template or method not in ("GET", "DELETE") or template.startswith("/api/v1/events"):
            continue
        if template.startswith("/api/") and not template.startswith("/api/v1/"):
            continue
        names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
        for wicked in names:
            fixed = {"type": "output", "kind": "loras", "folder": "loras", "path_index": "0", "pack": "kit"}
            for value in SENDABLE:
                parts = {name: fixed.get(name, "a.png") for name in names} | {wicked: quote(value, safe="")}
                reply = ask(trap.url, method, template.format(**parts))
                assert reply.status != 500, (template, value)
                assert SECRET.encode() not in reply.body, (template, value)
    assert outside(trap) == before
    alive(trap)


def test_texts_of_others_are_never_part_of_a_page(trap: Server, tmp_path: Path) -> None:
    """Names, titles and addresses come back as JSON or as files; the two pages there are hold nothing of a client's."""
    script = "<img src=x onerror=alert(1)>"
    graph = {"1": {**node("KitShow", number=script), "_meta": {"title": script}}, script: node(script)}
    for path in ("/prompt", "/api/v1/jobs"):
        reply = post(trap, path, {"prompt": graph, "workflow": graph})
        assert (reply.status, reply.headers["content-type"]) == (400, "application/json")
    post(trap, f"/userdata/{quote(script)}", 1)
    for method, path in table(tmp_path):
        if method == "GET" and path.removeprefix("/api") not in STREAMS:
            for part in ("prompt_id", "/id", "name", "path", "file", "folder", "kind", "type"):
                wicked = path.replace(part, ("/" if part == "/id" else "") + quote(script, safe=""))
                reply = get(trap, f"{wicked}?filename={quote(script)}&dir={quote(script)}&cursor={quote(script)}")
                page = "html" in reply.headers.get("content-type", "")
                assert not page or path in ("/", "/api/v1/docs"), path
                assert not page or script.encode() not in reply.body


def test_reading_changes_nothing(fresh: Callable[..., Server], tmp_path: Path) -> None:
    """All routes of GET and HEAD, with the words that make others write."""
    server = fresh()
    done = server.submit(kit.saved(1))
    server.ended(done)
    server.post("/api/v1/queue/pause")
    waiting = server.submit(kit.shown(2))
    ask(server.url, "POST", "/userdata/id", b"1")
    seen = (server.get("/queue"), server.get("/history"), snapshot(server.data))
    words = "?clear=true&delete=1&overwrite=true&dir=workflows&filename=a.png&path=&type=output&unload_models=true"
    for method, path in table(tmp_path / "table"):
        if method in ("GET", "HEAD") and path.removeprefix("/api") not in STREAMS:
            for id in (done, waiting):
                ask(server.url, method, path.replace("/id", f"/{id}").replace("prompt_id", id) + words)
    assert (server.get("/queue"), server.get("/history"), snapshot(server.data)) == seen


def snapshot(data: Path) -> dict[str, tuple[int, int]]:
    """What a write would change. Of the queue that is its log: the file itself takes the log over when all is idle."""
    files = [p for p in data.rglob("*") if p.is_file() and not p.name.endswith(("-shm", ".pyc", ".lock", ".sqlite"))]
    return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in files}


CANARY = "canary-8c1f0a-do-not-tell"


def test_secrets_are_told_to_nobody(fresh: Callable[..., Server]) -> None:
    """Keys in extra_data, and the token in addresses, headers and refused requests."""
    token = "token-canary-77aa01"
    server = fresh("--token", token)
    key = {"Authorization": f"Bearer {token}"}
    extra = {
        "auth_token_comfy_org": CANARY,
        "api_key_comfy_org": CANARY,
        "unheard_of": {"deep": [CANARY]},
        "extra_pnginfo": {"workflow": {"nodes": [], "said": "kept"}},
    }
    told: list[bytes] = []

    def seen(method: str, path: str, body: Any = None) -> Reply:
        reply = ask(server.url, method, path, body, key)
        told.append(reply.body)
        return reply

    for graph in (kit.saved(1, seconds=0.5), kit.shown(2), {"1": node("KitFail", message="no")}, {"1": node("None")}):
        seen("POST", f"/prompt?token={token}", {"prompt": graph, "extra_data": extra, "client_id": "me"})
        seen("GET", "/queue")
    seen("POST", "/prompt", f'{{"prompt": {{}}, "extra_data": {{"api_key_comfy_org": "{CANARY}", NaN'.encode())
    seen("GET", f"/none?token={token}")
    ask(server.url, "GET", f"/%zz?token={token}")
    ask(server.url, "GET", "/settings", headers={"Authorization": f"Bearer {token}x"})
    kit.wait_for(lambda: not sum(map(len, seen("GET", "/queue").json.values())), "the end of the jobs")
    jobs = seen("GET", "/api/v1/jobs").json["jobs"]
    for job in jobs:
        for path in ("", "/workflow", "/results"):
            seen("GET", f"/api/v1/jobs/{job['id']}{path}")
        seen("GET", f"/jobs/{job['id']}")
    for path in ("/history", "/jobs", "/internal/logs", "/internal/logs/raw", "/system_stats", "/api/v1/metrics"):
        seen("GET", path)
    assert server.stop() == 0
    assert len(jobs) >= 2
    assert any(b'"said":"kept"' in body.replace(b" ", b"") for body in told)
    files = {str(p): p.read_bytes() for p in server.data.rglob("*") if p.is_file()}
    assert any("state.sqlite" in name for name in files)
    announced = [line for line in server.lines if line.startswith("Inkwater listens on ")]
    lines = "".join(line for line in server.lines if line not in announced)
    for where, text in {**files, **{f"answer {n}": b for n, b in enumerate(told)}, "log": lines.encode()}.items():
        assert CANARY.encode() not in text, where
        assert token.encode() not in text, where


def test_secrets_are_in_no_picture(fresh: Callable[..., Server]) -> None:
    """A picture carries its graph and what extra_pnginfo says, and none of the keys that came with them."""
    server = fresh("--device", "cpu")
    body, headers = form(image=("a.png", samples.picture()))
    assert ask(server.url, "POST", f"/upload/image?token={CANARY}", body, headers).status == 200
    graph = {"1": node("LoadImage", image="a.png"), "2": node("SaveImage", images=("1", 0), filename_prefix="a")}
    extra = {"api_key_comfy_org": CANARY, "extra_pnginfo": {"workflow": {"said": "kept"}}}
    done = server.ended(server.submit(graph, extra_data=extra, client_id="me"))
    (image,) = done["outputs"]["2"]["images"]
    saved = (server.data / "output" / image["filename"]).read_bytes()
    assert b"kept" in saved
    assert b"LoadImage" in saved
    assert CANARY.encode() not in saved
    assert CANARY not in json.dumps(done)


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


def test_a_public_server_makes_a_token_and_says_so(fresh: Callable[..., Server]) -> None:
    server = fresh("--listen", "0.0.0.0")
    url, _, token = server.lines[-1].split()[-1].partition("/?token=")
    assert len(token) >= 43
    assert ask(url, "GET", "/settings").status == 401
    assert ask(url, "GET", f"/settings?token={token}").status == 200
    assert any("TLS" in line for line in server.lines)


def test_no_authentication_is_said_at_the_start(fresh: Callable[..., Server]) -> None:
    server = fresh("--listen", "0.0.0.0", "--no-auth")
    assert get(server, "/settings").status == 200
    assert get(server, "/settings", Host="evil.test").status == 403
    assert any("--no-auth" in line for line in server.lines)


def test_further_names_are_allowed_by_name(fresh: Callable[..., Server]) -> None:
    server = fresh("--allow-host", "studio.local")
    assert get(server, "/settings", Host="studio.local:1234").status == 200
    assert get(server, "/settings", Host="evil.studio.local").status == 403


def test_a_workflow_that_names_an_unknown_pack_installs_nothing(served: Server) -> None:
    before = sorted(p.name for p in (served.data / "packs").iterdir())
    graph = {"1": {"class_type": "EvilNode", "inputs": {}, "_meta": {"cnr_id": "evil-pack", "aux_id": "evil/pack"}}}
    assert post(served, "/prompt", {"prompt": graph}).status == 400
    assert sorted(p.name for p in (served.data / "packs").iterdir()) == before


def test_addresses_of_others_are_never_asked(served: Server) -> None:
    """What looks like an address in any text stays a text: the names of files have no colon."""
    for address in (
        "http://169.254.169.254/latest",
        "http://[::1]:1/",
        "https://evil.test/a.png",
        "file:///etc/passwd",
    ):
        graph = {"1": node("LoadImage", image=address), "2": node("SaveImage", images=("1", 0), filename_prefix="a")}
        reply = post(served, "/prompt", {"prompt": graph})
        assert reply.status == 400
        assert ":" in str(reply.json)

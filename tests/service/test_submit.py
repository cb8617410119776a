"""Submitting and checking: every format, what is kept and what is not, and where the work is done."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.graph.graph import Graph
from engine.queue.jobs import Body
from engine.service import reading
from engine.service.errors import BadName, BadNumber, ServiceBusy
from engine.service.service import Service
from engine.workflow.error import WorkflowError
from tests.service.conftest import SECONDS, opened, until
from tests.service.puppet import Puppet

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT.parent / "shared" / "workflows-ui"
CANARY = "canary-7f3a"


def shows(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "1": {"class_type": "PrimitiveInt", "inputs": {"value": number}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
        **more,
    }


def run(data: Path, case: Callable[[Service, Puppet], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(2 * SECONDS), opened(data, puppet := Puppet()) as service:
            await case(service, puppet)

    asyncio.run(whole())


async def body(service: Service, id: str) -> Body:
    found = await service.queue.body(id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "workflow",
    [shows(), json.dumps(shows()).encode(), Graph.from_api(shows())],
    ids=["parsed", "text", "graph"],
)
def test_each_form_of_a_workflow_gives_the_same_job(data: Path, workflow: Any) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        made = await service.submit(workflow)
        kept = await body(service, made.row.id)
        assert kept.graph == shows()
        assert kept.targets == ("2",)
        await until(lambda: puppet.works)
        assert puppet.works[made.row.id].graph == shows()

    run(data, case)


def test_a_plain_prompt_is_kept_once_and_a_file_as_it_came(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        plain = await service.submit(shows())
        assert (await body(service, plain.row.id)).source is None
        file = shows()
        file["1"]["_meta"] = {"title": "Number", "pos": [1, 2]}
        text = json.dumps(file)
        from_text = await service.submit(text.encode())
        assert (await body(service, from_text.row.id)).source == text
        parsed = await service.submit(file)
        assert json.loads((await body(service, parsed.row.id)).source or "") == file

    run(data, case)


def test_only_what_pictures_are_to_carry_is_kept_of_extra_data(data: Path) -> None:
    extra = {
        "extra_pnginfo": {"workflow": {"nodes": []}},
        "auth_token_comfy_org": CANARY,
        "api_key_comfy_org": CANARY,
        "anything": {"else": CANARY},
    }

    async def case(service: Service, puppet: Puppet) -> None:
        made = await service.submit(shows(), extra=extra)
        assert (await body(service, made.row.id)).extra == {"extra_pnginfo": {"workflow": {"nodes": []}}}
        await until(lambda: puppet.works)
        assert CANARY not in repr(puppet.works)
        await service.queue.flush()

    run(data, case)
    assert all(CANARY.encode() not in path.read_bytes() for path in data.rglob("*") if path.is_file())


def test_what_is_sound_runs_and_the_rest_is_told(data: Path) -> None:
    broken = {"9": {"class_type": "PreviewAny", "inputs": {}}}

    async def case(service: Service, puppet: Puppet) -> None:
        made = await service.submit(shows(**broken))
        assert (await body(service, made.row.id)).targets == ("2",)
        assert [problem["node"] for problem in made.row.problems] == ["9"]
        assert all(set(problem) >= {"code", "message", "mend"} for problem in made.row.problems)
        with pytest.raises(WorkflowError):
            await service.submit(shows(**broken), partial=False)
        with pytest.raises(WorkflowError) as error:
            await service.submit(shows(**broken), targets=["9"])
        assert error.value.problems

    run(data, case)


def test_targets_choose(data: Path) -> None:
    two = {"3": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}}

    async def case(service: Service, puppet: Puppet) -> None:
        made = await service.submit(shows(**two), targets=["3"])
        assert (await body(service, made.row.id)).targets == ("3",)

    run(data, case)


@pytest.mark.parametrize("nothing", [{}, b"{}", b"no JSON", b"[]", {"1": {"class_type": "NoSuchNode"}}, {"1": 3}])
def test_what_cannot_run_is_not_queued(data: Path, nothing: Any) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        with pytest.raises(WorkflowError) as error:
            await service.submit(nothing)
        assert error.value.sentences
        assert sum(service.queue.counts().values()) == 0

    run(data, case)


@pytest.mark.parametrize("id", ["", "a b", "../x", "x" * 129, "a\nb", "é", "<b>", "a/b"])
def test_ids_are_plain_and_short(data: Path, id: str) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        with pytest.raises(BadName):
            await service.submit(shows(), id=id)

    run(data, case)


@pytest.mark.parametrize("client", ["x" * 129, "a\0b", "\n"])
def test_names_of_clients_are_printable_and_short(data: Path, client: str) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        with pytest.raises(BadName):
            await service.submit(shows(), client=client)

    run(data, case)


def test_a_place_that_is_none_is_refused(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        for number in (float("nan"), float("inf"), 1e300):
            with pytest.raises(BadNumber):
                await service.submit(shows(), number=number)

    run(data, case)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples of the peer are not here")
def test_a_file_of_comfyuis_editor_is_taken(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        for path in sorted(SAMPLES.glob("*.json")):
            checked = await service.check(path.read_bytes())
            assert checked.plan.graph.nodes

    run(data, case)


def test_only_small_graphs_without_files_are_checked_in_the_loops_thread(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[bool] = []
    examine = reading.examine

    def seen(*args: Any, **more: Any) -> Any:
        threads.append(threading.current_thread() is threading.main_thread())
        return examine(*args, **more)

    monkeypatch.setattr(reading, "examine", seen)
    large = {f"n{i}": {"class_type": "PrimitiveInt", "inputs": {"value": i}} for i in range(reading.SMALL)}
    file = {"3": {"class_type": "LoadImage", "inputs": {"image": "none.png"}}}

    async def case(service: Service, puppet: Puppet) -> None:
        for workflow in (shows(), shows(**large), shows(**file), json.dumps(shows()).encode()):
            await service.check(workflow)

    run(data, case)
    assert threads == [True, False, False, False]


def test_questions_wait_for_the_worker(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        with pytest.raises(ServiceBusy):
            await service.ask("report")
        await until(lambda: puppet.state == "ready")
        assert await service.ask("tokens", text="a fox") == {"what": "tokens", "text": "a fox"}

    run(data, case)


def test_about_says_how_it_stands(data: Path) -> None:
    async def case(service: Service, puppet: Puppet) -> None:
        await service.submit(shows())
        told = service.about()
        assert set(told) == {"version", "uptime", "workers", "jobs", "paused", "lag"}
        assert json.dumps(told)

    run(data, case)

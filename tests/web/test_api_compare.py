"""Two jobs side by side over the API."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.web import kit
from tests.web.kit import HttpError, Server, node

API = "/api/v1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with kit.server(tmp_path_factory.mktemp("compare")) as made:
        yield made


def put(server: Server, red: int, side: int = 8, id: str = "1") -> str:
    """A job that saves a picture of one colour."""
    graph = {id: {**node("KitPicture", red=red, side=side), "_meta": {"title": "Picture"}}}
    job = server.post(f"{API}/jobs", {"workflow": graph})["id"]
    kit.wait_for(lambda: server.get(f"{API}/jobs/{job}")["ended"], "the end")
    return str(job)


def compared(server: Server, a: str, b: str) -> dict[str, Any]:
    found: dict[str, Any] = server.get(f"{API}/jobs/{a}/compare/{b}")
    return found


def test_the_input_the_step_and_the_pictures_that_differ_are_told(server: Server) -> None:
    found = compared(server, put(server, 10), put(server, 30))
    assert not found["same"]
    assert found["parameters"] == [{"node": "1", "title": "Picture", "input": "red", "before": 10, "after": 30}]
    assert (found["first"]["title"], found["first"]["kind"]) == ("Picture", "inputs")
    (pair,) = found["pictures"]
    assert not pair["equal"]
    assert pair["psnr"] == pytest.approx(10 * math.log10(255**2 * 3 / 20**2))
    with Image.open(io.BytesIO(server.get(pair["difference"]))) as shown:
        assert shown.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_the_same_graph_again_is_the_same_and_nodes_may_have_other_ids(server: Server) -> None:
    found = compared(server, put(server, 11), put(server, 11, id="7"))
    assert found["same"]
    assert found["first"] is None
    (pair,) = found["pictures"]
    assert pair["equal"]
    assert (pair["psnr"], pair["difference"]) == (None, None)


def test_pictures_of_two_sizes_have_no_difference(server: Server) -> None:
    a, b = put(server, 12), put(server, 12, side=9)
    (pair,) = compared(server, a, b)["pictures"]
    assert (pair["equal"], pair["psnr"], pair["difference"]) == (False, None, None)
    with pytest.raises(HttpError) as caught:
        server.get(f"{API}/jobs/{a}/compare/{b}/0")
    assert caught.value.status == 409
    assert "8 × 8 and 9 × 9" in str(caught.value.body)


def test_a_picture_that_is_gone_is_no_fault(server: Server) -> None:
    a, b = put(server, 13), put(server, 14)
    (pair,) = compared(server, a, b)["pictures"]
    for file in (server.data / "output").glob("picture*.png"):
        file.unlink()
    found = compared(server, a, b)["pictures"][0]
    assert (found["equal"], found["psnr"], found["difference"]) == (False, None, None)
    with pytest.raises(HttpError) as caught:
        server.get(pair["difference"])
    assert caught.value.status == 404


@pytest.mark.parametrize("number", ["1", "-1", "x", "99999999999999999999"])
def test_a_pair_that_is_not_there(server: Server, number: str) -> None:
    a = put(server, 15)
    with pytest.raises(HttpError) as caught:
        server.get(f"{API}/jobs/{a}/compare/{a}/{number}")
    assert caught.value.status == 404


def test_a_job_that_is_not_there(server: Server) -> None:
    a = put(server, 16)
    for ids in ((a, "nobody"), ("nobody", a)):
        with pytest.raises(HttpError) as caught:
            compared(server, *ids)
        assert caught.value.status == 404
        assert "nobody" in str(caught.value.body)

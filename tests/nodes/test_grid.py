"""XY plots through a whole run: what is made once, what a cell equals, what is shown, and how it ends when it must."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nodes
from engine.diffusion.loop import DenoiseJob, DenoiseLoop
from engine.diffusion.types import Image
from engine.graph import Context, Registry, node
from engine.graph.context import Cancelled
from engine.graph.sockets import Lazy
from engine.run.events import Event, Expanded, JobFinished, StepFailed, StepFinished, StepStarted, Warned
from engine.session import Session
from engine.session.device import Device
from engine.workflow.error import WorkflowError
from nodes.grid import grid_picture
from tests.models.make import TINY, write_checkpoint

Nodes = dict[str, dict[str, Any]]

reached, go_on, broken = threading.Event(), threading.Event(), threading.Event()
WAIT = 180.0


@node("Paint", category="test")
def paint(*, red: float = 0.5, size: int = 8, text: str = "", bright: bool = False) -> Image:
    if red == 0.75:
        raise ValueError("there is no such red")
    return Image(torch.tensor([red, len(text) / 10, float(bright)]).expand(1, size, 8, 3).clone())


@node("Ring", category="test")
def ring(*, image: Image, number: int = 0, context: Context) -> Image:
    """From number 2 on it waits until it is told to go on."""
    if number >= 2:
        reached.set()
        while not go_on.wait(0.005):
            context.raise_if_cancelled()
    return Image(image / (number + 1))


@node("Brittle", category="test")
def brittle(*, image: Image, number: int = 0) -> Image:
    """While `broken`, number 11 fails."""
    if number == 11 and broken.is_set():
        raise ValueError("broken")
    return Image(image / number)


@node("Choose", category="test", demand=lambda second: ("b",) if second else ("a",))
def choose(*, a: Lazy[Image] | None = None, b: Lazy[Image] | None = None, second: bool = False) -> Image:
    chosen = b if second else a
    assert chosen is not None
    return chosen


OWN = Registry([n.__node__ for n in (paint, ring, brittle, choose)])  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    models = tmp_path_factory.mktemp("models")
    (models / "checkpoints").mkdir()
    write_checkpoint(models / "checkpoints" / "one.safetensors", TINY)
    write_checkpoint(models / "checkpoints" / "two.safetensors", TINY, seed=1)
    (models / "checkpoints" / "cut.safetensors").write_bytes(
        (models / "checkpoints" / "one.safetensors").read_bytes()[:-9]
    )
    with Session(
        nodes.registry() | OWN, data=tmp_path_factory.mktemp("data"), models=[models], precision="full", disk=0
    ) as made:
        yield made


def sampling(**changed: Any) -> Nodes:
    """From prompt to picture, small; `changed` are inputs of the sampler."""
    sampler = {"seed": 3, "steps": 2, "cfg": 2.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0}
    links = {"model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0]}
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "one.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["1", 1]}, "_meta": {"title": "P"}},
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["1", 1]}, "_meta": {"title": "N"}},
        "4": {"class_type": "EmptyLatentImage", "inputs": {"width": 32, "height": 32, "batch_size": 1}},
        "5": {"class_type": "KSampler", "inputs": {**links, **sampler, **changed}},
        "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
    }


def plotted(graph: Nodes, end: str, x: tuple[str, str] = ("", ""), y: tuple[str, str] = ("", ""), **more: Any) -> Nodes:
    inputs = {"image": [end, 0], "x_input": x[0], "x_values": x[1], "y_input": y[0], "y_values": y[1], **more}
    return {**graph, "8": {"class_type": "XYPlot", "inputs": inputs}}


def loop_of(session: Session) -> DenoiseLoop:
    device = session.works.device
    assert isinstance(device, Device)
    return device.loop


class Heard(list[Event]):
    """The events of a run."""

    def __call__(self, event: Event) -> None:
        self.append(event)

    def ran(self, ending: str) -> list[str]:
        """Steps that were called, by how their ids end; those that join lists left out."""
        started = (e.node for e in self if isinstance(e, StepStarted))
        return sorted(id for id in started if id.endswith(ending) and ".list." not in id)


def run(session: Session, graph: Nodes, heard: Heard | None = None) -> tuple[Any, list[Any]]:
    grid, cells = session.run(graph, targets=["8"], on_event=heard)["8"]
    return grid, [np.asarray(c) for c in cells]


PAINT: Nodes = {"1": {"class_type": "Paint", "inputs": {}}}
BRITTLE: dict[str, Any] = {"class_type": "Brittle", "inputs": {"image": ["1", 0]}}


def test_axes_over_numbers_texts_and_truths(session: Session) -> None:
    graph = plotted(PAINT, "1", ("Paint.red", "0..1 step .5"), ("Paint.bright", "true, false"))
    grid, cells = run(session, graph)
    assert [tuple(c[0, 0, 0, [0, 2]]) for c in cells] == [(0, 1), (0.5, 1), (1, 1), (0, 0), (0.5, 0), (1, 0)]
    assert grid.shape[0] == 1
    assert grid.shape[2] > 3 * 8, "the labels stand beside the cells"
    _, cells = run(session, plotted(PAINT, "1", ("Paint.text", '"a, b", abcde')))
    assert [round(float(c[0, 0, 0, 1]), 3) for c in cells] == [0.4, 0.5]


def test_cells_may_be_of_different_sizes(session: Session) -> None:
    grid, cells = run(session, plotted(PAINT, "1", ("Paint.size", "4, 16"), labels=False))
    assert [c.shape for c in cells] == [(1, 4, 8, 3), (1, 16, 8, 3)]
    assert grid.shape == (1, 16, 2 * 8 + 2, 3)


def test_without_axes_it_is_the_picture(session: Session) -> None:
    grid, (cell,) = run(session, plotted(PAINT, "1"))
    assert grid.shape == cell.shape
    assert np.abs(grid - cell).max() < 1 / 255


def test_equal_steps_are_made_once(session: Session) -> None:
    heard = Heard()
    graph = plotted(sampling(seed=100), "6", ("P.text", "a fox\na cat\na fox"), ("KSampler.steps", "1, 2"))
    _, cells = run(session, graph, heard)
    assert len(heard.ran(".2")) == 2, "two prompts, though three columns"
    assert len(heard.ran(".5")) == len(heard.ran(".6")) == 4
    assert heard.ran("3") == ["3"], "what hangs on no axis is not copied"
    assert np.array_equal(cells[0], cells[2])
    assert not np.array_equal(cells[0], cells[1])
    again = Heard()
    run(session, graph, again)
    assert not again.ran("")
    more = Heard()
    run(session, plotted(sampling(seed=100), "6", ("P.text", "a fox\na cat"), ("KSampler.steps", "1..3")), more)
    assert len(more.ran(".5")) == 2, "of the larger grid only the new cells"


AXES = [
    ("KSampler.seed", "1, 18446744073709551615", [1, 2**64 - 1]),
    ("KSampler.sampler_name", "euler, dpmpp_2m", ["euler", "dpmpp_2m"]),
    ("1.ckpt_name", "one.safetensors, two.safetensors", ["one.safetensors", "two.safetensors"]),
    ("N.text", '"", "a dog, blue"', ["", "a dog, blue"]),
    ("4.batch_size", "1, 2", [1, 2]),
]


@pytest.mark.parametrize(("target", "text", "values"), AXES, ids=[row[0] for row in AXES])
@pytest.mark.parametrize("shared", [False, True])
def test_a_cell_equals_the_single_run(
    session: Session, target: str, text: str, values: list[Any], shared: bool
) -> None:
    _, cells = run(session, plotted(sampling(), "6", (target, text), share_batches=shared))
    for value, cell in zip(values, cells, strict=True):
        single = session.run(sampling(), {target: value}, targets=["6"])["6"]
        assert cell.shape == single.shape
        assert np.abs(cell - single).max() < 1e-4 if shared else np.array_equal(cell, single)


@contextmanager
def gathered(loop: DenoiseLoop, count: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[DenoiseJob]]:
    """The jobs that come to the loop, which begins none of them before so many are there."""
    jobs: list[DenoiseJob] = []
    gate, stands, submit = threading.Event(), threading.Event(), loop.submit

    def stand() -> None:
        stands.set()
        gate.wait(WAIT)

    def counted(job: DenoiseJob) -> Any:
        jobs.append(job)
        if len(jobs) == 1:
            loop.call(stand)
            assert stands.wait(WAIT)
        future = submit(job)
        if len(jobs) == count:
            gate.set()
        return future

    with monkeypatch.context() as patch:
        patch.setattr(loop, "submit", counted)
        yield jobs


def test_cells_share_their_calls_of_the_network(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = loop_of(session)
    for shared, seeds, calls in ((True, "20..25", 3), (False, "30..35", 3 * 6)):
        before, heard = loop.stats, Heard()
        with gathered(loop, 6, monkeypatch) as jobs:
            graph = plotted(sampling(steps=3), "6", ("KSampler.seed", seeds), share_batches=shared)
            _, cells = run(session, graph, heard)
        assert {job.share for job in jobs} == {shared}
        assert loop.stats.calls - before.calls == calls
        assert {e.shared for e in heard if isinstance(e, StepFinished) and e.node.endswith(".5")} == {shared}
        single = session.run(sampling(steps=3), {"KSampler.seed": int(seeds[:2])}, targets=["6"])["6"]
        assert np.abs(cells[0] - single).max() < 1e-4 if shared else np.array_equal(cells[0], single)


def test_models_inside_guiders_share_too(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = sampling()
    graph["5"] = {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {
            "noise": ["a", 0],
            "guider": ["b", 0],
            "sampler": ["c", 0],
            "sigmas": ["d", 0],
            "latent_image": ["4", 0],
        },
    }
    guided = {"model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "cfg": 2.0}
    graph |= {
        "a": {"class_type": "RandomNoise", "inputs": {"noise_seed": 1}},
        "b": {"class_type": "CFGGuider", "inputs": guided},
        "c": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
        "d": {"class_type": "BasicScheduler", "inputs": {"model": ["1", 0], "scheduler": "normal", "steps": 2}},
    }
    heard = Heard()
    with gathered(loop_of(session), 4, monkeypatch) as jobs:
        run(session, plotted(graph, "6", ("RandomNoise.noise_seed", "1..4")), heard)
    assert [job.share for job in jobs] == [True] * 4
    assert heard.ran("ll.b") == ["8.all.b"], "the guider is made once more, with a model that shares"
    assert not heard.ran("8.all.d")


def test_partial_results_are_shown_where_the_plot_is(session: Session) -> None:
    heard = Heard()
    session.run(plotted(PAINT, "1", ("Paint.red", "0, 1"), ("Paint.size", "8..9")), targets=["8"], on_event=heard)
    (expanded,) = (e for e in heard if isinstance(e, Expanded))
    assert expanded.node == "8"
    told = {e.node: e.ui for e in heard if isinstance(e, StepFinished) and e.ui}
    assert told["8.labels"] == {"grid": [{"columns": ["red 0", "red 1"], "rows": ["size 8", "size 9"]}]}
    cells = [told[f"8.cell.x{x}y{y}"]["images"] for y in range(2) for x in range(2)]
    assert all(file["type"] == "temp" for (file,) in cells)
    assert told["8"]["images"] == [file for (file,) in cells], "row by row, when all are done"
    assert told["8"]["grid"] == told["8.labels"]["grid"]


def test_a_cell_that_fails_is_a_gap_and_the_others_are_made(session: Session) -> None:
    heard = Heard()
    graph = plotted(PAINT, "1", ("Paint.red", "0.25, 0.75, 1"), ("Paint.text", "a, b"))
    grid, cells = run(session, graph, heard)
    made = [(cells[i][0, 0, 0, 0], cells[i].shape) for i in (0, 2, 3, 5)]
    assert made == [(0.25, (1, 8, 8, 3)), (1, (1, 8, 8, 3))] * 2
    card = np.asarray(grid)[0, :, 98 + 98 : 98 + 98 + 96]
    assert (card.std(2) > 0.1).any(), "the gap is marked in the grid"
    assert cells[1].shape == cells[4].shape == (1, 320, 320, 3), "and its cell is a card that says why"
    failed = [e for e in heard if isinstance(e, StepFailed)]
    assert {e.node for e in failed} == {"8.x1y0.1", "8.x1y1.1"}
    assert all(e.spared for e in failed)
    (warned,) = (e for e in heard if isinstance(e, Warned))
    assert warned.code == "gaps"
    assert "XYPlot (node 8) is made with gaps: 2 of its 6 parts failed" in warned.message
    assert "red 0.75, a: Paint failed: there is no such red" in warned.message
    told = {e.node: e.ui for e in heard if isinstance(e, StepFinished) and e.ui}
    assert [len(told[f"8.cell.x{x}y{y}"]["images"]) for y in (0, 1) for x in (0, 1, 2)] == [1] * 6
    assert [gap["cell"] for gap in told["8"]["gaps"]] == ["x1y0", "x1y1"]
    assert all("there is no such red" in gap["reason"] for gap in told["8"]["gaps"])


def test_what_failed_is_tried_again_and_what_a_gap_went_into_is_not_kept(session: Session) -> None:
    broken.set()
    graph = plotted({**PAINT, "2": BRITTLE}, "2", ("Brittle.number", "10..12"))
    graph["10"] = {"class_type": "ImageInvert", "inputs": {"image": ["8", 0]}}
    first, again, third = Heard(), Heard(), Heard()
    with_gaps = session.run(graph, targets=["10"], on_event=first)["10"]
    assert first.ran(".2") == ["8.x0.2", "8.x1.2", "8.x2.2"]
    session.run(graph, targets=["10"], on_event=again)
    assert again.ran(".2") == ["8.x1.2"], "only what failed"
    broken.clear()
    whole = session.run(graph, targets=["10"], on_event=third)["10"]
    assert third.ran(".2") == ["8.x1.2"]
    assert not np.array_equal(with_gaps, whole), "nothing of the run with gaps was taken for the whole"
    assert np.allclose(1 - whole, run(session, graph)[0], atol=1e-6)
    assert not [e for e in third if isinstance(e, Warned)]
    last = Heard()
    session.run(graph, targets=["10"], on_event=last)
    assert not last.ran(""), "now it is kept"


def test_where_every_cell_fails_the_grid_does(session: Session) -> None:
    heard = Heard()
    graph = plotted({"1": {"class_type": "Paint", "inputs": {"red": 0.75}}}, "1", ("Paint.text", "a, b"))
    with pytest.raises(WorkflowError, match=r"Paint “Paint \[a\]” \(node 8\.x0\.1\).*no such red") as raised:
        run(session, graph, heard)
    assert "8.x1.1" in str(raised.value)
    assert {e.node for e in heard if isinstance(e, StepFailed) and not e.spared} == {"8.x0.1", "8.x1.1"}
    assert not [e for e in heard if isinstance(e, Warned)]
    assert [e.status for e in heard if isinstance(e, JobFinished)] == ["error"]


def test_a_failure_that_costs_another_target_is_told_as_one(session: Session) -> None:
    heard = Heard()
    bad = {"class_type": "Paint", "inputs": {"red": 0.75}}
    pick = {"class_type": "Choose", "inputs": {"a": ["1", 0], "b": ["2", 0]}}
    graph = plotted({**PAINT, "2": bad, "3": pick}, "3", ("Choose.second", "false, true"))
    graph["4"] = {"class_type": "ImageInvert", "inputs": {"image": ["2", 0]}}
    with pytest.raises(WorkflowError, match=r"node 2\).*no such red"):
        session.run(graph, targets=["8", "4"], on_event=heard)
    done = [e.node for e in heard if isinstance(e, StepFinished)]
    assert "8" in done, "the grid is made all the same"
    assert [e.node for e in heard if isinstance(e, StepFailed) and not e.spared] == ["2"]


def test_a_cell_that_is_refused_is_a_gap(session: Session) -> None:
    heard = Heard()
    _, cells = run(session, plotted(sampling(), "6", ("1.ckpt_name", "one.safetensors, cut.safetensors")), heard)
    assert [cell.shape for cell in cells] == [(1, 32, 32, 3), (1, 320, 320, 3)]
    (warned,) = (e for e in heard if isinstance(e, Warned))
    assert "cut.safetensors: CheckpointLoaderSimple failed: cut.safetensors is damaged" in warned.message


def test_a_grid_in_a_grid_passes_its_gaps_on(session: Session) -> None:
    inner = plotted(PAINT, "1", ("Paint.red", "0.5, 0.75"), labels=False)
    outer = {"class_type": "XYPlot", "inputs": {"image": ["8", 0], "y_input": "1.bright", "y_values": "true, false"}}
    heard = Heard()
    session.run({**inner, "9": outer}, targets=["9"], on_event=heard)
    assert len([e for e in heard if isinstance(e, Warned)]) == 2
    again = Heard()
    session.run({**inner, "9": outer}, targets=["9"], on_event=again)
    assert len([id for id in again.ran(".1") if id.startswith("9.")]) == 2, "the two that failed"


def test_cancelled_in_the_middle_the_cells_that_are_done_are_kept(session: Session) -> None:
    reached.clear()
    go_on.clear()
    graph = {**PAINT, "2": {"class_type": "Ring", "inputs": {"image": ["1", 0]}}}
    heard = Heard()
    done = threading.Event()

    def hear(event: Event) -> None:
        heard(event)
        if len([e for e in heard if isinstance(e, StepFinished) and ".cell." in e.node]) == 2:
            done.set()

    job = session.submit(plotted(graph, "2", ("Ring.number", "0..5")), targets=["8"], on_event=hear)
    assert reached.wait(WAIT)
    assert done.wait(WAIT)
    job.cancel()
    with pytest.raises(Cancelled):
        job.result()
    go_on.set()
    again = Heard()
    _, cells = run(session, plotted(graph, "2", ("Ring.number", "0..5")), again)
    assert [round(float(0.5 / c[0, 0, 0, 0])) for c in cells] == [1, 2, 3, 4, 5, 6]
    assert {"8.x0.2", "8.x1.2"}.isdisjoint(again.ran(".2"))


@pytest.mark.parametrize(
    ("x", "y", "input", "said"),
    [
        (
            ("Paint.size", "1..100"),
            ("Paint.red", "0..99"),
            "y_values",
            "100 × 100 = 10,000 cells, and 400 are the most",
        ),
        (("Paint.size", "1..10000"), ("", ""), "x_values", "more than 400 values"),
        (("Paimt.size", "1"), ("", ""), "x_input", 'no node "Paimt" above this grid; did you mean Paint?'),
        (("Paint.sizes", "1"), ("", ""), "x_input", 'no input "sizes"; did you mean size?'),
        (("Paint.red", "0"), ("Paint.red", "1"), "y_input", "both axes change Paint.red"),
        (("", ""), ("", "1, 2"), "y_input", "it has values and no input"),
        (("Paint.red", "warm"), ("", ""), "x_values", 'Paint.red takes numbers (0.5, 1 or 0..1 step 0.25), and "warm"'),
    ],
)
def test_a_grid_that_cannot_be_is_told_before_anything_runs(
    session: Session, x: tuple[str, str], y: tuple[str, str], input: str, said: str
) -> None:
    graph = plotted(PAINT, "1", x, y)
    (problem,) = session.check(graph, ["8"]).errors
    assert (problem.code, problem.node, problem.input) == ("bad_axis", "8", input)
    heard = Heard()
    with pytest.raises(WorkflowError, match=f"Node 8 \\(XYPlot\\), input {input}: "):
        session.run(graph, targets=["8"], on_event=heard)
    assert said in problem.args["reason"]
    assert not heard


def test_files_are_looked_up_before_anything_runs(session: Session) -> None:
    graph = plotted(sampling(), "6", ("1.ckpt_name", "one.safetensors, twoo.safetensors"))
    (problem,) = session.check(graph, ["8"]).errors
    assert 'no file "twoo.safetensors"' in problem.args["reason"]
    assert "did you mean two.safetensors?" in problem.args["reason"]


def test_values_that_come_by_a_link_are_judged_when_they_are_there(session: Session) -> None:
    graph = plotted({**PAINT, "2": {"class_type": "PrimitiveString", "inputs": {"value": "0, blue"}}}, "1")
    graph["8"]["inputs"] |= {"x_input": "Paint.red", "x_values": ["2", 0]}
    assert not session.check(graph, ["8"]).errors
    with pytest.raises(WorkflowError, match=r'XYPlot \(node 8\).*input x_values: Paint.red takes numbers.*"blue"'):
        run(session, graph)


def test_grids_nest_and_stand_in_loops(session: Session) -> None:
    inner = plotted(PAINT, "1", ("Paint.red", "0, 1"), labels=False)
    outer = {"class_type": "XYPlot", "inputs": {"image": ["8", 0], "y_input": "1.bright", "y_values": "true, false"}}
    made = session.run({**inner, "9": outer}, targets=["9"])["9"]
    assert [c.shape for c in made[1]] == [(1, 8, 18, 3)] * 2
    assert [float(c[0, 0, 0, 2]) for c in made[1]] == [1, 0]


def test_a_very_large_grid_is_made_of_smaller_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [Image(torch.full((1, 40, 60, 1), 0.5).expand(1, 40, 60, 3))] * 20
    monkeypatch.setattr("nodes.grid.LARGEST_SIDE", 600)
    found = grid_picture(cells=cells, columns=20)
    assert 500 < found.shape[2] < 700
    assert abs(float(found[0, 10, 10, 0]) - 0.5) < 0.01
    monkeypatch.setattr("nodes.grid.LARGEST_PICTURE", 2_000)
    assert grid_picture(cells=cells, columns=5).shape[1] < 80


def test_the_pictures_of_a_batch_stand_side_by_side(session: Session, tmp_path: Path) -> None:
    batch = Image(torch.cat([torch.zeros(1, 8, 8, 3), torch.ones(1, 8, 8, 3)]))
    found = grid_picture(cells=[batch, batch], columns=1)
    assert found.shape[1] > 16
    assert (float(found[0, 2, 2, 0]), float(found[0, 2, -3, 0])) == (0, 1)

"""Recording real runs: what is written is what the sampler did, and the run does not notice."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.graph.told import why
from engine.recording.folder import DONE
from engine.recording.format import RecordingError, Writing
from engine.recording.look import maps_of, words_at
from engine.recording.read import Recording, opened, recordings_of
from engine.recording.wanted import Wanted
from engine.run.context import NodeContext
from engine.run.events import Progress, StepFinished, Warned
from engine.workflow.error import WorkflowError
from tests.recording.conftest import Graph, Studio, workflow


def one(studio: Studio, graph: Graph, wanted: Wanted = Wanted()) -> Recording:  # noqa: B008 - frozen
    """The only run that a job has."""
    (run,) = studio.record(graph, wanted).runs
    return run.open()


def pictures(studio: Studio) -> list[str]:
    return sorted(p.name for p in studio.session.library.folder("output").iterdir())


def test_each_sampler_step_is_what_a_trace_of_the_run_has(studio: Studio) -> None:
    graph = workflow(10, sampler="heun", batch_size=2)
    traced = {**graph, "5": {**graph["5"], "class_type": "SamplerTrace"}}
    _, trace = studio.run(traced, None, None, "5")["5"]
    found = one(studio, graph)
    assert found.sampler == "heun"
    assert found.shape == (2, 4, 4, 8)
    assert found.branches == ("positive", "negative")
    assert found.sigmas == trace.sigmas
    assert np.array_equal(found.x, trace.x.numpy())
    assert [f.step for f in found.frames] == [0, 1, 2]
    for frame, step in zip(found.frames, trace.steps, strict=True):
        assert frame.sigma == step.sigma
        assert np.array_equal(frame.x, step.x.numpy())
        assert np.array_equal(frame.clean, step.clean.numpy())
        assert {n: b.tobytes() for n, b in frame.branches.items()} == {n: b.numpy().tobytes() for n, b in step.branches}


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(2)])
def test_recording_changes_no_bit(studio: Studio, wanted: Wanted) -> None:
    graph = workflow(20 + wanted.attention, sampler="dpmpp_2m_sde", batch_size=2)
    plain = studio.run(graph, None, None, "6")["6"]
    studio.session.works.memory.clear()
    assert studio.session.works.behind is not None
    studio.session.works.behind.flush()
    for file in studio.session.works.behind.disk.path.rglob("*.ink"):
        file.unlink()
    recorded = studio.run(graph, f"bits {wanted.attention}", wanted, "6")
    assert "5" in recorded.ran
    assert np.array_equal(plain, recorded["6"])


def test_a_hit_without_a_recording_runs_again_and_saves_no_second_picture(studio: Studio) -> None:
    graph = workflow(30)
    studio.run(graph)
    before = pictures(studio)
    result = studio.run(graph, "again", Wanted())
    assert result.ran == ("5",)
    assert pictures(studio) == before
    assert [p.name for p in result.files] == [before[-1]]
    known = studio.run(graph, "once more", Wanted())
    assert known.ran == ()
    runs = [recordings_of(studio.folder, job) for job in ("again", "once more")]
    assert [r.runs[0].key for r in runs if r is not None] == [runs[0].runs[0].key] * 2  # type: ignore[union-attr]


def test_attention_that_is_missing_is_made_and_what_is_there_is_enough_for_less(studio: Studio) -> None:
    graph = workflow(40, steps=4)
    assert one(studio, graph).attention == ()
    watched = one(studio, graph, Wanted(2))
    assert watched.attention == (1, 3)
    assert [t.text for t in watched.tokens["positive"]] == ["a", "red", "fox"]
    assert watched.tokens["negative"] == ()
    heat = watched.frame(1).attention["positive"]
    assert heat.dtype == np.float16
    assert heat.shape[:2] == (1, 77)
    assert np.allclose(heat.astype(np.float32).sum(1), 1, atol=1e-2)
    assert watched.frame(0).attention == {}
    assert studio.run(graph, "less", Wanted(1)).ran == ()


def test_attention_is_kept_of_every_picture_of_a_batch(studio: Studio) -> None:
    found = one(studio, workflow(41, steps=2, batch_size=3), Wanted(2))
    heat = found.frame(1).attention["positive"].astype(np.float32)
    assert heat.shape == (3, 77, 4, 8)
    assert np.allclose(heat.sum(1), 1, atol=1e-2)
    assert not np.allclose(heat[0], heat[2], atol=1e-3)
    for picture in range(3):
        assert np.array_equal(maps_of(found, 1, "positive", picture), heat[picture])
        (token, share), *_ = words_at(found, 1, "positive", 0.5, 0.5, picture)
        assert share == pytest.approx(heat[picture][token.index, 2, 4], abs=1e-6)


def test_prompts_that_are_combined_have_their_own_words_and_heat(studio: Studio) -> None:
    graph = workflow(42, steps=2)
    area = {"conditioning": ["8", 0], "width": 0.5, "height": 1.0, "x": 0.5, "y": 0.0, "strength": 1.0}
    graph |= {
        "8": {"class_type": "CLIPTextEncode", "inputs": {"text": "two blue cats", "clip": ["1", 1]}},
        "9": {"class_type": "ConditioningSetAreaPercentage", "inputs": area},
        "10": {"class_type": "ConditioningCombine", "inputs": {"conditioning_1": ["2", 0], "conditioning_2": ["9", 0]}},
    }
    graph["5"]["inputs"]["positive"] = ["10", 0]
    found = one(studio, graph, Wanted(1))
    read = {name: [token.text for token in tokens] for name, tokens in found.tokens.items()}
    assert read == {"positive": ["a", "red", "fox"], "positive.2": ["two", "blue", "cats"], "negative": []}
    heat = found.frame(1).attention["positive.2"]
    assert heat.shape == (1, 77, 4, 8)
    assert not heat[..., :4].any()
    assert np.allclose(heat[..., 4:].astype(np.float32).sum(1), 1, atol=1e-2)


def test_several_samplers_of_one_job_are_several_runs(studio: Studio) -> None:
    graph = workflow(50)
    second = {**graph["5"], "inputs": {**graph["5"]["inputs"], "latent_image": ["5", 0], "denoise": 0.5}}
    graph |= {
        "8": {**second, "_meta": {"title": "Second"}},
        "6": {**graph["6"], "inputs": {"samples": ["8", 0], "vae": ["1", 2]}},
    }
    found = studio.record(graph)
    assert [(r.node, r.title, r.type) for r in found.runs] == [("5", "", "KSampler"), ("8", "Second", "KSampler")]
    first, second_run = (r.open() for r in found.runs)
    assert np.allclose(second_run.start, first.x, atol=1e-5)
    assert len(second_run.frames) == 3


def test_a_mapped_step_has_a_run_for_each_element(studio: Studio) -> None:
    graph = workflow(60)
    graph["9"] = {"class_type": "CreateList", "inputs": {}}
    graph = listed(graph, (61, 62))
    found = studio.record(graph, Wanted(), "5")
    assert len(found.runs) == 2
    assert found.runs[1].key == f"{found.runs[0].key}-1"
    assert [r.open().head["seed"] for r in found.runs] == [61, 62]
    first, second = (r.open().x for r in found.runs)
    assert not np.array_equal(first, second)


def listed(graph: Graph, seeds: tuple[int, int]) -> Graph:
    """The sampler mapped over a list of seeds."""
    first, second = ({"class_type": "PrimitiveInt", "inputs": {"value": seed}} for seed in seeds)
    joined = {"class_type": "ListJoin", "inputs": {"first": ["8", 0], "second": ["9", 0]}}
    sampler = {**graph["5"], "inputs": {**graph["5"]["inputs"], "seed": ["10", 0]}}
    return {**graph, "8": first, "9": second, "10": joined, "5": sampler}


def test_a_grid_is_recorded_cell_by_cell(studio: Studio) -> None:
    graph = workflow(70)
    plot = {"image": ["6", 0], "x_input": "5.seed", "x_values": "71, 72", "y_input": "", "y_values": ""}
    graph["8"] = {"class_type": "XYPlot", "inputs": {**plot, "share_batches": False, "labels": False}}
    graph["7"] = {**graph["7"], "inputs": {"images": ["8", 0], "filename_prefix": "grid"}}
    found = studio.record(graph)
    assert sorted(r.open().head["seed"] for r in found.runs) == [71, 72]
    assert all(r.node.startswith("8.") for r in found.runs)
    assert studio.run(graph, "grid again", Wanted()).ran == ()


def test_outputs_have_fingerprints_that_tell_equal_from_different(studio: Studio) -> None:
    a, b, c = (studio.record(workflow(seed)) for seed in (80, 81, 80))
    assert a.outputs["5"] != b.outputs["5"]
    assert a.outputs["6"] != b.outputs["6"]
    assert a.outputs["2"] == b.outputs["2"]
    assert c.outputs.items() <= a.outputs.items()
    told = {e.node: e.fingerprint for e in studio.events if isinstance(e, StepFinished) and e.fingerprint}
    assert told.items() <= a.outputs.items()


def test_a_frame_has_the_same_fingerprint_in_each_run_and_another_one_with_another_seed(studio: Studio) -> None:
    a, b = (one(studio, workflow(seed)) for seed in (82, 83))
    assert len({f.fingerprint for r in (a, b) for f in r.frames}) == 6
    studio.folder.clear()
    assert [f.fingerprint for f in one(studio, workflow(82)).frames] == [f.fingerprint for f in a.frames]


@pytest.fixture
def narrow(studio: Studio) -> Iterator[Any]:
    """The folder with another budget for a while."""
    folder = studio.folder
    before = folder.budget
    yield folder
    folder.budget = before


def test_a_run_beyond_the_budget_says_so_and_goes_on(studio: Studio, narrow: Any) -> None:
    narrow.budget = 4000
    result = studio.run(workflow(90), "large", Wanted())
    assert len(result.files) == 1
    (told,) = studio.warnings
    assert told.startswith("This run is not recorded: its sampler steps take about 0.0 MB") or "0.1 MB" in told
    assert "--recordings GB" in told
    kinds = [type(e) for e in studio.events]
    assert kinds.index(Warned) < max(i for i, kind in enumerate(kinds) if kind is Progress)
    found = recordings_of(narrow, "large")
    assert found is not None
    assert found.runs == ()
    assert found.warnings == (told,)


def test_a_budget_of_nothing_records_nothing(studio: Studio, narrow: Any) -> None:
    narrow.budget = 0
    assert studio.record(workflow(91)).runs == ()


def test_the_oldest_recordings_make_room(studio: Studio, narrow: Any) -> None:
    narrow.clear()
    first = studio.record(workflow(92)).runs[0]
    narrow.budget = narrow.used() + 5000
    second = studio.record(workflow(93)).runs[0]
    assert second.open().frames
    with pytest.raises(RecordingError, match="never made, or removed for newer ones"):
        first.open()
    assert studio.run(workflow(92), "back", Wanted()).ran == ("5",)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_costs_the_recording_alone(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def full(writing: Writing, array: Any) -> Any:
        raise OSError(code, "No room")

    with monkeypatch.context() as patched:
        patched.setattr(Writing, "put", full)
        result = studio.run(workflow(100 + code), f"full {code}", Wanted())
    assert len(result.files) == 1
    (told,) = studio.warnings
    assert f"cannot be written ({why(OSError(code, ''))})" in told
    assert not list(studio.folder.path.rglob("*.part"))
    assert studio.run(workflow(100 + code), f"room {code}", Wanted()).ran == ("5",)


def test_a_folder_that_cannot_be_made_costs_the_recording_alone(studio: Studio, tmp_path: Path, narrow: Any) -> None:
    (tmp_path / "file").write_text("")
    before = narrow.path
    narrow.path = tmp_path / "file" / "recordings"
    try:
        result = studio.run(workflow(110), "nowhere", Wanted())
    finally:
        narrow.path = before
    assert len(result.files) == 1
    assert len(studio.warnings) == 1


@pytest.mark.parametrize("harm", ["cut", "removed"])
def test_a_recording_that_was_harmed_is_made_again(studio: Studio, harm: str) -> None:
    graph = workflow(120 + len(harm))
    key = studio.record(graph).runs[0].key
    file = studio.folder.file(key)
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    else:
        file.unlink()
    with pytest.raises(RecordingError):
        opened(studio.folder, key)
    assert studio.run(graph, f"mended {harm}", Wanted()).ran == ("5",)
    assert opened(studio.folder, key).frames


def nothing_is_left_over(studio: Studio) -> None:
    assert not list(studio.folder.path.rglob("*.part"))
    assert not [p for p in studio.folder.path.iterdir() if p.name != "jobs" and not (p / DONE).exists()]


def test_a_cancelled_run_keeps_its_sampler_steps(studio: Studio) -> None:
    graph = workflow(131, steps=2000)
    job = studio.session.submit(graph, id="stopped", record=Wanted(), on_event=studio.events.append)
    while len([e for e in studio.events if isinstance(e, Progress) and e.job == "stopped"]) < 3:
        continue
    job.cancel()
    job.wait()
    listed = recordings_of(studio.folder, "stopped")
    assert listed is not None
    (run,) = listed.runs
    assert (run.node, run.type) == ("5", "KSampler")
    found = run.open()
    assert found.partial
    assert len(found.sigmas) == 2001
    assert 2 <= len(found.frames) < 2000
    assert [f.step for f in found.frames] == list(range(len(found.frames)))
    assert np.array_equal(found.x, found.frames[-1].clean)
    nothing_is_left_over(studio)


class Broken(Exception):
    """A fault that a test makes."""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets every sampler fail after a step, until it is undone by another number."""

    def at(step: int) -> None:
        def broken(context: NodeContext, job: Any, state: Any) -> None:
            if state.step == step:
                raise Broken

        monkeypatch.setattr(NodeContext, "_picture", broken)

    return at


def test_a_failed_run_keeps_its_steps_as_the_whole_run_has_them_and_one_can_go_on(
    studio: Studio, failing: Callable[[int], None]
) -> None:
    graph = workflow(132, steps=5, sampler="dpmpp_2m_sde")
    for job in ("failed", "failed again"):
        failing(2)
        with pytest.raises(WorkflowError, match="Broken"):
            studio.run(graph, job, Wanted())
        nothing_is_left_over(studio)
    runs = [listed.runs for job in ("failed", "failed again") if (listed := recordings_of(studio.folder, job))]
    assert [len(r) for r in runs] == [1, 1]
    assert runs[0][0].key == runs[1][0].key
    part = runs[0][0].open()
    assert part.partial
    failing(-1)
    whole = one(studio, graph)
    assert not whole.partial
    assert len(whole.frames) == 5
    assert [f.fingerprint for f in part.frames] == [f.fingerprint for f in whole.frames][:3]
    assert runs[0][0].open().partial
    sampler = graph["5"]["inputs"]
    given = {name: sampler[name] for name in ("model", "positive", "negative", "seed", "cfg", "sampler_name")}
    graph["8"] = {"class_type": "LoadRecording", "inputs": {"recording": runs[0][0].key}}
    graph["9"] = {"class_type": "TraceBranch", "inputs": {**given, "trace": ["8", 0], "step": 1}}
    graph["10"] = {
        "class_type": "TraceFrames",
        "inputs": {"trace": ["8", 0], "view": "x", "columns": 0, "labels": True},
    }
    result = studio.run(graph, None, None, "8", "9", "10")
    assert not result["8"].ended
    assert len(result["10"][0]) == 3
    assert result["9"][0].samples.shape == (1, 4, 4, 8)


def test_a_whole_recording_is_not_lost_to_one_that_was_cut_short(
    studio: Studio, failing: Callable[[int], None]
) -> None:
    graph = workflow(133, steps=4)
    key = studio.record(graph).runs[0].key
    failing(1)
    with pytest.raises(WorkflowError, match="Broken"):
        studio.run(graph, "more", Wanted(2))
    assert not opened(studio.folder, key).partial
    listed = recordings_of(studio.folder, "more")
    assert listed is not None
    assert [run.open().attention for run in listed.runs] == [(1,)]


def test_one_can_go_on_from_a_recorded_step(studio: Studio) -> None:
    graph = workflow(140, steps=4)
    key = studio.record(graph).runs[0].key
    sampler = graph["5"]["inputs"]
    given = {name: sampler[name] for name in ("model", "positive", "negative", "seed", "cfg", "sampler_name")}
    graph["8"] = {"class_type": "LoadRecording", "inputs": {"recording": f" {key} "}}
    graph["9"] = {"class_type": "TraceBranch", "inputs": {**given, "trace": ["8", 0], "step": 2}}
    result = studio.run(graph, None, None, "5", "9")
    assert np.array_equal(result["5"].samples.numpy(), result["9"][0].samples.numpy())


def test_a_recording_that_is_not_there_is_one_sentence(studio: Studio) -> None:
    graph = workflow(150)
    graph["8"] = {"class_type": "LoadRecording", "inputs": {"recording": "../../etc"}}
    graph["9"] = {"class_type": "TracePlot", "inputs": {"trace": ["8", 0]}}
    with pytest.raises(Exception, match="no name of a recording: take the key"):
        studio.run(graph, None, None, "9")


def test_the_mask_and_the_start_of_a_run_are_kept(studio: Studio) -> None:
    graph = workflow(160)
    graph["8"] = {"class_type": "SolidMask", "inputs": {"value": 0.5, "width": 64, "height": 32}}
    graph["9"] = {"class_type": "SetLatentNoiseMask", "inputs": {"samples": ["4", 0], "mask": ["8", 0]}}
    graph["5"]["inputs"]["latent_image"] = ["9", 0]
    found = one(studio, graph)
    assert found.mask is not None
    assert found.mask.mean() == pytest.approx(0.5)
    assert not found.start.any()


def test_cfg_1_asks_one_branch(studio: Studio) -> None:
    found = one(studio, workflow(170, cfg=1.0))
    assert found.branches == ("positive",)
    assert found.frames[0].branches["positive"].tobytes() == found.frames[0].clean.tobytes()


def test_wanted_steps_are_spread_and_never_more_than_there_are() -> None:
    assert Wanted(3).steps(20) == (3, 10, 16)
    assert Wanted(9).steps(4) == (0, 1, 2, 3)
    assert Wanted(0).steps(20) == ()
    assert Wanted.of(True) == Wanted()
    assert Wanted.of({"attention": 4}) == replace(Wanted(), attention=4)
    assert Wanted.of(Wanted(4).json()) == Wanted(4)
    assert Wanted.of(None) is Wanted.of(False) is None
    wrongs: tuple[Any, ...] = (1, "x", {"attention": -1}, {"attention": True}, {"steps": 1}, [])
    for wrong in wrongs:
        with pytest.raises(ValueError, match="record is true"):
            Wanted.of(wrong)

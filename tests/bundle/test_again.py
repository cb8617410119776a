"""Bundles of the small model: made, run again, and what is said when something is not as it was."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import nodes
from engine.bundle.again import verified
from engine.bundle.bundle import Bundle, BundleError, InputFile, read, write
from engine.bundle.make import bundled
from engine.cli import main
from engine.session import Session
from engine.workflow.error import WorkflowError

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "workflows" / "text_to_image.json"
MINI = ROOT / "models" / "checkpoints" / "mini-v1.safetensors"
FEW = {"Sampler.steps": 3}


def session(place: Path, **more: object) -> Session:
    return Session(nodes.registry(), data=place, memory=0, disk=0, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundle")


@pytest.fixture(scope="module")
def made(place: Path) -> Bundle:
    with session(place) as first:
        done = bundled(first, WORKFLOW, FEW)
        write(done.bundle, place / "a.inkbundle")
        shutil.copy(done.result.files[0], place / "a.png")
        assert not done.warnings
    return read(place / "a.inkbundle")


@pytest.fixture
def again(place: Path, made: Bundle) -> Iterator[Session]:
    with session(place) as second:
        yield second


def test_it_says_what_ran_on_what_with_which_noise(made: Bundle) -> None:
    assert made.environment["torch"] == torch.__version__
    (file,) = made.files
    assert (file.kind, file.name, file.size) == ("checkpoints", "mini-v1.safetensors", MINI.stat().st_size)
    (run,) = made.sampling
    assert (run.sampler, run.source, len(run.digests), len(run.sigmas)) == ("euler", "cpu", 3, 4)
    assert run.seed == next(n["inputs"]["seed"] for n in made.graph.values() if n["class_type"] == "KSampler")
    assert run.x is not None
    assert run.x.shape == (4, 1, 4, 16, 16)
    assert {made.graph[id]["class_type"] for id in made.outputs} >= {"CLIPTextEncode", "KSampler", "VAEDecode"}
    assert len(made.pictures) == 1


def test_a_fresh_bundle_is_equal_on_the_same_machine(again: Session, place: Path) -> None:
    found, warnings = verified(again, place / "a.inkbundle")
    assert (found.word, found.first, warnings) == ("equal", None, ())
    assert found.counts[1:] == (3, 1)


def test_the_picture_alone_is_enough(again: Session, place: Path) -> None:
    assert verified(again, place / "a.png")[0].word == "equal"


def test_another_seed_is_found_at_the_first_sampler_step(again: Session, place: Path, made: Bundle) -> None:
    """As if the noise were drawn in another way here."""
    sampler = next(id for id, node in made.graph.items() if node["class_type"] == "KSampler")
    graph = {**made.graph, sampler: {**made.graph[sampler]}}
    graph[sampler]["inputs"] = {**graph[sampler]["inputs"], "seed": 1}
    write(replace(made, graph=graph), place / "seed.inkbundle")
    found, _ = verified(again, place / "seed.inkbundle")
    assert found.word == "differs"
    assert found.first is not None
    assert (found.first.node, found.first.step) == (sampler, 0)


def test_other_weights_under_the_same_name_are_told(place: Path, made: Bundle, tmp_path: Path) -> None:
    other = tmp_path / "models" / "checkpoints" / MINI.name
    other.parent.mkdir(parents=True)
    with safe_open(MINI, "pt") as file:
        about = file.metadata()
    weights = load_file(MINI)
    name = "model.diffusion_model.out.2.weight"
    save_file({**weights, name: weights[name] * 1.5}, other, about)
    with session(place, models=(tmp_path / "models",)) as second:
        found, _ = verified(second, place / "a.inkbundle")
    assert found.word == "differs"
    assert found.here[0][0] == f"checkpoints/{MINI.name}"


def test_a_missing_model_is_one_clear_sentence(again: Session, place: Path, made: Bundle) -> None:
    loader = next(id for id, node in made.graph.items() if node["class_type"] == "CheckpointLoaderSimple")
    graph = {**made.graph, loader: {**made.graph[loader], "inputs": {"ckpt_name": "gone.safetensors"}}}
    write(replace(made, graph=graph), place / "gone.inkbundle")
    with pytest.raises(WorkflowError) as caught:
        verified(again, place / "gone.inkbundle")
    assert "it cannot be run here" in caught.value.sentences[0]
    assert "gone.safetensors" in caught.value.sentences[1]


def test_the_commands(place: Path, made: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    out = place / "out"
    data = ["--data", str(place)]
    few = ["--set", "Sampler.steps=2"]
    assert main(["run", str(WORKFLOW), *few, "--bundle", "--out", str(out), *data]) == 0
    (bundle,) = out.glob("*.inkbundle")
    assert str(bundle) in capsys.readouterr().out
    assert main(["verify", str(bundle), *data]) == 0
    assert "Equal to the last bit" in capsys.readouterr().out
    assert main(["verify", str(place / "nothing"), str(WORKFLOW), *data]) == 1
    told = capsys.readouterr().err
    assert "there is no such file" in told
    assert "neither a bundle nor a picture" in told
    assert "Traceback" not in told


def test_why_two_pictures_differ(place: Path, made: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(place)]
    bundle, picture = str(place / "a.inkbundle"), str(place / "a.png")
    assert main(["why", bundle, bundle, *data]) == 0
    assert "The graphs are the same.\nThe pictures are equal." in capsys.readouterr().out
    out = place / "why"
    assert main(["run", str(WORKFLOW), "--set", "Sampler.steps=4", "--bundle", "--out", str(out), *data]) == 0
    (other,), (seen,) = out.glob("*.inkbundle"), out.glob("*.png")
    capsys.readouterr()
    for pair in ((bundle, str(other)), (picture, str(seen)), (bundle, str(seen))):
        assert main(["why", *pair, *data]) == 2
        told = capsys.readouterr().out
        assert "Sampler.steps: 3, now 4." in told
        assert "dB apart" in told
    assert main(["why", bundle, str(WORKFLOW), *data]) == 1
    assert main(["why", bundle, str(place / "nothing"), *data]) == 1


def reading(root: Path) -> dict[str, dict[str, Any]]:
    """A graph that reads a picture of input, a mask below it, and a picture of output."""
    rng = np.random.default_rng(2)
    for name in ("input/cat.png", "input/masks/m.png", "output/old.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (16, 16, 3)).astype(np.uint8)).save(root / name)

    def node(kind: str, **inputs: Any) -> dict[str, Any]:
        return {"class_type": kind, "inputs": inputs}

    composite = {"destination": ["1", 0], "source": ["3", 0], "x": 0, "y": 0, "resize_source": False, "mask": ["2", 0]}
    return {
        "1": node("LoadImage", image="cat.png"),
        "2": node("LoadImageMask", image="masks/m.png", channel="red"),
        "3": node("LoadImage", image="old.png [output]"),
        "4": node("ImageCompositeMasked", **composite),
        "5": node("SaveImage", images=["4", 0], filename_prefix="old"),
    }


def test_pictures_and_masks_that_a_graph_reads_travel_with_it(tmp_path: Path) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "a.inkbundle"
    graph = reading(here)
    with session(here) as first:
        done = bundled(first, graph)
        assert done.warnings == ()
        write(done.bundle, file)
    inputs = read(file).inputs
    assert {(f.kind, f.name) for f in inputs} == {("input", "cat.png"), ("input", "masks/m.png"), ("output", "old.png")}
    (there / "input").mkdir(parents=True)
    Image.new("RGB", (16, 16)).save(there / "input" / "cat.png")
    given = tmp_path / "given"
    with session(there, given=given, output=there / "output") as second:
        found, warnings = verified(second, file)
        assert (found.word, warnings, found.here) == ("equal", (), ())
        assert not list(given.rglob("*.*"))
        assert sorted(p.name for p in second.library.folder("output").iterdir()) == ["old_00001_.png"]
    assert Image.open(there / "input" / "cat.png").getpixel((3, 3)) == (0, 0, 0)
    with session(there) as third, pytest.raises(WorkflowError, match=r"m\.png"):
        verified(third, file)


def test_a_file_that_is_too_large_is_left_out_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = reading(tmp_path)
    size = (tmp_path / "input" / "cat.png").stat().st_size
    for name, most in (("LARGEST", size - 1), ("MOST", 2 * size)):
        with monkeypatch.context() as patched, session(tmp_path) as first:
            patched.setattr(f"engine.bundle.inputs.{name}", most)
            done = bundled(first, graph)
        assert len(done.bundle.inputs) < 3
        assert len(done.bundle.files) == 3
        assert all(warning.startswith("The bundle is without ") for warning in done.warnings)
        assert len(done.warnings) == 3 - len(done.bundle.inputs)


def test_a_bundle_writes_nowhere_else(tmp_path: Path, made: Bundle) -> None:
    with session(tmp_path / "data", given=tmp_path / "given") as second:
        for kind, name in (("input", "../../evil"), ("input", "/evil"), ("checkpoints", "evil"), ("..", "evil")):
            wrong = InputFile(kind, name, hashlib.sha256(b"x").hexdigest(), b"x")
            write(replace(made, inputs=(wrong,)), tmp_path / "evil.inkbundle")
            with pytest.raises(BundleError, match="The bundle holds a file"):
                verified(second, tmp_path / "evil.inkbundle")
    assert not [p for p in tmp_path.rglob("evil") if p.is_file()]

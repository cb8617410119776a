"""One session on a small random model, for all tests of recordings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch

import nodes
from engine.recording.read import JobRecording, recordings_of
from engine.recording.wanted import Wanted
from engine.run.events import Event, Warned
from engine.session import Result, Session
from tests.models.make import write_checkpoint

Graph = dict[str, dict[str, Any]]
FILE = "tiny.safetensors"


def workflow(seed: int, steps: int = 3, sampler: str = "euler", cfg: float = 4.0, **latent: int) -> Graph:
    """From prompt to picture."""

    def node(kind: str, **inputs: Any) -> dict[str, Any]:
        return {"class_type": kind, "inputs": inputs}

    return {
        "1": node("CheckpointLoaderSimple", ckpt_name=FILE),
        "2": node("CLIPTextEncode", text="a red fox", clip=["1", 1]),
        "3": node("CLIPTextEncode", text="", clip=["1", 1]),
        "4": node("EmptyLatentImage", **{"width": 64, "height": 32, "batch_size": 1, **latent}),
        "5": node(
            "KSampler",
            model=["1", 0],
            seed=seed,
            steps=steps,
            cfg=cfg,
            sampler_name=sampler,
            scheduler="normal",
            positive=["2", 0],
            negative=["3", 0],
            latent_image=["4", 0],
            denoise=1.0,
        ),
        "6": node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        "7": node("SaveImage", images=["6", 0], filename_prefix="p"),
    }


@dataclass
class Studio:
    """Runs workflows; each has a seed of its own unless it says which."""

    session: Session
    seeds: Iterator[int] = field(default_factory=lambda: count(1))
    events: list[Event] = field(default_factory=list)

    def run(self, graph: Graph, job: str | None = None, wanted: Wanted | None = None, *targets: str) -> Result:
        self.events.clear()
        return self.session.run(graph, id=job, record=wanted, targets=targets or None, on_event=self.events.append)

    def record(self, graph: Graph, wanted: Wanted = Wanted(), *targets: str) -> JobRecording:  # noqa: B008 - frozen
        job = f"job {next(self.seeds)}"
        self.run(graph, job, wanted, *targets)
        found = recordings_of(self.session.settings.recordings_folder, job)
        assert found is not None
        return found

    @property
    def warnings(self) -> list[str]:
        return [e.message for e in self.events if isinstance(e, Warned)]

    @property
    def folder(self) -> Any:
        recordings = self.session.works.recordings
        assert recordings is not None
        return recordings.folder


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    (root / "checkpoints").mkdir()
    write_checkpoint(root / "checkpoints" / FILE)
    return root


@pytest.fixture(scope="session")
def studio(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    torch.set_num_threads(1)
    with Session(
        nodes.registry(), data=tmp_path_factory.mktemp("studio"), models=[models], precision="full", device="cpu"
    ) as session:
        yield Studio(session)

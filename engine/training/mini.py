"""The recipe of mini-v1, from npm packages to one checkpoint file.

    python -m engine.training.mini [--out DIR] [--minutes-decoder N] [--minutes-denoiser N] [--device cpu|cuda]

It resumes by itself: every stage keeps its state in --out. The stages `decoder` and `denoiser` need each other's
weights only at the end, so that they can run side by side (`--stage`) after `--stage prepare`. On small pictures one
process with two threads is slower than one thread; two cores are used best by two processes, which average gradients:
OMP_NUM_THREADS=1 torchrun --nproc-per-node 2 -m engine.training.mini --stage denoiser
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
import torch.distributed

from engine.training.concepts import CONCEPTS, Concept
from engine.training.data import Art, load_art
from engine.training.denoiser import averaged, train_denoiser
from engine.training.export import checkpoint_tensors, finished_vae, metadata, save_checkpoint
from engine.training.latents import LatentSet, encode_art
from engine.training.networks import MiniShape, build_text, build_unet, build_vae
from engine.training.progress import Clock
from engine.training.tokens import TokenRows
from engine.training.vae import averaged_vae, begin_vae, resume_vae, train_decoder

DECODER_MINUTES, DENOISER_MINUTES = 60.0, 120.0
STAGES = ("prepare", "decoder", "denoiser", "export")
CHECKPOINT = Path(__file__).parents[2] / "models" / "checkpoints" / "mini-v1.safetensors"


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides the result, apart from the clock of the machine."""

    shape: MiniShape = field(default_factory=MiniShape)
    styles: tuple[str, ...] = ("flat", "3d")
    decoder_minutes: float = DECODER_MINUTES
    denoiser_minutes: float = DENOISER_MINUTES
    steps: int | None = None
    decoder_batch: int = 8
    denoiser_batch: int = 8
    text_updates: int = 400
    placements: int = 2
    fit_crops: int = 48
    concepts: tuple[Concept, ...] = CONCEPTS


def prepare(recipe: Recipe, art: list[Art], out: Path) -> LatentSet:
    """Solve the encoder and encode the training set, unless both are there."""
    vae = build_vae(recipe.shape)
    begin_vae(vae, art, out, fit=recipe.fit_crops)
    used = [one for one in art if one.style in recipe.styles]
    return encode_art(vae, used, recipe.placements, out)


def run_decoder(recipe: Recipe, art: list[Art], out: Path, device: str) -> None:
    """Train the decoder."""
    vae = build_vae(recipe.shape)
    begin_vae(vae, art, out, fit=recipe.fit_crops)
    vae.to(device)
    train_decoder(vae, art, Clock(recipe.decoder_minutes, recipe.steps), out, batch=recipe.decoder_batch)


def run_denoiser(recipe: Recipe, art: list[Art], out: Path, device: str) -> None:
    """Train the text encoder and the denoiser."""
    data = prepare(recipe, art, out)
    used = [one for one in art if one.style in recipe.styles]
    rows = TokenRows.of_captions()
    torch.manual_seed(1)
    unet, text = networks(recipe.shape, rows)
    clock = Clock(recipe.denoiser_minutes, recipe.steps)
    train_denoiser(
        unet.to(device),
        text.to(device),
        data,
        used,
        rows,
        clock,
        out,
        batch=recipe.denoiser_batch,
        text_updates=recipe.text_updates,
    )


def networks(shape: MiniShape, rows: TokenRows) -> tuple[Any, Any]:
    """Return a fresh denoiser and text encoder."""
    return build_unet(shape), build_text(shape, len(rows))


def export(recipe: Recipe, art: list[Art], out: Path, target: Path) -> int:
    """Write the checkpoint from what is trained so far and return its size in bytes."""
    data = prepare(recipe, art, out)
    rows = TokenRows.of_captions()
    unet, text = averaged(*networks(recipe.shape, rows), out)
    vae = finished_vae(averaged_vae(resume_vae(build_vae(recipe.shape), out), out), data.mean, data.std)
    things = f"{len(recipe.concepts)} things in two emoji styles on ten background colours, English and Vietnamese."
    note = f"A small Stable Diffusion 1.x: {things}"
    facts = metadata(note, {"styles": recipe.styles, "concepts": len(recipe.concepts)})
    return save_checkpoint(checkpoint_tensors(recipe.shape, vae, unet, text, rows), target, facts)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the stages that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m engine.training.mini", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("temp/mini"), help="folder for packages, states and logs")
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT, help="the file to write")
    parser.add_argument("--stage", choices=(*STAGES, "all"), default="all")
    parser.add_argument("--minutes-decoder", type=float, default=DECODER_MINUTES)
    parser.add_argument("--minutes-denoiser", type=float, default=DENOISER_MINUTES)
    parser.add_argument("--steps", type=int, help="updates a stage, in place of minutes")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args(arguments)
    recipe = Recipe(
        decoder_minutes=given.minutes_decoder,
        denoiser_minutes=given.minutes_denoiser,
        steps=given.steps,
        decoder_batch=given.batch,
        denoiser_batch=given.batch,
    )
    if "WORLD_SIZE" in os.environ:
        torch.distributed.init_process_group("nccl" if given.device == "cuda" else "gloo")
    art = load_art(given.out / "data", styles=(*recipe.styles, "noto"))
    out = given.out / "run"
    for stage in STAGES if given.stage == "all" else (given.stage,):
        print(f"stage {stage}", flush=True)
        match stage:
            case "prepare":
                prepare(recipe, art, out)
            case "decoder":
                run_decoder(recipe, art, out, given.device)
            case "denoiser":
                run_denoiser(recipe, art, out, given.device)
            case _:
                size = export(recipe, art, out, given.checkpoint)
                print(f"{given.checkpoint}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

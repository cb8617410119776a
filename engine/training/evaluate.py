"""Measure a mini checkpoint: 100 prompts and seeds fixed in advance, judged by an independent classifier.

python -m engine.training.evaluate [--checkpoint FILE] [--data DIR] [--steps 20] [--scale 4] [--sheet PNG]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from engine.models.vocabulary import clip_tokenizer
from engine.training.captions import ENGLISH_STYLE, VIETNAMESE_COLOUR, VIETNAMESE_STYLE, with_article
from engine.training.classifier import Judge, background, held_out, ranks, train_judge
from engine.training.concepts import CONCEPTS
from engine.training.data import Picture, load_art
from engine.training.export import load_checkpoint
from engine.training.networks import MiniShape
from engine.training.pictures import COLOURS
from engine.training.preview import Painter, sheet
from engine.training.vae import to_tensor

COUNT = 100
FIRST_SEED = 1000
CHECKPOINT = Path(__file__).parents[2] / "models" / "checkpoints" / "mini-v1.safetensors"


@dataclass(frozen=True, slots=True)
class Case:
    """One fixed question: what is asked for, in both languages, and the seed."""

    concept: int
    style: str
    colour: str
    seed: int

    @property
    def english(self) -> str:
        name = ENGLISH_STYLE[self.style][0].format(with_article(CONCEPTS[self.concept].name))
        return f"{name} on {'an' if self.colour == 'orange' else 'a'} {self.colour} background"

    @property
    def vietnamese(self) -> str:
        name = VIETNAMESE_STYLE[self.style][0].format(CONCEPTS[self.concept].vietnamese[0])
        return f"{name} trên nền {VIETNAMESE_COLOUR[self.colour]}"


def cases(styles: Sequence[str] = ("flat", "3d")) -> list[Case]:
    """Return the 100 questions: every concept once, most of them twice, styles in turn, each colour ten times."""
    rng = np.random.default_rng(2026)
    rounds = 1 + COUNT // len(CONCEPTS)
    concepts = np.concatenate([rng.permutation(len(CONCEPTS)) for _ in range(rounds)])[:COUNT]
    colours = rng.permutation(np.repeat(list(COLOURS), COUNT // len(COLOURS)))
    return [
        Case(int(concept), styles[index % len(styles)], str(colour), FIRST_SEED + index)
        for index, (concept, colour) in enumerate(zip(concepts, colours, strict=True))
    ]


@dataclass(frozen=True, slots=True)
class Score:
    """Fractions of the 100 pictures."""

    top1: float
    top5: float
    background: float
    shuffled_top5: float


def score(judge: Judge, pictures: list[Picture], asked: list[Case]) -> Score:
    """Return how many pictures show what was asked; `shuffled` asks each picture for another one's concept."""
    concepts = [case.concept for case in asked]
    own = np.array(ranks(judge, pictures, concepts))
    others = np.array(ranks(judge, pictures, concepts[1:] + concepts[:1]))
    ground = [background(picture) == case.colour for picture, case in zip(pictures, asked, strict=True)]
    return Score(float((own == 0).mean()), float((own < 5).mean()), float(np.mean(ground)), float((others < 5).mean()))


def full_rows(prompts: list[str]) -> torch.Tensor:
    """Return token ids [B, 77] of prompts, padded with the end token."""
    return torch.tensor(clip_tokenizer()(prompts, padding="max_length", truncation=True).input_ids)


@torch.no_grad()
def reconstruction(vae: torch.nn.Module, pictures: list[Picture]) -> float:
    """Return the mean PSNR in dB of pictures taken through the autoencoder."""
    real = to_tensor(pictures)
    made = vae.decode(vae.encode(real).latent_dist.mean).sample.clamp(-1, 1)  # type: ignore[operator]
    return float((10 * torch.log10(4 / (made - real).square().mean((1, 2, 3)))).mean())


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the figures as JSON, and write the sample sheet where one is asked for."""
    parser = argparse.ArgumentParser(prog="python -m engine.training.evaluate", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    parser.add_argument("--data", type=Path, default=Path("temp/mini/data"), help="folder of the npm packages")
    parser.add_argument("--out", type=Path, default=Path("temp/mini/run"), help="folder where the judge is kept")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--scale", type=float, default=4.0, help="classifier-free guidance")
    parser.add_argument("--sheet", type=Path, help="write a PNG of 24 English and 24 Vietnamese pictures")
    given = parser.parse_args(arguments)
    art = load_art(given.data, styles=("flat", "3d", "noto"))
    judge = train_judge(art, given.out)
    fresh, labels = held_out(art)
    vae, unet, text = load_checkpoint(given.checkpoint, MiniShape())
    painter = Painter(vae, unet, text, full_rows)
    asked = cases()
    seeds = [case.seed for case in asked]
    how = {"steps": given.steps, "scale": given.scale}
    english = painter.paint([case.english for case in asked], seeds, **how)
    vietnamese = painter.paint([case.vietnamese for case in asked], seeds, **how)
    if given.sheet:
        Image.fromarray(sheet(english[:24] + vietnamese[24:48], 8)).resize((768, 576)).save(given.sheet, optimize=True)
    report = {
        "judge held-out top-1": float((np.array(ranks(judge, fresh, labels)) == 0).mean()),
        "autoencoder PSNR": round(reconstruction(vae, fresh[: 2 * len(CONCEPTS) : 7]), 2),
        "english": asdict(score(judge, english, asked)),
        "vietnamese": asdict(score(judge, vietnamese, asked)),
        **how,
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()

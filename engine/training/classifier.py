"""The judge: a small classifier trained on augmented real art, independent of the networks that it judges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, cross_entropy, interpolate

from engine.training.concepts import CONCEPTS
from engine.training.data import Art, Picture
from engine.training.pictures import COLOURS, Placement, compose, draw_placement
from engine.training.progress import load_state, rate, save_state
from engine.training.vae import to_tensor

HELD_OUT_COLOURS = ((40, 140, 150), (120, 85, 60), (190, 215, 140), (235, 225, 200), (90, 30, 70))


class Judge(nn.Module):
    """Concept logits [B, concepts] of pictures [B, 3, 128, 128] in -1..1, seen at 64 x 64."""

    def __init__(self, concepts: int = len(CONCEPTS)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for depth, width in ((3, 32), (32, 64), (64, 128), (128, 192)):
            layers += [nn.Conv2d(depth, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        self.body = nn.Sequential(
            *layers, nn.Conv2d(192, 192, 3, padding=1, bias=False), nn.BatchNorm2d(192), nn.ReLU()
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(192 * 4, concepts))

    def forward(self, pictures: Tensor) -> Tensor:
        seen: Tensor = self.head(adaptive_avg_pool2d(self.body(avg_pool2d(pictures, 2)), 2))
        return seen


def _augment(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Blur by a trip through a smaller size and add a little noise, so that softness does not mislead the judge."""
    size = int(rng.integers(24, 129))
    small = interpolate(pictures, size=(size, size), mode="bilinear", antialias=True)
    back = interpolate(small, size=pictures.shape[-2:], mode="bilinear")
    return back + float(rng.uniform(0, 0.1)) * torch.randn_like(back)


def _batch(art: list[Art], size: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    colours = list(COLOURS.values())
    picks = [art[i] for i in rng.integers(0, len(art), size)]
    pictures = []
    for one in picks:
        place = draw_placement(rng, 0.7, 1.0, 9)
        colour = colours[rng.integers(len(colours))] if rng.random() < 0.7 else rng.integers(0, 256, 3)
        red, green, blue = (int(v) for v in colour)
        pictures.append(compose(one.pixels, (red, green, blue), place))
    return to_tensor(pictures), torch.tensor([one.concept for one in picks])


def train_judge(art: list[Art], out: Path, *, updates: int = 450, batch: int = 40, seed: int = 11) -> Judge:
    """Return the judge trained on the art; kept in `out`/judge.pt."""
    torch.manual_seed(seed)
    judge = Judge()
    if state := load_state(out / "judge.pt"):
        judge.load_state_dict(state["model"])
        return judge.eval()
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(judge.parameters(), lr=3e-3, weight_decay=0.02)
    for update in range(updates):
        for group in optimiser.param_groups:
            group["lr"] = 3e-3 * rate(update / updates, update, warmup=30)
        pictures, labels = _batch(art, batch, rng)
        loss = cross_entropy(judge(_augment(pictures, rng)), labels, label_smoothing=0.05)
        torch.autograd.backward(loss)
        optimiser.step()
        optimiser.zero_grad()
        if update % 100 == 99:
            print(f"judge {update + 1}: {loss.item():.3f}", flush=True)
    save_state(out / "judge.pt", {"model": judge.state_dict()})
    return judge.eval()


@torch.no_grad()
def ranks(judge: Judge, pictures: list[Picture], concepts: list[int]) -> list[int]:
    """Return for each picture how many concepts the judge finds likelier than the named one (0: top-1)."""
    logits = torch.cat([judge(to_tensor(pictures[at : at + 50])) for at in range(0, len(pictures), 50)])
    own = logits.gather(1, torch.tensor(concepts)[:, None])
    return (logits > own).sum(1).tolist()


def held_out(art: list[Art], seed: int = 12) -> tuple[list[Picture], list[int]]:
    """Return one new picture of each drawing: a background colour and a placement that training did not use."""
    rng = np.random.default_rng(seed)
    pictures = []
    for one in art:
        place = Placement(float(rng.uniform(0.72, 0.95)), int(rng.integers(-7, 8)), int(rng.integers(-7, 8)))
        pictures.append(compose(one.pixels, HELD_OUT_COLOURS[rng.integers(len(HELD_OUT_COLOURS))], place))
    return pictures, [one.concept for one in art]


def background(picture: Picture) -> str:
    """Return the named colour nearest to the median of the picture's four corners (12 x 12 pixels each)."""
    corners = [
        picture[rows, columns]
        for rows in (slice(0, 12), slice(-12, None))
        for columns in (slice(0, 12), slice(-12, None))
    ]
    median = np.median(np.concatenate([corner.reshape(-1, 3) for corner in corners]), axis=0)
    distance: dict[str, Any] = {name: float(np.square(median - np.array(rgb)).sum()) for name, rgb in COLOURS.items()}
    return min(distance, key=lambda name: distance[name])

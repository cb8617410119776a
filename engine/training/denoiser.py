"""Stage two: text encoder and denoiser, trained together on whitened latents."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from engine.training.captions import caption
from engine.training.concepts import CONCEPTS
from engine.training.data import Art
from engine.training.latents import LatentSet
from engine.training.losses import scaled_linear_alphas, velocity, velocity_weight
from engine.training.pictures import COLOURS
from engine.training.progress import Clock, Ema, every, load_state, rate
from engine.training.tokens import TokenRows
from engine.training.vae import keep

LEARNING_RATE = 2e-3


class Sampler:
    """Draws training examples: a latent and a caption that tells the truth about it."""

    def __init__(self, data: LatentSet, art: list[Art], rows: TokenRows, seed: list[int]) -> None:
        self.data, self.art, self.rows = data, art, rows
        self.rng = np.random.default_rng(seed)
        self.colours = list(COLOURS)

    def draw(self, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return latents [B, 4, 16, 16], token rows [B, 77] and what is shown [B, 2]: concept, colour."""
        picks = torch.from_numpy(self.rng.integers(0, len(self.data.latents), batch))
        shown = [(self.art[int(self.data.art[i])], int(self.data.colour[i])) for i in picks]
        texts = [caption(one.concept, one.style, self.colours[colour], self.rng) for one, colour in shown]
        labels = torch.tensor([[one.concept, colour] for one, colour in shown])
        return self.data.latents[picks], self.rows.encode(texts), labels


def pretrain_text(text: Any, sampler: Sampler, updates: int, batch: int = 32) -> None:
    """Teach the text encoder to say concept and colour at every place from the end token on, by a linear reading.

    A minute of this spares the denoiser the search for the words that matter.
    """
    width = text.config.hidden_size
    reading = nn.Linear(width, len(CONCEPTS) + len(COLOURS)).to(text.device)
    optimiser = torch.optim.AdamW([*text.parameters(), *reading.parameters()], lr=2e-3, betas=(0.9, 0.98), fused=True)
    for update in range(updates):
        _, rows, labels = sampler.draw(batch)
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * rate(update / updates, update, warmup=50)
        hidden = text(input_ids=rows.to(text.device)).last_hidden_state
        said = reading(hidden[:, -40:].mean(1))
        told = rows[:, 1] != len(sampler.rows) - 1
        concept = cross_entropy(said[told, : len(CONCEPTS)], labels[told, 0].to(said.device))
        colour = cross_entropy(said[told, len(CONCEPTS) :], labels[told, 1].to(said.device))
        torch.autograd.backward(concept + 0.5 * colour)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if update % 100 == 99:
            print(f"text {update + 1}: concept {concept.item():.3f}, colour {colour.item():.3f}", flush=True)


def denoiser_loss(unet: Any, text: Any, z: Tensor, rows: Tensor, alphas: Tensor, generator: torch.Generator) -> Tensor:
    """Return the weighted v loss of a batch at uniformly drawn, stratified time steps."""
    batch = len(z)
    spread = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
    steps = (spread * len(alphas)).long().clamp(max=len(alphas) - 1)[torch.randperm(batch, generator=generator)]
    noise = torch.randn(z.shape, generator=generator).to(z.device)
    alpha = alphas[steps].to(z.device).view(-1, 1, 1, 1)
    noisy = alpha.sqrt() * z + (1 - alpha).sqrt() * noise
    hidden = text(input_ids=rows).last_hidden_state
    guess = unet(noisy, steps.to(z.device), encoder_hidden_states=hidden).sample
    error = (guess - velocity(z, noise, alpha)).square().mean((1, 2, 3))
    loss: Tensor = (velocity_weight((alpha / (1 - alpha)).flatten()) * error).mean()
    return loss


def share_gradients(parameters: list[nn.Parameter], progress: float) -> float:
    """Average the gradients over the processes of a `torchrun`, and the progress, so that all stop together."""
    if not dist.is_initialized():
        return progress
    grads = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([*(grad.flatten() for grad in grads), torch.tensor([progress], device=grads[0].device)])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for grad, mean in zip(grads, torch.split(flat[:-1], [grad.numel() for grad in grads]), strict=True):
        grad.copy_(mean.view_as(grad))
    return float(flat[-1])


def train_denoiser(
    unet: Any,
    text: Any,
    data: LatentSet,
    art: list[Art],
    rows: TokenRows,
    clock: Clock,
    out: Path,
    *,
    batch: int = 8,
    text_updates: int = 400,
    seed: int = 3,
) -> None:
    """Train both; the state lies in `out`/denoiser.pt and holds the averaged weights."""
    both = nn.ModuleDict({"unet": unet, "text": text})
    device = next(unet.parameters()).device
    rank = dist.get_rank() if dist.is_initialized() else 0
    alphas = scaled_linear_alphas().float()
    weights = list(both.parameters())
    optimiser = torch.optim.AdamW(weights, lr=LEARNING_RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    state = load_state(out / "denoiser.pt")
    if state is None:
        pretrain_text(text, Sampler(data, art, rows, [seed, 0]), text_updates)
    ema = Ema(both, 0.9985)
    if state:
        both.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        ema.load(state["ema"])
        clock.spent, clock.done = state["spent"], state["done"]
    sampler = Sampler(data, art, rows, [seed, 1, clock.done, rank])
    generator = torch.Generator("cpu").manual_seed(seed * 1_000_003 + 10 * clock.done + rank)
    due, told, mean, since = every(120), every(20), 0.0, 0
    clock.start()
    progress = clock.progress
    while progress < 1:
        z, words, _ = sampler.draw(batch)
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * rate(progress, clock.done, warmup=150)
        loss = denoiser_loss(unet, text, z.to(device), words.to(device), alphas, generator)
        torch.autograd.backward(loss)
        clock.tick()
        progress = share_gradients(weights, clock.progress)
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        ema.update()
        since += 1
        mean += (loss.item() - mean) * max(0.005, 1 / since)
        if told():
            print(f"denoiser {clock.done} updates, {clock.spent:.0f} s, loss {mean:.4f}", flush=True)
        if due() and rank == 0:
            keep(both, optimiser, ema, clock, out / "denoiser.pt")
    if rank == 0:
        keep(both, optimiser, ema, clock, out / "denoiser.pt")


def averaged(unet: Any, text: Any, out: Path) -> tuple[Any, Any]:
    """Return copies of both networks with the averaged weights of the saved state."""
    state = load_state(out / "denoiser.pt")
    if state is None:
        raise FileNotFoundError(f"{out / 'denoiser.pt'}: nothing trained yet: run python -m engine.training.mini first")
    both = nn.ModuleDict({"unet": copy.deepcopy(unet), "text": copy.deepcopy(text)})
    ema = Ema(both, 0.0)
    ema.load(state["ema"])
    ema.copy_to(both)
    return both["unet"].eval(), both["text"].eval()

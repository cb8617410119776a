"""Stage one: an encoder solved in closed form, and a decoder trained to undo it.

The encoder keeps each 8 x 8 block's mean colour and its diagonal slope of brightness (a ridge regression on random
features), so latents are fixed from the first minute and the denoiser can train beside the decoder.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.training.data import Art
from engine.training.losses import picture_loss
from engine.training.pictures import COLOURS, SIZE, compose, draw_placement
from engine.training.progress import Clock, Ema, every, load_state, rate, save_state

TRAIN_EPS = 4.0
LATENT_FACTOR = 0.18215
FILE_EPS = 1e-6
GROW_AT = 0.4
LATENT_NOISE = 0.05
LEARNING_RATE = 4e-4


@torch.no_grad()
def start_as_identity(vae: Any) -> None:
    """Start as a plain linear codec: box averages down, nearest neighbours up, every residual branch zero.

    Colours are then right within minutes, and training spends its time on shapes.
    """
    convolutions: list[tuple[str, Any]] = [(n, m) for n, m in vae.named_modules() if isinstance(m, nn.Conv2d)]
    for name, conv in convolutions:
        if name.endswith("conv2"):
            nn.init.zeros_(conv.weight)
        elif "downsamplers" in name:
            nn.init.zeros_(conv.weight)
            conv.weight[:, :, :2, :2] = torch.eye(conv.in_channels)[:, :, None, None] / 4
        elif "upsamplers" in name:
            nn.init.dirac_(conv.weight)
        elif name.endswith(("conv_shortcut", "encoder.conv_in", "decoder.conv_in")):
            middle = conv.kernel_size[0] // 2
            nn.init.zeros_(conv.weight)
            mix = nn.init.orthogonal_(torch.empty(conv.out_channels, conv.in_channels))
            conv.weight[:, :, middle, middle] = mix * max(1.0, conv.out_channels / conv.in_channels) ** 0.5
        else:
            continue
        nn.init.zeros_(conv.bias)


@torch.no_grad()
def fit_convolution(conv: Any, x: Tensor, y: Tensor, ridge: float = 3e-2) -> None:
    """Set a 3x3 convolution to the ridge-regression answer for inputs [B, C, h, w] and targets [B, D, h, w]."""
    columns = nn.functional.unfold(x, 3, padding=1).transpose(1, 2).flatten(0, 1).double()
    columns = torch.cat([columns, torch.ones(len(columns), 1, dtype=torch.float64)], 1)
    goal = y.flatten(2).transpose(1, 2).flatten(0, 1).double()
    gram = columns.T @ columns
    gram.diagonal().add_(ridge * gram.diagonal().mean())
    answer = torch.linalg.solve(gram, columns.T @ goal).float()
    depth = y.shape[1]
    conv.weight[:depth] = answer[:-1].T.reshape(depth, x.shape[1], 3, 3)
    conv.bias[:depth] = answer[-1]


def block_latents(real: Tensor) -> Tensor:
    """Return what a latent should say of each 8 x 8 block [B, 4, H/8, W/8]: mean colour and diagonal slope."""
    ramp = torch.linspace(-1, 1, 8, device=real.device).repeat(real.shape[-1] // 8)
    slope = (real * (ramp + ramp[: real.shape[-2], None])).mean(1, keepdim=True)
    return nn.functional.avg_pool2d(torch.cat([real, slope], 1), 8)


@torch.no_grad()
def fit_ends(vae: Any, real: Tensor) -> None:
    """Solve the encoder's last convolution for `block_latents`, whiten, and solve the decoder's last convolution."""
    for conv in (vae.quant_conv, vae.post_quant_conv):
        conv.weight.copy_(torch.eye(conv.in_channels)[:, :, None, None])
        conv.bias.zero_()
    seen: dict[str, Tensor] = {}
    ends = {"encoder": vae.encoder.conv_out, "decoder": vae.decoder.conv_out}
    hooks = [
        conv.register_forward_pre_hook(lambda _, given, name=name: seen.__setitem__(name, given[0]))
        for name, conv in ends.items()
    ]
    vae.encode(real)
    fit_convolution(ends["encoder"], seen["encoder"], block_latents(real), ridge=1e-4)
    raw = vae.encode(real).latent_dist.mean
    fold_whitening(vae, raw.mean((0, 2, 3)), raw.std((0, 2, 3)))
    vae.decode(vae.encode(real).latent_dist.mean)
    fit_convolution(ends["decoder"], seen["decoder"], real)
    for hook in hooks:
        hook.remove()


@torch.no_grad()
def fold_whitening(vae: Any, mean: Tensor, std: Tensor) -> None:
    """Fold latents' whitening into both quantisation convolutions.

    Afterwards latents times 0.18215 have zero mean and unit variance in each channel where they had `mean` and `std`,
    and decode to the same picture as before. The log-variance is set to that of a standard deviation of 0.02.
    """
    channels = len(mean)
    scale = 1 / (std * LATENT_FACTOR)
    quant, post = vae.quant_conv, vae.post_quant_conv
    quant.weight[:channels] *= scale[:, None, None, None]
    quant.bias[:channels] = (quant.bias[:channels] - mean) * scale
    quant.weight[channels:] = 0
    quant.bias[channels:] = 2 * math.log(0.02 / LATENT_FACTOR)
    post.bias += (post.weight[:, :, 0, 0] * mean).sum(1)
    post.weight /= scale[None, :, None, None]


def _decoder_end(vae: Any) -> tuple[list[Any], list[Any]]:
    """Return the norms that read the decoder's last level and the layers that write to it."""
    last = list(vae.decoder.up_blocks[-1].resnets)
    norms = [vae.decoder.conv_norm_out, *(block.norm1 for block in last[1:])]
    return norms, [last[0].conv_shortcut, *(block.conv2 for block in last)]


def _encoder_end(vae: Any) -> tuple[list[Any], list[Any]]:
    """Return the norms that read the encoder's last level and the layers that write to it."""
    first, middle = vae.encoder.down_blocks[-1].resnets[0], vae.encoder.mid_block
    norms = [block.norm1 for block in middle.resnets] + [middle.attentions[0].group_norm, vae.encoder.conv_norm_out]
    writers = [first.conv_shortcut, first.conv2, *(block.conv2 for block in middle.resnets)]
    return norms, [*writers, middle.attentions[0].to_out[0]]


def soften_norms(vae: Any) -> None:
    """Give the norms at the end of encoder and decoder a large epsilon.

    With few channels a group a plain norm loses the level of a flat colour; with a large epsilon it keeps it.
    `fold_norms` turns the result into the standard epsilon exactly.
    """
    for norms, _ in (_decoder_end(vae), _encoder_end(vae)):
        for norm in norms:
            norm.eps = TRAIN_EPS


@torch.no_grad()
def fold_norms(vae: Any) -> None:
    """Scale all that writes to those levels so that the standard epsilon of 1e-6 means what `TRAIN_EPS` meant."""
    factor = (FILE_EPS / TRAIN_EPS) ** 0.5
    for norms, writers in (_decoder_end(vae), _encoder_end(vae)):
        for layer in writers:
            layer.weight.mul_(factor)
            layer.bias.mul_(factor)
        for norm in norms:
            norm.eps = FILE_EPS


def skip_branches(vae: Any, names: tuple[str, ...]) -> None:
    """Leave out these residual branches while they are still zero: the costly ones at full resolution."""
    for name in names:
        block = vae.get_submodule(name)
        shortcut = block.conv_shortcut if block.conv_shortcut is not None else nn.Identity()
        block.forward = lambda x, temb=None, shortcut=shortcut: shortcut(x)


def restore_branches(vae: Any, names: tuple[str, ...]) -> None:
    """Take these residual branches in again."""
    for name in names:
        block = vae.get_submodule(name)
        if "forward" in vars(block):
            del block.forward


COSTLY = ("encoder.down_blocks.0.resnets.0", "decoder.up_blocks.3.resnets.0", "decoder.up_blocks.3.resnets.1")


def to_tensor(pictures: list[np.ndarray[Any, Any]]) -> Tensor:
    """Return pictures [H, W, 3] in 0..255 as [B, 3, H, W] in -1..1."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()


def crops(art: list[Art], batch: int, side: int, rng: np.random.Generator) -> Iterator[Tensor]:
    """Yield batches of crops [batch, 3, side, side]; a tenth are Noto's, a quarter on any colour at all."""
    groups = [[a for a in art if a.style != "noto"], [a for a in art if a.style == "noto"]]
    named = list(COLOURS.values())
    while True:
        pictures = []
        for _ in range(batch):
            group = groups[int(rng.random() < 0.1)] or art
            red, green, blue = (int(v) for v in rng.integers(0, 256, 3))
            colour = (red, green, blue) if rng.random() < 0.25 else named[rng.integers(len(named))]
            picture = compose(group[rng.integers(len(group))].pixels, colour, draw_placement(rng, 0.6, 1.0, 8))
            x, y = rng.integers(0, SIZE - side + 1, 2)
            pictures.append(picture[y : y + side, x : x + side])
        yield to_tensor(pictures)


def begin_vae(vae: Any, art: list[Art], out: Path, *, fit: int = 48, side: int = 64, seed: int = 1) -> None:
    """Make the untrained codec, or take up the saved one.

    Untrained: linear, softened norms, both ends solved on `fit` crops of the art; written to `out`/vae.pt.
    """
    if (out / "vae.pt").exists():
        resume_vae(vae, out)
        return
    torch.manual_seed(seed)
    start_as_identity(vae)
    soften_norms(vae)
    skip_branches(vae, COSTLY)
    fit_ends(vae, next(crops(art, fit, side, np.random.default_rng(seed))))
    keep(vae, None, None, Clock(0), out / "vae.pt")


def resume_vae(vae: Any, out: Path) -> Any:
    """Load the saved state of the codec into a fresh module and return it."""
    state = load_state(out / "vae.pt")
    if state is None:
        raise FileNotFoundError(f"{out / 'vae.pt'}: nothing trained yet: run the stage prepare first")
    vae.load_state_dict(state["model"])
    soften_norms(vae)
    skip_branches(vae, COSTLY)
    return vae


def decoding(vae: Any) -> nn.ModuleList:
    """Return the parts that are trained."""
    return nn.ModuleList([vae.decoder, vae.post_quant_conv])


def averaged_vae(vae: Any, out: Path) -> Any:
    """Put the averaged weights of the saved state into the decoder, and return the codec."""
    state = load_state(out / "vae.pt") or {}
    if state.get("ema"):
        ema = Ema(decoding(vae), 0.0)
        ema.load(state["ema"])
        ema.copy_to(decoding(vae))
    return vae


def train_decoder(
    vae: Any, art: list[Art], clock: Clock, out: Path, *, batch: int = 8, side: int = 64, seed: int = 1
) -> None:
    """Train the decoder of a codec that was begun, on crops, against the fixed encoder; the state is `out`/vae.pt."""
    parts = decoding(vae)
    device = vae.quant_conv.weight.device
    optimiser = torch.optim.AdamW(parts.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
    ema = Ema(parts, 0.998)
    state = load_state(out / "vae.pt") or {}
    if state.get("ema"):
        optimiser.load_state_dict(state["optimiser"])
        ema.load(state["ema"])
        clock.spent, clock.done = state["spent"], state["done"]
    due, told, mean = every(120), every(20), 0.0
    clock.start()
    for since, real in enumerate(crops(art, batch, side, np.random.default_rng([seed, clock.done])), 1):
        if clock.progress >= 1:
            break
        if clock.progress >= GROW_AT:
            restore_branches(vae, COSTLY[1:2])
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * rate(clock.progress, clock.done, warmup=200)
        loss, gap = decoder_loss(vae, real.to(device))
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(parts.parameters(), 0.3)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        ema.update()
        clock.tick()
        mean += (gap - mean) * max(0.01, 1 / since)
        if told():
            print(f"decoder {clock.done} updates, {clock.spent:.0f} s, L1 {mean:.4f}", flush=True)
        if due():
            keep(vae, optimiser, ema, clock, out / "vae.pt")
    keep(vae, optimiser, ema, clock, out / "vae.pt")


def decoder_loss(vae: Any, real: Tensor) -> tuple[Tensor, float]:
    """Return the loss of decoding slightly noisy latents of real pictures, and its plain L1."""
    with torch.no_grad():
        z = vae.encode(real).latent_dist.mean
    made = vae.decode(z + LATENT_NOISE / LATENT_FACTOR * torch.randn_like(z)).sample
    return picture_loss(made, real), float((made.detach() - real).abs().mean())


def keep(model: Any, optimiser: torch.optim.Optimizer | None, ema: Ema | None, clock: Clock, path: Path) -> None:
    """Write the whole state of a stage."""
    state = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict() if optimiser else None,
        "ema": ema.state() if ema else None,
    }
    save_state(path, {**state, "spent": clock.spent, "done": clock.done})

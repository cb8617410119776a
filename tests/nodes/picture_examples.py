"""Inputs for the nodes of pictures, masks, latents and areas, as `test_guard` takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from PIL import Image as Pil

from engine.diffusion.types import Cond, Conditioning, Image, Latent, Mask
from nodes.loaders import Checkpoint
from tests.nodes.desk import Desk

Values = dict[str, Any]


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed + sum(shape)))


def picture(batch: int = 2, height: int = 24, width: int = 16, channels: int = 3, seed: int = 0) -> Image:
    return Image(noise(batch, height, width, channels, seed=seed).sigmoid())


def mask(batch: int = 1, height: int = 24, width: int = 16, seed: int = 0) -> Mask:
    return Mask(noise(batch, height, width, seed=seed).sigmoid())


def latent(batch: int = 2, height: int = 9, width: int = 10, seed: int = 0, masked: bool = True) -> Latent:
    return Latent(noise(batch, 4, height, width, seed=seed), noise_mask=mask(1) if masked else None)


def cond(count: int = 2) -> Conditioning:
    return Conditioning(tuple(Cond(noise(1, 77, 64, seed=i)) for i in range(count)))


def _file(context: Desk) -> Any:
    Pil.new("RGBA", (3, 2), (10, 20, 30, 40)).save(context.library.folder("input") / "mask.png")
    return context.library.ref("input", "mask.png")


EXAMPLES: dict[str, Callable[[Checkpoint, Desk], Values]] = {
    "ImageScaleBy": lambda p, c: {"image": picture(), "upscale_method": "lanczos", "scale_by": 1.5},
    "ImageScaleToTotalPixels": lambda p, c: {"image": picture(), "megapixels": 0.01},
    "ImageScaleToMaxDimension": lambda p, c: {"image": picture(), "largest_size": 33},
    "ImageCrop": lambda p, c: {"image": picture(), "x": 3, "y": 5, "width": 7, "height": 99},
    "ImageFlip": lambda p, c: {"image": picture(), "flip_method": "y-axis: horizontally"},
    "ImageRotate": lambda p, c: {"image": picture(), "rotation": "90 degrees"},
    "ResizeAndPadImage": lambda p, c: {"image": picture(), "target_width": 20, "target_height": 20},
    "GetImageSize": lambda p, c: {"image": picture()},
    "EmptyImage": lambda p, c: {"width": 5, "height": 3, "batch_size": 2, "color": 0xFF8000},
    "ImageFromBatch": lambda p, c: {"image": picture(3), "batch_index": 1, "length": 9},
    "RepeatImageBatch": lambda p, c: {"image": picture(), "amount": 2},
    "RebatchImages": lambda p, c: {"images": [picture(3), picture(2)], "batch_size": 2},
    "ImageStitch": lambda p, c: {"image1": picture(), "image2": picture(1, 10, 10, 4), "spacing_width": 3},
    "ImageBlur": lambda p, c: {"image": picture(), "blur_radius": 31},
    "ImageSharpen": lambda p, c: {"image": picture(), "alpha": 0.3},
    "ImageQuantize": lambda p, c: {"image": picture(), "colors": 5, "dither": "bayer-4"},
    "ImageAddNoise": lambda p, c: {"image": picture(), "seed": 2**64 - 1},
    "Morphology": lambda p, c: {"image": picture(), "operation": "top_hat", "kernel_size": 4},
    "ImageBlend": lambda p, c: {"image1": picture(), "image2": picture(1, 9, 30), "blend_mode": "soft_light"},
    "ImageCompositeMasked": lambda p, c: {
        "destination": picture(),
        "source": picture(1, 30, 30, 4),
        "x": 5,
        "y": 2,
        "mask": mask(),
    },
    "PorterDuffImageComposite": lambda p, c: {
        "source": picture(),
        "source_alpha": mask(2),
        "destination": picture(2, 10, 12),
        "destination_alpha": mask(2, 5, 6),
        "mode": "XOR",
    },
    "SplitImageWithAlpha": lambda p, c: {"image": picture(channels=4)},
    "JoinImageWithAlpha": lambda p, c: {"image": picture(), "alpha": mask(3, 7, 7)},
    "LoadImageMask": lambda p, c: {"image": _file(c), "channel": "green"},
    "SolidMask": lambda p, c: {"value": 0.5, "width": 4, "height": 3},
    "InvertMask": lambda p, c: {"mask": mask()},
    "CropMask": lambda p, c: {"mask": mask(), "x": 99, "y": 3, "width": 5, "height": 5},
    "ThresholdMask": lambda p, c: {"mask": mask()},
    "MaskToImage": lambda p, c: {"mask": mask()},
    "ImageToMask": lambda p, c: {"image": picture(), "channel": "blue"},
    "ImageColorToMask": lambda p, c: {"image": picture(), "color": 0x808080},
    "MaskPreview": lambda p, c: {"mask": mask()},
    "MaskComposite": lambda p, c: {"destination": mask(2), "source": mask(1, 9, 9), "x": 9, "operation": "xor"},
    "FeatherMask": lambda p, c: {"mask": mask(), "left": 4, "bottom": 99},
    "GrowMask": lambda p, c: {"mask": mask(), "expand": -2},
    "LatentCrop": lambda p, c: {"samples": latent(), "width": 64, "height": 64, "x": 8, "y": 8},
    "LatentFlip": lambda p, c: {"samples": latent(), "flip_method": "x-axis: vertically"},
    "LatentRotate": lambda p, c: {"samples": latent(), "rotation": "270 degrees"},
    "LatentConcat": lambda p, c: {"samples1": latent(), "samples2": latent(1, masked=False), "dim": "-y"},
    "LatentCut": lambda p, c: {"samples": latent(), "dim": "y", "index": -3, "amount": 2},
    "LatentComposite": lambda p, c: {"samples_to": latent(), "samples_from": latent(1, 4, 4), "x": 16, "feather": 16},
    "LatentCompositeMasked": lambda p, c: {
        "destination": latent(),
        "source": latent(1, 4, 4),
        "resize_source": True,
        "mask": mask(),
    },
    "LatentBlend": lambda p, c: {"samples1": latent(), "samples2": latent(1, 12, 8), "blend_factor": 0.3},
    "LatentAdd": lambda p, c: {"samples1": latent(), "samples2": latent(1, 12, 8)},
    "LatentSubtract": lambda p, c: {"samples1": latent(), "samples2": latent(3)},
    "LatentMultiply": lambda p, c: {"samples": latent(), "multiplier": -2.0},
    "LatentInterpolate": lambda p, c: {"samples1": latent(), "samples2": latent(seed=1), "ratio": 0.25},
    "LatentBatch": lambda p, c: {"samples1": latent(), "samples2": latent(1, 12, 8)},
    "LatentFromBatch": lambda p, c: {"samples": latent(3), "batch_index": 1},
    "RepeatLatentBatch": lambda p, c: {"samples": latent(), "amount": 2},
    "RebatchLatents": lambda p, c: {"latents": [latent(3), latent(2)], "batch_size": 2},
    "LatentBatchSeedBehavior": lambda p, c: {"samples": latent(), "seed_behavior": "fixed"},
    "ConditioningSetArea": lambda p, c: {"conditioning": cond(), "width": 64, "height": 64, "x": 8},
    "ConditioningSetAreaPercentage": lambda p, c: {"conditioning": cond(), "width": 0.5},
    "ConditioningSetAreaStrength": lambda p, c: {"conditioning": cond(), "strength": 0.5},
    "ConditioningSetMask": lambda p, c: {"conditioning": cond(), "mask": mask(), "set_cond_area": "mask bounds"},
    "ConditioningSetTimestepRange": lambda p, c: {"conditioning": cond(), "start": 0.2, "end": 0.6},
    "SetLatentNoiseMask": lambda p, c: {"samples": latent(), "mask": mask()},
    "VAEEncodeForInpaint": lambda p, c: {"pixels": picture(), "vae": p.VAE, "mask": mask(1, 9, 9)},
    "InpaintModelConditioning": lambda p, c: {
        "positive": cond(),
        "negative": cond(1),
        "vae": p.VAE,
        "pixels": picture(1),
        "mask": mask(2),
    },
    "ImagePadForOutpaint": lambda p, c: {"image": picture(), "left": 8, "bottom": 16, "feathering": 4},
    "SaveAnimatedWEBP": lambda p, c: {"images": picture(3)},
    "SaveAnimatedPNG": lambda p, c: {"images": picture(3), "fps": 12.0},
}

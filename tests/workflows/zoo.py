"""Every model that the shipped workflows name, as a small random member in the format that its real file has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from tests.models import controls, lora_files, make, members, vision


def checkpoint(name: str) -> Callable[[Path], object]:
    return lambda path: members.member(name, path.parent, "fp16").rename(path)


def vae(path: Path) -> object:
    return members.part("sd1", "vae", path.parent).rename(path)


def control(path: Path) -> object:
    """A `.pth` in the original code's names."""
    written = controls.write(path.with_suffix(".safetensors"), "sd1", "ldm")
    torch.save(load_file(written), path)
    return written.unlink()


def lora(path: Path) -> object:
    shapes = members.unet_shapes(members.MEMBERS["sd1"], "diffusers")
    tensors = {
        f"{lora_files.kohya('lora_unet_', layer)}.{leaf}": tensor
        for i, layer in enumerate(lora_files.attention(shapes))
        for leaf, tensor in lora_files.pair(shapes[f"{layer}.weight"], seed=i).items()
    }
    return lora_files.save(path, tensors)


def hypernetwork(path: Path) -> object:
    return lora_files.write_hypernetwork(path, {768: (768, 64, 768)})


def depth(path: Path) -> object:
    network = vision.depth_network(vision.TINY_HYBRID)
    return vision.write(path, vision.original(network.state_dict(), "scratch"))


def upscaler(path: Path) -> object:
    return vision.write(path, vision.rrdb())


def one_word(path: Path) -> object:
    return save_file({"emb_params": torch.randn(2, 768, generator=torch.Generator().manual_seed(1)) * 0.1}, path)


def old_word(path: Path) -> object:
    vectors = torch.randn(1, 768, generator=torch.Generator().manual_seed(2)) * 0.1
    return torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": vectors}, "name": "x", "step": 1}, path)


MAKERS: Mapping[str, Callable[[Path], object]] = {
    "checkpoints/mini-v1.safetensors": lambda path: make.write_checkpoint(path, make.TINY),
    "checkpoints/v1-5-pruned-emaonly.safetensors": checkpoint("sd1"),
    "checkpoints/sd-v1-5-inpainting.safetensors": checkpoint("sd1_inpaint"),
    "checkpoints/v2-1_768-ema-pruned.safetensors": checkpoint("sd2_v"),
    "checkpoints/512-depth-ema.safetensors": checkpoint("sd2_depth"),
    "checkpoints/sd_xl_base_1.0.safetensors": checkpoint("sdxl"),
    "checkpoints/sd_xl_refiner_1.0.safetensors": checkpoint("sdxl_refiner"),
    "checkpoints/sd_xl_turbo_1.0_fp16.safetensors": checkpoint("sdxl"),
    "vae/vae-ft-mse-840000-ema-pruned.safetensors": vae,
    "embeddings/my-style.safetensors": one_word,
    "embeddings/easynegative.pt": old_word,
    "loras/style.safetensors": lora,
    "loras/detail.safetensors": lora,
    "hypernetworks/style.pt": hypernetwork,
    "controlnet/control_v11p_sd15_canny.pth": control,
    "controlnet/control_v11f1p_sd15_depth.pth": control,
    "controlnet/control_v11p_sd15_scribble.pth": control,
    "depth_estimators/dpt_hybrid-midas-501f0c75.pt": depth,
    "upscale_models/RealESRGAN_x4plus.pth": upscaler,
}
"""By place in a models folder."""


def write_all(folder: Path, names: Iterable[str] = MAKERS) -> Path:
    """A models folder with all of them, or with those that are named."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        MAKERS[name](folder / name)
    return folder

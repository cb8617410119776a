"""Precision: which dtype and memory layout each part uses on each device, as one small value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from engine.models.handle import DTYPE_OF, Part
from engine.models.memory import host_bytes

Precision = Literal["auto", "full", "fp16", "bf16"]


@dataclass(frozen=True, slots=True)
class Policy:
    """Dtypes by part on one device; `channels_last` lays out convolution weights as [out, H, W, in]."""

    device: torch.device
    denoiser: torch.dtype
    text: torch.dtype
    vae: torch.dtype
    channels_last: bool

    def dtype(self, part: Part) -> torch.dtype:
        """The dtype a part computes in."""
        dtype: torch.dtype = getattr(self, DTYPE_OF[part])
        return dtype

    @property
    def salt(self) -> str:
        """What of this policy changes numbers, as text for keys."""
        dtypes = "/".join(str(self.dtype(part)).removeprefix("torch.") for part in ("denoiser", "text", "vae"))
        return f"{self.device.type} {dtypes} {'channels_last' if self.channels_last else 'contiguous'}"


_FULL = (torch.float32, torch.float32, torch.float32)
_HALF = (torch.float16, torch.float16, torch.float16)

AUTO: Mapping[str, tuple[torch.dtype, torch.dtype, torch.dtype]] = {
    "cuda": _HALF,
    "xpu": _HALF,
    "mps": (torch.float16, torch.float16, torch.float32),
}
"""Dtypes of denoiser, text encoder and VAE where nothing is asked for; a CPU decides by its instructions."""

FAST_CPU = (torch.bfloat16, torch.float32, torch.bfloat16)
"""On a CPU that multiplies bf16 in hardware; the text encoder runs once a prompt and stays exact."""


def choose_device(name: str = "auto") -> torch.device:
    """The named device, or with "auto" the accelerator torch was built for and finds, else the CPU."""
    if name != "auto":
        return torch.device(name)
    found = torch.accelerator.current_accelerator(check_available=True)
    return found if found is not None else torch.device("cpu")


def policy(device: torch.device | str = "auto", precision: Precision = "auto") -> Policy:
    """Dtypes and layout for a device: "auto" picks what is fast and good enough there, "full" is fp32 everywhere."""
    where = choose_device(device) if isinstance(device, str) else device
    dtypes = {"auto": _auto(where), "full": _FULL, "fp16": _HALF, "bf16": (torch.bfloat16,) * 3}[precision]
    quick = where.type in ("cuda", "xpu") or (where.type == "cpu" and dtypes[0] is not torch.float32)
    return Policy(where, *dtypes, channels_last=quick and dtypes[0] is not torch.float32)


def _auto(device: torch.device) -> tuple[torch.dtype, torch.dtype, torch.dtype]:
    if device.type == "cpu":
        return FAST_CPU if fast_bf16() else _FULL
    return AUTO.get(device.type, _FULL)


def fast_bf16() -> bool:
    """Whether this CPU multiplies bf16 in hardware (AMX or AVX512-BF16), by torch's own detection."""
    probes = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(probe() for name in probes if (probe := getattr(torch.cpu, name, None)) is not None)


def default_bytes(device: torch.device) -> tuple[int, int]:
    """Budgets in bytes for weights on the device and, if that is not the host, on the host."""
    host = int(0.6 * host_bytes())
    if device.type == "cuda":
        return int(0.9 * torch.cuda.mem_get_info(device)[1]), host
    if device.type == "xpu":
        return int(0.9 * torch.xpu.get_device_properties(device).total_memory), host
    return host, 0

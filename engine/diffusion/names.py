"""Samplers and schedules by the names that saved workflows use.  Torch-free: a row says where the function lives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class SamplerRow:
    """Where a sampler's function is, and what the code around it has to know."""

    function: str
    """Written module:function."""
    discard_penultimate: bool = False
    """Schedules drop their last sigma above zero: the sampler's own last step would fall too near zero."""
    brownian: bool = False
    """Its step noise is the increments of one Brownian path, so that finer schedules refine the same picture."""
    fresh_mask_noise: bool = False
    """Under a noise mask the kept part is noised with new numbers, not those of the initial noise."""
    remembers: bool = False
    """A step needs more of the run than x and its two noise levels, so that one begun in the middle differs."""


_AT = "engine.diffusion.samplers."

SAMPLERS: Mapping[str, SamplerRow] = {
    "euler": SamplerRow(_AT + "euler:euler"),
    "euler_ancestral": SamplerRow(_AT + "euler:euler_ancestral"),
    "heun": SamplerRow(_AT + "heun:heun"),
    "heunpp2": SamplerRow(_AT + "heun:heunpp2", remembers=True),
    "dpm_2": SamplerRow(_AT + "dpm:dpm_2", discard_penultimate=True),
    "dpm_2_ancestral": SamplerRow(_AT + "dpm:dpm_2_ancestral", discard_penultimate=True),
    "lms": SamplerRow(_AT + "multistep:lms", remembers=True),
    "dpmpp_2s_ancestral": SamplerRow(_AT + "dpmpp:dpmpp_2s_ancestral"),
    "dpmpp_sde": SamplerRow(_AT + "dpmpp_sde:dpmpp_sde", brownian=True),
    "dpmpp_2m": SamplerRow(_AT + "dpmpp:dpmpp_2m", remembers=True),
    "dpmpp_2m_sde": SamplerRow(_AT + "dpmpp_sde:dpmpp_2m_sde", brownian=True, remembers=True),
    "dpmpp_3m_sde": SamplerRow(_AT + "dpmpp_sde:dpmpp_3m_sde", brownian=True, remembers=True),
    "ddpm": SamplerRow(_AT + "euler:ddpm"),
    "lcm": SamplerRow(_AT + "euler:lcm"),
    "ipndm": SamplerRow(_AT + "multistep:ipndm", remembers=True),
    "deis": SamplerRow(_AT + "multistep:deis", remembers=True),
    "ddim": SamplerRow(_AT + "euler:euler", fresh_mask_noise=True),
    "uni_pc": SamplerRow(_AT + "unipc:uni_pc", discard_penultimate=True, remembers=True),
    "uni_pc_bh2": SamplerRow(_AT + "unipc:uni_pc_bh2", discard_penultimate=True, remembers=True),
}

_SCHEDULE = "engine.diffusion.schedules:"

SCHEDULES: Mapping[str, str] = {
    "simple": _SCHEDULE + "simple",
    "sgm_uniform": _SCHEDULE + "sgm_uniform",
    "karras": _SCHEDULE + "karras",
    "exponential": _SCHEDULE + "exponential",
    "ddim_uniform": _SCHEDULE + "ddim_uniform",
    "beta": _SCHEDULE + "beta",
    "normal": _SCHEDULE + "normal",
    "linear_quadratic": _SCHEDULE + "linear_quadratic",
    "kl_optimal": _SCHEDULE + "kl_optimal",
}


A1111_SAMPLERS: Mapping[str, str] = {
    "euler": "Euler",
    "euler_ancestral": "Euler a",
    "heun": "Heun",
    "heunpp2": "Heun++ 2",
    "dpm_2": "DPM2",
    "dpm_2_ancestral": "DPM2 a",
    "lms": "LMS",
    "dpmpp_2s_ancestral": "DPM++ 2S a",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_3m_sde": "DPM++ 3M SDE",
    "lcm": "LCM",
    "ddim": "DDIM",
    "uni_pc": "UniPC",
}
"""What A1111 calls each sampler that it has too."""

A1111_SCHEDULES: Mapping[str, str] = {
    "normal": "Normal",
    "karras": "Karras",
    "exponential": "Exponential",
    "sgm_uniform": "SGM Uniform",
    "simple": "Simple",
    "ddim_uniform": "DDIM",
    "beta": "Beta",
    "kl_optimal": "KL Optimal",
}
"""What A1111 calls each schedule that it has too."""


def load(reference: str) -> Callable[..., Any]:
    """The function that a row's module:function names."""
    module, _, name = reference.partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function

"""Records what k-diffusion's published samplers make of the formula UNet; `test_kdiffusion.py` holds ours to it.

To record again: `pip install --no-deps k-diffusion==0.1.1.post1` (and tqdm) into a scratch environment, then
`python -m tests.diffusion.record_kdiffusion`.  The modules that its import wants beyond the samplers are left out.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from engine.diffusion.noise import step_noise
from tests.diffusion.tiny import formula_noise, formula_unet

GOLDEN = Path(__file__).parent.parent / "golden" / "kdiffusion.json"
SHAPE = (2, 4, 4, 4)
STEPS = 8
SEED = 7
PLAIN = ("euler", "heun", "dpm_2", "lms", "dpmpp_2m")
ANCESTRAL = ("euler_ancestral", "dpm_2_ancestral", "dpmpp_2s_ancestral")
BROWNIAN = ("dpmpp_sde", "dpmpp_2m_sde", "dpmpp_3m_sde")


def _package() -> tuple[Any, Any]:
    """k-diffusion's sampling and external modules, without the rest of its package."""
    found = importlib.util.find_spec("k_diffusion")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("k-diffusion is not installed; see the docstring.")
    package = ModuleType("k_diffusion")
    package.__path__ = list(found.submodule_search_locations)
    utils = ModuleType("k_diffusion.utils")
    utils.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]  # type: ignore[attr-defined]
    unused = ModuleType("torchdiffeq")
    unused.odeint = None  # type: ignore[attr-defined]
    package.utils = utils  # type: ignore[attr-defined]
    sys.modules |= {"k_diffusion": package, "k_diffusion.utils": utils, "torchdiffeq": unused}
    return importlib.import_module("k_diffusion.sampling"), importlib.import_module("k_diffusion.external")


def main() -> None:
    sampling, external = _package()
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    alphas = (1 - betas).cumprod(0).float()
    embeds = torch.full((SHAPE[0], 77, 8), 0.1)

    def eps(x: Tensor, t: Tensor) -> Tensor:
        out: Tensor = formula_unet()(x, t, embeds, return_dict=False)[0]
        return out

    denoiser = external.DiscreteEpsDDPMDenoiser(eps, alphas, quantize=True)
    low, high = float(denoiser.sigma_min), float(denoiser.sigma_max)
    schedules = {"karras": sampling.get_sigmas_karras(STEPS, low, high), "normal": denoiser.get_sigmas(STEPS)}
    recorded: dict[str, Any] = {}
    for schedule, sigmas in schedules.items():
        for name in (*PLAIN, *ANCESTRAL, *BROWNIAN):
            # Its lms does not end on the clean latent; up to there both are the same method.
            run = sigmas[:-1] if name == "lms" else sigmas
            x = formula_noise(SHAPE) * torch.sqrt(1 + run[0] ** 2)
            more: dict[str, Any] = {}
            if name in ANCESTRAL:
                more["noise_sampler"] = step_noise(x, SEED)
            if name in BROWNIAN:
                ends = run[run > 0].min(), run.max()
                more["noise_sampler"] = sampling.BrownianTreeNoiseSampler(x, *ends, seed=SEED)
            out = getattr(sampling, f"sample_{name}")(denoiser, x, run, disable=True, **more)
            recorded[f"{name} {schedule}"] = [float(f"{v:.8g}") for v in out.flatten().tolist()]
        recorded[schedule] = sigmas.tolist()
    GOLDEN.write_text(json.dumps(recorded, indent=0) + "\n")


if __name__ == "__main__":
    main()

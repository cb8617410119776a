"""ComfyUI's start flags, so that tools which start it can start this server: each means an option here, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Changes = Mapping[str, Any]
"""Fields of ServerSettings; `models` and `folders` are added to what is there, all others are set."""

Arity = int | str
"""Values that a flag takes: a number of them, "?" for one or none, "+" for some, "*" for any."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: how many values it takes, and what it changes; without that, why it is ignored."""

    name: str
    takes: Arity = 0
    means: Callable[[Sequence[str]], Changes] | None = None
    ignored: str = ""


def changes(flag: Flag, values: Sequence[str]) -> Changes:
    """What a flag with these values changes; raises ValueError with a sentence about a value that is none."""
    if flag.means is None:
        return {}
    try:
        return flag.means(values)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{flag.name} {' '.join(values)}: this is no value of it.") from error


def _folder(kind: str, *below: str) -> Callable[[Sequence[str]], Changes]:
    return lambda v: {"folders": ((kind, _path(v[0]).joinpath(*below)),)}


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _preview(values: Sequence[str]) -> Changes:
    known = {"none": "none", "auto": "auto", "latent2rgb": "latent2rgb", "taesd": "taesd"}
    return {"preview_method": known[values[0]]}


def _set(**fields: Any) -> Callable[[Sequence[str]], Changes]:
    return lambda _: fields


MEMORY = "weights and results have budgets of bytes here, kept by themselves"
ATTENTION = "torch chooses the attention"
PRECISION = "--precision chooses for all parts"
PACKS = "ComfyUI's custom nodes do not run here; packs are in the folder packs, take out what shall not be loaded"
CLOUD = "nothing here calls out"

FLAGS: Sequence[Flag] = (
    Flag("--output-directory", 1, _folder("output")),
    Flag("--input-directory", 1, _folder("input")),
    Flag("--temp-directory", 1, _folder("temp", "temp")),
    Flag("--user-directory", 1, lambda v: {"userdata": _path(v[0])}),
    Flag("--base-directory", 1, lambda v: {"data": _path(v[0])}),
    Flag("--extra-model-paths-config", "+", lambda v: {"models": tuple(map(_path, v))}),
    Flag("--front-end-root", 1, lambda v: {"front_end_root": _path(v[0])}),
    Flag("--max-upload-size", 1, lambda v: {"max_upload": int(float(v[0]) * (1 << 20))}),
    Flag("--preview-method", 1, _preview),
    Flag("--preview-size", 1, lambda v: {"preview_size": max(int(v[0]), 16)}),
    Flag("--disable-metadata", 0, _set(metadata=False)),
    Flag("--auto-launch", 0, _set(open_browser=True)),
    Flag("--disable-auto-launch", 0, _set(open_browser=False)),
    Flag("--windows-standalone-build", 0, _set(open_browser=True)),
    Flag("--cpu", 0, _set(device="cpu")),
    Flag("--cuda-device", 1, lambda v: {"device": f"cuda:{int(v[0])}"}),
    Flag("--default-device", 1, lambda v: {"device": f"cuda:{int(v[0])}"}),
    Flag("--force-fp32", 0, _set(precision="full")),
    Flag("--force-fp16", 0, _set(precision="fp16")),
    Flag("--cache-none", 0, _set(memory=0, disk=0)),
    Flag("--cache-classic", 0, ignored=MEMORY),
    Flag("--cache-lru", 1, ignored=MEMORY),
    Flag("--cache-ram", "?", ignored=MEMORY),
    Flag("--gpu-only", 0, ignored=MEMORY),
    Flag("--highvram", 0, ignored=MEMORY),
    Flag("--normalvram", 0, ignored=MEMORY),
    Flag("--lowvram", 0, ignored=MEMORY),
    Flag("--novram", 0, ignored=MEMORY),
    Flag("--reserve-vram", 1, ignored=MEMORY),
    Flag("--disable-smart-memory", 0, ignored=MEMORY),
    Flag("--async-offload", "?", ignored=MEMORY),
    Flag("--disable-async-offload", 0, ignored=MEMORY),
    Flag("--force-non-blocking", 0, ignored=MEMORY),
    Flag("--disable-pinned-memory", 0, ignored=MEMORY),
    Flag("--mmap-torch-files", 0, ignored=MEMORY),
    Flag("--disable-mmap", 0, ignored=MEMORY),
    Flag("--cuda-malloc", 0, ignored=MEMORY),
    Flag("--disable-cuda-malloc", 0, ignored=MEMORY),
    Flag("--use-split-cross-attention", 0, ignored=ATTENTION),
    Flag("--use-quad-cross-attention", 0, ignored=ATTENTION),
    Flag("--use-pytorch-cross-attention", 0, ignored=ATTENTION),
    Flag("--use-sage-attention", 0, ignored=ATTENTION),
    Flag("--use-flash-attention", 0, ignored=ATTENTION),
    Flag("--disable-xformers", 0, ignored=ATTENTION),
    Flag("--force-upcast-attention", 0, ignored=ATTENTION),
    Flag("--dont-upcast-attention", 0, ignored=ATTENTION),
    *(
        Flag(f"--{kind}-{part}", 0, ignored=PRECISION)
        for part, kinds in (
            ("unet", ("fp32", "fp64", "bf16", "fp16", "fp8_e4m3fn", "fp8_e5m2", "fp8_e8m0fnu")),
            ("vae", ("fp16", "fp32", "bf16")),
            ("text-enc", ("fp8_e4m3fn", "fp8_e5m2", "fp16", "fp32", "bf16")),
        )
        for kind in kinds
    ),
    Flag("--cpu-vae", 0, ignored=PRECISION),
    Flag("--force-channels-last", 0, ignored=PRECISION),
    Flag("--supports-fp8-compute", 0, ignored=PRECISION),
    Flag("--fast", "*", ignored=PRECISION),
    Flag("--deterministic", 0, ignored="a seed gives the same picture here as it is"),
    Flag("--directml", "?", ignored="the device is chosen by --device"),
    Flag("--oneapi-device-selector", 1, ignored="the device is chosen by --device"),
    Flag("--disable-ipex-optimize", 0, ignored="the device is chosen by --device"),
    Flag("--enable-cors-header", "?", ignored="refused for safety: pages of other sites must not talk to this server"),
    Flag("--multi-user", 0, ignored="there is one user"),
    Flag("--disable-all-custom-nodes", 0, ignored=PACKS),
    Flag("--whitelist-custom-nodes", "*", ignored=PACKS),
    Flag("--enable-manager", 0, ignored=PACKS),
    Flag("--disable-manager-ui", 0, ignored=PACKS),
    Flag("--disable-api-nodes", 0, ignored=CLOUD),
    Flag("--comfy-api-base", 1, ignored=CLOUD),
    Flag("--front-end-version", 1, ignored=f"{CLOUD}, so no front end is fetched; name a folder by --front-end-root"),
    Flag("--database-url", 1, ignored="the jobs are kept in state.sqlite of the data folder"),
    Flag("--default-hashing-function", 1, ignored="files are known by their sha256"),
    Flag("--enable-compress-response-body", 0, ignored="large answers are compressed for who asks for it"),
    Flag("--tls-keyfile", 1, ignored="put a proxy with TLS in front; this server then listens on loopback"),
    Flag("--tls-certfile", 1, ignored="put a proxy with TLS in front; this server then listens on loopback"),
    Flag("--dont-print-server", 0, ignored="the log is short as it is"),
    Flag("--log-stdout", 0, ignored="the log goes to the standard error"),
    Flag("--quick-test-for-ci", 0, ignored="main.py doctor tests the installation"),
)
"""Those of ComfyUI that have not the same name and meaning here anyway, as --listen and --port have."""

"""What a file is that was chosen for something else, told by the names of its tensors.  Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

from engine.graph.told import Telling, telling
from engine.models.header import Header, ModelFileError


@dataclass(frozen=True, slots=True)
class _Kind:
    """Beginnings or ends of names that only files of this kind have, the node that loads it, and the words for it."""

    node: str
    words: Telling
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    def names(self, name: str) -> bool:
        return name.startswith(self.starts) or name.endswith(self.ends)


_KINDS = (
    _Kind(
        "LoraLoader",
        telling("a LoRA; load it with LoraLoader"),
        ("lora_unet_", "lora_te"),
        (".lora_down.weight", ".lora_A.weight", ".hada_w1_a", ".lokr_w1", ".lokr_w1_a"),
    ),
    _Kind(
        "ControlNetLoader",
        telling("a ControlNet; load it with ControlNetLoader"),
        ("control_model.", "controlnet_cond_embedding.", "input_hint_block."),
    ),
    _Kind(
        "CheckpointLoaderSimple",
        telling("a checkpoint; load it with CheckpointLoaderSimple"),
        ("model.diffusion_model.",),
    ),
    _Kind("UNETLoader", telling("a denoiser (UNet); load it with UNETLoader"), ("input_blocks.0.", "time_embedding.")),
    _Kind(
        "VAELoader", telling("a VAE; load it with VAELoader"), ("first_stage_model.", "post_quant_conv.", "decoder.mid")
    ),
    _Kind(
        "CLIPLoader",
        telling("a text encoder (CLIP); load it with CLIPLoader"),
        ("text_model.", "cond_stage_model.", "transformer.resblocks."),
    ),
    _Kind(
        "DepthModelLoader",
        telling("a depth estimator; load it with DepthModelLoader"),
        ("pretrained.", "dpt.", "depth_head.", "scratch."),
    ),
    _Kind(
        "UpscaleModelLoader",
        telling("an upscaler; load it with UpscaleModelLoader"),
        ("conv_first.", "model.1.sub.", "params_ema.", "params."),
    ),
    _Kind(
        "",
        telling("an embedding; keep it in models/embeddings and write embedding:NAME in the prompt"),
        ("string_to_param",),
        ("emb_params", "clip_l", "clip_g"),
    ),
)
"""Those whose names others have as a part come first."""


def mistaken(name: str, header: Header, *wanted: str) -> ModelFileError | None:
    """The error that tells what the file `name` is; None where that is not known, or is what a node `wanted` loads."""
    kind = next((kind for kind in _KINDS if any(map(kind.names, header.tensors))), None)
    if kind is None or kind.node in wanted:
        return None
    return ModelFileError("{name} is {title}.", name=name, title=kind.words)

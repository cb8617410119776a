"""Every node twice under a guard: inputs and the global random state do not move, and both runs agree."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pil

import nodes
from engine.diffusion.traces import Trace, TraceStep
from engine.diffusion.types import Cond, Conditioning, Image, Latent, Noise, Sampler, Sigmas
from engine.graph.expand import Expand
from engine.graph.graph import Graph
from engine.models.handle import Guider, Patch
from engine.models.tokens import tokenize_prompt
from nodes.latent_file import write
from nodes.loaders import Checkpoint
from nodes.logic import Loop
from tests.models.controls import TINY as TINY_CONTROL
from tests.models.controls import write_layout as write_control
from tests.models.lora_files import write_hypernetwork, write_lora
from tests.models.make import TINY, write_folder, write_header
from tests.models.members import XL_G, XL_L, Text, text_shapes
from tests.models.vision import TINY_DPT, compact, depth_network, hed
from tests.models.vision import write as write_tensors
from tests.nodes.desk import CHECKPOINT, Desk, call, same, tensors
from tests.nodes.look_examples import EXAMPLES as LOOKS
from tests.nodes.picture_examples import EXAMPLES as PICTURES
from tests.nodes.trace_examples import EXAMPLES as TRACES
from tests.recording.make import made

REGISTRY = nodes.registry()
Values = dict[str, Any]


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def image(batch: int = 2) -> Image:
    return Image(noise(batch, 24, 16, 3).sigmoid())


def cond() -> Conditioning:
    return Conditioning((Cond(noise(1, 77, 64), noise(1, 64)), Cond(noise(1, 154, 64), strength=0.5)))


def latent() -> Latent:
    return Latent(noise(1, 4, 4, 4), noise_mask=torch.ones(1, 4, 4))


def sampled(parts: Checkpoint) -> Values:
    return {"model": parts.MODEL, "positive": cond(), "negative": cond(), "latent_image": latent()}


def custom(parts: Checkpoint) -> Values:
    return {"sampler": Sampler("dpmpp_2m_sde"), "sigmas": Sigmas(torch.tensor([3.0, 1.0, 0.0]))}


def guided(parts: Checkpoint) -> Guider:
    from engine.diffusion.guidance import Single

    return Guider(parts.MODEL, Single(cond()))


def tokens(parts: Checkpoint) -> Any:
    return tokenize_prompt("a (fox:1.2)", parts.CLIP.family)


def embeds(parts: Checkpoint, context: Desk) -> Any:
    return REGISTRY["CLIPEmbedTokens"].fn(clip=parts.CLIP, tokens=tokens(parts), context=context)


def attended(parts: Checkpoint) -> Values:
    """What the nodes of attention take: a trace of one sampler step, and the prompt of `cond`."""
    step = TraceStep(0, 3.0, noise(1, 4, 4, 4), noise(1, 4, 4, 4))
    trace = Trace((step,), (3.0, 0.0), noise(1, 4, 4, 4), Sampler("euler"), parts.MODEL.sampling, parts.MODEL.latent)
    return {"trace": trace, "model": parts.MODEL, "conditioning": cond(), "tokens": tokens(parts)}


def in_checkpoints(context: Desk, kind: str) -> Any:
    """The tiny checkpoint as a file of another kind: it holds every part."""
    return context.library.ref("checkpoints", CHECKPOINT)


LOOP = Graph.from_api(
    {
        "o": {"class_type": "ForEachOpen", "inputs": {"items": {"__value__": [1, 2]}}},
        "b": {"class_type": "PrimitiveInt", "inputs": {"value": ["o", 0]}},
        "1": {"class_type": "ForEachClose", "inputs": {"loop": ["o", 2], "value": ["b", 0]}},
    }
)

EXAMPLES: dict[str, Callable[[Checkpoint, Desk], Values]] = (
    {
        "CheckpointLoaderSimple": lambda p, c: {"ckpt_name": c.library.ref("checkpoints", CHECKPOINT)},
        "UNETLoader": lambda p, c: {
            "unet_name": in_checkpoints(c, "diffusion_models"),
            "weight_dtype": "fp8_e4m3fn_fast",
        },
        "CLIPLoader": lambda p, c: {"clip_name": in_checkpoints(c, "text_encoders")},
        "DualCLIPLoader": lambda p, c: {"clip_name1": encoder(c, XL_G), "clip_name2": encoder(c, XL_L)},
        "VAELoader": lambda p, c: {"vae_name": in_checkpoints(c, "vae")},
        "DiffusersLoader": lambda p, c: {"model_path": folder(c)},
        "LoraLoader": lambda p, c: {"model": p.MODEL, "clip": p.CLIP, "lora_name": lora(c), "blocks": "input 0.5"},
        "LoraLoaderModelOnly": lambda p, c: {"model": p.MODEL, "lora_name": lora(c), "strength_model": -2.0},
        "ControlNetLoader": lambda p, c: {"control_net_name": control_file(c)},
        "DiffControlNetLoader": lambda p, c: {"model": p.MODEL, "control_net_name": control_file(c)},
        "SetUnionControlNetType": lambda p, c: {"control_net": control_net(c), "type": "depth"},
        "ControlNetApply": lambda p, c: {"conditioning": cond(), "control_net": control_net(c), "image": image()},
        "ControlNetApplyAdvanced": lambda p, c: {
            "positive": cond(),
            "negative": cond(),
            "control_net": control_net(c),
            "image": image(),
            "end_percent": 0.5,
        },
        "HypernetworkLoader": lambda p, c: {"model": p.MODEL, "hypernetwork_name": hypernetwork(c)},
        "CLIPTextEncode": lambda p, c: {"text": "a (fox:1.2)", "clip": p.CLIP},
        "CLIPTextEncodeSDXL": lambda p, c: {"text_g": "a (fox:1.2)", "text_l": "fur", "clip": p.CLIP},
        "CLIPTextEncodeA1111": lambda p, c: {"text": "[a|b] (fox:1.2) AND fur :0.5", "clip": p.CLIP, "steps": 3},
        "CLIPTextEncodeSDXLRefiner": lambda p, c: {"text": "a (fox:1.2)", "clip": p.CLIP},
        "CLIPTokenize": lambda p, c: {"text": "a (fox:1.2)", "clip": p.CLIP},
        "CLIPEmbedTokens": lambda p, c: {"clip": p.CLIP, "tokens": tokens(p)},
        "CLIPTransform": lambda p, c: {"clip": p.CLIP, "embeds": embeds(p, c)},
        "CLIPSetLastLayer": lambda p, c: {"clip": p.CLIP, "stop_at_clip_layer": -2},
        "ConditioningCombine": lambda p, c: {"conditioning_1": cond(), "conditioning_2": cond()},
        "ConditioningConcat": lambda p, c: {"conditioning_to": cond(), "conditioning_from": cond()},
        "ConditioningAverage": lambda p, c: {
            "conditioning_to": cond(),
            "conditioning_from": cond(),
            "conditioning_to_strength": 0.3,
        },
        "ConditioningZeroOut": lambda p, c: {"conditioning": cond()},
        "EmptyLatentImage": lambda p, c: {"width": 32, "height": 16},
        "LatentUpscale": lambda p, c: {"samples": latent(), "upscale_method": "bislerp", "width": 64, "height": 96},
        "LatentUpscaleBy": lambda p, c: {"samples": latent(), "upscale_method": "bicubic"},
        "VAEDecode": lambda p, c: {"samples": latent(), "vae": p.VAE},
        "VAEEncode": lambda p, c: {"pixels": image(), "vae": p.VAE},
        "VAEDecodeTiled": lambda p, c: {"samples": latent(), "vae": p.VAE, "tile_size": 64},
        "VAEEncodeTiled": lambda p, c: {"pixels": image(), "vae": p.VAE, "tile_size": 64},
        "KSampler": lambda p, c: sampled(p) | {"steps": 2, "sampler_name": "euler_ancestral"},
        "KSamplerAdvanced": lambda p, c: sampled(p) | {"steps": 3, "start_at_step": 1, "sampler_name": "dpmpp_sde"},
        "SamplerCustom": lambda p, c: sampled(p) | custom(p),
        "SamplerCustomAdvanced": lambda p, c: (
            custom(p) | {"noise": Noise(3), "guider": guided(p), "latent_image": latent()}
        ),
        "KSamplerSelect": lambda p, c: {"sampler_name": "lms"},
        "KarrasScheduler": lambda p, c: {"steps": 4},
        "ExponentialScheduler": lambda p, c: {"steps": 4},
        "BasicScheduler": lambda p, c: {"model": p.MODEL, "steps": 4, "denoise": 0.5},
        "SplitSigmas": lambda p, c: {"sigmas": Sigmas(torch.tensor([2.0, 1.0, 0.0])), "step": 1},
        "RandomNoise": lambda p, c: {"noise_seed": 2**64 - 1},
        "DisableNoise": lambda p, c: {},
        "ModelSamplingDiscrete": lambda p, c: {"model": p.MODEL, "sampling": "lcm", "zsnr": True},
        "RescaleCFG": lambda p, c: {"model": p.MODEL, "multiplier": 0.5},
        "CFGGuider": lambda p, c: {"model": p.MODEL, "positive": (), "negative": ()},
        "BasicGuider": lambda p, c: {"model": p.MODEL, "conditioning": ()},
        "LoadImage": lambda p, c: {"image": file(c, "x.png")},
        "ImageScale": lambda p, c: {"image": image(), "upscale_method": "lanczos", "width": 8, "height": 0},
        "ImageBatch": lambda p, c: {"image1": image(), "image2": image(1)},
        "ImageInvert": lambda p, c: {"image": image()},
        "Canny": lambda p, c: {"image": image()},
        "ScribbleEdges": lambda p, c: {"image": image()},
        "NormalFromDepth": lambda p, c: {"depth": image()},
        "TilePreprocess": lambda p, c: {"image": image(), "down_by": 3.0},
        "ContentShuffle": lambda p, c: {"image": image(), "seed": 2**64 - 1, "size": 16},
        "EdgeModelLoader": lambda p, c: {"model_name": vision(c, "edge_models")},
        "SoftEdges": lambda p, c: {
            "edge_model": of(c, "EdgeModelLoader", "edge_models"),
            "image": image(),
            "resolution": 64,
        },
        "DepthModelLoader": lambda p, c: {"model_name": vision(c, "depth_estimators")},
        "DepthEstimate": lambda p, c: {"depth_model": of(c, "DepthModelLoader", "depth_estimators"), "image": image()},
        "DepthConditioning": lambda p, c: {
            "positive": cond(),
            "negative": cond(),
            "vae": p.VAE,
            "pixels": image(),
            "depth": image(1),
        },
        "PoseDraw": lambda p, c: {"keypoints": '{"people": [{"pose_keypoints_2d": %s}]}' % ([0.5, 0.25, 1] * 18)},
        "UpscaleModelLoader": lambda p, c: {"model_name": vision(c, "upscale_models")},
        "ImageUpscaleWithModel": lambda p, c: {
            "upscale_model": of(c, "UpscaleModelLoader", "upscale_models"),
            "image": image(),
        },
        "AttentionMap": lambda p, c: attended(p) | {"word": "fox", "image": image(1)},
        "AttentionWords": lambda p, c: attended(p) | {"x": 0.3},
        "ShowPatch": lambda p, c: {"model": of_hypernetwork(p, c), "clip": p.CLIP},
        "SaveImage": lambda p, c: {"images": image()},
        "PreviewImage": lambda p, c: {"images": image()},
        "SaveLatent": lambda p, c: {"samples": latent()},
        "LoadLatent": lambda p, c: {"latent": file(c, "x.latent")},
        "LoadRecording": lambda p, c: {"recording": made(c.recordings).key},
        "PrimitiveInt": lambda p, c: {"value": 3},
        "PrimitiveFloat": lambda p, c: {"value": 0.5},
        "PrimitiveString": lambda p, c: {"value": "a"},
        "PrimitiveStringMultiline": lambda p, c: {"value": "a\nb"},
        "PrimitiveBoolean": lambda p, c: {"value": True},
        "PreviewAny": lambda p, c: {"source": latent()},
        "SplitText": lambda p, c: {"text": "a, b;c", "at": "commas"},
        "MathExpression": lambda p, c: {"expression": "a / 2", "a": 3},
        "If": lambda p, c: {"condition": False, "if_true": 1, "if_false": 2},
        "ForEachOpen": lambda p, c: {"items": ["a", "b"]},
        "ForEachClose": lambda p, c: {"loop": Loop((1, 2)), "value": None},
        "ListJoin": lambda p, c: {"first": [1], "second": [2, 3]},
        "XYPlot": lambda p, c: plot(c),
        "ShareBatches": lambda p, c: {"model": p.MODEL},
        "GridCell": lambda p, c: {"image": [image(1), image(2)]},
        "GridLabels": lambda p, c: {"columns": ["a", "b"], "rows": [""]},
        "GridPicture": lambda p, c: {"cells": [image(1), image(2)], "columns": 2, "row_labels": ["mèo"]},
    }
    | PICTURES
    | TRACES
    | LOOKS
)


PLOT = Graph.from_api(
    {
        "b": {"class_type": "ImageInvert", "inputs": {"image": ["c", 0]}},
        "c": {"class_type": "EmptyImage", "inputs": {"width": 8}},
        "1": {"class_type": "XYPlot", "inputs": {"image": ["b", 0]}},
    }
)


def plot(context: Desk) -> Values:
    """The inputs of an XY plot, whose graph is the context's from now on."""
    context.graph = PLOT
    return {
        "image": None,
        "x_input": "EmptyImage.width",
        "x_values": "8, 16",
        "y_input": "c.height",
        "y_values": "8..10",
    }


def file(context: Desk, name: str) -> Any:
    folder = context.library.folder("input")
    if name.endswith("png"):
        Pil.new("RGBA", (3, 2), (10, 20, 30, 40)).save(folder / name)
    else:
        (folder / name).write_bytes(write(latent(), {}))
    return context.library.ref("input", name)


def folder(context: Desk) -> Any:
    root = context.library.folder("checkpoints").parent / "diffusers"
    library = context.library.replaced("diffusers", root)
    if not (root / "tiny").exists():
        write_folder(root / "tiny", TINY)
    context.library = library
    return library.ref("diffusers", "tiny")


def encoder(context: Desk, text: Text) -> Any:
    """The header of one of SDXL's text encoders in a file of its own."""
    prefix = "text_model." if text.naming == "hf" else ""
    table = {prefix + name: shape for name, shape in text_shapes(text, text.naming).items()}
    return written(context, "text_encoders", f"{text.part}.safetensors", lambda path: write_header(path, table))


def lora(context: Desk) -> Any:
    return written(context, "loras", "x.safetensors", lambda path: write_lora(path, TINY))


def control_file(context: Desk) -> Any:
    return written(context, "controlnet", "x.safetensors", lambda path: write_control(path, TINY_CONTROL, "mini1"))


def control_net(context: Desk) -> Any:
    return REGISTRY["ControlNetLoader"].fn(control_net_name=control_file(context), context=context)


def hypernetwork(context: Desk) -> Any:
    return written(context, "hypernetworks", "x.pt", lambda path: write_hypernetwork(path, {64: [64, 32, 64]}))


def of_hypernetwork(parts: Checkpoint, context: Desk) -> Any:
    """The model with a LoRA and a hypernetwork."""
    patched = parts.MODEL.handle.patched(Patch(lora(context), 1.0), Patch(hypernetwork(context), 1.0, "hypernetwork"))
    return replace(parts.MODEL, handle=patched)


def written(context: Desk, kind: str, name: str, write: Callable[[Path], object]) -> Any:
    root = context.library.folder("checkpoints").parent / kind
    root.mkdir(exist_ok=True)
    context.library = context.library.replaced(kind, root)
    if not (root / name).exists():
        write(root / name)
    return context.library.ref(kind, name)


VISION = {
    "edge_models": lambda: hed("blocks"),
    "depth_estimators": lambda: depth_network(TINY_DPT).state_dict(),
    "upscale_models": lambda: compact(scale=2),
}


def vision(context: Desk, kind: str) -> Any:
    """A small random model of this kind, as a file."""
    path = context.library.folder(kind) / "tiny.safetensors"
    if not path.exists():
        write_tensors(path, VISION[kind]())
    return context.library.ref(kind, "tiny.safetensors")


def of(context: Desk, loader: str, kind: str) -> Any:
    """What a loader makes of it."""
    return REGISTRY[loader].fn(model_name=vision(context, kind), context=context)


def state() -> tuple[Any, ...]:
    return torch.get_rng_state().tolist(), random.getstate(), [*map(str, np.random.get_state())]


def outcome(result: Any) -> Any:
    return (tuple(result.graph.nodes.items()), result.outputs) if isinstance(result, Expand) else result


def test_every_node_has_an_example() -> None:
    assert set(EXAMPLES) == set(REGISTRY)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_node_changes_nothing_and_repeats_itself(name: str, context: Desk, parts: Checkpoint) -> None:
    definition = REGISTRY[name]
    context.graph = LOOP
    values = EXAMPLES[name](parts, context)
    injected = {definition.context: context} if definition.context else {}
    versions = [t._version for t in tensors(values)]
    before = state()
    first = call(definition.fn, **values, **injected)
    saved = dict(context.files)
    context.files.clear()
    second = call(definition.fn, **values, **injected)
    assert definition.kind == "volatile" or same(outcome(first), outcome(second))
    assert context.files == saved
    assert [t._version for t in tensors(values)] == versions
    assert state() == before


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_outputs_are_what_the_definition_says(name: str, context: Desk, parts: Checkpoint) -> None:
    definition = REGISTRY[name]
    context.graph = LOOP
    values = EXAMPLES[name](parts, context)
    result = call(definition.fn, **values, **({definition.context: context} if definition.context else {}))
    if isinstance(result, Expand):
        assert len(result.outputs) == len(definition.outputs)
    else:
        outputs, _ = definition.split(result)
        assert len(outputs) == len(definition.outputs)


def test_a_context_is_only_asked_for_where_it_is_used() -> None:
    for definition in REGISTRY.values():
        source = inspect.getsource(definition.fn)
        if definition.context:
            assert source.count("context") > 1, definition.name

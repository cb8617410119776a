"""What the nodes are called and take: names, defaults and ranges that saved workflows depend on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import nodes
from engine.graph.define import missing_help
from engine.graph.sockets import Range
from tests.nodes import golden

ROOT = Path(__file__).parents[2]
REGISTRY = nodes.registry()

COMFY_ORDER = {
    "KSampler": "model seed steps cfg sampler_name scheduler positive negative latent_image denoise",
    "KSamplerAdvanced": "model add_noise noise_seed steps cfg sampler_name scheduler positive negative latent_image "
    "start_at_step end_at_step return_with_leftover_noise",
    "SamplerCustom": "model add_noise noise_seed cfg positive negative sampler sigmas latent_image",
    "SamplerCustomAdvanced": "noise guider sampler sigmas latent_image",
    "CLIPTextEncode": "text clip",
    "CLIPLoader": "clip_name type device",
    "UNETLoader": "unet_name weight_dtype",
    "EmptyLatentImage": "width height batch_size",
    "LatentUpscale": "samples upscale_method width height crop",
    "VAEDecodeTiled": "samples vae tile_size overlap temporal_size temporal_overlap",
    "VAEEncodeTiled": "pixels vae tile_size overlap temporal_size temporal_overlap",
    "ImageScale": "image upscale_method width height crop",
    "ConditioningAverage": "conditioning_to conditioning_from conditioning_to_strength",
    "CFGGuider": "model positive negative cfg",
    "BasicScheduler": "model scheduler steps denoise",
    "SaveImage": "images filename_prefix",
}
WANTED = """
CheckpointLoaderSimple UNETLoader CLIPLoader VAELoader DiffusersLoader CLIPTokenize CLIPEmbedTokens CLIPTransform
CLIPTextEncode CLIPSetLastLayer EmptyLatentImage KSampler KSamplerAdvanced KSamplerSelect BasicScheduler RandomNoise
DisableNoise CFGGuider BasicGuider SamplerCustom SamplerCustomAdvanced SplitSigmas VAEEncode VAEDecode
VAEDecodeTiled VAEEncodeTiled LoadImage SaveImage PreviewImage SaveLatent LoadLatent ImageScale ImageBatch
ImageInvert ConditioningCombine ConditioningConcat ConditioningAverage ConditioningZeroOut LatentUpscale
LatentUpscaleBy PrimitiveInt PrimitiveFloat PrimitiveString PrimitiveStringMultiline PrimitiveBoolean MathExpression
PreviewAny If ForEachOpen ForEachClose
"""


def test_all_nodes_are_there() -> None:
    assert set(WANTED.split()) <= set(REGISTRY)


def test_the_listing_is_the_golden_one() -> None:
    """A changed listing is a reviewed change: `python -m tests.nodes.golden` writes it."""
    assert golden.listing() == golden.PATH.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMFY_ORDER)
def test_inputs_come_in_comfyuis_order(name: str) -> None:
    assert " ".join(s.name for s in REGISTRY[name].inputs) == COMFY_ORDER[name]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_node_tells_what_it_and_its_inputs_are(name: str) -> None:
    definition = REGISTRY[name]
    assert missing_help(definition) == ()
    assert definition.label
    assert definition.category
    assert definition.help.rstrip().endswith(".")
    if len(definition.outputs) > 1:
        assert all(s.help for s in definition.outputs)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_number_has_a_range(name: str) -> None:
    for socket in REGISTRY[name].inputs:
        if socket.type in (int, float):
            assert any(isinstance(c, Range) for c in socket.constraints), socket.name


def test_no_node_module_imports_torch_or_pillow() -> None:
    code = (
        "import sys, nodes; nodes.registry();"
        "heavy = {'torch', 'PIL', 'numpy', 'diffusers', 'transformers', 'safetensors'} & set(sys.modules);"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

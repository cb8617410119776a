"""A1111's text form of a picture's recipe, for graphs that are a plain text to image or image to image.  Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from engine.diffusion.names import A1111_SAMPLERS, A1111_SCHEDULES
from engine.graph.graph import Const, Graph, Link, Node, NodeId

PRIMITIVES = ("PrimitiveInt", "PrimitiveFloat", "PrimitiveString", "PrimitiveStringMultiline", "PrimitiveBoolean")
SAMPLERS = ("KSampler", "SamplerTrace")
DECODERS = ("VAEDecode", "VAEDecodeTiled")


class _NotPlain(Exception):
    """The graph above the picture is more than the text form can say."""


def parameters(graph: Graph, sink: NodeId) -> Mapping[str, str]:
    """{"parameters": text} for the pictures that `sink` saves, or nothing where the graph is not a plain one."""
    try:
        return {"parameters": _text(_Reader(graph), graph.nodes[sink])}
    except (_NotPlain, KeyError):
        return {}


class _Reader:
    """Reads constants and follows links in one graph."""

    def __init__(self, graph: Graph) -> None:
        self._nodes = graph.nodes

    def node(self, of: Node, name: str, *types: str) -> Node:
        """The node at an input, which must be of one of these types."""
        arg = of.inputs[name]
        if not isinstance(arg, Link) or self._nodes[arg.node].type not in types:
            raise _NotPlain
        return self._nodes[arg.node]

    def value(self, of: Node, name: str, default: Any) -> Any:
        """The constant at an input, typed there or in a primitive node."""
        arg = of.inputs.get(name, Const(default))
        if isinstance(arg, Link):
            return self.value(self.node(of, name, *PRIMITIVES), "value", None)
        return arg.value


def _text(read: _Reader, sink: Node) -> str:
    decoder = read.node(sink, "images", *DECODERS)
    sampler = read.node(decoder, "samples", *SAMPLERS)
    if "sigmas" in sampler.inputs:
        raise _NotPlain
    positive, negative = (read.node(sampler, name, "CLIPTextEncode") for name in ("positive", "negative"))
    lines = [str(read.value(positive, "text", ""))]
    if unwanted := str(read.value(negative, "text", "")):
        lines.append(f"Negative prompt: {unwanted}")
    facts = {**_sampling(read, sampler), **_model(read, sampler, positive), "Version": "Inkwater"}
    lines.append(", ".join(f"{name}: {value}" for name, value in facts.items()))
    return "\n".join(lines)


def _sampling(read: _Reader, sampler: Node) -> Mapping[str, Any]:
    method = str(read.value(sampler, "sampler_name", "euler"))
    schedule = str(read.value(sampler, "scheduler", "simple"))
    told = {
        "Steps": read.value(sampler, "steps", 20),
        "Sampler": A1111_SAMPLERS.get(method, method),
        "Schedule type": A1111_SCHEDULES.get(schedule, schedule),
        "CFG scale": read.value(sampler, "cfg", 8.0),
        "Seed": read.value(sampler, "seed", 0),
    }
    start = read.node(sampler, "latent_image", "EmptyLatentImage", "VAEEncode", "VAEEncodeTiled")
    if start.type == "EmptyLatentImage":
        told["Size"] = f"{read.value(start, 'width', 512)}x{read.value(start, 'height', 512)}"
    if (strength := read.value(sampler, "denoise", 1.0)) != 1:
        told["Denoising strength"] = strength
    return told


def _model(read: _Reader, sampler: Node, positive: Node) -> Mapping[str, Any]:
    loader = read.node(sampler, "model", "CheckpointLoaderSimple")
    told: dict[str, Any] = {"Model": PurePosixPath(str(read.value(loader, "ckpt_name", ""))).stem}
    encoder = read.node(positive, "clip", "CheckpointLoaderSimple", "CLIPSetLastLayer")
    if encoder.type == "CLIPSetLastLayer":
        told["Clip skip"] = -int(read.value(encoder, "stop_at_clip_layer", -1))
    return told

"""Names of the tensors of depth estimators: transformers' own, now and before, and those of the original codes.

MiDaS (Ranftl et al. 2021) and Depth Anything (Yang et al. 2024) published files in names of their own; transformers
keeps the networks under others, and has changed some of those since.  Here each of transformers' names is turned into
all the names under which a file may hold the tensor.  Torch-free.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Replace = str | Callable[[re.Match[str]], str]

QKV = ("query", "key", "value")


@dataclass(frozen=True, slots=True)
class Source:
    """A tensor of a file, or one third of its first axis where the original keeps query, key and value as one."""

    name: str
    third: int | None = None


def _blocks(stem: str, before: str, after: str) -> tuple[tuple[str, Replace], ...]:
    """The transformer's layers: `stem` is what transformers calls them, the others are how their parts begin there."""
    layer = rf"{stem}\.(\d+)\."
    return (
        (layer + r"attention\.output\.dense\.(.*)", r"blocks.\1.attn.proj.\2"),
        (layer + r"intermediate\.dense\.(.*)", r"blocks.\1.mlp.fc1.\2"),
        (layer + r"output\.dense\.(.*)", r"blocks.\1.mlp.fc2.\2"),
        (layer + rf"{before}\.(.*)", r"blocks.\1.norm1.\2"),
        (layer + rf"{after}\.(.*)", r"blocks.\1.norm2.\2"),
        (layer + r"mlp\.(.*)", r"blocks.\1.mlp.\2"),
        (layer + r"layer_scale(\d)\.lambda1", r"blocks.\1.ls\2.gamma"),
    )


def _counted(pattern: str) -> Callable[[re.Match[str]], str]:
    """A replacement in which {0} is the first group plus one, {1} four less the first group, {2} the second group."""
    return lambda m: pattern.format(int(m[1]) + 1, 4 - int(m[1]), m[2] if m.re.groups > 1 else "")


_FUSION = r"neck\.fusion_stage\.layers\.(\d)\."


def _scratch(stem: str) -> tuple[tuple[str, Replace], ...]:
    """Where the maps of four depths are joined: the deepest first in transformers, last in the original."""
    return (
        (r"neck\.convs\.(\d)\.(.*)", _counted(stem + "layer{0}_rn.{2}")),
        (_FUSION + r"projection\.(.*)", _counted(stem + "refinenet{1}.out_conv.{2}")),
        (
            _FUSION + r"residual_layer(\d\.)convolution(\d\..*)",
            lambda m: f"{stem}refinenet{4 - int(m[1])}.resConfUnit{m[2]}conv{m[3]}",
        ),
    )


_BIT = r"dpt\.embeddings\.backbone\.bit\."
_RESNET = "pretrained.model.patch_embed.backbone."


def _under(stem: str, rules: Sequence[tuple[str, Replace]]) -> tuple[tuple[str, Replace], ...]:
    return tuple((pattern, stem + to if isinstance(to, str) else to) for pattern, to in rules)


MIDAS: tuple[tuple[str, Replace], ...] = (
    (r"dpt\.embeddings\.cls_token", "pretrained.model.cls_token"),
    (r"dpt\.embeddings\.position_embeddings", "pretrained.model.pos_embed"),
    (r"dpt\.embeddings\.(?:patch_embeddings\.)?projection\.(.*)", r"pretrained.model.patch_embed.proj.\1"),
    (_BIT + r"embedder\.convolution\.(.*)", _RESNET + r"stem.conv.\1"),
    (_BIT + r"embedder\.norm\.(.*)", _RESNET + r"stem.norm.\1"),
    (_BIT + r"encoder\.stages\.(\d+)\.layers\.(.*)", _RESNET + r"stages.\1.blocks.\2"),
    *_under("pretrained.model.", _blocks(r"dpt\.encoder\.layer", "layernorm_before", "layernorm_after")),
    (r"dpt\.layernorm\.(.*)", r"pretrained.model.norm.\1"),
    (
        r"neck\.reassemble_stage\.readout_projects\.(\d)\.0\.(.*)",
        _counted("pretrained.act_postprocess{0}.0.project.0.{2}"),
    ),
    (r"neck\.reassemble_stage\.layers\.(\d)\.projection\.(.*)", _counted("pretrained.act_postprocess{0}.3.{2}")),
    (r"neck\.reassemble_stage\.layers\.(\d)\.resize\.(.*)", _counted("pretrained.act_postprocess{0}.4.{2}")),
    *_scratch("scratch."),
    (r"head\.head\.(.*)", r"scratch.output_conv.\1"),
)
"""From transformers' names of DPT to MiDaS's."""

DEPTH_ANYTHING: tuple[tuple[str, Replace], ...] = (
    (r"backbone\.embeddings\.(cls_token|mask_token)", r"pretrained.\1"),
    (r"backbone\.embeddings\.position_embeddings", "pretrained.pos_embed"),
    (r"backbone\.embeddings\.patch_embeddings\.projection\.(.*)", r"pretrained.patch_embed.proj.\1"),
    *_under("pretrained.", _blocks(r"backbone\.encoder\.layer", "norm1", "norm2")),
    (r"backbone\.layernorm\.(.*)", r"pretrained.norm.\1"),
    (r"neck\.reassemble_stage\.layers\.(\d)\.projection\.(.*)", r"depth_head.projects.\1.\2"),
    (r"neck\.reassemble_stage\.layers\.(\d)\.resize\.(.*)", r"depth_head.resize_layers.\1.\2"),
    *_scratch("depth_head.scratch."),
    (r"head\.conv1\.(.*)", r"depth_head.scratch.output_conv1.\1"),
    (r"head\.conv2\.(.*)", r"depth_head.scratch.output_conv2.0.\1"),
    (r"head\.conv3\.(.*)", r"depth_head.scratch.output_conv2.2.\1"),
)
"""From transformers' names of Depth Anything to its own."""

_JOINED = (
    (re.compile(r"dpt\.encoder\.layer\.(\d+)\.attention\.attention\.(\w+)\.(.*)"), "pretrained.model."),
    (re.compile(r"backbone\.encoder\.layer\.(\d+)\.attention\.attention\.(\w+)\.(.*)"), "pretrained."),
)
_RULES = tuple(tuple((re.compile(pattern), to) for pattern, to in rules) for rules in (MIDAS, DEPTH_ANYTHING))

_NEW = (
    (re.compile(r"\.attention\.([qkv])_proj\."), lambda m: f".attention.attention.{QKV['qkv'.index(m[1])]}."),
    (re.compile(r"\.attention\.o_proj\."), lambda m: ".attention.output.dense."),
)
_OLD = (
    (re.compile(r"\.attention\.attention\.(query|key|value)\."), lambda m: f".attention.{m[1][0]}_proj."),
    (re.compile(r"\.attention\.output\.dense\."), lambda m: ".attention.o_proj."),
)


def sources(name: str) -> tuple[Source, ...]:
    """Everything a file may call the tensor that transformers calls `name`, transformers' names first."""
    older = _through(_NEW, name)
    own = dict.fromkeys((name, older, _through(_OLD, older)))
    return (*map(Source, own), *_originals(older))


def _through(rules: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]], name: str) -> str:
    for pattern, to in rules:
        name = pattern.sub(to, name)
    return name


def _originals(name: str) -> Iterator[Source]:
    for joined, stem in _JOINED:
        if m := joined.fullmatch(name):
            yield Source(f"{stem}blocks.{m[1]}.attn.qkv.{m[3]}", QKV.index(m[2]))
            return
    for rules in _RULES:
        for pattern, to in rules:
            if m := pattern.fullmatch(name):
                yield Source(m.expand(to) if isinstance(to, str) else to(m))
                break

"""Depth, preprocessors, poses and upscalers as nodes: what they draw, what is known before, what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import nodes
from engine.diffusion.types import Cond, Conditioning, Image
from engine.files import Library
from engine.graph import sentences
from engine.graph.check import check
from engine.graph.graph import Graph
from engine.models.facts import JUDGES, describe
from nodes import depth, pose, preprocess, upscale
from nodes.loaders import Checkpoint
from tests.models import members
from tests.models.vision import TINY_DPT, compact, depth_network, hed, write
from tests.nodes.desk import Desk

SIZES = [(1, 1), (1, 70), (33, 17), (2000, 8)]
PREPROCESSORS = {
    "canny": lambda x: preprocess.canny(image=x),
    "scribble": lambda x: preprocess.scribble_edges(image=x),
    "normal": lambda x: preprocess.normal_from_depth(depth=x),
    "tile": lambda x: preprocess.tile_preprocess(image=x, down_by=4.0),
    "shuffle": lambda x: preprocess.content_shuffle(image=x),
}


def picture(*size: int) -> Image:
    return Image(torch.rand(*size, generator=torch.Generator().manual_seed(math.prod(size))))


def square(side: int = 64, low: float = 0.2, high: float = 0.9) -> Image:
    """A bright square on dark ground, from a quarter to three quarters."""
    made = torch.full((1, side, side, 3), low)
    made[:, side // 4 : -side // 4, side // 4 : -side // 4] = high
    return Image(made)


@pytest.mark.parametrize("name", PREPROCESSORS)
@pytest.mark.parametrize("size", SIZES)
def test_pictures_of_any_size_and_channels_keep_their_size(name: str, size: tuple[int, int]) -> None:
    for channels in (3, 4):
        made = PREPROCESSORS[name](picture(2, *size, channels))
        assert made.shape[:3] == (2, *size)
        assert made.isfinite().all()
        assert 0 <= made.min() <= made.max() <= 1


@pytest.mark.parametrize("name", PREPROCESSORS)
def test_a_batch_is_its_pictures(name: str) -> None:
    both = picture(2, 24, 30, 3)
    alone = torch.cat([PREPROCESSORS[name](Image(both[i : i + 1])) for i in range(2)])
    assert torch.equal(PREPROCESSORS[name](both), alone)


def test_canny_draws_the_outline_of_a_square() -> None:
    edges = preprocess.canny(image=square())
    assert set(edges.unique().tolist()) == {0.0, 1.0}
    assert edges[0, 24:40, 24:40].max() == 0
    assert edges[0, :12].max() == edges[0, :, 52:].max() == 0
    assert all(edges[0, row, 12:20, 0].sum() == 1 for row in range(20, 44))


def test_cannys_thresholds_are_slopes_of_a_picture_from_0_to_1() -> None:
    """Sobel's answer at a blurred step of height h is h times what it is at a step of 1: the largest is 4·h·p, with p
    the share of the step that the blur (5 pixels, deviation 1) leaves between two neighbours of its middle."""
    weights = [math.exp(-(i**2) / 2) for i in (-2, -1, 0, 1, 2)]
    share = (weights[2] + weights[1]) / sum(weights)
    slope = 4 * 0.2 * share
    step = square(low=0.4, high=0.6)
    found = [
        preprocess.canny(image=step, low_threshold=0.01, high_threshold=t).any() for t in (slope - 0.04, slope + 0.04)
    ]
    assert found == [True, False]


def test_scribbles_are_where_it_is_darker_than_around() -> None:
    page = torch.ones(1, 64, 64, 3)
    page[:, :, 31:33] = 0
    strokes = preprocess.scribble_edges(image=Image(page))
    assert strokes[0, 5:-5, 31:33].min() == 1
    assert strokes[0, :, :20].max() == strokes[0, :, 44:].max() == 0
    assert preprocess.scribble_edges(image=Image(1 - page))[0, :, 31:33].max() == 0


def test_normals_of_a_plane_and_of_a_hill() -> None:
    flat = preprocess.normal_from_depth(depth=Image(torch.full((1, 16, 16, 3), 0.5)))
    torch.testing.assert_close(flat, torch.tensor([0.5, 0.5, 1.0]).expand(1, 16, 16, 3))
    x = torch.linspace(-1, 1, 65)
    hill = (1 - (x[:, None] ** 2 + x**2) / 2).clamp(0, 1)[None, :, :, None].expand(1, 65, 65, 3)
    made = preprocess.normal_from_depth(depth=Image(hill), background=0.0)[0]
    assert made[32, 16, 0] > 0.6 > 0.4 > made[32, 48, 0]  # left is red
    assert made[16, 32, 1] > 0.6 > 0.4 > made[48, 32, 1]  # up is green
    lengths = (made * 2 - 1).norm(dim=-1)
    torch.testing.assert_close(lengths, torch.ones_like(lengths))


def test_normals_of_a_slope_do_not_depend_on_the_pictures_size() -> None:
    def middle(side: int) -> Tensor:
        ramp = torch.linspace(0, 1, side + 1)[:-1]
        return preprocess.normal_from_depth(depth=Image(ramp[None, None, :, None].expand(1, side, side, 3)))[
            0, side // 2, side // 2
        ]

    torch.testing.assert_close(middle(64), middle(256), atol=1e-5, rtol=0)
    tilt = 2 * middle(64) - 1
    assert tilt[0] / tilt[2] == pytest.approx(2 * math.pi, rel=1e-3)


def test_the_far_counts_as_flat() -> None:
    ramp = torch.linspace(0, 1, 64)[None, None, :, None].expand(1, 8, 64, 3)
    made = preprocess.normal_from_depth(depth=Image(ramp), background=0.5)
    assert (made[..., :30, 0] == 0.5).all()
    assert (made[..., 34:, 0] != 0.5).all()


def test_tiles_lose_their_detail_and_keep_their_mean() -> None:
    chequers = (torch.arange(32)[:, None] + torch.arange(32)) % 2
    image = Image(chequers[None, :, :, None].expand(1, 32, 32, 3).float())
    torch.testing.assert_close(preprocess.tile_preprocess(image=image, down_by=2.0), torch.full((1, 32, 32, 3), 0.5))
    assert torch.equal(preprocess.tile_preprocess(image=image), image)


def test_shuffles_depend_on_the_seed_alone_and_bring_nothing_new() -> None:
    image = picture(1, 40, 60, 3)
    first, again, other = (preprocess.content_shuffle(image=image, seed=s, size=16) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert image.min() <= first.min() <= first.max() <= image.max()


BODY = [(0.5, 0.2), (0.5, 0.3), (0.4, 0.3), (0.3, 0.45), (0.3, 0.6), (0.6, 0.3), (0.7, 0.45), (0.7, 0.6), (0.44, 0.6)]
BODY += [(0.43, 0.8), (0.42, 0.95), (0.56, 0.6), (0.57, 0.8), (0.58, 0.95), (0.48, 0.18), (0.52, 0.18)]
BODY += [(0.45, 0.2), (0.55, 0.2)]


def keypoints(points: list[tuple[float, float]], scale: float = 1.0, **more: Any) -> str:
    flat = [number for x, y in points for number in (x * scale, y * scale, 1)]
    return json.dumps({"people": [{"pose_keypoints_2d": flat}], **more})


def test_points_have_openposes_colours_where_they_are() -> None:
    drawn = pose.pose_draw(keypoints=keypoints(BODY), width=256, height=512)
    assert drawn.shape == (1, 512, 256, 3)
    for (x, y), colour in zip(BODY, pose.COLOURS, strict=True):
        at = drawn[0, round(y * 512), round(x * 256)] * 255
        assert at.round().int().tolist() == list(colour)
    thigh = (drawn[0, round(0.7 * 512), round(0.435 * 256)] * 255).round().int().tolist()
    assert thigh == [0, 153, 51]  # the eighth stick's colour at six tenths


def test_pixels_and_fractions_and_25_points_are_the_same_pose() -> None:
    fractions = pose.pose_draw(keypoints=keypoints(BODY))
    pixels = pose.pose_draw(keypoints=keypoints(BODY, 1000, canvas_width=1000, canvas_height=1000))
    with_hips = [*BODY[:8], (0.5, 0.6), *BODY[8:], *[(0.5, 0.99)] * 6]
    assert torch.equal(fractions, pixels)
    assert torch.equal(fractions, pose.pose_draw(keypoints=keypoints(with_hips)))


def test_points_that_were_not_seen_are_not_drawn() -> None:
    flat = [0.0] * 54
    assert pose.pose_draw(keypoints=json.dumps({"people": [{"pose_keypoints_2d": flat}]})).max() == 0
    assert pose.pose_draw(keypoints='{"people": []}').max() == 0


def test_a_list_is_a_batch_and_points_far_outside_do_no_harm() -> None:
    far = [(-1e30, 5.0), *[(1e300, -3.0)] * 17]
    people = json.loads(keypoints(far, canvas_width=10, canvas_height=10))
    assert pose.pose_draw(keypoints=json.dumps([people, {"people": []}])).shape == (2, 512, 512, 3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not JSON"),
        ("[]", "empty list"),
        ("3", 'no list "people"'),
        ('{"people": 3}', 'no list "people"'),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "54 or 75 numbers"),
        ('{"people": [{"pose_keypoints_2d": "x"}]}', "54 or 75 numbers"),
        (json.dumps({"people": [{"pose_keypoints_2d": [5, 6, 1] * 18}]}), '"canvas_width"'),
        (json.dumps({"people": [{"pose_keypoints_2d": [5, 6, math.nan] * 18}]}), "54 or 75 numbers"),
    ],
)
def test_keypoints_that_cannot_be_drawn(text: str, told: str) -> None:
    with pytest.raises(pose.PoseError, match=told):
        pose.pose_draw(keypoints=text)


def test_depth_beside_the_latent_is_what_depth2img_makes_of_it(parts: Checkpoint, context: Desk) -> None:
    pixels, near = picture(1, 64, 48, 3), picture(1, 64, 48, 1)
    conditioning = Conditioning((Cond(torch.zeros(1, 77, 64)), Cond(torch.ones(1, 77, 64), strength=0.5)))
    made = depth.depth_conditioning(
        positive=conditioning,
        negative=conditioning,
        vae=parts.VAE,
        pixels=pixels,
        depth=Image(near.expand(-1, -1, -1, 3)),
        context=context,
    )
    small = F.interpolate(near.movedim(-1, 1), size=(8, 6), mode="bicubic", align_corners=False)
    expected = 2 * (small - small.amin()) / (small.amax() - small.amin()) - 1
    assert made.latent.samples.shape == (1, 4, 8, 6)
    for cond in (*made.positive, *made.negative):
        assert cond.concat is not None
        torch.testing.assert_close(cond.concat, expected, rtol=1e-5, atol=1e-5)
    assert made.positive[1].strength == 0.5


@pytest.mark.parametrize("size", [(8, 8), (67, 50), (1, 3)])
def test_depth_of_another_size_is_laid_over_the_picture(
    size: tuple[int, int], parts: Checkpoint, context: Desk
) -> None:
    conditioning = Conditioning((Cond(torch.zeros(1, 77, 64)),))
    pixels, near = picture(2, 67, 50, 3), picture(1, *size, 3)
    made = depth.depth_conditioning(
        positive=conditioning, negative=(), vae=parts.VAE, pixels=pixels, depth=near, context=context
    )
    concat = made.positive[0].concat
    assert concat is not None
    assert concat.shape == (1, 1, 8, 6)
    assert concat.isfinite().all()
    assert concat.min() == -1
    assert concat.max() == 1


def test_flat_depth_is_zero_beside_the_latent(parts: Checkpoint, context: Desk) -> None:
    conditioning = Conditioning((Cond(torch.zeros(1, 77, 64)),))
    made = depth.depth_conditioning(
        positive=conditioning,
        negative=conditioning,
        vae=parts.VAE,
        pixels=picture(1, 16, 16, 3),
        depth=Image(torch.full((1, 16, 16, 3), 0.3)),
        context=context,
    )
    assert made.positive[0].concat is not None
    assert not made.positive[0].concat.any()


def test_pictures_that_would_be_too_large_are_told(context: Desk) -> None:
    model = upscale.UpscaleModel(upscale.ModelHandle(None, "upscaler", "upscaler"), 4)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="32000×4 pixels, and 16384"):
        upscale.image_upscale_with_model(upscale_model=model, image=picture(1, 1, 8000, 3), context=context)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    kinds = ("upscale_models", "depth_estimators", "edge_models")
    write(tmp_path / "upscale_models" / "x4.safetensors", compact(scale=4))
    write(tmp_path / "upscale_models" / "bad.safetensors", {"a": torch.zeros(1)})
    write(tmp_path / "depth_estimators" / "dpt.safetensors", depth_network(TINY_DPT).state_dict())
    write(tmp_path / "depth_estimators" / "bad.safetensors", compact())
    write(tmp_path / "edge_models" / "hed.safetensors", hed("vgg"))
    write(tmp_path / "edge_models" / "bad.safetensors", compact())
    return Library({kind: [tmp_path / kind] for kind in (*kinds, "output", "temp")})


def told(library: Library, graph: dict[str, Any]) -> list[tuple[str, str | None]]:
    problems, _ = check(
        Graph.from_api(graph), nodes.registry(), library=library, describe=describe(library), judges=JUDGES
    )
    return [(problem.code, problem.node) for problem in problems]


@pytest.mark.parametrize(
    ("loader", "name"),
    [("UpscaleModelLoader", "x4"), ("DepthModelLoader", "dpt"), ("EdgeModelLoader", "hed")],
)
def test_files_of_no_use_are_told_before_the_run(loader: str, name: str, library: Library) -> None:
    def graph(file: str) -> dict[str, Any]:
        return {
            "1": {"class_type": loader, "inputs": {"model_name": f"{file}.safetensors"}},
            "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
        }

    assert told(library, graph(name)) == []
    assert told(library, graph("bad")) == [("bad_model_file", "1")]


def test_pictures_that_would_be_too_large_are_a_problem(library: Library) -> None:
    def graph(side: int) -> dict[str, Any]:
        return {
            "1": {"class_type": "UpscaleModelLoader", "inputs": {"model_name": "x4.safetensors"}},
            "2": {"class_type": "PoseDraw", "inputs": {"keypoints": "{}", "width": side, "height": 512}},
            "3": {"class_type": "ImageUpscaleWithModel", "inputs": {"upscale_model": ["1", 0], "image": ["2", 0]}},
            "4": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}},
        }

    assert told(library, graph(4096)) == []
    assert told(library, graph(4104)) == [("picture_too_large", "3")]


@pytest.mark.parametrize(
    ("member", "guide", "problem"),
    [
        ("sd2_depth", None, True),
        ("sd2_depth", "DepthConditioning", False),
        ("sd2_depth", "InpaintModelConditioning", True),
        ("sd2_inpaint", None, False),
        ("sd2_inpaint", "DepthConditioning", True),
        ("sd2_inpaint", "InpaintModelConditioning", False),
        ("sd2_v", None, False),
        ("sd2_v", "DepthConditioning", True),
        ("sd2_v", "InpaintModelConditioning", False),
    ],
)
def test_models_that_read_depth_or_a_mask_want_conditionings_that_bring_it(
    member: str, guide: str | None, problem: bool, tmp_path: Path
) -> None:
    members.member(member, tmp_path)
    library = Library({"checkpoints": [tmp_path], "output": [tmp_path / "o"], "temp": [tmp_path / "t"]})
    name = library.names("checkpoints")[0]
    prompt, size = ["2", 0], {"width": 64, "height": 64}
    sampler = {"model": ["1", 0], "positive": prompt, "negative": prompt, "latent_image": ["3", 0]}
    graph: dict[str, Any] = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": name}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["1", 1]}},
        "3": {"class_type": "EmptyLatentImage", "inputs": size},
        "4": {"class_type": "KSampler", "inputs": sampler},
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
        "6": {"class_type": "PreviewImage", "inputs": {"images": ["5", 0]}},
    }
    if guide:
        graph["7"] = {"class_type": "PoseDraw", "inputs": {"keypoints": "{}", **size}}
        graph["8"] = {"class_type": "SolidMask", "inputs": size}
        more = {"depth": ["7", 0]} if guide == "DepthConditioning" else {"mask": ["8", 0]}
        given = {"positive": prompt, "negative": prompt, "vae": ["1", 2], "pixels": ["7", 0], **more}
        graph["9"] = {"class_type": guide, "inputs": given}
        sampler |= {"positive": ["9", 0], "negative": ["9", 1], "latent_image": ["9", 2]}
    assert told(library, graph) == ([("wrong_beside", "4")] * 2 if problem else [])


def test_what_is_missing_is_told_with_the_node_that_brings_it() -> None:
    told = sentences.tell("wrong_beside", {"first": "model", "expected": 1, "found": 0})
    assert told == "model reads depth beside the latent, and this brings nothing; put DepthConditioning before it."

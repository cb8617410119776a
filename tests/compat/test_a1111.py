"""A1111's text of a picture becomes a graph that says the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodes
from engine.compat.a1111 import translate
from engine.compat.a1111_names import sampler_and_schedule
from engine.compat.a1111_text import Lora, lightened, prompt, recipe
from engine.diffusion.names import A1111_SAMPLERS, A1111_SCHEDULES, SAMPLERS, SCHEDULES
from engine.files import Library
from engine.graph.check import check
from engine.graph.graph import Const, Graph
from engine.graph.sentences import sentence
from engine.workflow.file import opened
from nodes.parameters import parameters

REGISTRY = nodes.registry()

PLAIN = """a red fox, (snow:1.2),
pine trees
Negative prompt: blurry, low quality
Steps: 25, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 1234567890123, Size: 512x768, Model hash: 0123456789, \
Model: foxy_v2, Clip skip: 2, Version: v1.6.0"""


def made(text: str, library: Library | None = None) -> dict[str, Any]:
    """Nodes by type (a second one with a number)."""
    found: dict[str, Any] = {}
    for entry in translate(text, REGISTRY, library).workflow.values():
        kind = entry["class_type"]
        found[kind if kind not in found else f"{kind} {sum(k.startswith(kind) for k in found) + 1}"] = entry["inputs"]
    return found


def told(text: str) -> list[tuple[str, str]]:
    return [(str(p.args["value"]), str(p.args["reason"])) for p in translate(text, REGISTRY).problems]


def test_a_plain_text_becomes_text_to_image() -> None:
    found = made(PLAIN)
    assert translate(PLAIN, REGISTRY).problems == ()
    assert found["CheckpointLoaderSimple"] == {"ckpt_name": "foxy_v2.safetensors"}
    assert found["CLIPSetLastLayer"]["stop_at_clip_layer"] == -2
    assert found["CLIPTextEncode"]["text"] == "a red fox, (snow:1.2),\npine trees"
    assert found["CLIPTextEncode 2"]["text"] == "blurry, low quality"
    assert found["EmptyLatentImage"] == {"width": 512, "height": 768, "batch_size": 1}
    sampling = {k: v for k, v in found["KSampler"].items() if not isinstance(v, list)}
    assert sampling == {
        "seed": 1234567890123,
        "steps": 25,
        "cfg": 6.5,
        "sampler_name": "dpmpp_2m",
        "scheduler": "karras",
        "denoise": 1.0,
    }


def test_the_graph_is_sound_but_for_the_model() -> None:
    graph = opened(PLAIN.encode(), REGISTRY).graph
    assert check(graph, REGISTRY).problems == ()
    assert opened(PLAIN.encode(), REGISTRY).form == "a1111"


@pytest.mark.parametrize("skip", [1, 2])
@pytest.mark.parametrize("sampler", sorted(A1111_SAMPLERS))
@pytest.mark.parametrize("schedule", sorted(A1111_SCHEDULES))
def test_what_our_pictures_say_is_read_as_it_was_meant(sampler: str, schedule: str, skip: int) -> None:
    fields = f"CFG scale: 2.0, Seed: 3, Size: 64x64, Model: m, Clip skip: {skip}"
    text = f"a\nNegative prompt: b\nSteps: 9, Sampler: Euler, {fields}"
    nodes = dict(Graph.from_file(translate(text, REGISTRY).workflow).nodes)
    id = next(id for id, n in nodes.items() if n.type == "KSampler")
    inputs = {**nodes[id].inputs, "sampler_name": Const(sampler), "scheduler": Const(schedule)}
    nodes[id] = type(nodes[id])("KSampler", inputs)
    sink = next(id for id, n in nodes.items() if n.type == "SaveImage")
    written = parameters(Graph(nodes), sink)["parameters"]
    again = Graph.from_file(translate(written, REGISTRY).workflow).nodes
    assert {i: n.inputs for i, n in again.items()} == {i: n.inputs for i, n in nodes.items()}


@pytest.mark.parametrize(
    ("told", "schedule", "expected"),
    [
        ("DPM++ 2M Karras", None, ("dpmpp_2m", "karras")),
        ("DPM++ 2M SDE Exponential", None, ("dpmpp_2m_sde", "exponential")),
        ("DPM++ SDE Karras", None, ("dpmpp_sde", "karras")),
        ("LMS Karras", None, ("lms", "karras")),
        ("Euler a", None, ("euler_ancestral", "normal")),
        ("DPM++ 2M", None, ("dpmpp_2m", "normal")),
        ("DPM++ 2M", "Karras", ("dpmpp_2m", "karras")),
        ("DPM++ 2M", "Automatic", ("dpmpp_2m", "karras")),
        ("Euler", "Automatic", ("euler", "normal")),
        ("Euler", "SGM Uniform", ("euler", "sgm_uniform")),
        ("DDIM", None, ("ddim", "ddim_uniform")),
        ("UniPC", None, ("uni_pc", "normal")),
        ("Restart", "Align Your Steps", (None, None)),
        ("PLMS", None, (None, "normal")),
    ],
)
def test_names_of_samplers_and_schedules(told: str, schedule: str | None, expected: tuple[Any, Any]) -> None:
    assert sampler_and_schedule(told, schedule) == expected


def test_names_that_are_not_known_are_told_and_others_taken() -> None:
    text = "a\nSteps: 9, Sampler: Restart, Schedule type: Align Your Steps, Seed: 3"
    assert told(text) == [("Restart", "no_such_name"), ("Align Your Steps", "no_such_name")]
    assert {made(text)["KSampler"][k] for k in ("sampler_name", "scheduler")} == {"euler", "normal"}
    assert {"euler"} <= set(SAMPLERS)
    assert {"normal"} <= set(SCHEDULES)


HIRES = "a\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 3, Size: 512x512, Model: m, Denoising strength: 0.4, "


def test_hires_in_latent_space_is_a_second_sampler() -> None:
    found = made(f"{HIRES}Hires upscale: 1.5, Hires steps: 12, Hires upscaler: Latent (nearest-exact)")
    enlarged = {k: v for k, v in found["LatentUpscaleBy"].items() if k != "samples"}
    assert enlarged == {"upscale_method": "nearest-exact", "scale_by": 1.5}
    assert (found["KSampler"]["denoise"], found["KSampler"]["steps"]) == (1.0, 20)
    assert (found["KSampler 2"]["denoise"], found["KSampler 2"]["steps"]) == (0.4, 12)
    assert found["KSampler 2"]["seed"] == 3


def test_hires_to_a_size_and_with_words_of_its_own() -> None:
    found = made(
        f'{HIRES}Hires resize: 768x640, Hires upscaler: Latent, Hires prompt: "a, sharp", '
        "Hires CFG Scale: 3, Hires sampler: Heun"
    )
    assert (found["LatentUpscale"]["width"], found["LatentUpscale"]["height"]) == (768, 640)
    assert found["CLIPTextEncode 3"]["text"] == "a, sharp"
    again = found["KSampler 2"]
    assert (again["cfg"], again["sampler_name"], again["steps"]) == (3.0, "heun", 20)


def test_hires_through_a_model_names_what_is_missing() -> None:
    text = f"{HIRES}Hires upscale: 2, Hires upscaler: R-ESRGAN 4x+"
    found = made(text)
    assert found["UpscaleModelLoader"] == {"model_name": "R-ESRGAN 4x+.safetensors"}
    assert (found["ImageScale"]["width"], found["ImageScale"]["height"]) == (1024, 1024)
    problems = check(opened(text.encode(), REGISTRY).graph, REGISTRY).problems
    missing = {p.args["type"] for p in problems if p.code == "missing_node_type"}
    assert missing == {"UpscaleModelLoader", "ImageUpscaleWithModel"} - set(REGISTRY)


def test_hires_by_pixels_needs_no_model() -> None:
    text = f"{HIRES}Hires upscale: 2, Hires upscaler: Lanczos"
    assert made(text)["ImageScale"]["upscale_method"] == "lanczos"
    assert check(opened(text.encode(), REGISTRY).graph, REGISTRY).problems == ()


def test_image_to_image_says_that_its_picture_is_missing() -> None:
    text = "a\nSteps: 20, Sampler: Euler, Seed: 3, Size: 512x512, Model: m, Denoising strength: 0.6"
    assert told(text) == [("0.6", "no_source")]
    found = made(text)
    assert found["KSampler"]["denoise"] == 0.6
    assert "VAEEncode" in found


def test_loras_become_loaders_and_leave_the_prompt() -> None:
    text = "fox <lora:furry:0.8>, snow <lora:style:te=0.5:unet=1>\nSteps: 9, Sampler: Euler, Model: m"
    found = made(text)
    assert found["CLIPTextEncode"]["text"] == "fox , snow"
    first = {k: v for k, v in found["LoraLoader"].items() if not isinstance(v, list)}
    assert first == {"lora_name": "furry.safetensors", "strength_model": 0.8, "strength_clip": 0.8}
    assert (found["LoraLoader 2"]["strength_model"], found["LoraLoader 2"]["strength_clip"]) == (1.0, 0.5)
    assert found["LoraLoader 2"]["model"] == ["2", 0]
    assert found["KSampler"]["model"] == ["3", 0]
    assert found["CLIPTextEncode"]["clip"] == ["3", 1]


def test_embeddings_stay_as_they_are() -> None:
    assert prompt("bad-hands-5, embedding:easy").text == "bad-hands-5, embedding:easy"


def test_what_only_a1111_understands_is_told() -> None:
    text = "[fox:owl:0.5] AND snow <hypernet:old:1>\nSteps: 9, Sampler: Euler, Model: m"
    assert {value for value, reason in told(text) if reason == "syntax"} == {
        "[fox:owl:0.5]",
        "AND",
        "<hypernet:old:1>",
    }
    assert "<hypernet" not in made(text)["CLIPTextEncode"]["text"]


def test_fields_without_meaning_here_are_told_and_others_not() -> None:
    text = (
        'a\nSteps: 9, Sampler: Euler, Model: m, ADetailer model: face.pt, Lora hashes: "x: 12345678", '
        "Variation seed: 5, Version: v1.10, TI hashes: y"
    )
    assert told(text) == [("face.pt", "unknown"), ("5", "unknown")]
    (first, _) = translate(text, REGISTRY).problems
    assert sentence(first) == '"ADetailer model" of the picture\'s text ("face.pt") means nothing here yet.'


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("[cat]", "(cat:0.909)"),
        ("[[cat]]", "((cat:0.909):0.909)"),
        ("[(cat:1.2) dog]", "((cat:1.2) dog:0.909)"),
        ("[cat:dog:0.5]", "[cat:dog:0.5]"),
        ("[a|b]", "[a|b]"),
        (r"\[cat\]", r"\[cat\]"),
        ("[cat", "[cat"),
        ("cat]", "cat]"),
    ],
)
def test_square_brackets_make_words_lighter(written: str, meant: str) -> None:
    assert lightened(written) == meant


def library(tmp_path: Path, **files: bytes) -> Library:
    folder = tmp_path / "models" / "checkpoints" / "sub"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name}.safetensors").write_bytes(content)
    return Library.standard(tmp_path / "data", [tmp_path / "models"])


def loaded(fields: str, found: Library) -> str:
    return str(made(f"a\nSteps: 9, Sampler: Euler, {fields}", found)["CheckpointLoaderSimple"]["ckpt_name"])


def test_models_are_found_by_hash_then_by_name(tmp_path: Path) -> None:
    import hashlib

    here = library(tmp_path, renamed=b"abc", Other=b"x" * 0x120000)
    short = hashlib.sha256(b"abc").hexdigest()[:10]
    old = hashlib.sha256(b"x" * 0x10000).hexdigest()[:8]
    assert loaded(f"Model hash: {short}, Model: gone", here) == "sub/renamed.safetensors"
    assert loaded(f"Model hash: {old}, Model: gone", here) == "sub/Other.safetensors"
    assert loaded("Model hash: 0123456789, Model: other", here) == "sub/Other.safetensors"
    assert loaded("Model: gone", here) == "gone.safetensors"
    assert told("a\nSteps: 9, Model hash: 0123456789") == [("0123456789", "no_hash")]


def test_parts_of_a_text() -> None:
    found = recipe('a\nSteps: are nice\nNegative prompt: b\nc\r\nSteps: 9, Sampler: Euler, X: "q, \\"r\\"", Y: z')
    assert found.positive == "a\nSteps: are nice"
    assert found.negative == "b\nc"
    assert found.fields == {"Steps": "9", "Sampler": "Euler", "X": 'q, "r"', "Y": "z"}
    assert recipe("only words").positive == "only words"
    assert prompt("<lora:a:0.5:0.7>").loras == (Lora("a", 0.7, 0.5),)


@given(st.text(max_size=60), st.text(alphabet='aS:,"<>lor[]()1.\\ \n', max_size=80))
def test_any_text_becomes_a_graph(positive: str, rest: str) -> None:
    found = translate(f"{positive}\nNegative prompt: {rest}\nSteps: 9, {rest}", REGISTRY)
    graph = Graph.from_file(found.workflow, REGISTRY)
    assert {"KSampler", "SaveImage"} <= {n.type for n in graph.nodes.values()}

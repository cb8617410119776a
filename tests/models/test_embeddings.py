"""Learnt words in prompts: every kind of file, what fits which family, and what is told before a run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import nodes
from engine.diffusion.types import Tokens
from engine.files import FileRef, Library
from engine.graph.check import Checked, check
from engine.graph.graph import Graph
from engine.models.embeddings import finder, misfit, read_vectors, vectors_in
from engine.models.facts import JUDGES, describe
from engine.models.families import FAMILIES
from engine.models.header import ModelFileError
from engine.models.mentions import Embeddings, near_words, resolve
from engine.models.text import PromptError
from engine.models.text_encoder import TextEncoder
from engine.models.tokens import tokenize_prompt
from engine.models.vocabulary import TOKENS
from tests.models import make, members


def vectors(count: int, width: int, seed: int = 0) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed)) * 0.1


def a1111(table: Any) -> Any:
    return {
        "string_to_token": {"*": torch.tensor(265)},
        "string_to_param": table,
        "name": "x",
        "step": 500,
        "sd_checkpoint": "abc",
        "sd_checkpoint_name": None,
    }


V = vectors(3, 768)
V2, G = vectors(2, 1024), vectors(3, 1280, 1)
FILES: Mapping[str, tuple[Callable[[Path], Any], Mapping[int, Tensor]]] = {
    "a1111.pt": (lambda p: torch.save(a1111({"*": V}), p), {768: V}),
    "parameter.pt": (lambda p: torch.save(a1111({"*": nn.Parameter(V)}), p), {768: V}),
    "dict.pt": (lambda p: torch.save(a1111(nn.ParameterDict({"*": nn.Parameter(V)})), p), {768: V}),
    "old.pt": (lambda p: torch.save(a1111({"*": V}), p, _use_new_zipfile_serialization=False), {768: V}),
    "half.pt": (lambda p: torch.save(a1111({"*": V.half()}), p), {768: V.half().float()}),
    "diffusers.bin": (lambda p: torch.save({"<cat>": V[0]}, p), {768: V[:1]}),
    "several.bin": (lambda p: torch.save({"<cat>": V}, p), {768: V}),
    "list.bin": (lambda p: torch.save([{"<cat>": V}], p), {768: V}),
    "diffusers.safetensors": (lambda p: save_file({"<cat>": V[0]}, p), {768: V[:1]}),
    "kohya.safetensors": (lambda p: save_file({"emb_params": V}, p), {768: V}),
    "v2.safetensors": (lambda p: save_file({"emb_params": V2}, p), {1024: V2}),
    "xl.safetensors": (lambda p: save_file({"clip_l": V, "clip_g": G}, p), {768: V, 1280: G}),
    "xl.pt": (lambda p: torch.save({"clip_g": G, "clip_l": V}, p), {768: V, 1280: G}),
    "pivotal.safetensors": (lambda p: save_file({"text_encoders_0": V, "text_encoders_1": G}, p), {768: V, 1280: G}),
}


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_gives_its_vectors(name: str, tmp_path: Path) -> None:
    write, expected = FILES[name]
    path = tmp_path / name
    write(path)
    assert {width: count for width, (_, count) in vectors_in(path).items()} == {w: len(t) for w, t in expected.items()}
    for width, table in expected.items():
        assert torch.equal(read_vectors(path, width), table)


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("a1111.pt", {"sd1"}),
        ("v2.safetensors", {"sd2"}),
        ("xl.safetensors", {"sdxl", "sdxl_refiner"}),
    ],
)
def test_which_families_a_file_is_for(name: str, fits: set[str], tmp_path: Path) -> None:
    FILES[name][0](tmp_path / name)
    found = vectors_in(tmp_path / name)
    assert {family for family in FAMILIES if misfit(found, family, name) is None} == fits
    assert "takes width" in str(misfit(found, "mini1", name))


def test_a_misfit_names_file_found_and_expected(tmp_path: Path) -> None:
    FILES["a1111.pt"][0](tmp_path / "a.pt")
    assert str(misfit(vectors_in(tmp_path / "a.pt"), "sd2", "a.pt")) == (
        "a.pt holds a learnt word of width 768, which is for Stable Diffusion 1.x; "
        "Stable Diffusion 2.x takes width 1024."
    )
    assert "4 and 3" in str(misfit({768: ("l", 3), 1280: ("g", 4)}, "sdxl", "x")).replace("3 and 4", "4 and 3")


def broken(path: Path, kind: str) -> None:
    save_file({"emb_params": V}, path)
    if kind == "cut":
        path.write_bytes(path.read_bytes()[:200])
    elif kind == "text":
        path.write_text("this is a text")
    elif kind == "checkpoint":
        make.write_checkpoint(path)
    elif kind == "whole numbers":
        save_file({"emb_params": torch.zeros(3, 768, dtype=torch.int32)}, path)
    elif kind == "too many":
        save_file({"emb_params": torch.zeros(76, 768)}, path)
    elif kind == "code":
        torch.save({"string_to_param": Exception("x")}, path)
    elif kind == "empty":
        torch.save({"string_to_param": {}}, path)


@pytest.mark.parametrize("kind", ["cut", "text", "checkpoint", "whole numbers", "too many", "code", "empty"])
def test_a_file_of_no_use_is_refused_in_one_sentence(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.safetensors"
    broken(path, kind)
    with pytest.raises(ModelFileError, match=r"^bad.safetensors .*\.$"):
        vectors_in(path)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    save_file({"emb_params": V * float("nan")}, tmp_path / "nan.safetensors")
    with pytest.raises(PromptError, match="not finite"):
        read_vectors(tmp_path / "nan.safetensors", 768)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A tiny model of width 64 and learnt words for it, and for others."""
    root = tmp_path / "embeddings"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "checkpoints").mkdir()
    make.write_checkpoint(tmp_path / "checkpoints" / "tiny.safetensors")
    save_file({"emb_params": vectors(2, 64)}, root / "fox.safetensors")
    torch.save(a1111({"*": vectors(1, 64, 1)}), root / "sub" / "owl.pt")
    save_file({"emb_params": V}, root / "wide.safetensors")
    return Library({kind: (tmp_path / kind,) for kind in ("checkpoints", "embeddings", "output", "temp", "input")})


def tokens(library: Library, prompt: str, family: str = "mini1") -> Tokens:
    refs = Embeddings().files(None, library)
    return tokenize_prompt(prompt, family, finder(refs, library.resolve, family))


@pytest.mark.parametrize(
    ("prompt", "rows"),
    [
        ("embedding:fox", 2),
        ("embedding:fox.safetensors", 2),
        ("a cat, embedding:fox, a dog", 2),
        ("(embedding:fox:1.3)", 2),
        ("embedding:sub/owl", 1),
        ("embedding:sub\\owl", 1),
        ("embedding:fox embedding:sub/owl", 3),
        ("embedding:fox,embedding:sub/owl", 2),
    ],
)
def test_words_are_found_by_name(library: Library, prompt: str, rows: int) -> None:
    found = tokens(library, prompt)
    assert len(found.learnt) == rows
    assert sum(id >= TOKENS for ids in found.ids for id in ids) == rows


def test_a_word_stands_where_it_is_written_and_has_its_weight(library: Library) -> None:
    found = tokens(library, "a (embedding:fox:1.3), cat")
    assert found.ids[0][1:6] == (320, TOKENS, TOKENS + 1, 267, 2368)
    assert found.weights[0][1:6] == (1.0, 1.3, 1.3, 1.0, 1.0)


def test_the_encoder_reads_the_learnt_vectors(library: Library) -> None:
    """Against transformers: the same numbers at those places of the table."""
    from tests.models.test_build import oracle

    module = oracle(make.TINY, "text")
    found = tokens(library, "a embedding:fox cat")
    encoder = TextEncoder(module, FAMILIES["mini1"].texts["text"])
    own = read_vectors(library.path("embeddings", "fox.safetensors"), 64)
    cond = encoder.transform(encoder.embed(found, lambda file, width: own))
    plain = list(tokenize_prompt("a dog dog cat", "mini1").ids[0])
    inner = getattr(module, "text_model", module)
    with torch.no_grad():
        table = inner.embeddings.token_embedding.weight
        table[40000], table[40001] = own
        plain[2:4] = [40000, 40001]
        expected = module(torch.tensor([plain])).last_hidden_state
    torch.testing.assert_close(cond.embeds, expected, rtol=1e-4, atol=1e-5)


def test_ids_without_their_word_are_refused() -> None:
    module = make.network(make.TINY, "text").to_empty(device="cpu")
    encoder = TextEncoder(module, FAMILIES["mini1"].texts["text"])
    with pytest.raises(PromptError, match="not of this text encoder"):
        encoder.embed(Tokens(((TOKENS,) * 77,), ((1.0,) * 77,)))


def checked(library: Library, text: Any, **inputs: Any) -> Checked:
    api = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": text, **inputs}},
        "3": {"class_type": "PrimitiveString", "inputs": {"value": "a embedding:fox"}},
        "4": {"class_type": "SplitText", "inputs": {"text": "a, embedding:fox", "at": "commas"}},
    }
    registry = nodes.registry()
    return check(Graph.from_api(api), registry, ["2"], library=library, judges=JUDGES, describe=describe(library))


def mended(library: Library, text: str) -> tuple[str, str, Any]:
    (problem,) = checked(library, text).errors
    assert (problem.node, problem.input) == ("2", "text")
    assert problem.mend is not None
    return problem.code, str(problem.args), problem.mend.args["value"]


def test_an_unknown_word_is_a_problem_before_the_run(library: Library) -> None:
    code, args, value = mended(library, "a cat, embedding:foxx, b")
    assert code == "unknown_embedding"
    assert "foxx" in args
    assert value == "a cat, embedding:fox, b"
    assert mended(library, "embedding:qqqqqq")[2] == "qqqqqq"


def test_a_word_of_another_width_is_a_problem_before_the_run(library: Library) -> None:
    code, args, value = mended(library, "a cat, embedding:wide")
    assert code == "bad_embedding"
    assert "768" in args
    assert value == "a cat"


def test_a_checkpoint_among_embeddings_is_a_problem_before_the_run(library: Library) -> None:
    make.write_checkpoint(library.folder("embeddings") / "big.safetensors")
    assert mended(library, "embedding:big")[0] == "bad_embedding"


def test_known_text_on_a_link_is_judged_too(library: Library) -> None:
    assert not checked(library, ["3", 0]).errors
    (library.folder("embeddings") / "fox.safetensors").unlink()
    (problem,) = checked(library, ["3", 0]).errors
    assert problem.code == "unknown_embedding"
    assert problem.mend is None


@pytest.mark.parametrize("text", ["a embedding:fox", ["3", 0], ["4", 0]], ids=["typed", "linked", "made"])
def test_an_overwritten_file_gives_another_key(library: Library, text: Any) -> None:
    before = checked(library, text).plan.steps["2"]
    assert "fox.safetensors" in [ref.name for ref in before.files]
    assert checked(library, text).plan.steps["2"].key == before.key
    path = library.folder("embeddings") / "fox.safetensors"
    save_file({"emb_params": vectors(2, 64, 9)}, path)
    os.utime(path, ns=(1, 1))
    after = checked(library, text).plan.steps["2"]
    assert after.key != before.key


def test_a_prompt_without_words_has_the_key_it_always_had(library: Library) -> None:
    before = checked(library, "a cat").plan.steps["2"]
    assert before.files == ()
    (library.folder("embeddings") / "fox.safetensors").unlink()
    assert checked(library, "a cat").plan.steps["2"].key == before.key


def test_names_that_lead_out_are_no_words(library: Library) -> None:
    assert resolve(library, "../checkpoints/tiny") is None
    assert resolve(library, "/etc/passwd") is None
    assert near_words(library, "sub/ovl") == ("sub/owl",)


def test_words_of_xl_have_vectors_for_both_encoders(tmp_path: Path) -> None:
    save_file({"clip_l": V, "clip_g": G}, tmp_path / "xl.safetensors")
    ref = FileRef("embeddings", "xl.safetensors", "x")
    found = tokenize_prompt("embedding:xl", "sdxl", finder([ref], lambda ref: tmp_path / ref.name, "sdxl"))
    assert found.learnt == ((ref, 0), (ref, 1), (ref, 2))
    with pytest.raises(PromptError, match="takes width 768"):
        tokenize_prompt("embedding:xl", "sd1", finder([ref], lambda ref: tmp_path / ref.name, "sd1"))
    assert members.XL_G.width == G.shape[1]

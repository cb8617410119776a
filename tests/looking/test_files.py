"""Parameters of model files, counted from their headers; neighbours in a table of vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.files import Library
from engine.looking.neighbours import SHARED, name_of, neighbours
from engine.looking.sizes import part_info
from engine.models.handle import ModelHandle
from engine.models.header import ModelFileError
from engine.models.vocabulary import token_ids
from tests.models import make, members


def handle(path: Path, part: str, family: str = "sd1") -> ModelHandle:
    library = Library({"checkpoints": (path.parent,)})
    return ModelHandle(library.ref("checkpoints", path.name), family, part)  # type: ignore[arg-type]


def test_stable_diffusion_1_has_the_parameters_that_are_told_of_it(tmp_path: Path) -> None:
    path = make.write_header(tmp_path / "a.safetensors", make.shapes(make.FULL))
    found = {part: part_info(path, handle(path, part)) for part in make.PARTS}
    assert {part: info.parameters for part, info in found.items()} == {
        "denoiser": 859_520_964,
        "text": 123_060_480,
        "vae": 83_653_863,
    }
    assert found["denoiser"].nbytes == 2 * 859_520_964
    assert dict(found["denoiser"].layout)["widths"] == "320, 640, 1280, 1280"
    assert dict(found["text"].layout)["vocabulary"] == "49408 tokens"


def test_xl_has_two_text_encoders(tmp_path: Path) -> None:
    path = make.write_header(tmp_path / "a.safetensors", members.shapes(members.FULL["sdxl"]))
    counts = [part_info(path, handle(path, part, "sdxl")).parameters for part in ("text", "text_g")]
    assert counts == [123_060_480, 694_659_840]


@pytest.mark.parametrize("part", make.PARTS)
def test_parameters_are_those_of_the_network_that_is_loaded(tmp_path: Path, part: str) -> None:
    path = make.write_header(tmp_path / "a.safetensors", make.shapes(make.UNEVEN))
    expected = sum(parameter.numel() for parameter in make.network(make.UNEVEN, part).parameters())
    assert part_info(path, handle(path, part, "mini1")).parameters == expected


def test_whole_numbers_of_a_file_are_no_parameters(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    prefix = make.PREFIXES["text"]
    state = {name: torch.zeros(shape, dtype=torch.float16) for name, shape in make.shapes(make.TINY, ("text",)).items()}
    before = sum(tensor.numel() for tensor in state.values())
    save_file(state | {f"{prefix}embeddings.position_ids": torch.arange(77)}, tmp_path / "a.safetensors")
    info = part_info(tmp_path / "a.safetensors", handle(tmp_path / "a.safetensors", "text", "mini1"))
    assert info.parameters == before
    assert info.nbytes == 2 * before + 8 * 77


def test_a_part_that_is_not_there_is_said(tmp_path: Path) -> None:
    path = make.write_header(tmp_path / "a.safetensors", make.shapes(make.TINY, ("vae",)))
    with pytest.raises(ModelFileError, match=r"a\.safetensors has no part denoiser"):
        part_info(path, handle(path, "denoiser", "mini1"))


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_neighbours_are_the_largest_cosines(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    rows, vector = rng.normal(size=(60, 8)), rng.normal(size=8)
    found = neighbours(torch.tensor(rows), torch.tensor(vector), count, {3, 7})
    cosines = rows @ vector / (np.linalg.norm(rows, axis=1) * np.linalg.norm(vector))
    expected = [int(i) for i in np.argsort(-cosines) if i not in (3, 7)][:count]
    assert [near.id for near in found.near] == expected
    assert [near.cosine for near in found.near] == pytest.approx(cosines[expected].tolist(), abs=1e-6)
    assert found.untrained == 0


def test_equal_neighbours_come_by_their_id() -> None:
    table = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [3.0, 0.0]])
    assert [near.id for near in neighbours(table, torch.tensor([1.0, 0.0]), 3).near] == [0, 2, 3]


def test_rows_that_many_share_are_left_out_and_counted() -> None:
    rng = torch.Generator().manual_seed(1)
    table = torch.cat([torch.ones(5000, 16), torch.randn(20, 16, generator=rng)])
    found = neighbours(table, torch.ones(16), 30)
    assert found.untrained == 5000
    assert {near.id for near in found.near} == set(range(5000, 5020))
    few = torch.cat([torch.ones(SHARED - 1, 16), torch.randn(20, 16, generator=rng)])
    assert neighbours(few, torch.ones(16), 5).untrained == 0


def test_a_token_that_ends_no_word_is_told_with_a_hyphen() -> None:
    ids = token_ids()
    assert name_of(ids["fox</w>"]) == "fox"
    assert name_of(ids["pre"]) == "pre-"

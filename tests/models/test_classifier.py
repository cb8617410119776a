"""Classifiers: what is one, what it says, and how good the shipped one is on pictures that it never saw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image as Pil
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.files import Library
from engine.graph.problems import Refused
from engine.models.classifier import square
from engine.models.classifier_files import NAMES, inspect_classifier
from engine.models.facts import describe
from engine.models.header import ModelFileError
from engine.training.classifier import Judge
from engine.training.concepts import CONCEPTS
from engine.training.evaluate import cases
from engine.training.judge import FILE, folded, load, save
from tests.models import make
from tests.models.classifiers import CLASSES, tensors, write_classifier
from tests.models.vision import leased

SHEET = FILE.parents[1] / "mini-v1-samples.png"


def pictures(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(3))


def reference(state: dict[str, Tensor], seen: Tensor) -> Tensor:
    """Probabilities of pictures [B, 3, 128, 128] in 0..1, written out."""
    x = F.avg_pool2d(seen * 2 - 1, 2)
    last = len(state) // 2 - 2
    for index in range(last + 1):
        x = F.conv2d(F.pad(x, (1, 1, 1, 1)), state[f"convs.{index}.weight"], stride=2 if index < last else 1)
        x = (x + state[f"convs.{index}.bias"][:, None, None]).clamp(min=0)
    side = x.shape[-1] // 2
    cells = [x[..., r : r + side, c : c + side].mean((2, 3)) for r in (0, side) for c in (0, side)]
    logits = torch.stack(cells, -1).flatten(1) @ state["head.weight"].T + state["head.bias"]
    return torch.exp(logits - logits.logsumexp(-1, keepdim=True))


def test_probabilities_are_those_of_the_formula(tmp_path: Path) -> None:
    path = write_classifier(tmp_path / "a.safetensors")
    image = pictures(3, 128, 128, 3)
    with leased(path, "classifiers", "classifier", "classifier") as classifier:
        found = classifier.probabilities(image)
        assert classifier.names == CLASSES
    torch.testing.assert_close(found, reference(tensors(), image.permute(0, 3, 1, 2)), rtol=1e-4, atol=1e-5)


def test_the_middle_square_is_looked_at() -> None:
    wide = pictures(1, 128, 300, 3)
    assert torch.equal(square(wide), wide[:, :, 86:214].permute(0, 3, 1, 2))
    tall = pictures(1, 300, 128, 4)
    assert torch.equal(square(tall), tall[:, 86:214, :, :3].permute(0, 3, 1, 2))
    grey = pictures(2, 50, 50, 1)
    assert square(grey).shape == (2, 3, 128, 128)
    assert torch.equal(square(grey)[:, 0], square(grey)[:, 2])


def test_pictures_are_told_one_by_one_as_in_a_batch(tmp_path: Path) -> None:
    path = write_classifier(tmp_path / "a.safetensors")
    image = pictures(70, 16, 20, 3)
    with leased(path, "classifiers", "classifier", "classifier") as classifier:
        together = classifier.probabilities(image)
        alone = torch.cat([classifier.probabilities(one[None]) for one in image[60:]])
    torch.testing.assert_close(together[60:], alone, rtol=1e-4, atol=1e-5)


def without(*names: str) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors().items() if name not in names}


BAD: list[tuple[dict[str, Tensor], Any, str]] = [
    (
        {"something.x": torch.zeros(1)},
        CLASSES,
        r'not a classifier .* named like "something\.x"',
    ),
    (without("head.weight"), CLASSES, "not a classifier"),
    (without("convs.0.weight"), CLASSES, r'"convs\.0\.weight" has shape \[\]'),
    (tensors() | {"convs.1.weight": torch.zeros(6, 5, 3, 3)}, CLASSES, r"shape \[6, 5, 3, 3\], and 4 channels"),
    (tensors() | {"convs.0.weight": torch.zeros(4, 3, 5, 5)}, CLASSES, "3 channels come into 3×3 cells"),
    (tensors(), CLASSES[:2], r"shape \[3, 24\], and 2 classes need \[2, 24\]"),
    (tensors(), "", "does not name its classes"),
    (tensors(), "no json", "does not name its classes"),
    (tensors(), "[" * 100_000, "does not name its classes"),
    (tensors(), json.dumps({"a": 1}), "does not name its classes"),
    (tensors(), json.dumps(["a", 1, "b"]), "does not name its classes"),
    (tensors(), json.dumps([]), "does not name its classes"),
    (tensors(), json.dumps(["a", "b", "x" * 201]), "does not name its classes"),
]


@pytest.mark.parametrize(("state", "names", "told"), BAD)
def test_what_is_no_classifier_is_said_in_one_sentence(
    tmp_path: Path, state: dict[str, Tensor], names: Any, told: str
) -> None:
    path = write_classifier(tmp_path / "wrong.safetensors", state, names)
    with pytest.raises(ModelFileError, match=told) as raised:
        inspect_classifier(path)
    assert str(raised.value).startswith("wrong.safetensors")
    assert "\n" not in str(raised.value)


def test_a_lacking_bias_is_said_when_it_is_loaded(tmp_path: Path) -> None:
    path = write_classifier(tmp_path / "a.safetensors", without("convs.1.bias"))
    with (
        pytest.raises(ModelFileError, match=r'lacks 1 of the 6 tensors .* "convs\.1\.bias"'),
        leased(path, "classifiers", "classifier", "classifier"),
    ):
        pass


def test_another_file_is_refused_before_the_run(tmp_path: Path) -> None:
    make.write_header(tmp_path / "checkpoint.safetensors", make.shapes(make.TINY))
    (tmp_path / "web.safetensors").write_bytes(b"<!DOCTYPE html><html></html>")
    write_classifier(tmp_path / "good.safetensors")
    library = Library({"classifiers": [tmp_path]})
    tell = describe(library)
    assert tell(library.ref("classifiers", "good.safetensors"))["model_bytes"] > 0
    for name, reason in (("checkpoint.safetensors", "is a checkpoint"), ("web.safetensors", "web page")):
        with pytest.raises(Refused) as raised:
            tell(library.ref("classifiers", name))
        assert raised.value.code == "bad_model_file"
        assert reason in raised.value.details["reason"]


def trained() -> Judge:
    """A judge whose norms have learnt something."""
    torch.manual_seed(0)
    judge = Judge(len(CLASSES))
    for module in judge.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                assert tensor is not None
                tensor.uniform_(0.5, 2.0)
            for tensor in (module.bias.data, module.running_mean):
                assert tensor is not None
                tensor.uniform_(-1.0, 1.0)
    return judge.eval()


def test_folding_changes_no_answer(tmp_path: Path) -> None:
    judge, image = trained(), pictures(4, 128, 128, 3)
    with torch.no_grad():
        expected = judge(image.permute(0, 3, 1, 2) * 2 - 1).softmax(-1)
    save_file(folded(judge), tmp_path / "a.safetensors", {NAMES: json.dumps(CLASSES)})
    torch.testing.assert_close(load(tmp_path / "a.safetensors").probabilities(image), expected, rtol=1e-4, atol=1e-5)


def test_half_precision_keeps_the_answers(tmp_path: Path) -> None:
    judge, image = trained(), pictures(4, 128, 128, 3)
    size = save(folded(judge), CLASSES, tmp_path / "new" / "a.safetensors")
    with torch.no_grad():
        expected = judge(image.permute(0, 3, 1, 2) * 2 - 1).softmax(-1)
    assert size == (tmp_path / "new" / "a.safetensors").stat().st_size
    assert float((load(tmp_path / "new" / "a.safetensors").probabilities(image) - expected).abs().max()) < 0.02


def test_the_shipped_file_is_small_and_names_what_the_mini_draws() -> None:
    found = inspect_classifier(FILE)
    assert FILE.stat().st_size <= 1_500_000
    assert found.names == tuple(concept.name for concept in CONCEPTS)
    assert found.widths == (3, 32, 64, 128, 192, 192)


def test_the_shipped_file_knows_what_the_mini_drew() -> None:
    """The sheet of samples: 48 questions in two languages, their answers not chosen; the judge saw none of them."""
    sheet = np.asarray(Pil.open(SHEET).convert("RGB"))
    tiles = [sheet[row * 96 : row * 96 + 96, column * 96 : column * 96 + 96] for row in range(6) for column in range(8)]
    likely = load(FILE).probabilities(torch.from_numpy(np.stack(tiles)).float() / 255)
    asked = torch.tensor([case.concept for case in cases()[:48]])
    assert int((likely.argmax(-1) == asked).sum()) >= 45
    assert int((likely.argmax(-1) == asked.roll(1)).sum()) <= 4

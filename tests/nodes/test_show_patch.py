"""ShowPatch: what it says of each layer is what the files' numbers give."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from engine.files import Library
from engine.models.handle import Clip, Model, ModelHandle, Patch
from engine.models.patch_change import LayerChange, layer_changes, together
from nodes.show_patch import show_patch
from tests.models import make
from tests.models.lora_files import kohya, pair, save, write_hypernetwork, write_lora
from tests.nodes.desk import Desk

KEY = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight"
SELF = "up_blocks.0.attentions.1.transformer_blocks.0.attn1.to_q.weight"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    for kind in ("checkpoints", "loras", "hypernetworks"):
        (tmp_path / kind).mkdir()
    make.write_checkpoint(tmp_path / "checkpoints" / "tiny.safetensors", make.TINY)
    return Desk(Library({kind: [tmp_path / kind] for kind in ("checkpoints", "loras", "hypernetworks")}))


def handle(desk: Desk, part: Any, *patches: Patch) -> ModelHandle:
    return ModelHandle(desk.library.ref("checkpoints", "tiny.safetensors"), "mini1", part, patches)


def folder(desk: Desk, kind: str) -> Path:
    return desk.library.folder(kind)


def lora(desk: Desk, strength: float = 1.0) -> Patch:
    path = folder(desk, "loras") / "two.safetensors"
    if not path.exists():
        shapes = {name: tuple(p.shape) for name, p in make.network(make.TINY, "denoiser").named_parameters()}
        tensors: dict[str, torch.Tensor] = {}
        for seed, key in enumerate((KEY, SELF)):
            stem = kohya("lora_unet_", key.removesuffix(".weight"))
            tensors |= {f"{stem}.{leaf}": t for leaf, t in pair(shapes[key], 4, 2.0, seed).items()}
        save(path, tensors)
    return Patch(desk.library.ref("loras", path.name), strength)


def weight(desk: Desk, key: str) -> torch.Tensor:
    """The weight in the checkpoint, by the original code's name."""
    from engine.models.build_sd import unet_names

    found = load_file(folder(desk, "checkpoints") / "tiny.safetensors")
    return found[make.PREFIXES["denoiser"] + unet_names(make.TINY.unet)[key]].float()


def test_a_loras_share_is_that_of_its_product(desk: Desk) -> None:
    changes = {c.name: c for c in layer_changes(handle(desk, "denoiser", lora(desk, -0.5)), desk.path)}
    assert set(changes) == {KEY, SELF}
    pieces = load_file(folder(desk, "loras") / "two.safetensors")
    for key, change in changes.items():
        stem = kohya("lora_unet_", key.removesuffix(".weight"))
        product = pieces[f"{stem}.lora_up.weight"] @ pieces[f"{stem}.lora_down.weight"] * (2.0 / 4) * -0.5
        assert change.change == pytest.approx(float(product.norm()), rel=1e-4)
        assert change.norm == pytest.approx(float(weight(desk, key).norm()), rel=1e-5)
    assert [(c.block, c.sort) for c in (changes[KEY], changes[SELF])] == [("down 1", "words"), ("up 0", "self")]


def test_two_patches_are_measured_together(desk: Desk) -> None:
    one = handle(desk, "denoiser", lora(desk, 1.0), lora(desk, -1.0))
    assert all(change.share == pytest.approx(0, abs=1e-6) for change in layer_changes(one, desk.path))


def test_a_hypernetworks_share_is_that_of_what_it_adds(desk: Desk) -> None:
    path = folder(desk, "hypernetworks") / "h.pt"
    tables = write_hypernetwork(path, {64: [64, 32, 64]})
    patch = Patch(desk.library.ref("hypernetworks", "h.pt"), -0.5, "hypernetwork")
    changes = [c for c in layer_changes(handle(desk, "denoiser", patch), desk.path) if c.added]
    x = torch.randn(256, 64, generator=torch.Generator().manual_seed(0))
    for side, leaf in enumerate(("to_k", "to_v")):
        table = tables[64][side]
        hidden = x @ table["linear.0.weight"].T + table["linear.0.bias"]
        out = hidden @ table["linear.1.weight"].T + table["linear.1.bias"]
        own = [c.share for c in changes if c.name.endswith(leaf)]
        assert own == [pytest.approx(0.5 * float(out.norm() / x.norm()), rel=1e-4)] * len(own)
    assert {c.name.rpartition(".")[2] for c in changes} == {"to_k", "to_v"}


def test_the_text_names_patches_and_the_layers_that_change_most(desk: Desk) -> None:
    made = show_patch(model=Model(handle(desk, "denoiser", lora(desk, 0.8))), context=desk)
    changes = list(layer_changes(handle(desk, "denoiser", lora(desk, 0.8)), desk.path))
    first = max(changes, key=lambda change: change.share)
    assert "LoRA two.safetensors at 0.8" in made.text
    assert f"2 weights change, by {100 * together(changes):.3g}%" in made.text
    listed = re.findall(r"^ +([\d.]+)%  (\S+)$", made.text, re.MULTILINE)
    assert listed[0] == (f"{100 * first.share:.3g}", first.name)
    assert len(listed) == 2
    assert made.ui == {"text": [made.text]}
    assert made.image.shape[0] == 1
    assert made.image.shape[3] == 3


def test_the_text_encoder_is_looked_at_too(desk: Desk) -> None:
    write_lora(folder(desk, "loras") / "both.safetensors", make.TINY)
    patch = Patch(desk.library.ref("loras", "both.safetensors"), 1.0)
    made = show_patch(clip=Clip((handle(desk, "text", patch),)), context=desk)
    assert "text encoder" in made.text
    assert "layers.0.self_attn" in made.text
    blocks = {c.block for c in layer_changes(handle(desk, "text", patch), desk.path)}
    assert blocks == {"layer 0", "layer 1"}


def test_blocks_of_a_patch_count(desk: Desk) -> None:
    half = Patch(lora(desk).source, 1.0, "lora", (("input", 0.5),))
    plain, factored = (
        {c.name: c.change for c in layer_changes(handle(desk, "denoiser", patch), desk.path)}
        for patch in (lora(desk), half)
    )
    assert factored[KEY] == pytest.approx(0.5 * plain[KEY], rel=1e-4)
    assert factored[SELF] == pytest.approx(plain[SELF], rel=1e-4)


def test_nothing_patched_is_said_plainly(desk: Desk) -> None:
    made = show_patch(model=Model(handle(desk, "denoiser")), clip=Clip((handle(desk, "text"),)), context=desk)
    lines = made.text.split("\n\n")
    assert [line.startswith("Nothing is patched") for line in lines] == [True, True]
    assert made.image.shape[0] == 1


def test_a_patch_that_says_nothing_of_a_part_is_said_to(desk: Desk) -> None:
    made = show_patch(clip=Clip((handle(desk, "text", lora(desk)),)), context=desk)
    assert "LoRA two.safetensors at 1" in made.text
    assert "these files say nothing of it" in made.text


def test_without_anything_to_look_at_it_says_what_to_link(desk: Desk) -> None:
    with pytest.raises(ValueError, match="link a model, a text encoder"):
        show_patch(context=desk)


def test_shares_together_are_those_of_one_long_vector() -> None:
    a, b = torch.randn(30), torch.randn(50)
    da, db = 0.1 * torch.randn(30), 0.3 * torch.randn(50)
    rows = [LayerChange("a", float(da.norm()), float(a.norm())), LayerChange("b", float(db.norm()), float(b.norm()))]
    expected = torch.cat([da, db]).norm() / torch.cat([a, b]).norm()
    assert together(rows) == pytest.approx(float(expected), rel=1e-5)

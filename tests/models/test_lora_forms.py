"""What the pieces of a LoRA multiply out to, against the published formulas written out index by index."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from engine.models.lora import algebra
from engine.models.lora.forms import FORMS, LEAVES, Misfit, form_of, grouped
from engine.models.lora.scales import METADATA, scales_of
from tests.models.lora_files import draw

OUT, IN, RANK = 6, 8, 3
KERNELS = ((), (1, 1), (3, 3))

Pieces = dict[str, Tensor]


def delta(pieces: Pieces) -> Tensor:
    """ΔW [out, columns] as the engine works it out, after it has told the right size from shapes alone."""
    form = form_of(pieces)
    assert form is not None
    size = form.size({leaf: tuple(piece.shape) for leaf, piece in pieces.items()})
    return algebra.delta(form.title, pieces)(torch.zeros(size), 1.0)


def products(out: Tensor, into: Tensor) -> Tensor:
    """Σ_r out[o, r] into[r, i, k…]."""
    return torch.stack([sum(out.flatten(1)[o, r] * into[r] for r in range(into.shape[0])) for o in range(len(out))])  # type: ignore[misc]


def cored(core: Tensor, out: Tensor, into: Tensor) -> Tensor:
    """Σ_ab core[a, b, k…] out[a, o] into[b, i]."""
    found = torch.zeros(out.shape[1], into.shape[1], *core.shape[2:])
    for a, b, o, i in itertools.product(*map(range, (*core.shape[:2], *found.shape[:2]))):
        found[o, i] += core[a, b] * out[a, o] * into[b, i]
    return found


def kron(a: Tensor, b: Tensor) -> Tensor:
    """(a ⊗ b)[i·p + k, j·q + l] = a[i, j] b[k, l], whatever kernel b has."""
    found = torch.zeros(a.shape[0] * b.shape[0], a.shape[1] * b.shape[1], *b.shape[2:])
    for i, j, k, n in itertools.product(*map(range, (*a.shape, *b.shape[:2]))):
        found[i * b.shape[0] + k, j * b.shape[1] + n] = a[i, j] * b[k, n]
    return found


@pytest.mark.parametrize("kernel", KERNELS)
def test_lora_is_up_times_down(kernel: tuple[int, ...]) -> None:
    up, down = draw(OUT, RANK, *[1] * len(kernel)), draw(RANK, IN, *kernel)
    torch.testing.assert_close(delta({"up": up, "down": down}), products(up, down).flatten(1))


def test_locon_with_a_core() -> None:
    up, mid, down = draw(OUT, RANK, 1, 1), draw(RANK, RANK, 3, 3), draw(RANK, IN, 1, 1)
    expected = cored(mid, up.flatten(1).T, down.flatten(1))
    torch.testing.assert_close(delta({"up": up, "mid": mid, "down": down}), expected.flatten(1))


@pytest.mark.parametrize("kernel", KERNELS)
def test_loha_is_the_product_of_two_products(kernel: tuple[int, ...]) -> None:
    columns = IN * math.prod(kernel)
    a1, b1, a2, b2 = draw(OUT, RANK), draw(RANK, columns), draw(OUT, RANK, seed=1), draw(RANK, columns, seed=1)
    found = delta({"hada_w1_a": a1, "hada_w1_b": b1, "hada_w2_a": a2, "hada_w2_b": b2})
    torch.testing.assert_close(found, products(a1, b1) * products(a2, b2))


def test_loha_with_cores() -> None:
    pieces = {
        f"hada_w{half}_{side}": draw(RANK, size, seed=int(half))
        for half, (side, size) in itertools.product("12", (("a", OUT), ("b", IN)))
    }
    cores = {f"hada_t{half}": draw(RANK, RANK, 3, 3, seed=int(half)) for half in "12"}
    halves = [cored(cores[f"hada_t{h}"], pieces[f"hada_w{h}_a"], pieces[f"hada_w{h}_b"]) for h in "12"]
    torch.testing.assert_close(delta(pieces | cores), (halves[0] * halves[1]).flatten(1))


@pytest.mark.parametrize("first", ["whole", "factors"])
@pytest.mark.parametrize(
    ("second", "kernel"),
    [*itertools.product(("whole", "factors"), KERNELS), ("core", (1, 1)), ("core", (3, 3))],
)
def test_lokr_is_a_kronecker_product(first: str, second: str, kernel: tuple[int, ...]) -> None:
    pieces: Pieces = {}
    if first == "whole":
        pieces["lokr_w1"] = one = draw(2, 4)
    else:
        pieces |= {"lokr_w1_a": draw(2, RANK), "lokr_w1_b": draw(RANK, 4)}
        one = products(pieces["lokr_w1_a"], pieces["lokr_w1_b"])
    if second == "whole":
        pieces["lokr_w2"] = two = draw(3, 2, *kernel)
    elif second == "factors":
        pieces |= {"lokr_w2_a": draw(3, RANK), "lokr_w2_b": draw(RANK, 2 * math.prod(kernel))}
        two = products(pieces["lokr_w2_a"], pieces["lokr_w2_b"]).reshape(3, 2, *kernel)
    else:
        pieces |= {"lokr_t2": draw(RANK, RANK, *kernel), "lokr_w2_a": draw(RANK, 3), "lokr_w2_b": draw(RANK, 2)}
        two = cored(pieces["lokr_t2"], pieces["lokr_w2_a"], pieces["lokr_w2_b"])
    torch.testing.assert_close(delta(pieces), kron(one, two).flatten(1))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("side", ["output", "input"])
def test_dora_gives_each_output_or_input_its_magnitude(side: str, kernel: tuple[int, ...]) -> None:
    weight, up, down = draw(OUT, IN, *kernel), draw(OUT, RANK, seed=3), draw(RANK, IN * math.prod(kernel), seed=4)
    count = OUT if side == "output" else IN
    magnitude = draw(count).abs() + 1
    shaped = magnitude.reshape(*((OUT, 1) if side == "output" else (1, IN)), *[1] * len(kernel))
    change = algebra.delta("LoRA", {"up": up, "down": down})
    found = algebra.decomposed(change, 0.5, shaped, 1.0)(weight.clone())
    rows = found.flatten(1) if side == "output" else found.transpose(0, 1).flatten(1)
    torch.testing.assert_close(rows.norm(dim=1), magnitude)
    direction = (weight.flatten(1) + 0.5 * up @ down).reshape(weight.shape)
    rows = direction.flatten(1) if side == "output" else direction.transpose(0, 1).flatten(1)
    torch.testing.assert_close(found, direction * (magnitude / rows.norm(dim=1)).reshape(shaped.shape))


@pytest.mark.parametrize("strength", [-1.0, 0.3, 2.0])
def test_doras_strength_goes_along_the_straight_line(strength: float) -> None:
    weight, magnitude = draw(OUT, IN), draw(OUT, 1).abs()
    change = algebra.delta("LoRA", {"up": draw(OUT, RANK), "down": draw(RANK, IN)})
    whole = algebra.decomposed(change, 0.5, magnitude, 1.0)(weight.clone())
    part = algebra.decomposed(change, 0.5, magnitude, strength)(weight.clone())
    torch.testing.assert_close(part, weight + strength * (whole - weight))


@pytest.mark.parametrize("kernel", KERNELS)
def test_ia3_scales_inputs_or_outputs(kernel: tuple[int, ...]) -> None:
    weight, inputs, outputs = draw(OUT, IN, *kernel), draw(IN), draw(OUT)
    by_input = algebra.scaled(inputs.reshape(-1, *[1] * len(kernel)), True, 0.5)(weight.clone())
    by_output = algebra.scaled(outputs, False, 0.5)(weight.clone())
    for o, i in itertools.product(range(OUT), range(IN)):
        torch.testing.assert_close(by_input[o, i], weight[o, i] * (1 + 0.5 * inputs[i]))
        torch.testing.assert_close(by_output[o, i], weight[o, i] * (1 + 0.5 * outputs[o]))


@given(st.permutations(["up", "down", "mid"]).map(lambda order: order[0]), st.integers(1, 9))
def test_factors_that_do_not_fit_are_refused(wrong: str, size: int) -> None:
    shapes = {"up": (OUT, RANK, 1, 1), "down": (RANK, IN, 1, 1), "mid": (RANK, RANK, 3, 3)}
    place = {"up": 1, "down": 0, "mid": 0}[wrong]
    bent = tuple(size if i == place else n for i, n in enumerate(shapes[wrong]))
    form = form_of({"up": "", "down": "", "mid": ""})
    assert form is not None
    if bent == shapes[wrong]:
        assert form.size(shapes | {wrong: bent}) == (OUT, IN * 9)
    else:
        with pytest.raises(Misfit):
            form.size(shapes | {wrong: bent})


@given(st.sampled_from(sorted(LEAVES)), st.sampled_from(["lora_unet_a_b", "unet.a.b.to_q", "a.lora"]))
def test_an_ending_is_cut_off_whole(ending: str, stem: str) -> None:
    groups, strange = grouped([f"{stem}.{ending}", f"{stem}.on_input"])
    assert groups[stem][LEAVES[ending]] == f"{stem}.{ending}"
    assert not strange


def test_tensors_of_checkpoints_are_strange() -> None:
    names = ["model.diffusion_model.out.2.weight", "a.bias", "emb_params"]
    groups, strange = grouped(names)
    assert not groups
    assert sorted(strange) == sorted(names)


def test_forms_have_names_of_their_own() -> None:
    assert len({form.title for form in FORMS}) == len(FORMS)


def test_alpha_in_pefts_settings() -> None:
    told = (
        '{"unet.lora_alpha": 8, "unet.alpha_pattern": {"to_q": 2}, "text_encoder.lora_alpha": 6, '
        '"text_encoder.use_rslora": true}'
    )
    scales = scales_of({METADATA: told})
    assert scales.of("unet.mid_block.attn1.to_k", 4, None) == 2
    assert scales.of("unet.mid_block.attn1.to_q", 4, None) == 0.5
    assert scales.of("text_encoder.text_model.q_proj", 4, None) == 3
    assert scales.of("unet.mid_block.attn1.to_k", 4, 1.0) == 0.25
    assert scales.of("text_encoder_2.text_model.q_proj", 4, None) == 1
    for broken in ("{", "[]", '{"unet.lora_alpha": "x"}', '{"unet.lora_alpha": true}'):
        assert scales_of({METADATA: broken}).of("unet.a", 4, None) == 1

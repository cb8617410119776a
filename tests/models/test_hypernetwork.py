"""Hypernetworks: read from every form of their files, and worked out as AUTOMATIC1111's program does."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.files import FileRef, Library
from engine.models.handle import ModelHandle, Patch
from engine.models.header import ModelFileError
from engine.models.hypernetwork import attach
from engine.models.hypernetwork_file import ACTIVATIONS, facts, inspect_hypernetwork
from engine.models.load import make_manager
from engine.models.patching import Target
from engine.models.precision import policy
from tests.models import make
from tests.models.lora_files import draw, write_hypernetwork

WIDTH = 8


class Attention(nn.Module):
    """Attention as far as hypernetworks see it, with projections that change nothing."""

    def __init__(self, width: int = WIDTH, context: int = WIDTH) -> None:
        super().__init__()
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context, context, bias=False)
        self.to_v = nn.Linear(context, context, bias=False)
        for layer in (self.to_k, self.to_v):
            layer.weight.data = torch.eye(context)


def target(module: nn.Module) -> Target:
    return Target("denoiser", "sd1", "model.safetensors", module, {})


def patch(path: Path, strength: float = 1.0) -> Patch:
    return Patch(FileRef("hypernetworks", path.name, ""), strength, "hypernetwork")


def applied(path: Path, x: Tensor, strength: float = 1.0) -> tuple[Tensor, Tensor]:
    """What a file makes of x for keys and for values."""
    attention = Attention()
    detach = attach(patch(path, strength), path, target(attention))
    with torch.no_grad():
        found = attention.to_k(x), attention.to_v(x)
        detach()
        assert torch.equal(attention.to_k(x), x)
    return found


def worked(x: Tensor, side: dict[str, Tensor], order: list[Any]) -> Tensor:
    """The layers of one side in this order: the place of a layer with numbers, or a function."""
    for step in order:
        if callable(step):
            x = step(x)
            continue
        weight, bias = side[f"linear.{step}.weight"], side[f"linear.{step}.bias"]
        x = x @ weight.T + bias if weight.ndim == 2 else nn.functional.layer_norm(x, weight.shape, weight, bias)
    return x


X = draw(2, 5, WIDTH)
SIZES = [WIDTH, 16, WIDTH]


@pytest.mark.parametrize("strength", [1.0, 0.3, -2.0])
def test_keys_and_values_are_made_from_x_plus_strength_times_what_the_layers_give(
    tmp_path: Path, strength: float
) -> None:
    tables = write_hypernetwork(tmp_path / "x.pt", {WIDTH: SIZES})
    found = applied(tmp_path / "x.pt", X, strength)
    for side, given in zip(tables[WIDTH], found, strict=True):
        torch.testing.assert_close(given, X + strength * worked(X, side, [0, 1]))


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS.keys() - {"prelu"}))
@pytest.mark.parametrize("last", [True, False])
def test_every_activation_after_each_layer(tmp_path: Path, activation: str, last: bool) -> None:
    settings: dict[str, Any] = {"activation_func": activation, "activate_output": last}
    # An activation takes a place of its own in the file; "linear" takes none.
    places = [0, 1] if activation == "linear" else [0, 2]
    tables = write_hypernetwork(tmp_path / "x.pt", {WIDTH: SIZES}, places=places, **settings)
    bend: Callable[[Tensor], Tensor] = getattr(nn, ACTIVATIONS[activation])().eval()
    order = [places[0], bend, places[1], *([bend] if last else [])]
    found = applied(tmp_path / "x.pt", X)
    for side, given in zip(tables[WIDTH], found, strict=True):
        torch.testing.assert_close(given, X + worked(X, side, order))


def test_what_the_file_does_not_say_is_as_in_the_first_files(tmp_path: Path) -> None:
    """No activation named is none; `activate_output` left out is on."""
    write_hypernetwork(tmp_path / "a.pt", {WIDTH: SIZES})
    write_hypernetwork(tmp_path / "b.pt", {WIDTH: SIZES}, activation_func="relu", places=[0, 2])
    assert (inspect_hypernetwork(tmp_path / "a.pt").activation, inspect_hypernetwork(tmp_path / "b.pt").last) == (
        "linear",
        True,
    )


def test_norms_and_places_of_dropout(tmp_path: Path) -> None:
    """Linear, activation, norm, dropout …: places in the file count what has no numbers too."""
    sizes = [WIDTH, 16, 24, WIDTH]
    settings: dict[str, Any] = {
        "activation_func": "tanh",
        "activate_output": False,
        "is_layer_norm": True,
        "use_dropout": True,
    }
    tables = write_hypernetwork(tmp_path / "x.pt", {WIDTH: sizes}, places=[0, 4, 7], norm_places=[2, 6, 8], **settings)
    for side, given in zip(tables[WIDTH], applied(tmp_path / "x.pt", X), strict=True):
        torch.testing.assert_close(given, X + worked(X, side, [0, torch.tanh, 2, 4, torch.tanh, 6, 7, 8]))


def test_prelu_has_a_slope_of_its_own(tmp_path: Path) -> None:
    tables = write_hypernetwork(
        tmp_path / "x.pt", {WIDTH: SIZES}, places=[0, 2], activation_func="prelu", slopes={1: 0.1, 3: -0.5}
    )

    def bend(slope: float) -> Callable[[Tensor], Tensor]:
        return lambda x: torch.where(x > 0, x, slope * x)

    for side, given in zip(tables[WIDTH], applied(tmp_path / "x.pt", X), strict=True):
        torch.testing.assert_close(given, X + worked(X, side, [0, bend(0.1), 2, bend(-0.5)]))


def test_old_names_of_layers(tmp_path: Path) -> None:
    old = {"linear.0": "linear1", "linear.1": "linear2"}
    tables = write_hypernetwork(
        tmp_path / "x.pt", {WIDTH: SIZES}, rename=lambda name: old[name.rpartition(".")[0]] + name[-(len(name) - 8) :]
    )
    for side, given in zip(tables[WIDTH], applied(tmp_path / "x.pt", X), strict=True):
        torch.testing.assert_close(given, X + worked(X, side, [0, 1]))


def test_several_are_applied_one_after_the_other(tmp_path: Path) -> None:
    one, two = (write_hypernetwork(tmp_path / f"{seed}.pt", {WIDTH: SIZES}, seed=seed)[WIDTH][0] for seed in (1, 2))
    attention = Attention()
    for seed, strength in ((1, 0.5), (2, 2.0)):
        path = tmp_path / f"{seed}.pt"
        attach(patch(path, strength), path, target(attention))
    between = X + 0.5 * worked(X, one, [0, 1])
    with torch.no_grad():
        torch.testing.assert_close(attention.to_k(X), between + 2 * worked(between, two, [0, 1]))


def test_only_attention_of_its_widths_changes(tmp_path: Path) -> None:
    write_hypernetwork(tmp_path / "x.pt", {WIDTH: SIZES, 99: [99, 99]})
    module = nn.ModuleDict({"attn1": Attention(), "attn2": Attention(context=12)})
    attach(patch(tmp_path / "x.pt"), tmp_path / "x.pt", target(module))
    wide = draw(1, 3, 12)
    with torch.no_grad():
        assert torch.equal(module["attn2"].to_k(wide), wide)  # type: ignore[operator]
        assert not torch.equal(module["attn1"].to_v(X), X)  # type: ignore[operator]


@torch.no_grad()
def test_a_leased_denoiser_has_it_on_and_off(tmp_path: Path) -> None:
    make.write_checkpoint(tmp_path / "tiny.safetensors", make.TINY, parts=("denoiser",))
    write_hypernetwork(tmp_path / "x.pt", {64: [64, 128, 64]}, activation_func="swish", places=[0, 2])
    library = Library({"checkpoints": (tmp_path,), "hypernetworks": (tmp_path,)})
    manager = make_manager(library, policy("cpu", "full"))
    plain = ModelHandle(library.ref("checkpoints", "tiny.safetensors"), "mini1", "denoiser")

    def seen(*strengths: float) -> Tensor:
        ref = library.ref("hypernetworks", "x.pt")
        handle = plain.patched(*(Patch(ref, strength, "hypernetwork") for strength in strengths))
        with manager.lease(handle) as (denoiser,):
            out: Tensor = denoiser(draw(1, 4, 8, 8), torch.tensor([500.0]), draw(1, 77, 64))
            return out

    before = seen()
    on = seen(1.0)
    assert not torch.equal(on, before)
    assert torch.equal(seen(0.0), before)
    assert not torch.equal(seen(-1.0), on)
    assert torch.equal(seen(1.0), on)
    assert torch.equal(seen(), before)


@pytest.mark.parametrize(
    ("widths", "family"),
    [((768, 320, 640, 1280), "sd1"), ((1024, 320), "sd2"), ((320, 640), None), ((64,), "mini1"), ((768, 1024), None)],
)
def test_the_family_is_told_by_the_widths(tmp_path: Path, widths: tuple[int, ...], family: str | None) -> None:
    write_hypernetwork(tmp_path / "x.pt", {width: [width, width] for width in widths})
    assert facts(tmp_path / "x.pt", "x").get("family") == family


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"activation_func": "softmax"}, 'uses the activation "softmax", and only these can be used: linear, relu'),
        ({"activation_func": ["relu"]}, "uses the activation"),
    ],
)
def test_an_activation_that_cannot_be_used_is_named(tmp_path: Path, settings: dict[str, Any], reason: str) -> None:
    write_hypernetwork(tmp_path / "x.pt", {WIDTH: SIZES}, **settings)
    with pytest.raises(ModelFileError, match=r"^x\.pt ") as told:
        inspect_hypernetwork(tmp_path / "x.pt")
    assert reason in str(told.value)


class Hostile:
    def __reduce__(self) -> Any:
        return (print, ("no",))


@pytest.mark.parametrize(
    "value",
    [
        {"state_dict": {"a": torch.ones(2)}},
        {768: [{}, {}]},
        {768: [{"linear.0.weight": torch.ones(3, 3)}] * 2},
        {768: "x", 320: [1, 2]},
        [1, 2],
        {768: [Hostile(), {}]},
    ],
)
def test_what_is_no_hypernetwork_is_refused_in_a_sentence(tmp_path: Path, value: Any) -> None:
    torch.save(value, tmp_path / "x.pt")
    with pytest.raises(ModelFileError, match=r"^x\.pt is .*\.$"):
        inspect_hypernetwork(tmp_path / "x.pt")


def test_other_files_are_refused(tmp_path: Path) -> None:
    for raw in (b"", b"no", pickle.dumps({768: 1}), bytes(64)):
        (tmp_path / "x.pt").write_bytes(raw)
        with pytest.raises(ModelFileError, match=r"^x\.pt "):
            inspect_hypernetwork(tmp_path / "x.pt")
    with pytest.raises(ModelFileError, match="cannot be read"):
        inspect_hypernetwork(tmp_path / "gone.pt")


def test_numbers_that_are_not_finite_and_widths_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    write_hypernetwork(path, {WIDTH: SIZES})
    with pytest.raises(ModelFileError, match=r"x\.pt changes attention of width 8, and model\.safetensors has only 12"):
        attach(patch(path), path, target(Attention(12, 12)))
    value = torch.load(path, weights_only=True)
    value[WIDTH][1]["linear.0.bias"][0] = float("nan")
    torch.save(value, path)
    with pytest.raises(ModelFileError, match="not finite"):
        attach(patch(path), path, target(Attention()))


def test_other_parts_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    write_hypernetwork(path, {WIDTH: SIZES})
    attention = Attention()
    attach(patch(path), path, replace(target(attention), part="text"))()
    attach(patch(path, 0.0), path, target(attention))()
    assert not attention.to_k._forward_pre_hooks

"""How LoRA files name and shape their pieces: what belongs together, and what it multiplies out to.  Torch-free.

A tensor's name is the layer it changes (its stem) and an ending that says which piece it is (its leaf).  Endings differ
by trainer, pieces do not.  Every form comes out as a matrix [out, columns], columns = inputs x kernel.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from engine.graph.told import Told
from engine.models.header import Shape

Shapes = Mapping[str, Shape]
Size = tuple[int, int]
"""[out, columns] of a change."""

_SAME = (
    "hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2",
    "lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2",
    "diff", "diff_b", "w_norm", "b_norm", "on_input", "alpha", "dora_scale",
    "oft_blocks", "oft_diag", "rescale",
)  # fmt: skip

LEAVES: Mapping[str, str] = {
    **{leaf: leaf for leaf in _SAME},
    **{f"{name}.weight": name for name in ("a1", "a2", "b1", "b2", "bm")},
    "weight": "ia3",
    "lora_up.weight": "up",
    "lora_down.weight": "down",
    "lora_mid.weight": "mid",
    "lora.up.weight": "up",
    "lora.down.weight": "down",
    "lora_linear_layer.up.weight": "up",
    "lora_linear_layer.down.weight": "down",
    "lora_B.weight": "up",
    "lora_A.weight": "down",
    "lora_B.default.weight": "up",
    "lora_A.default.weight": "down",
    "lora_B.bias": "up_bias",
    "lora_B.default.bias": "up_bias",
    "lora.up.bias": "up_bias",
    "lora_linear_layer.up.bias": "up_bias",
    "lora_magnitude_vector": "magnitude",
    "lora_magnitude_vector.weight": "magnitude",
    "lora_magnitude_vector.default.weight": "magnitude",
}
"""Endings of names (kohya's, LyCORIS's, peft's, diffusers' of every year) and the piece that each stands for."""

_ENDING = re.compile(r"[._](" + "|".join(map(re.escape, LEAVES)) + r")$")

Pieces = Mapping[str, str]
"""Leaf -> name of its tensor in the file."""


def grouped(names: Iterable[str]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The pieces of each stem, and the names that have no known ending."""
    groups: dict[str, dict[str, str]] = {}
    strange: list[str] = []
    for name in names:
        found = _ENDING.search(name)
        if found is None:
            strange.append(name)
        else:
            stem = name[: found.start()].replace(".processor.", ".")
            groups.setdefault(stem, {})[LEAVES[found[1]]] = name
    for stem in [stem for stem, pieces in groups.items() if "ia3" in pieces and "on_input" not in pieces]:
        strange += groups.pop(stem).values()
    return groups, strange


class Misfit(Told):
    """Pieces that do not make a whole; the text is half a sentence."""


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write a change: its title, the leaves that show it, those that may stand beside, and what it gives.

    `size` takes the shape of each piece and raises Misfit, or KeyError for a piece that is missing.  `rank` is the leaf
    whose first dimension divides alpha; nothing is divided where none of them is there.
    """

    title: str
    marks: frozenset[str]
    others: frozenset[str]
    size: Callable[[Shapes], Size]
    rank: tuple[str, ...] = ()


def form_of(leaves: Collection[str]) -> Form | None:
    """The form that these leaves are written in; None if it is none that is known."""
    return next((form for form in FORMS if form.marks & set(leaves)), None)


def whole(shapes: Shapes) -> Shapes:
    """The same shapes; raises Misfit where a piece is empty, or should be one number and is not."""
    for leaf, shape in shapes.items():
        if 0 in shape or (leaf in ("alpha", "on_input") and math.prod(shape) != 1):
            raise Misfit(
                "its {leaf} has the shape {shape}",
                leaf=leaf,
                shape=str(list(shape)),
            )
    return shapes


def _product(left: Shape, right: Shape) -> Size:
    """Of two factors [out, rank, 1…] and [rank, columns…]."""
    if len(left) < 2 or len(right) < 2 or left[1] != right[0] or math.prod(left[2:]) != 1:
        raise Misfit(
            "its factors {left} and {right} cannot be multiplied",
            left=str(list(left)),
            right=str(list(right)),
        )
    return left[0], math.prod(right[1:])


def _tucker(core: Shape, out: Shape, into: Shape) -> Size:
    """Of a core [r, r, kernel…] and factors [r, out] and [r, in]."""
    if len(core) < 2 or core[0] != out[0] or core[1] != into[0]:
        raise Misfit(
            "its factors {out} and {into} do not fit its core {core}",
            out=str(list(out)),
            into=str(list(into)),
            core=str(list(core)),
        )
    return math.prod(out[1:]), math.prod(into[1:]) * math.prod(core[2:])


def _lora(shapes: Shapes) -> Size:
    up, down, mid = shapes["up"], shapes["down"], shapes.get("mid")
    if mid is None:
        return _product(up, down)
    return _tucker(mid, (up[1], up[0], *up[2:]) if len(up) > 1 else up, down)


def _hadamard(shapes: Shapes) -> Size:
    sizes = {_hadamard_half(shapes, half) for half in "12"}
    if len(sizes) != 1:
        raise Misfit("its two products differ in size")
    return sizes.pop()


def _hadamard_half(shapes: Shapes, half: str) -> Size:
    a, b, core = shapes[f"hada_w{half}_a"], shapes[f"hada_w{half}_b"], shapes.get(f"hada_t{half}")
    return _product(a, b) if core is None else _tucker(core, a, b)


def _kronecker(shapes: Shapes) -> Size:
    first, second = _kronecker_half(shapes, "1"), _kronecker_half(shapes, "2")
    return first[0] * second[0], first[1] * second[1]


def _kronecker_half(shapes: Shapes, half: str) -> Size:
    whole = shapes.get(f"lokr_w{half}")
    if whole is not None:
        return _matrix(whole)
    a, b, core = shapes[f"lokr_w{half}_a"], shapes[f"lokr_w{half}_b"], shapes.get(f"lokr_t{half}")
    return _product(a, b) if core is None else _tucker(core, a, b)


def _matrix(shape: Shape) -> Size:
    if not shape:
        raise Misfit("a single number cannot be added to weights")
    return shape[0], math.prod(shape[1:])


def _scaled(shapes: Shapes) -> Size:
    return math.prod(shapes["ia3"]), 0


def _bias(shapes: Shapes) -> Size:
    return math.prod(next(shapes[leaf] for leaf in ("diff_b", "b_norm") if leaf in shapes)), 0


def _form(title: str, marks: str, others: str, size: Callable[[Shapes], Size], rank: str = "") -> Form:
    return Form(title, frozenset(marks.split()), frozenset(others.split()), size, tuple(rank.split()))


FORMS: tuple[Form, ...] = (
    _form("LoRA", "up down", "mid up_bias alpha dora_scale magnitude diff_b", _lora, "down"),
    _form(
        "LoHa",
        "hada_w1_a hada_w1_b hada_w2_a hada_w2_b",
        "hada_t1 hada_t2 alpha dora_scale magnitude diff_b",
        _hadamard,
        "hada_w1_b",
    ),
    _form(
        "LoKr",
        "lokr_w1 lokr_w1_a lokr_w1_b lokr_w2 lokr_w2_a lokr_w2_b",
        "lokr_t2 alpha dora_scale magnitude diff_b",
        _kronecker,
        "lokr_w2_b lokr_w1_b",
    ),
    _form("full difference", "diff", "diff_b alpha dora_scale magnitude", lambda shapes: _matrix(shapes["diff"])),
    _form("norm", "w_norm", "b_norm alpha", lambda shapes: _matrix(shapes["w_norm"])),
    _form("IA3", "on_input", "ia3 alpha", _scaled),
    _form("bias", "diff_b b_norm", "alpha", _bias),
)
"""Tried in this order."""

UNREAD: Mapping[str, str] = {"oft_blocks": "OFT", "oft_diag": "OFT", "a1": "GLoRA", "b1": "GLoRA"}
"""Leaves of forms that cannot be read here, and their names."""

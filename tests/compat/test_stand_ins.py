"""Types that ComfyUI's editors take for granted."""

from __future__ import annotations

import nodes
from engine.compat.object_info import object_info
from engine.compat.stand_ins import STAND_INS, stand_ins
from engine.graph.define import node
from engine.graph.registry import Registry

REGISTRY = nodes.registry()


def names(kind: str) -> tuple[str, ...]:
    return (f"a file of {kind}",)


def test_they_have_the_form_of_all_others() -> None:
    real = next(iter(object_info(REGISTRY, names).values()))
    for name, told in stand_ins(Registry(), names).items():
        assert set(real) <= set(told)
        assert list(told["input"]["required"]) == told["input_order"]["required"]
        assert told["name"] == name


def test_files_are_listed() -> None:
    told = stand_ins(Registry(), names)["StyleModelLoader"]["input"]["required"]
    assert told["style_model_name"] == [["a file of style_models"], {}]


def test_a_real_type_takes_the_place_of_its_stand_in() -> None:
    @node("GLIGENLoader")
    def gligen(*, strength: float = 1.0) -> int:
        return 0

    assert set(stand_ins(Registry([gligen.__node__]), names)) == set(STAND_INS) - {"GLIGENLoader"}  # type: ignore[attr-defined]

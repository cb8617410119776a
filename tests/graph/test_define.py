"""Node types are read off functions; a wrong signature is told when it is imported."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Annotated, Any, NamedTuple

import pytest

from engine.files import FileRef
from engine.graph import (
    MISSING,
    Choice,
    Context,
    Expand,
    File,
    Graph,
    Lazy,
    NodeDef,
    Range,
    Registry,
    RegistryClash,
    Ui,
    UniqueId,
    Widget,
    missing_help,
    node,
)

from .kit import REGISTRY, Picture


def definition(fn: Callable[..., Any], **options: Any) -> NodeDef:
    return node(**options)(fn).__node__  # type: ignore[attr-defined, no-any-return]


def test_a_signature_is_the_definition() -> None:
    def blur(
        picture: Picture,
        radius: Annotated[float, Range(0, 10, step=0.5), Widget("slider")] = 1,
        mode: Annotated[str, Choice(("box", "gauss"))] = "box",
        source: Annotated[FileRef, File("input")] = MISSING,
        mask: Picture | None = None,
        weights: list[float] = [1],  # noqa: B006 - the engine reads it as a constant
    ) -> Picture:
        """Makes soft.

        Args:
            picture: what is made soft
            radius: how soft,
                in cells
        """
        return picture

    d = definition(blur, category="image")
    assert d.fn is blur
    assert d.name == d.label == "blur"
    assert d.help == "Makes soft."
    assert [s.wire for s in d.inputs] == ["IMAGE", "FLOAT", "COMBO", "COMBO", "IMAGE", "FLOAT"]
    picture, radius, mode, source, mask, weights = d.inputs
    assert picture.default is MISSING
    assert type(radius.default) is float
    assert radius.default == 1
    assert radius.help == "how soft, in cells"
    assert radius.widget == Widget("slider")
    assert mode.choice == Choice(("box", "gauss"))
    assert source.file == File("input")
    assert (mask.optional, mask.default, mask.type) == (True, None, Picture)
    assert (weights.is_list, weights.type, weights.default) == (True, float, [1.0])
    assert [(s.name, s.wire) for s in d.outputs] == [("IMAGE", "IMAGE")]
    assert missing_help(d) == ("mode", "source", "mask", "weights")


def test_the_function_stays_callable_and_is_the_same() -> None:
    def double(x: int) -> int:
        return 2 * x

    assert node()(double) is double
    assert double(4) == 8


class Out(NamedTuple):
    made: Picture
    all: list[int]
    shown: Ui


def test_special_parameters_and_several_outputs() -> None:
    async def make(x: int, context: Context, me: UniqueId) -> Out | Expand:
        """Makes.

        Returns:
            made: what was made
            all: every number
        """
        raise NotImplementedError

    d = definition(make)
    assert [s.name for s in d.inputs] == ["x"]
    assert (d.context, d.unique_id) == ("context", "me")
    assert [(s.name, s.wire, s.is_list, s.help) for s in d.outputs] == [
        ("made", "IMAGE", False, "what was made"),
        ("all", "INT", True, "every number"),
    ]
    picture = Picture()
    assert d.split(Out(picture, [1], Ui(a=1))) == ((picture, [1]), {"a": 1})
    with pytest.raises(TypeError, match="must return 3 values, and returned 2 values"):
        d.split((picture, [1]))


def test_results_of_sinks_and_of_plain_nodes() -> None:
    assert REGISTRY["Show"].split({"text": ["1"]}) == ((), {"text": ["1"]})
    assert REGISTRY["Save"].split(None) == ((), {})
    assert REGISTRY["Add"].split(2.0) == ((2.0,), {})
    with pytest.raises(TypeError, match="has no outputs"):
        REGISTRY["Save"].split(3)


def no_return(x: int):  # type: ignore[no-untyped-def]
    pass


def bare_tuple(x: int) -> tuple[int, str]:
    raise NotImplementedError


def no_annotation(x) -> int:  # type: ignore[no-untyped-def]
    return 1


def any_names(**x: int) -> int:
    return 1


def file_as_text(x: Annotated[str, File("vae")]) -> int:
    return 1


def file_without_kind(x: FileRef) -> int:
    return 1


def bad_default(x: Annotated[int, Range(0, 5)] = 9) -> int:
    return 1


def default_of_another_type(x: int = "a") -> int:  # type: ignore[assignment]
    return 1


def unknown_name(x: Nowhere) -> int:  # type: ignore[name-defined]  # noqa: F821
    return 1


def lazy_alone(x: Lazy[int]) -> int:
    return 1


def odd_type(x: dict[str, int]) -> int:
    return 1


@pytest.mark.parametrize(
    ("fn", "sentence"),
    [
        (no_return, "has no return annotation"),
        (bare_tuple, "several outputs are a NamedTuple"),
        (no_annotation, "parameter 'x' has no annotation"),
        (any_names, "every input needs a name"),
        (file_as_text, "a file is Annotated"),
        (file_without_kind, "a file is Annotated"),
        (bad_default, "its default 9 is not a good INT"),
        (default_of_another_type, "its default 'a' is not a good INT"),
        (unknown_name, "import its types outside TYPE_CHECKING"),
        (lazy_alone, "say demand="),
        (odd_type, "is not a type that can flow along a link"),
    ],
)
def test_a_wrong_signature_is_a_clear_type_error(fn: Callable[..., Any], sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence) as error:
        node()(fn)
    assert str(error.value).startswith(f"{__name__}.{fn.__name__}: ")


def never() -> list[str]:
    raise AssertionError


def test_a_choice_listed_by_a_function_is_not_asked_at_import() -> None:
    def pick(x: Annotated[str, Choice(never)] = "a") -> str:
        return x

    definition(pick)


def test_registries_are_found_merged_and_refuse_a_clash() -> None:
    def other(x: int) -> int:
        return x

    module = ModuleType("pack")
    module.__dict__["other"] = node("Other")(other)
    module.__dict__["helper"] = len
    found = Registry.of(module)
    assert list(found) == ["Other"]
    both = REGISTRY | found
    assert len(both) == len(REGISTRY) + 1
    assert both | found == both

    def add(x: int) -> int:
        return x

    with pytest.raises(RegistryClash, match=r"'Add' is defined by both .*kit\.add and .*test_define.*add"):
        REGISTRY | Registry([definition(add, name="Add")])
    with pytest.raises(RegistryClash, match="'Add'"):
        REGISTRY | Registry([definition(other, aliases=["Add"])])


def test_aliases_are_found_but_not_listed() -> None:
    assert REGISTRY["SaveOld"] is REGISTRY["Save"]
    assert "SaveOld" in REGISTRY
    assert "SaveOld" not in list(REGISTRY)


def test_an_expansion_is_a_value() -> None:
    assert Expand(Graph(), (1,)) == Expand(Graph(), (1,))

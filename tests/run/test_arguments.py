"""What comes by a link is held to what its input says, as a constant is; what a node returns, to its type."""

from __future__ import annotations

import sys
from typing import Annotated, Any, NamedTuple

import numpy as np
import pytest

from engine.diffusion.types import Conditioning, Image, Latent, Mask, Sigmas
from engine.graph import Registry, node
from engine.graph.sockets import Choice, Range
from engine.run.events import StepFailed
from engine.run.growth import Rules
from engine.run.readers import unsound
from tests.run.kit import Kit, Ran, graph


class Shaped(NamedTuple):
    """Stands for a tensor."""

    shape: tuple[int, ...]


VALUES: dict[str, Any] = {
    "text": "many",
    "nothing": None,
    "low": -5,
    "numpy": np.int64(7),
    "whole": 2,
    "object": object(),
    "empty": Shaped((0, 8, 8, 3)),
    "grey": Shaped((1, 8, 8, 1)),
    "flat": Shaped((8, 8)),
    "image": Shaped((1, 8, 8, 3)),
}


@node()
def Anything(what: str) -> Any:
    return VALUES[what]


@node()
def Number(value: int = 0) -> int:
    return value


@node()
def Numbers() -> list[int]:
    return [1, 11]


@node()
def Steps(steps: Annotated[int, Range(1, 10)]) -> int:
    return steps


@node()
def Mode(mode: Annotated[str, Choice(("fast", "slow"))]) -> str:
    return mode


@node()
def Share(share: float) -> float:
    return share


@node()
def Several(steps: list[Annotated[int, Range(1, 10)]]) -> int:
    return len(steps)


@node()
def Perhaps(image: Image | None = None) -> bool:
    return image is None


@node()
def Look(image: Image) -> bool:
    return True


@node()
def Draw(what: str) -> Image:
    picture: Image = VALUES[what]
    return picture


def run(given: tuple[str, dict[str, Any]], type: str, input: str) -> Ran:
    kit = Kit(rules=Rules(Registry.of(sys.modules[__name__])))
    return kit.run(graph(a=given, x=(type, {input: "a.0"})), ["x"])


def anything(what: str) -> tuple[str, dict[str, Any]]:
    return ("Anything", {"what": what})


@pytest.mark.parametrize(
    ("given", "type", "input", "said"),
    [
        (("Number", {"value": -5}), "Steps", "steps", "to steps: -5 is below the minimum 1."),
        (("Number", {"value": 11}), "Steps", "steps", "to steps: 11 is above the maximum 10."),
        (anything("low"), "Steps", "steps", "to steps: -5 is below the minimum 1."),
        (anything("text"), "Steps", "steps", 'to steps: "many" is not an INT.'),
        (anything("nothing"), "Steps", "steps", "to steps: it is nothing, and INT is wanted."),
        (anything("text"), "Mode", "mode", 'to mode: "many" is not one of fast, slow.'),
        (("Numbers", {}), "Several", "steps", "to steps: 11 is above the maximum 10."),
        (anything("object"), "Share", "share", "to share: it is a object, and FLOAT is wanted."),
        (anything("object"), "Look", "image", "to image: a object; pictures are"),
        (anything("flat"), "Look", "image", "to image: numbers of the shape [8, 8]; pictures are"),
        (anything("flat"), "Perhaps", "image", "to image: numbers of the shape [8, 8]; pictures are"),
    ],
)
def test_what_an_input_cannot_take_is_named_with_its_input(
    given: tuple[str, dict[str, Any]], type: str, input: str, said: str
) -> None:
    (failure,) = run(given, type, input).of(StepFailed)
    assert failure.message.startswith(f"{type} (node x) cannot use what comes by the link {said}")
    assert "\n" not in failure.message


@pytest.mark.parametrize(
    ("given", "type", "input", "made"),
    [
        (("Number", {"value": 10}), "Steps", "steps", 10),
        (anything("numpy"), "Steps", "steps", 7),
        (anything("whole"), "Share", "share", 2.0),
        (anything("image"), "Look", "image", True),
        (anything("nothing"), "Perhaps", "image", True),
    ],
)
def test_what_an_input_can_take_comes_as_its_type(
    given: tuple[str, dict[str, Any]], type: str, input: str, made: Any
) -> None:
    ran = run(given, type, input)
    assert ran.error is None
    assert (ran.value("x"), ran.value("x").__class__) == (made, made.__class__)


@pytest.mark.parametrize("what", ["empty", "grey", "flat", "text"])
def test_pictures_that_no_node_could_use_are_the_failure_of_who_made_them(what: str) -> None:
    (failure,) = run(("Draw", {"what": what}), "Look", "image").of(StepFailed)
    assert failure.node == "a"
    assert failure.message.startswith("Draw (node a) returned as output 0 (IMAGE) ")
    assert "pictures are [batch, height, width, channels]" in failure.message


@pytest.mark.parametrize(
    ("type", "value", "sound"),
    [
        (Image, Shaped((2, 1, 1, 4)), True),
        (Mask, Shaped((1, 8, 8)), True),
        (Mask, Shaped((8, 8)), False),
        (Mask, Shaped((1, 0, 8)), False),
        (Sigmas, Shaped((0,)), True),
        (Sigmas, Shaped((2, 2)), False),
        (Latent, Latent(Shaped((1, 4, 2, 2))), True),  # type: ignore[arg-type]
        (Latent, Latent(Shaped((1, 4, 0, 2))), False),  # type: ignore[arg-type]
        (Latent, Latent(Shaped((1, 4, 2, 2, 2))), False),  # type: ignore[arg-type]
        (Latent, Latent(Shaped((2, 4, 2, 2)), batch_index=(5, 7)), True),  # type: ignore[arg-type]
        (Latent, Latent(Shaped((2, 4, 2, 2)), batch_index=(5, 7, 9)), False),  # type: ignore[arg-type]
        (Latent | None, None, True),
        (Image | Mask, Shaped((1, 8, 8)), True),
        (Image | Mask, Shaped((8,)), False),
        (Conditioning, (), True),
        (Conditioning, "a fox", False),
        (Any, Shaped((0,)), True),
    ],
)
def test_which_shapes_are_of_use(type: Any, value: Any, sound: bool) -> None:
    assert (unsound(type, value) is None) == sound
